"""Numerics only: how two sets of features overlap, and how far a set spreads, by chunked distances in float64.

Distances of 10,000 to 10,000 images are never held at once: a chunk of them takes 40 MB.
Shape suffixes: N, M images, D features, C images of a chunk.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from inkmint.errors import DataError
from inkmint.evaluation.metrics import Floats, Ints, TooFewError, checked_rows

NUM_NEIGHBOURS = 5
_CHUNK_ROWS = 512


@dataclass(frozen=True, eq=False)
class Overlap:
    r"""How a minted set lies among a real one.

    A ball reaches from an image to its k-th nearest of its own set; what lies on its rim is outside.

    Attributes:
        balls_M: In how many real balls each minted image lies, int64 (M,).
        guests_N: How many minted images lie in each real ball, int64 (N,).
        recalled_N: Whether each real image lies in a minted ball, bool (N,).
        num_neighbours: k.
    """

    balls_M: Ints
    guests_N: Ints
    recalled_N: NDArray[np.bool_]
    num_neighbours: int

    @property
    def precision(self) -> float:
        """Share of minted images in at least one real ball; higher is better."""
        return float(np.mean(self.balls_M > 0))

    @property
    def recall(self) -> float:
        """Share of real images in at least one minted ball; higher is better."""
        return float(np.mean(self.recalled_N))

    @property
    def density(self) -> float:
        """Real balls that hold a minted image, over k: about 1 for real images, more if they crowd together."""
        return float(np.mean(self.balls_M)) / self.num_neighbours

    @property
    def coverage(self) -> float:
        """Share of real balls that hold at least one minted image; higher is better."""
        return float(np.mean(self.guests_N > 0))


def overlap(real_ND: NDArray[Any], minted_MD: NDArray[Any], num_neighbours: int = NUM_NEIGHBOURS) -> Overlap:
    r"""Precision and recall, density and coverage of a minted set in a real one.

    With $B(x_i)$ the ball around a real image $x_i$ and $y_j$ the minted images:

    $$\text{precision} = \frac1M \sum_j 1 [\, y_j \in \textstyle\bigcup_i B(x_i) ], \quad
    \text{density} = \frac1{kM} \sum_j \sum_i 1 [\, y_j \in B(x_i) ], \quad
    \text{coverage} = \frac1N \sum_i 1 [\, \exists j : y_j \in B(x_i) ]$$

    and recall is precision with the sets exchanged. All depend on N and M, so compare them at equal
    sizes only, beside the same of two real sets.

    Args:
        real_ND: Features of the real images, (N, D), N > k.
        minted_MD: Features of the minted images, (M, D), M > k.
        num_neighbours: k; Naeem et al. take 5, Kynkäänniemi et al. 3.

    Raises:
        DataError: Too few images, features of unequal number, or not finite.

    References:
        Kynkäänniemi et al., Improved Precision and Recall Metric for Assessing Generative Models, NeurIPS 2019.
        Naeem et al., Reliable Fidelity and Diversity Metrics for Generative Models, ICML 2020.
    """
    real_ND, minted_MD = checked_rows(real_ND), checked_rows(minted_MD)
    if real_ND.shape[1] != minted_MD.shape[1]:
        raise DataError(
            f"The two sets have {real_ND.shape[1]} and {minted_MD.shape[1]} features; "
            "take both from the same network."
        )
    real_radius_N = _squared_radii(real_ND, num_neighbours)
    minted_radius_M = _squared_radii(minted_MD, num_neighbours)
    balls_M = np.zeros(len(minted_MD), dtype=np.int64)
    guests_N = np.zeros(len(real_ND), dtype=np.int64)
    recalled_N = np.zeros(len(real_ND), dtype=np.bool_)
    for rows, squared_CM in _squared_distances(real_ND, minted_MD):
        inside_CM = squared_CM < real_radius_N[rows, None]
        balls_M += inside_CM.sum(axis=0)
        guests_N[rows] = inside_CM.sum(axis=1)
        recalled_N[rows] = (squared_CM < minted_radius_M).any(axis=1)
    return Overlap(balls_M, guests_N, recalled_N, num_neighbours)


class Estimate(NamedTuple):
    """A value and its standard error."""

    value: float
    error: float


def mean_distance(rows_ND: NDArray[Any]) -> Estimate:
    r"""Mean Euclidean distance of two different rows, and its standard error over rows.

    $$\bar d = \frac{1}{N (N-1)} \sum_{i \ne j} |x_i - x_j|$$

    is a U-statistic, so that its error is $2 s / \sqrt N$ with $s$ the standard deviation over i of the
    mean distance to $x_i$.

    Args:
        rows_ND: (N, D), N at least 2.

    Returns:
        The mean, in the unit of the rows, at least 0, more for a more varied set; and its error.

    Raises:
        DataError: Fewer than two rows, or not finite.

    References:
        Hoeffding, A Class of Statistics with Asymptotically Normal Distribution, Annals of Mathematical
        Statistics 19, 1948.
    """
    rows = checked_rows(rows_ND)
    n = len(rows)
    if n < 2:
        raise TooFewError(f"A distance between images cannot be told from {n} image; give at least 2.")
    sums_N = np.concatenate([np.sqrt(squared).sum(axis=1) for _, squared in _squared_distances(rows, rows)])
    means_N = sums_N / (n - 1)
    return Estimate(float(means_N.mean()), float(2 * means_N.std(ddof=1) / np.sqrt(n)))


def _squared_radii(features_ND: Floats, num_neighbours: int) -> Floats:
    if len(features_ND) <= num_neighbours:
        raise TooFewError(
            f"{len(features_ND)} images do not have {num_neighbours} neighbours each; "
            f"give at least {num_neighbours + 1} in each set."
        )
    radius_N = np.empty(len(features_ND))
    for rows, squared_CN in _squared_distances(features_ND, features_ND):
        squared_CN.partition(num_neighbours, axis=1)
        radius_N[rows] = squared_CN[:, num_neighbours]  # the first, at distance 0, is the image itself
    return radius_N


def _squared_distances(queries_ND: Floats, references_MD: Floats) -> Iterator[tuple[slice, Floats]]:
    """Squared distances of a chunk of queries to all references; of a row to itself they are exactly 0."""
    query_norm_N = np.einsum("nd,nd->n", queries_ND, queries_ND)
    reference_norm_M = np.einsum("md,md->m", references_MD, references_MD)
    for start in range(0, len(queries_ND), _CHUNK_ROWS):
        rows = slice(start, min(start + _CHUNK_ROWS, len(queries_ND)))
        squared_CM: Floats = -2 * queries_ND[rows] @ references_MD.T
        squared_CM += query_norm_N[rows, None]
        squared_CM += reference_norm_M
        np.maximum(squared_CM, 0, out=squared_CM)
        if queries_ND is references_MD:
            places = np.arange(rows.start, rows.stop)
            squared_CM[places - rows.start, places] = 0
        yield rows, squared_CM
