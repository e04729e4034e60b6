"""Numerics only: tests of one measurement against another that was made on the same images or seeds.

Shape suffixes: N images, S seeds, G things that are ranked.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, spearmanr

from inkmint.errors import DataError
from inkmint.evaluation.distributions import mean_interval
from inkmint.evaluation.metrics import Floats

SMALLEST_P = 1e-12


class McNemar(NamedTuple):
    """What two recognisers read differently of the same images.

    Attributes:
        only_first: Images that only the first reads correctly.
        only_second: Images that only the second does.
        p_value: Of the hypothesis that both err equally often; small if one is better.
    """

    only_first: int
    only_second: int
    p_value: float


def mcnemar(first_right_N: NDArray[Any], second_right_N: NDArray[Any]) -> McNemar:
    r"""McNemar's exact test of two recognisers that read the same images.

    Images that both read or both misread say nothing; of the $b + c$ others, $b$ would be drawn from a
    binomial distribution of probability 1/2 if both erred equally often. The test is two-sided.

    Args:
        first_right_N: Whether the first reads each image correctly, bool (N,).
        second_right_N: The same of the second, for the same images in the same order.

    Raises:
        DataError: The numbers of images differ, there is none, or the values are not yes or no.

    References:
        McNemar, Note on the Sampling Error of the Difference between Correlated Proportions,
        Psychometrika 12, 1947.
    """
    first, second = np.asarray(first_right_N), np.asarray(second_right_N)
    if first.shape != second.shape or first.ndim != 1 or not len(first):
        raise DataError(
            f"Readings of shape {first.shape} and {second.shape} were given; give both of the same images, (N,)."
        )
    if first.dtype != np.bool_ or second.dtype != np.bool_:
        raise DataError("The readings are not all true or false; give whether each image was read correctly.")
    only_first, only_second = int(np.sum(first & ~second)), int(np.sum(second & ~first))
    differing = only_first + only_second
    p_value = float(binomtest(only_first, differing).pvalue) if differing else 1.0
    return McNemar(only_first, only_second, p_value)


def p_in_words(p_value: float) -> str:
    """`p = 0.012`, or a bound where so small a number means nothing any more."""
    return f"p = {p_value:.2g}" if p_value >= SMALLEST_P else f"p < {SMALLEST_P:g}"


def paired_difference(first_S: NDArray[Any], second_S: NDArray[Any]) -> tuple[float, tuple[float, float]]:
    """Mean difference of two measurements over the same seeds, with Student's 95 % interval.

    Args:
        first_S: One value per seed, (S,), S at least 2.
        second_S: The other's, of the same seeds in the same order.

    Returns:
        The mean of first - second, and the ends of its interval; they differ if it does not hold 0.

    Raises:
        DataError: The numbers of seeds differ, fewer than two, or a value is not finite.
    """
    first, second = _pairs(first_S, second_S, 2)
    differences = first - second
    return float(differences.mean()), mean_interval(differences)


def rank_correlation(first_G: NDArray[Any], second_G: NDArray[Any]) -> float:
    """Spearman's rank correlation: whether two measurements put the same things in the same order.

    Args:
        first_G: One measurement of each thing, (G,), G at least 3.
        second_G: The other, of the same things in the same order.

    Returns:
        A number in [-1, 1]: 1 if the orders are the same, -1 if they are reversed.

    Raises:
        DataError: The numbers differ, fewer than three, all equal, or not finite.

    References:
        Spearman, The Proof and Measurement of Association between Two Things, American Journal of
        Psychology 15, 1904.
    """
    first, second = _pairs(first_G, second_G, 3)
    if not np.ptp(first) or not np.ptp(second):
        raise DataError("One of the measurements is the same for all, so there is no order to compare.")
    return float(spearmanr(first, second).statistic)


def _pairs(first: NDArray[Any], second: NDArray[Any], fewest: int) -> tuple[Floats, Floats]:
    values = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if values[0].shape != values[1].shape or values[0].ndim != 1 or len(values[0]) < fewest:
        raise DataError(
            f"Values of shape {values[0].shape} and {values[1].shape} were given; "
            f"give pairs, at least {fewest} of them."
        )
    if not np.isfinite(values).all():
        raise DataError("Some values are not finite numbers; leave those pairs out or measure them again.")
    return values
