"""What figures see: real digits that are damaged on purpose, and which figures notice it.

Real test digits are parted at random: one half plays the minted digits, the other stays the test set. A figure
catches a damage if its 95 % interval parts from that of the undamaged half. Shape suffixes: N images.
"""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from inkmint.data.digits import DigitSet, Splits
from inkmint.errors import DataError
from inkmint.evaluation.figure import Figure, family
from inkmint.evaluation.protocols import evaluate_digits
from inkmint.evaluation.readings import Judge

UNDAMAGED = "undamaged"
BLUR_PX = 1.5
SHARE_WRONG = 0.1
MISSING = 7

_HALVES_SEED = 1

Damage = Callable[[DigitSet, DigitSet], DigitSet]
"""Gives the damaged digits; it is also given the training digits."""


def undamaged(digits: DigitSet, train: DigitSet) -> DigitSet:  # noqa: ARG001
    """The digits as they are."""
    return digits


def blurred(digits: DigitSet, train: DigitSet) -> DigitSet:  # noqa: ARG001
    """Every digit smoothed by a Gaussian of `BLUR_PX` pixels."""
    images = gaussian_filter(digits.images.numpy().astype(float), (0, BLUR_PX, BLUR_PX))
    return _with_images(digits, images.round())


def wrong_labels(digits: DigitSet, train: DigitSet) -> DigitSet:  # noqa: ARG001
    """A tenth of the digits under the label of another class."""
    random = np.random.default_rng(0)
    labels = digits.labels.numpy().copy()
    wrong = random.choice(len(labels), round(SHARE_WRONG * len(labels)), replace=False)
    labels[wrong] = (labels[wrong] + random.integers(1, digits.num_classes, len(wrong))) % digits.num_classes
    return DigitSet(digits.images, torch.from_numpy(labels), digits.name, digits.class_names)


def class_missing(digits: DigitSet, train: DigitSet) -> DigitSet:  # noqa: ARG001
    """All digits but those of the class `MISSING`."""
    return digits.subset(torch.nonzero(digits.labels != MISSING).flatten())


def one_repeated(digits: DigitSet, train: DigitSet) -> DigitSet:  # noqa: ARG001
    """The first digit of every class in place of all of its class."""
    first = torch.stack([torch.nonzero(digits.labels == label)[0, 0] for label in range(digits.num_classes)])
    return digits.subset(first[digits.labels])


def swapped(digits: DigitSet, train: DigitSet) -> DigitSet:  # noqa: ARG001
    """Dark ink on white in place of bright ink on dark."""
    return _with_images(digits, 255 - digits.images.numpy())


def copies(digits: DigitSet, train: DigitSet) -> DigitSet:
    """Training digits."""
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(0))
    return train.subset(order[: len(digits)])


DAMAGES: Mapping[str, Damage] = {
    UNDAMAGED: undamaged,
    "blurred": blurred,
    "10 % wrong labels": wrong_labels,
    "a class missing": class_missing,
    "one repeated": one_repeated,
    "swapped": swapped,
    "copies": copies,
}


def measure_damages(splits: Splits, judge: Judge) -> dict[str, dict[str, Figure]]:
    """Every figure of every damage.

    Args:
        splits: Real digits of the ten classes; the test digits are halved.
        judge: Trained on real training digits.

    Returns:
        Figures by damage and family.

    Raises:
        DataError: There are too few test digits for some figure.
    """
    order = torch.randperm(len(splits.test), generator=torch.Generator().manual_seed(_HALVES_SEED))
    subject, test = (splits.test.subset(half) for half in order.chunk(2))
    halved = Splits(splits.train, splits.validation, test, splits.source)
    found = {}
    for name, damage in DAMAGES.items():
        evaluation = evaluate_digits(damage(subject, splits.train), halved, judge, labelled=True)
        if evaluation.notes:
            raise DataError(f"{splits.test.name} is too small to damage: {evaluation.notes[0]}")
        found[name] = {family(figure): figure for figure in evaluation.figures}
    return found


def parted(first: Figure, second: Figure) -> bool:
    """Whether the 95 % intervals of two figures have nothing in common."""
    if first.interval is None or second.interval is None:
        return False
    return first.interval[1] < second.interval[0] or second.interval[1] < first.interval[0]


def caught_by(found: Mapping[str, Mapping[str, Figure]], damage: str) -> set[str]:
    """Families whose figure of that damage parts from the undamaged digits'."""
    return {name for name, figure in found[damage].items() if parted(figure, found[UNDAMAGED][name])}


def _with_images(digits: DigitSet, images_NHW: NDArray[np.generic]) -> DigitSet:
    return DigitSet(
        torch.from_numpy(images_NHW.astype(np.uint8)), digits.labels, digits.name, digits.class_names
    )
