"""A hand: digits of all classes that look like one person's.

Shape suffixes: N glyphs, C candidates, K classes, Z latent, H height, W width, T traits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inkmint.errors import SettingsError
from inkmint.models import Generator
from inkmint.runtime import generator_of
from inkmint.writing.latents import between
from inkmint.writing.traits import TRAITS, Floats, measure_traits

VARIATION = 0.15
"""How differently a person writes the same digit twice, unless told otherwise."""

_STYLE, _CANDIDATES, _GLYPHS, _EVERYBODY = range(4)  # streams of random numbers
_EVERYBODY_PER_CLASS = 50
_NUM_CANDIDATES = 64
_NUM_ATTEMPTS = 6
_REACH = 0.5  # of the arc from the style to any other; 0.3 to 0.7 hold together equally well
_WEIGHT_T = np.array(
    [1.0, 1.0, 0.5, 0.3]
)  # by `TRAITS`: another width disturbs less than another lean or pen
_CLEAR = -1.0  # smudge of every hand, in standard deviations: faint and blotted strokes are nobody's habit


@dataclass(frozen=True, eq=False)
class _Everybody:
    """How the generator's digits are written, whosever they are.

    Attributes:
        mean_KT: Mean traits of each class: a 1 is narrower than a 0 in every hand.
        spread_T: Their standard deviation within a class.
    """

    mean_KT: Floats
    spread_T: Floats

    @classmethod
    def of(cls, generator: Generator) -> Self:
        num_classes = len(generator.class_names)
        labels = np.tile(np.arange(num_classes), _EVERYBODY_PER_CLASS)
        z_NZ = torch.randn(len(labels), generator.latent_size, generator=generator_of(0, _EVERYBODY))
        traits = measure_traits(generator.draw(z_NZ, labels)).reshape(_EVERYBODY_PER_CLASS, num_classes, -1)
        return cls(traits.mean(axis=0), traits.std(axis=0).mean(axis=0).clip(1e-6))

    def strays(self, images_NHW: NDArray[np.uint8], labels_N: NDArray[np.int64]) -> Floats:
        """How far each image is from the mean of its class, (N, T), in standard deviations."""
        strays_NT: Floats = (measure_traits(images_NHW) - self.mean_KT[labels_N]) / self.spread_T
        return strays_NT


@dataclass(frozen=True, eq=False)
class Hand:
    """A person's way of writing, drawn from a seed.

    A latent z is the style. The same z gives pens of nearly the same breadth in all classes, but leans that
    differ more within a hand than hands do. So the habit is what all classes make of z on the mean; and each class
    takes that latent near z (`_REACH` of the arc to another one) whose digit keeps to the habit best, of 65
    candidates with z among them, and is drawn clearly. `benchmarks/hands.py` measures what this is worth.

    Attributes:
        generator: It draws.
        seed: The same seed is the same hand.
        latents_KZ: Of each class.
        habit_T: How far this hand is from others in each of `TRAITS`, in standard deviations.
    """

    generator: Generator
    seed: int
    latents_KZ: Tensor
    habit_T: Floats
    _everybody: _Everybody

    @classmethod
    def draw(cls, generator: Generator, seed: int) -> Self:
        """The hand of that seed.

        Raises:
            SettingsError: The generator knows no classes, or draws in colour.
        """
        if not generator.conditional:
            raise SettingsError(
                f"The generator {generator.name!r} does not know classes, so it cannot write what is asked for; "
                "take a conditional one such as 'house'."
            )
        if generator.config.image_channels != 1:
            raise SettingsError(
                f"The generator {generator.name!r} draws stacked digits; take one of grey images such as 'house'."
            )
        everybody, labels_K = _Everybody.of(generator), np.arange(len(generator.class_names))
        z_1Z = torch.randn(1, generator.latent_size, generator=generator_of(seed, _STYLE))
        style_KZ = z_1Z.expand(len(labels_K), -1)
        habit_T = everybody.strays(generator.draw(style_KZ, labels_K), labels_K).mean(axis=0)
        habit_T[TRAITS.index("smudge")] = _CLEAR
        hand = cls(generator, seed, style_KZ, habit_T, everybody)
        others_CZ = torch.randn(
            _NUM_CANDIDATES, generator.latent_size, generator=generator_of(seed, _CANDIDATES)
        )
        candidates_CZ = torch.cat([z_1Z, between(z_1Z, others_CZ, _REACH)])
        latents_KZ = hand._most_alike(candidates_CZ.expand(len(labels_K), -1, -1), labels_K)
        return cls(generator, seed, latents_KZ, habit_T, everybody)

    @property
    def lean(self) -> float:
        """Columns to the right for each row upwards, the mean over the classes."""
        return self._mean("lean")

    @property
    def pen(self) -> float:
        """Width of strokes by the height of a digit, the mean over the classes."""
        return self._mean("pen")

    def write(
        self, labels: Sequence[int], *, variation: float = VARIATION, seed: int = 0
    ) -> NDArray[np.uint8]:
        """Digits of this hand.

        Args:
            labels: The class of each, (N,), in 0 .. K - 1.
            variation: How differently the same digit is written twice: 0 not at all, 1 as by any other person.
            seed: Of the variation; the same text with another seed is written once more.

        Returns:
            uint8 (N, 28, 28), ink bright on dark.
        """
        labels_N = np.asarray(labels, dtype=np.int64)
        return self.generator.draw(self.vary(labels_N, variation, seed), labels_N)

    def vary(self, labels_N: NDArray[np.int64], variation: float = VARIATION, seed: int = 0) -> Tensor:
        """The latents of digits of this hand, (N, Z); see `write`."""
        own_NZ = self.latents_KZ[labels_N]
        if variation == 0:
            return own_NZ
        others_NCZ = torch.randn(
            len(own_NZ),
            _NUM_ATTEMPTS,
            self.generator.latent_size,
            generator=generator_of(self.seed, _GLYPHS, seed),
        )
        return self._most_alike(between(own_NZ[:, None], others_NCZ, variation), labels_N)

    def _most_alike(self, candidates_NCZ: Tensor, labels_N: NDArray[np.int64]) -> Tensor:
        """For each place the candidate whose digit keeps to the habit best, (N, Z)."""
        num_places, num_candidates, _ = candidates_NCZ.shape
        labels = labels_N.repeat(num_candidates)
        images = self.generator.draw(candidates_NCZ.flatten(0, 1), labels)
        strays_NCT = self._everybody.strays(images, labels).reshape(num_places, num_candidates, -1)
        best_N = ((strays_NCT - self.habit_T) ** 2 @ _WEIGHT_T).argmin(axis=1)
        return candidates_NCZ[torch.arange(num_places), torch.from_numpy(best_N)]

    def _mean(self, trait: str) -> float:
        place = TRAITS.index(trait)
        usual = self._everybody.mean_KT[:, place].mean()
        return float(usual + self.habit_T[place] * self._everybody.spread_T[place])
