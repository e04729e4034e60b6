"""Holding an exported model against torch, on the same inputs.

Shape suffixes: N images, H height, W width, D features.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkmint.data.arrays import IMAGE_SIZE
from inkmint.errors import ModelError
from inkmint.inference.generator import OnnxGenerator
from inkmint.inference.recogniser import OnnxRecogniser
from inkmint.models import Generator, Recogniser

PROBABILITY_TOLERANCE = 1e-4
"""Most by which a probability may differ from torch's; of features, as a share of the largest."""

PIXEL_TOLERANCE = 1e-3
"""Largest share of a generator's pixels that may differ from torch's by more than one level of grey."""

NUM_IMAGES = 200
_SEED = 0


def recogniser_difference(exported: OnnxRecogniser, model: Recogniser) -> float:
    """By how much a probability differs at most, on noise of every strength, many at a time and one alone.

    Raises:
        ModelError: It is above the tolerance, or that of features is.
    """
    images_NHW = _noise()
    probability = max(
        _largest(exported.probabilities(images_NHW[part]) - model.predict_proba(images_NHW[part]))
        for part in (slice(None), slice(-1, None))
    )
    features_ND = model.features(images_NHW)
    feature = _largest(exported.features(images_NHW) - features_ND) / max(_largest(features_ND), 1e-6)
    if not max(probability, feature) <= PROBABILITY_TOLERANCE:
        raise ModelError(
            f"The exported {model.name!r} differs from torch by {probability:.2g} in probability and by {feature:.2g} "
            f"in features, more than {PROBABILITY_TOLERANCE:g}; keep to torch for this model, and report it."
        )
    return probability


def generator_difference(exported: OnnxGenerator, model: Generator) -> tuple[int, float]:
    """The largest difference of a pixel, in levels of grey, and the share of pixels that differ by more than one.

    Raises:
        ModelError: The share is above the tolerance.
    """
    levels = [_levels(exported, model, num_images) for num_images in (NUM_IMAGES, 1)]
    largest = max(int(each.max()) for each in levels)
    share = max(float((each > 1).mean()) for each in levels)
    if share > PIXEL_TOLERANCE:
        raise ModelError(
            f"The exported {model.name!r} draws otherwise than torch: {share:.2%} of the pixels differ by more than a "
            f"level of grey, the most by {largest}; keep to torch for this model, and report it."
        )
    return largest, share


def _levels(exported: OnnxGenerator, model: Generator, num_images: int) -> NDArray[np.int16]:
    """By how many levels of grey each pixel differs, of the same classes and seed."""
    labels_N = np.arange(num_images) % len(model.class_names)
    images = model.sample(num_images, labels=labels_N if model.conditional else None, seed=_SEED)
    levels: NDArray[np.int16] = np.abs(exported.sample(labels_N, seed=_SEED).astype(np.int16) - images)
    return levels


def _largest(values: NDArray[Any]) -> float:
    return float(np.abs(values).max())


def _noise() -> NDArray[np.uint8]:
    """Uniform noise over a growing share of the pixels, (N, 28, 28)."""
    random = np.random.default_rng(_SEED)
    noise_NHW = random.integers(0, 256, (NUM_IMAGES, IMAGE_SIZE, IMAGE_SIZE), dtype=np.uint8)
    noise_NHW[random.random(noise_NHW.shape) > np.linspace(0, 1, NUM_IMAGES)[:, None, None]] = 0
    return noise_NHW
