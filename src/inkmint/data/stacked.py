"""Stacked digits: three digits as the colour channels of one image, which makes 1,000 classes.

Shape suffixes: N images, M digits, C channels, H height, W width.
"""

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from inkmint.data.catalogue import STACKED_NAMES
from inkmint.data.digits import DIGIT_NAMES, DigitSet, Splits
from inkmint.errors import DataError

CHANNELS = 3
_SEEDS = (0, 1, 2)  # of train, validation and test


def stack(digits: DigitSet, num_images: int, seed: int) -> DigitSet:
    """Stack three random digits to an image, as often as asked.

    Digits are drawn with replacement from all images, so a class is as frequent as its three digits together make
    it: about 1 in 1,000 for MNIST, and not exactly.

    Args:
        digits: Single digits of the classes 0 to 9.
        num_images: How many to make.
        seed: The same seed draws the same digits.

    Returns:
        Images uint8 (N, 3, 28, 28); label 123 has a 1 in the first channel, a 2 in the second, a 3 in the third.

    Raises:
        DataError: The digits are of other classes or stacked already, or no image is asked for.

    References:
        Metz et al., "Unrolled Generative Adversarial Networks", ICLR 2017, section 3.3.1.
        Srivastava et al., "VEEGAN: Reducing Mode Collapse in GANs using Implicit Variational Learning", NIPS 2017.
        Lin et al., "PacGAN: The power of two samples in generative adversarial networks", NeurIPS 2018, section 4.1.
    """
    if digits.class_names != DIGIT_NAMES or digits.image_channels != 1:
        raise DataError(f"{digits.name} does not hold the single digits 0 to 9; only these can be stacked.")
    if num_images < 1:
        raise DataError(f"{num_images} stacked images were asked for; ask for at least one.")
    chosen_NC = torch.randint(
        len(digits), (num_images, CHANNELS), generator=torch.Generator().manual_seed(seed)
    )
    labels_N = joined_labels(digits.labels[chosen_NC])
    return DigitSet(digits.images[chosen_NC], labels_N, f"stacked {digits.name}", STACKED_NAMES)


def stack_splits(splits: Splits, num_images: tuple[int, int, int], source: str) -> Splits:
    """Stack every part from its own digits, so that no digit is in two parts.

    Args:
        splits: Single digits.
        num_images: To make for train, validation and test.
        source: What to call it.
    """
    train, validation, test = (
        stack(digits, number, seed)
        for digits, number, seed in zip(
            (splits.train, splits.validation, splits.test), num_images, _SEEDS, strict=True
        )
    )
    return Splits(train, validation, test, source)


class Described(Protocol):
    """What has images of classes: a set of digits, or a model's configuration."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """One name per class, in label order."""

    @property
    def image_channels(self) -> int:
        """Channels of an image."""


def is_stacked(described: Described) -> bool:
    """Whether the images are three digits each."""
    return described.image_channels == CHANNELS and described.class_names == STACKED_NAMES


def unstack(images_NCHW: Tensor) -> Tensor:
    """The single digits of stacked images, (3N, 28, 28): all of the first image before those of the second."""
    return images_NCHW.flatten(0, 1)


def joined_labels(labels_NC: Tensor) -> Tensor:
    """The three-digit numbers of three labels each, int64 (N,): hundreds first."""
    hundreds_N, tens_N, ones_N = labels_NC.unbind(dim=1)
    return 100 * hundreds_N + 10 * tens_N + ones_N


def read_channels(read: Callable[[Tensor], Tensor], images_NCHW: Tensor) -> Tensor:
    """What a reader of single digits sees in stacked ones.

    Args:
        read: Gives the labels (M,) of images (M, 28, 28).
        images_NCHW: uint8 (N, 3, 28, 28).

    Returns:
        Labels in 0 .. 999, (N,).
    """
    return joined_labels(read(unstack(images_NCHW)).reshape(-1, CHANNELS))
