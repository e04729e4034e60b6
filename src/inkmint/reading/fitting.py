"""Calibrating a recogniser for reading: on validation digits, as they are and changed as pictures change them.

Shape suffixes: N images.
"""

import numpy as np
import torch

from inkmint.data.augment import Augment
from inkmint.data.digits import DigitSet
from inkmint.data.pixels import to_network, to_pixels
from inkmint.errors import DataError
from inkmint.reading.calibration import Calibration, calibrate
from inkmint.reading.familiarity import Familiarity, fit_familiarity
from inkmint.reading.looks import Guesser, look

CHANGES = Augment(rotate_deg=8, shear=0.3, scale=0.4)
"""Turned, slanted, larger and smaller, before they are normalised as any ink is."""

_MARGIN_PX = 6  # for what grows beyond its image
_LEAST_INK = 0.5


def calibrate_reader(
    recogniser: Guesser, digits: DigitSet, *, seed: int = 0
) -> tuple[Calibration, Familiarity]:
    """Temperature, threshold and what digits look like, from every digit twice, as it is and changed at random.

    Args:
        recogniser: It must not have learnt from these digits, nor may they be test digits.
        digits: Of its classes.
        seed: Of the changes.

    Raises:
        DataError: The digits are of other classes, of several channels, of a class there is none, or none has ink.
    """
    if digits.class_names != recogniser.class_names:
        raise DataError(
            f"{digits.name} has other classes than the recogniser knows; give digits of its classes."
        )
    digits.require_every_class()
    known = digits.labelled().require_one_channel("a reader sees grey ones")
    generator = torch.Generator().manual_seed(seed)
    padded = torch.nn.functional.pad(known.images, (_MARGIN_PX,) * 4)
    changed = to_pixels(
        CHANGES.apply(to_network(padded), lambda k: torch.rand(len(known), k, generator=generator))
    )
    inks = list(torch.cat([padded, changed]).numpy().astype(np.float32) / 255)
    labels_N = known.labels.repeat(2).numpy()
    drawn = [index for index, ink in enumerate(inks) if ink.max() > _LEAST_INK]
    if not drawn:
        raise DataError(f"{digits.name} holds no ink; give bright digits on dark.")
    images, probabilities_NK = look(recogniser, [inks[index] for index in drawn])
    calibration = calibrate(
        probabilities_NK, labels_N[drawn], weights_sha256=recogniser.weights_sha256, data=digits.name
    )
    return calibration, fit_familiarity(recogniser.features(images), images, labels_N[drawn])
