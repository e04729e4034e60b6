"""Numerics only: how class probabilities spread, and how far two sets lie apart by a kernel, in float64.

Shape suffixes: N, M images, D features, K classes, S subsets.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy
from scipy.stats import t as student

from inkmint.errors import DataError
from inkmint.evaluation.metrics import CONFIDENCE, Floats, TooFewError, checked_rows

_CHUNK_ROWS = 1024


def class_scores(probabilities_NK: NDArray[Any], num_splits: int = 1) -> Floats:
    r"""Inception-style score of class probabilities, one for each of several equal parts of the images.

    $$\exp \Big( \frac1N \sum_n \sum_k p_{nk} \ln \frac{p_{nk}}{\bar p_k} \Big),
    \qquad \bar p_k = \frac1N \sum_n p_{nk}$$

    It is 1 if all images are read alike, or none surely, and K if each is read surely and all classes
    are equally frequent. Real images, some of which can be doubted, reach a little less.

    Args:
        probabilities_NK: Each row a distribution over the classes, (N, K), in an order that means nothing.
        num_splits: Parts, S; they differ by one image at most.

    Returns:
        float64 (S,), each in [1, K]; higher is better.

    Raises:
        DataError: Fewer images than parts, or rows that are no distributions.

    References:
        Salimans et al., Improved Techniques for Training GANs, NeurIPS 2016, section 4.
    """
    probabilities = checked_rows(probabilities_NK)
    if len(probabilities) < num_splits:
        raise TooFewError(
            f"A score over {num_splits} parts cannot be told from {len(probabilities)} images; "
            f"give at least {num_splits}."
        )
    if probabilities.min() < 0 or np.abs(probabilities.sum(axis=1) - 1).max() > 1e-3:
        raise DataError("Some rows are no probabilities that sum to 1; give the judge's, not its logits.")
    return np.array([_score(part) for part in np.array_split(probabilities, num_splits)])


def _score(probabilities_NK: Floats) -> float:
    mean_K = probabilities_NK.mean(axis=0)
    information = xlogy(probabilities_NK, probabilities_NK).sum() / len(probabilities_NK)
    return float(np.exp(max(0.0, information - xlogy(mean_K, mean_K).sum())))


def kernel_distance(features_ND: NDArray[Any], features_MD: NDArray[Any]) -> float:
    r"""Unbiased squared maximum mean discrepancy under the kernel $k(x, y) = (x \cdot y / D + 1)^3$.

    $$\frac{\sum_{i \ne j} k(x_i, x_j)}{N (N-1)} + \frac{\sum_{i \ne j} k(y_i, y_j)}{M (M-1)}
    - \frac{2 \sum_{i, j} k(x_i, y_j)}{N M}$$

    Unlike a Fréchet distance its expectation does not depend on the number of images, and it asks for no
    more of them than features.

    Args:
        features_ND: One set, (N, D), N at least 2.
        features_MD: The other, (M, D), M at least 2.

    Returns:
        The squared distance; 0 on average for sets of one distribution, so that it can be negative. Lower
        is better.

    Raises:
        DataError: Too few images, features of unequal number, or not finite.

    References:
        Bińkowski et al., Demystifying MMD GANs, ICLR 2018, section 4 (kernel inception distance).
    """
    first_ND, second_MD = checked_rows(features_ND), checked_rows(features_MD)
    if first_ND.shape[1] != second_MD.shape[1]:
        raise DataError(
            f"The two sets have {first_ND.shape[1]} and {second_MD.shape[1]} features; "
            "take both from the same network."
        )
    n, m = len(first_ND), len(second_MD)
    if min(n, m) < 2:
        raise TooFewError(
            f"A kernel distance cannot be told from {min(n, m)} image; give at least 2 in each set."
        )
    within_first = (_kernel_sum(first_ND, first_ND) - _kernel_diagonal(first_ND)) / (n * (n - 1))
    within_second = (_kernel_sum(second_MD, second_MD) - _kernel_diagonal(second_MD)) / (m * (m - 1))
    return within_first + within_second - 2 * _kernel_sum(first_ND, second_MD) / (n * m)


def kernel_distances(features_ND: NDArray[Any], features_MD: NDArray[Any], num_subsets: int) -> Floats:
    """Kernel distances of corresponding parts of two sets: their mean is the estimate, their spread its error.

    The paper draws subsets that may overlap. Ours do not, so that they are independent and
    `mean_interval` of them is an interval of the distance.

    Args:
        features_ND: One set, (N, D), in an order that means nothing.
        features_MD: The other, (M, D), likewise.
        num_subsets: S; each set is cut into as many parts, which differ by one image at most.

    Returns:
        float64 (S,), each as `kernel_distance`; lower is better.

    Raises:
        DataError: Fewer than two images in a part, features of unequal number, or not finite.
    """
    smallest = min(len(features_ND), len(features_MD))
    if smallest < 2 * num_subsets:
        raise TooFewError(
            f"A kernel distance over {num_subsets} parts cannot be told from {smallest} images; "
            f"give at least {2 * num_subsets} in each set."
        )
    pairs = zip(
        np.array_split(np.asarray(features_ND), num_subsets),
        np.array_split(np.asarray(features_MD), num_subsets),
        strict=True,
    )
    return np.array([kernel_distance(first, second) for first, second in pairs])


def mean_interval(values_S: NDArray[Any], confidence: float = CONFIDENCE) -> tuple[float, float]:
    r"""Student's interval of the mean of independent estimates: $\bar v \pm t_{S-1} \, s / \sqrt S$.

    Args:
        values_S: At least two numbers.
        confidence: In (0, 1).

    Raises:
        DataError: There are fewer than two.
    """
    values = np.asarray(values_S, dtype=np.float64)
    if len(values) < 2:
        raise TooFewError("The spread of a single value cannot be told; give at least two.")
    half_width = (
        student.ppf((1 + confidence) / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    )
    return float(values.mean() - half_width), float(values.mean() + half_width)


def _kernel_sum(first_ND: Floats, second_MD: Floats) -> float:
    chunks = (first_ND[start : start + _CHUNK_ROWS] for start in range(0, len(first_ND), _CHUNK_ROWS))
    return float(sum(_cubed(chunk_CD @ second_MD.T / second_MD.shape[1]).sum() for chunk_CD in chunks))


def _kernel_diagonal(features_ND: Floats) -> float:
    return float(_cubed(np.einsum("nd,nd->n", features_ND, features_ND) / features_ND.shape[1]).sum())


def _cubed(products: Floats) -> Floats:
    products += 1
    cubes: Floats = products * products * products
    return cubes
