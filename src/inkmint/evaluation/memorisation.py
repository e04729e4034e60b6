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
NEARER_IMAGES = 5_000
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


def nearer_to_training(generated: DigitSet, splits: Splits, *, seeds: Sequence[int] = ()) -> Figure:
    """Share of minted digits that lie nearer to a training image than to a held-out one, of as many of either.

    The three-sample test for copying of Meehan et al.: what has learned the distribution and not the images lies
    as near to digits that it never saw. Held-out are the validation images; those of the training set are a random
    subset of their number. Distances are Euclidean, of pixels; where both are equal the held-out one counts as
    nearer. A generator's smoothness brings its digits nearer to both alike, which `nearest_distance` cannot
    tell from copying.

    The reference is the same of real test images: about one half, and off it as far as the two sets differ, which
    were not written by the same people. The interval is Wilson's, over minted digits.

    References:
        Meehan, Chaudhuri and Dasgupta, "A Non-Parametric Test to Detect Data-Copying in Generative Models", AISTATS
        2020, section 3; they have Mann-Whitney's statistic of the distances, and cells of the space.
    """
    size = min(NEARER_IMAGES, len(generated), len(splits.test))
    num_real = min(len(splits.train), len(splits.validation))
    seen_MD = flat_pixels(splits.train)[random_rows(splits.train, num_real)]
    held_out_MD = flat_pixels(splits.validation)[random_rows(splits.validation, num_real)]
    name = f"nearer_to_training_pixels_{short_count(size)}"

    def num_nearer(digits: DigitSet) -> int:
        queries_ND = flat_pixels(digits)[random_rows(digits, size)]
        to_seen_N, to_held_out_N = (
            metrics.nearest_neighbours(queries_ND, real_MD)[1] for real_MD in (seen_MD, held_out_MD)
        )
        return int((to_seen_N < to_held_out_N).sum())

    num_minted = num_nearer(generated)
    [reference] = remembered(
        name, [splits.train, splits.validation, splits.test], [], lambda: [num_nearer(splits.test) / size]
    )
    return Figure(
        name=name,
        value=num_minted / size,
        unit="share",
        interval=metrics.wilson_interval(num_minted, size),
        reference=reference,
        reference_name=f"{size:,} real test images",
        num_images=size,
        seeds=tuple(seeds),
        better="alike",
        protocol=(
            f"Share of minted digits that lie nearer, in pixels, to one of {num_real:,} training images than to one of "
            f"{num_real:,} validation images, which no training saw; copies would score 1."
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
