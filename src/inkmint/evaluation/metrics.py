"""Numerics only: distances, agreement and intervals, in NumPy's float64.

Shape suffixes: N, M images, D features, K classes.
"""

from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkmint.errors import DataError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CONFIDENCE = 0.95
NUM_RESAMPLES = 20
_CHUNK_REFERENCES = 4096


class TooFewError(DataError):
    """Too few images for one measurement, which says nothing against the others."""


def frechet_distance(features_ND: NDArray[Any], features_MD: NDArray[Any]) -> float:
    r"""Squared Fréchet distance between the Gaussians fitted to two sets of features.

    $$d^2 = |\mu_1 - \mu_2|^2 + \mathrm{tr}\,(C_1 + C_2) - 2\,\mathrm{tr}\,(C_1^{1/2} C_2\, C_1^{1/2})^{1/2}$$

    with unbiased covariances. The last trace is taken as the sum of the singular values of
    $C_1^{1/2} C_2^{1/2}$, whose roots come from symmetric eigenvalues: unlike the root of the product
    $C_1 C_2$ it stays real and accurate where features are constant or depend on one another.

    Finite sets lie apart even if drawn from one distribution, the more so the smaller they are, so compare
    distances at equal N and M only, beside the distance between two real sets of that size.

    Args:
        features_ND: One set, (N, D) with N > D, any real dtype.
        features_MD: The other, (M, D) with M > D.

    Returns:
        The distance in squared feature units, 0 for equal sets; lower is better.

    Raises:
        DataError: Too few images for the number of features, features of unequal number, or not finite.

    References:
        Heusel et al., GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium,
        NeurIPS 2017, equation 6.
    """
    first_ND, second_MD = _checked_features(features_ND), _checked_features(features_MD)
    if first_ND.shape[1] != second_MD.shape[1]:
        raise DataError(
            f"The two sets have {first_ND.shape[1]} and {second_MD.shape[1]} features; "
            "take both from the same network."
        )
    first_D, first_DD = first_ND.mean(axis=0), _covariance(first_ND)
    second_D, second_DD = second_MD.mean(axis=0), _covariance(second_MD)
    cross = np.linalg.svd(_root(first_DD) @ _root(second_DD), compute_uv=False).sum()
    distance = np.sum((first_D - second_D) ** 2) + np.trace(first_DD) + np.trace(second_DD) - 2 * cross
    return max(0.0, float(distance))


def checked_rows(rows_ND: NDArray[Any]) -> Floats:
    """One row of finite numbers per image as float64 (N, D).

    Raises:
        DataError: The array has another shape, or a number is not finite.
    """
    rows = np.asarray(rows_ND, dtype=np.float64)
    if rows.ndim != 2 or not rows.size:
        raise DataError(f"Features of shape {rows.shape} were given; give one row per image, (N, D).")
    if not np.isfinite(rows).all():
        raise DataError("Some features are not finite numbers; check the network that computed them.")
    return rows


def _checked_features(features_ND: NDArray[Any]) -> Floats:
    features = checked_rows(features_ND)
    num_images, num_features = features.shape
    if num_images <= num_features:
        raise TooFewError(
            f"A Fréchet distance over {num_features} features cannot be told from {num_images} images; "
            f"give at least {num_features + 1} in each set."
        )
    return features


def _covariance(features_ND: Floats) -> Floats:
    centred_ND = features_ND - features_ND.mean(axis=0)
    covariance_DD: Floats = centred_ND.T @ centred_ND / (len(centred_ND) - 1)
    return covariance_DD


def _root(covariance_DD: Floats) -> Floats:
    values_D, vectors_DD = np.linalg.eigh(covariance_DD)
    root_DD: Floats = (vectors_DD * np.sqrt(values_D.clip(min=0))) @ vectors_DD.T
    return root_DD


def confusion_matrix(asked_N: NDArray[Any], seen_N: NDArray[Any], num_classes: int) -> Ints:
    """Count the images of every pair of classes.

    Args:
        asked_N: The class each image should show, integers in 0 .. num_classes - 1.
        seen_N: The class that was read, likewise.
        num_classes: K.

    Returns:
        int64 (K, K): row asked, column seen; a perfect result is diagonal.

    Raises:
        DataError: The numbers of labels differ, there is none, or one is out of range.
    """
    asked, seen = _paired(asked_N, seen_N)
    for labels in (asked, seen):
        if labels.min() < 0 or labels.max() >= num_classes:
            raise DataError(f"A label is outside 0..{num_classes - 1}; number the classes from 0.")
    cells = np.bincount(asked.astype(np.int64) * num_classes + seen, minlength=num_classes**2)
    return cells.reshape(num_classes, num_classes)


def label_agreement(asked_N: NDArray[Any], seen_N: NDArray[Any]) -> float:
    """Share of images whose class as read is the class asked for, in [0, 1]; higher is better.

    Args:
        asked_N: The class each image should show.
        seen_N: The class that was read.

    Raises:
        DataError: The numbers of labels differ, or there is none.
    """
    asked, seen = _paired(asked_N, seen_N)
    return float(np.mean(asked == seen))


def _paired(asked_N: NDArray[Any], seen_N: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    asked, seen = np.asarray(asked_N), np.asarray(seen_N)
    if asked.shape != seen.shape or asked.ndim != 1 or not len(asked):
        raise DataError(
            f"Labels of shape {asked.shape} and {seen.shape} were given; give one of each per image, (N,)."
        )
    return asked, seen


def effective_classes(counts_K: NDArray[Any]) -> float:
    r"""How many equally frequent classes would be as varied as these: $\exp(-\sum_k p_k \ln p_k)$.

    Args:
        counts_K: Images per class, (K,), not all zero.

    Returns:
        A number in [1, K]; K if all classes are equally frequent, 1 if there is but one.

    Raises:
        DataError: There are no images.

    References:
        Hill, Diversity and Evenness, Ecology 54, 1973 (the number of order 1).
    """
    counts = np.asarray(counts_K, dtype=np.float64)
    if counts.sum() <= 0:
        raise DataError("There are no images to count classes of; give at least one.")
    shares = counts[counts > 0] / counts.sum()
    return float(np.exp(-np.sum(shares * np.log(shares))))


def wilson_interval(successes: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    r"""Wilson's score interval of a share of independent trials.

    $$\frac{\hat p + z^2/2n \pm z \sqrt{\hat p (1 - \hat p)/n + z^2/4n^2}}{1 + z^2/n}$$

    Args:
        successes: 0 .. n.
        n: Trials, at least 1.
        confidence: In (0, 1).

    Returns:
        Lower and upper end, within [0, 1].

    Raises:
        DataError: There are no trials, or more successes than trials.

    References:
        Wilson, Probable Inference, the Law of Succession, and Statistical Inference, JASA 22, 1927.
    """
    if n < 1 or not 0 <= successes <= n:
        raise DataError(f"{successes} of {n} is no share; give 0 to n successes of at least one trial.")
    z = _normal_quantile(confidence)
    share = successes / n
    centre = share + z**2 / (2 * n)
    spread = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    scale = 1 + z**2 / n
    return max(0.0, float((centre - spread) / scale)), min(1.0, float((centre + spread) / scale))


def median_interval(values_N: NDArray[Any], confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Interval of a median from order statistics, without assuming a distribution.

    Its ends are the values at the ranks n/2 ± z √n / 2, rounded outwards.

    Args:
        values_N: At least one number.
        confidence: In (0, 1).

    References:
        Conover, Practical Nonparametric Statistics, 3rd edition, section 3.2.
    """
    ordered = np.sort(np.asarray(values_N, dtype=np.float64))
    n = len(ordered)
    spread = _normal_quantile(confidence) * np.sqrt(n) / 2
    first, last = int(np.floor(n / 2 - spread)), int(np.ceil(n / 2 + spread))
    return float(ordered[max(first, 0)]), float(ordered[min(last, n - 1)])


def bootstrap_interval(
    statistic: Callable[..., float],
    *samples: NDArray[Any],
    strata: Sequence[NDArray[Any] | None] | None = None,
    seed: int = 0,
) -> tuple[float, float]:
    """Normal interval around a statistic, its standard error taken from resampled images.

    Each sample's rows are redrawn with replacement `NUM_RESAMPLES` times. Percentiles of the redrawn
    statistics are not used: duplicates shift a Fréchet distance upwards, so that they could miss the
    value itself, and twenty redraws tell a standard error but no tail.

    Args:
        statistic: Called with as many arrays as there are samples.
        *samples: Arrays of one row per image; each is redrawn on its own.
        strata: For each sample the class of every row, to redraw within classes where the number of
            images per class was chosen, not drawn; or None where it was drawn too.
        seed: Of the redraws.

    Returns:
        Lower and upper end of a 95 % interval.
    """
    random = np.random.default_rng(seed)
    classes = strata or [None] * len(samples)
    redrawn = [
        statistic(*(_redraw(*pair, random) for pair in zip(samples, classes, strict=True)))
        for _ in range(NUM_RESAMPLES)
    ]
    return normal_interval(statistic(*samples), float(np.std(redrawn, ddof=1)))


def normal_interval(value: float, error: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Interval of a normally distributed estimate.

    Args:
        value: The estimate.
        error: Its standard error, at least 0.
        confidence: In (0, 1).
    """
    half_width = _normal_quantile(confidence) * error
    return value - half_width, value + half_width


def _redraw(
    sample: NDArray[Any], classes_N: NDArray[Any] | None, random: np.random.Generator
) -> NDArray[Any]:
    strata_N = np.zeros(len(sample)) if classes_N is None else classes_N
    members = (np.flatnonzero(strata_N == stratum) for stratum in np.unique(strata_N))
    redrawn: NDArray[Any] = sample[np.concatenate([random.choice(rows, size=len(rows)) for rows in members])]
    return redrawn


def _normal_quantile(confidence: float) -> float:
    return NormalDist().inv_cdf((1 + confidence) / 2)


def nearest_neighbours(queries_ND: NDArray[Any], references_MD: NDArray[Any]) -> tuple[Ints, Floats]:
    """Find the nearest reference of every query by brute force, as chunked matrix products.

    Args:
        queries_ND: (N, D), any real dtype.
        references_MD: (M, D); of equally near ones the first is taken.

    Returns:
        Index of the nearest reference, int64 (N,), and its Euclidean distance, float64 (N,).

    Raises:
        DataError: A set is empty, or the numbers of features differ.
    """
    queries_ND = np.asarray(queries_ND, dtype=np.float64)
    if queries_ND.shape[1:] != references_MD.shape[1:] or not len(queries_ND) or not len(references_MD):
        raise DataError(
            f"Sets of shape {queries_ND.shape} and {references_MD.shape} have no nearest neighbours; "
            "give two sets, neither empty, with equally many features."
        )
    index_N = np.zeros(len(queries_ND), dtype=np.int64)
    gap_N = np.full(len(queries_ND), np.inf)  # |r|^2 - 2 q.r, which orders like the distance
    rows = np.arange(len(queries_ND))
    for start in range(0, len(references_MD), _CHUNK_REFERENCES):
        chunk_CD = references_MD[start : start + _CHUNK_REFERENCES].astype(np.float64)
        gaps_NC = np.einsum("cd,cd->c", chunk_CD, chunk_CD) - 2 * queries_ND @ chunk_CD.T
        best_N = gaps_NC.argmin(axis=1)
        nearer_N = gaps_NC[rows, best_N] < gap_N
        index_N[nearer_N] = start + best_N[nearer_N]
        gap_N[nearer_N] = gaps_NC[rows, best_N][nearer_N]
    distance_N: Floats = np.linalg.norm(queries_ND - references_MD[index_N], axis=1)
    return index_N, distance_N
