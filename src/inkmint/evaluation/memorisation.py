"""Whether minted digits are copies of training images.

Shape suffixes: N images, P pairs, D pixels.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from inkmint.data.digits import DigitSet, Splits
from inkmint.data.sheet import grid
from inkmint.evaluation import metrics
from inkmint.evaluation.figure import Figure, short_count
from inkmint.evaluation.metrics import Ints
from inkmint.evaluation.record import NearestPairs
from inkmint.evaluation.references import remembered
from inkmint.evaluation.samples import flat_pixels, random_rows

NEAREST_IMAGES = 500
NUM_PAIRS = 10


def nearest_distance(generated: DigitSet, splits: Splits, *, seeds: Sequence[int] = ()) -> Figure:
    """Median pixel distance from a minted digit to the nearest training image.

    The reference is the same from real test images, which cannot be copies. Minted digits much nearer to
    the training images than those hint at memorisation; much farther ones are no digits, or none of this
    data. The interval is that of a median.
    """
    size = min(NEAREST_IMAGES, len(generated), len(splits.test))
    name = f"nearest_distance_pixels_{short_count(size)}"

    def distances(digits: DigitSet) -> metrics.Floats:
        queries_ND = flat_pixels(digits)[random_rows(digits, size)]
        return metrics.nearest_neighbours(queries_ND, flat_pixels(splits.train))[1] / 255

    minted_N = distances(generated)
    [reference] = remembered(
        name, [splits.train, splits.test], [], lambda: [float(np.median(distances(splits.test)))]
    )
    return Figure(
        name=name,
        value=float(np.median(minted_N)),
        unit="distance",
        interval=metrics.median_interval(minted_N),
        reference=reference,
        reference_name=f"{size:,} real test images",
        num_images=size,
        seeds=tuple(seeds),
        better="alike",
        protocol=(
            f"Median Euclidean distance from a minted digit to the nearest of {len(splits.train):,} training "
            "images, pixels in 0..1; copies would lie near 0."
        ),
    )


def nearest_pairs(
    generated: DigitSet, train: DigitSet, classes_N: Ints
) -> tuple[NearestPairs, NDArray[np.uint8]]:
    """Find the nearest training image of ten minted digits, taken in turn from every class.

    Args:
        generated: The minted digits.
        train: What their generator was trained on.
        classes_N: Class of every minted digit, as asked for or as read.

    Returns:
        The pairs, and a picture of them: minted digits above, training images below.
    """
    turn_N = np.empty(len(generated), dtype=np.int64)  # 0 for the first image of its class, 1 for the second
    for label in np.unique(classes_N):
        members_N = classes_N == label
        turn_N[members_N] = np.arange(members_N.sum())
    chosen_P = np.lexsort((classes_N, turn_N))[:NUM_PAIRS]
    chosen_P = chosen_P[np.argsort(classes_N[chosen_P], kind="stable")]
    index_P, distance_P = metrics.nearest_neighbours(flat_pixels(generated)[chosen_P], flat_pixels(train))
    pictures = torch.cat([generated.images[chosen_P], train.images[index_P]]).numpy()
    pairs = NearestPairs(classes_N[chosen_P], index_P, distance_P / 255)
    return pairs, grid(pictures, columns=len(chosen_P))
