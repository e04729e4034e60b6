"""Sets of labelled digits in memory, and their splits.

Shape suffixes: N images, H height, W width.
"""

import hashlib
import math
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from inkmint.data.arrays import DIGIT_NAMES as DIGIT_NAMES
from inkmint.data.arrays import IMAGE_SIZE as IMAGE_SIZE
from inkmint.data.arrays import image_array, label_array
from inkmint.errors import DataError

SPLIT_NAMES = ("train", "validation", "test")
_MOST_NAMED = 10
UNLABELLED = -1
"""Label of an image whose class is not known, as in scikit-learn."""

VALIDATION_SHARE = 1 / 6  # of a training file, as 10,000 of MNIST's 60,000


@dataclass(frozen=True, eq=False)
class DigitSet:
    """Labelled images held in memory as one tensor.

    Attributes:
        images: uint8 (N, 28, 28), ink bright (255) on dark (0) as in MNIST, or (N, C, 28, 28) of C channels.
        labels: int64 (N,), each in 0 .. num_classes - 1, or `UNLABELLED`.
        name: Where they come from, for messages and records.
        class_names: One name per class, in label order.
    """

    images: Tensor
    labels: Tensor
    name: str
    class_names: tuple[str, ...] = DIGIT_NAMES

    @classmethod
    def from_arrays(
        cls, images: object, labels: object, *, name: str, class_names: tuple[str, ...] = DIGIT_NAMES
    ) -> "DigitSet":
        """Check arrays from outside and take them in.

        Args:
            images: (N, 28, 28), (N, 784) or with a channel axis of 1; integers in 0..255, or floats in
                0..1 (scaled) or 0..255. They are copied.
            labels: (N,) whole numbers in 0 .. number of classes - 1.
            name: Where they come from; it opens every error message.
            class_names: One name per class.

        Raises:
            DataError: A wrong shape, size, type or value; the message names it and says what fits.
        """
        labels_N = as_labels(labels, len(class_names), name)
        return cls(as_images(images, name), labels_N, name, class_names)._checked()

    def _checked(self) -> "DigitSet":
        if len(self.images) != len(self.labels):
            raise DataError(
                f"{self.name} has {len(self.images)} images but {len(self.labels)} labels; "
                "give exactly one label per image."
            )
        if not len(self):
            raise DataError(f"{self.name} holds no images; give at least one per class.")
        return self

    def __len__(self) -> int:
        return len(self.images)

    @property
    def num_classes(self) -> int:
        """Number of classes, present or not."""
        return len(self.class_names)

    @property
    def image_channels(self) -> int:
        """Channels of an image: 1 unless the images have an axis of them."""
        return 1 if self.images.dim() == 3 else self.images.shape[1]

    def counts(self) -> list[int]:
        """Images per class, in label order; unlabelled ones are in none."""
        labels = self.labels[self.labels != UNLABELLED]
        return torch.bincount(labels, minlength=self.num_classes).tolist()

    def require_every_class(self) -> "DigitSet":
        """Return self, or raise `DataError` naming the classes that have no image."""
        empty = [name for name, count in zip(self.class_names, self.counts(), strict=True) if not count]
        if empty:
            more = f" and {len(empty) - _MOST_NAMED:,} others" if len(empty) > _MOST_NAMED else ""
            raise DataError(
                f"{self.name} has no image of class {', '.join(empty[:_MOST_NAMED])}{more}; add some, or leave the "
                "class out."
            )
        return self

    def require_one_channel(self, reason: str) -> "DigitSet":
        """Return self, or raise `DataError` with the reason if the images have several channels."""
        if self.image_channels > 1:
            raise DataError(f"{self.name} has images of {self.image_channels} channels; {reason}.")
        return self

    def subset(self, indices: Tensor, name: str | None = None) -> "DigitSet":
        """The images at `indices`, int64 (M,), in that order."""
        return DigitSet(self.images[indices], self.labels[indices], name or self.name, self.class_names)

    def sample_per_class(self, num_images: int, seed: int) -> "DigitSet":
        """A random, class-balanced part: `num_images` of every class, in label order.

        Raises:
            DataError: A class has fewer images than asked for.
        """
        if num_images < 1:
            raise DataError(f"{num_images} images per class were asked for; ask for at least one.")
        short = min(self.counts())
        if short < num_images:
            raise DataError(
                f"{self.name} has only {short} images of one class, "
                f"{num_images} were asked for; ask for fewer."
            )
        generator = torch.Generator().manual_seed(seed)
        chosen = []
        for label in range(self.num_classes):
            members = torch.nonzero(self.labels == label).flatten()
            chosen.append(members[torch.randperm(len(members), generator=generator)[:num_images]])
        return self.subset(torch.cat(chosen), f"{self.name}, {num_images} per class")

    def labelled(self) -> "DigitSet":
        """The images that have a label; itself if all have."""
        known_N = self.labels != UNLABELLED
        return self if known_N.all() else self.subset(torch.nonzero(known_N).flatten())

    def with_few_labels(self, num_per_class: int, generator: torch.Generator) -> "DigitSet":
        """The same images, of which only so many of every class, drawn at random, keep their label.

        What is drawn depends on the labels of the drawn images and of those that come before the last of them in a
        random order; the labels of all others are nowhere in the result.

        Args:
            num_per_class: Labels to keep, at least 1.
            generator: Draws a random order of all images; the first of each class keep their labels.

        Raises:
            DataError: A class has fewer labelled images.
        """
        for name, count in zip(self.class_names, self.require_every_class().counts(), strict=True):
            if count < num_per_class:
                raise DataError(
                    f"{self.name} has only {count} labelled images of class {name}, and labels_per_class asks for "
                    f"{num_per_class}; set labels_per_class to {count} or less, or to 0 for all labels."
                )
        order = torch.randperm(len(self), generator=generator)
        labels = torch.full_like(self.labels, UNLABELLED)
        for label in range(self.num_classes):
            labels[order[self.labels[order] == label][:num_per_class]] = label
        return replace(self, labels=labels)

    def repeated(self, num_images: int) -> "DigitSet":
        """All images as often as it takes to have `num_images` or more."""
        times = -(-num_images // len(self))
        return self.subset(torch.arange(len(self)).repeat(times)) if times > 1 else self

    def with_unlabelled(self, images: Tensor) -> "DigitSet":
        """These, and images uint8 (M, 28, 28) without a label after them."""
        labels = torch.full((len(images),), UNLABELLED)
        return replace(self, images=torch.cat([self.images, images]), labels=torch.cat([self.labels, labels]))

    def with_labelled_share(self, share: float) -> "DigitSet":
        """All images, the labelled ones as often as it takes to make up this share of the whole or more.

        Args:
            share: In [0, 1); 0 changes nothing.
        """
        labelled = self.labelled()
        num_unlabelled = len(self) - len(labelled)
        if not num_unlabelled or not len(labelled):
            return self
        num_needed = math.ceil(share / (1 - share) * num_unlabelled)
        rest = torch.nonzero(self.labels == UNLABELLED).flatten()
        known = torch.nonzero(self.labels != UNLABELLED).flatten()
        times = max(1, -(-num_needed // len(labelled)))
        return self if times == 1 else self.subset(torch.cat([known.repeat(times), rest]))

    @cached_property
    def fingerprint(self) -> str:
        """First 16 hexadecimal digits of the SHA-256 of all pixels and labels."""
        digest = hashlib.sha256(self.images.numpy().tobytes())
        digest.update(self.labels.numpy().tobytes())
        return digest.hexdigest()[:16]


@dataclass(frozen=True)
class Splits:
    """The three parts of a data source; `test` is for final figures only."""

    train: DigitSet
    validation: DigitSet
    test: DigitSet
    source: str


def as_images(images: object, name: str) -> Tensor:
    """Turn an array from outside into uint8 (N, 28, 28); see `DigitSet.from_arrays`.

    Raises:
        DataError: Naming what does not fit.
    """
    return torch.from_numpy(image_array(images, name))


def as_labels(labels: object, num_classes: int, name: str) -> Tensor:
    """Turn labels from outside into int64 (N,) in 0 .. num_classes - 1.

    Raises:
        DataError: Naming the first label that does not fit.
    """
    return torch.from_numpy(label_array(labels, num_classes, name))


def stratified_split(digits: DigitSet, shares: tuple[float, ...], seed: int = 0) -> tuple[DigitSet, ...]:
    """Split into parts with the same class balance, deterministically.

    A class with no image at all stays absent from every part.

    Args:
        digits: What to split.
        shares: Of train, validation and test (or of train and validation); they sum to 1.
        seed: Of the shuffle within each class.

    Raises:
        DataError: A class has some images, but too few to be in every part.
    """
    generator = torch.Generator().manual_seed(seed)
    parts: tuple[list[Tensor], ...] = tuple([] for _ in shares)
    for label, count in enumerate(digits.counts()):
        if 0 < count < len(shares):
            raise DataError(
                f"{digits.name} has only {count} of class {digits.class_names[label]}; "
                f"give at least {len(shares)} images, one for each part of the split."
            )
        members = torch.nonzero(digits.labels == label).flatten()
        members = members[torch.randperm(count, generator=generator)]
        held_out = [max(1, round(count * share)) if count else 0 for share in shares[1:]]
        sizes = [count - sum(held_out), *held_out]
        for part, chosen in zip(parts, torch.split(members, sizes), strict=True):
            part.append(chosen)
    return tuple(
        digits.subset(torch.cat(part).sort().values, f"{digits.name} {name}")
        for part, name in zip(parts, SPLIT_NAMES, strict=False)
    )


def split_off_validation(train: DigitSet) -> tuple[DigitSet, DigitSet]:
    """Part training images that came without validation images into train and validation.

    The last sixth is held out, as MNIST's last 10,000, if it has every class that the whole has;
    otherwise (files sorted by class) a stratified sixth.

    Raises:
        DataError: A class has a single image, too few to be in both parts.
    """
    num_held_out = round(len(train) * VALIDATION_SHARE)
    first = torch.arange(len(train) - num_held_out)
    last = torch.arange(len(first), len(train))
    present = set(train.labels.tolist())
    if all(set(train.labels[part].tolist()) == present for part in (first, last)):
        kept, held_out = train.subset(first), train.subset(last)
    else:
        kept, held_out = stratified_split(train, (1 - VALIDATION_SHARE, VALIDATION_SHARE))
    return replace(kept, name=train.name), replace(held_out, name=f"{train.name}, held out")
