"""Numerics only: how many of many classes are found, and how unevenly, with intervals that few images per class allow.

Shape suffixes: K classes.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkmint.errors import DataError
from inkmint.evaluation.metrics import Floats, normal_interval


def modes_found(counts_K: NDArray[Any]) -> int:
    """How many classes have at least one image; higher is better.

    It grows with the number of images, so compare it at an equal number only.

    Args:
        counts_K: Images per class, (K,), whole numbers, not all zero.

    Raises:
        DataError: There are no images, or a count is no count.
    """
    return int(np.count_nonzero(_counts(counts_K)))


def modes_interval(counts_K: NDArray[Any]) -> tuple[float, float]:
    r"""95 % interval of the number of classes that as many images of the same source show on average.

    $$S \pm (1 + z \sqrt{S (1 - S / \hat S)}), \quad \hat S = \min(K, S + \frac{f_1 (f_1 + 1)}{2 (f_2 + 1)})$$

    for S classes found, of which f_1 classes once and f_2 twice: Chao's estimate of all classes that there are tells
    how many were missed by chance. Redrawing images would not do: a redraw can lose a class, but never find one.
    Ours differ from the references in f_1 + 1 for f_1 - 1, and in one class more on either side, because a class or two
    that are rarer than an image in n would go unnoticed otherwise.

    Args:
        counts_K: Images per class, (K,), as for `modes_found`.

    Returns:
        Both ends, within [1, K].

    References:
        Chao, Nonparametric Estimation of the Number of Classes in a Population, Scand. J. Statistics 11, 1984.
        Colwell et al., Models and Estimators Linking Individual-based and Sample-based Rarefaction, Extrapolation
        and Comparison of Assemblages, J. Plant Ecology 5, 2012: the variance, at the size of the sample.
    """
    counts = _counts(counts_K)
    num_classes = float(len(counts))
    found, once, twice = (float(np.sum(seen)) for seen in (counts >= 1, counts == 1, counts == 2))
    there_are = min(num_classes, found + once * (once + 1) / (2 * (twice + 1)))
    low, high = normal_interval(found, float(np.sqrt(found * (1 - found / there_are))))
    return max(1.0, low - 1), min(num_classes, high + 1)


def divergence_from_even(counts_K: NDArray[Any]) -> float:
    r"""Kullback-Leibler divergence of the class shares from even ones, in nats; lower is better.

    $$\mathrm{KL}(p\,\|\,u) = \sum_k p_k \ln(K p_k), \quad p_k = n_k / n$$

    Even shares come out above 0 too, by (K - 1) / 2n on average (0.019 for 1,000 classes and 26,000 images), so compare
    at an equal number of images only, beside real ones.

    Args:
        counts_K: Images per class, (K,), as for `modes_found`.

    Returns:
        0 for even counts, ln K if all images are of one class.

    Raises:
        DataError: There are no images, or a count is no count.
    """
    shares, logs = _shares_and_logs(counts_K)
    return max(0.0, float(np.sum(shares * logs)))


def divergence_interval(counts_K: NDArray[Any]) -> tuple[float, float]:
    r"""95 % interval of the divergence that as many images of the same source have on average.

    $$\mathrm{KL} \pm z \sqrt{\max(v / n,\ m / 2n^2)}, \quad v = \sum_k p_k \ln^2(K p_k) - \mathrm{KL}^2$$

    with m one less than the number of classes found. v / n is the variance by the delta method, m / 2n^2 that of a
    chi-square, which is left where all shares are even. With few images per class v comes out too large, so that the
    interval errs on the safe side. Redrawing images would not do: that adds the
    upward bias of few images per class a second time.

    Args:
        counts_K: Images per class, (K,), as for `modes_found`.

    Returns:
        Both ends, at least 0.

    References:
        Basharin, On a Statistical Estimate for the Entropy of a Sequence of Independent Random Variables, Theory of
        Probability and its Applications 4, 1959.
    """
    shares, logs = _shares_and_logs(counts_K)
    value, num_images = float(np.sum(shares * logs)), float(np.sum(counts_K))
    spread = max(0.0, float(np.sum(shares * logs**2)) - value**2)
    variance = max(spread / num_images, (len(shares) - 1) / (2 * num_images**2))
    low, high = normal_interval(value, float(np.sqrt(variance)))
    return max(0.0, low), high


def _shares_and_logs(counts_K: NDArray[Any]) -> tuple[Floats, Floats]:
    """Shares of the classes found, and the logarithms of their ratios to an even share."""
    counts = _counts(counts_K)
    shares = counts[counts > 0] / counts.sum()
    return shares, np.log(shares * len(counts))


def _counts(counts_K: NDArray[Any]) -> Floats:
    counts = np.asarray(counts_K, dtype=np.float64)
    if counts.ndim != 1 or not np.isfinite(counts).all() or (counts < 0).any() or counts.sum() < 1:
        raise DataError(
            "There are no images to count classes of; give how many there are of each, at least one."
        )
    return counts
