"""Sets that can be held against each other: of the same classes, cut to the same size.

Shape suffixes: N images, D pixels.
"""

import numpy as np
import torch
from numpy.typing import NDArray

from inkmint.data.digits import DigitSet, Splits
from inkmint.errors import DataError
from inkmint.evaluation.readings import Judge

SAMPLE_IMAGES = 10_000
_SUBSET_SEED = 0


def equal_size(generated: DigitSet, splits: Splits) -> int:
    """Images that minted, validation and test digits can all give, `SAMPLE_IMAGES` at most."""
    return min(SAMPLE_IMAGES, len(generated), len(splits.validation), len(splits.test))


def random_rows(digits: DigitSet, size: int) -> NDArray[np.int64]:
    """Indices of `size` images without order or repeats, the same every time, int64 (size,)."""
    order = torch.randperm(len(digits), generator=torch.Generator().manual_seed(_SUBSET_SEED))
    rows: NDArray[np.int64] = order[:size].numpy()
    return rows


def flat_pixels(digits: DigitSet) -> NDArray[np.uint8]:
    """Every image as a row of pixels, uint8 (N, 784)."""
    return digits.images.numpy().reshape(len(digits), -1)


def require_same_classes(generated: DigitSet, splits: Splits, *judges: Judge) -> None:
    """Refuse real sets and judges of other classes than the minted digits.

    Raises:
        DataError: Naming the first that does not fit.
    """
    for digits in (splits.train, splits.validation, splits.test):
        require_class_names(generated.class_names, digits.class_names, digits.name)
    require_judges(generated.class_names, splits, *judges)


def require_judges(class_names: tuple[str, ...], splits: Splits, *judges: Judge) -> None:
    """Refuse judges of other classes than the minted digits.

    Args:
        class_names: Of the minted digits.
        splits: Real digits of the same classes, which a judge could be trained on.
        judges: Those that are to measure.

    Raises:
        DataError: Naming the first that does not fit, and how to get one that does.
    """
    for judge in judges:
        if tuple(judge.class_names) != tuple(class_names):
            raise DataError(
                f"The judge {judge.name!r} knows the classes {', '.join(judge.class_names)}, the digits have "
                f"{', '.join(class_names)}; take a judge of the same classes, or train one with: "
                f"inkmint judge train --data {splits.source}, and give it with --judge."
            )


def require_class_names(expected: tuple[str, ...], found: tuple[str, ...], owner: str) -> None:
    """Refuse classes that are not the expected ones.

    Raises:
        DataError: Naming both.
    """
    if tuple(found) != tuple(expected):
        raise DataError(
            f"{owner} has the classes {', '.join(found)}, the digits have {', '.join(expected)}; "
            "compare sets of the same classes."
        )


def require_several_classes(*sets: DigitSet) -> None:
    """Refuse sets whose labels are all the same: held against all classes, their figures would mean nothing.

    Raises:
        DataError: Naming the set and its only class.
    """
    for digits in sets:
        present = [name for name, count in zip(digits.class_names, digits.counts(), strict=True) if count]
        if len(present) < 2:
            raise DataError(
                f"{digits.name} holds the class {present[0]} only, and figures compare all classes; "
                "give images of at least two."
            )
