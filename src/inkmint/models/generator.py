"""Mints digits.

Shape suffixes: N images, H height, W width, Z latent.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Self, cast

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from inkmint.data.digits import DigitSet, as_labels
from inkmint.data.pixels import to_pixels
from inkmint.errors import DataError, SettingsError
from inkmint.models.loading import BATCH_IMAGES, load
from inkmint.training.weights import ModelConfig, save_model


class Generator:
    """Mints digits.

    Args:
        network: In evaluation mode.
        config: What the network is.

    Attributes:
        conditional: Whether it draws the class asked for.
        class_names: One name per class, in label order.
        latent_size: Numbers in a latent.
    """

    def __init__(self, network: nn.Module, config: ModelConfig) -> None:
        self.network, self.config = network, config
        self.conditional = config.spec.conditional
        self.class_names = config.class_names
        self.latent_size = cast("int", network.latent_size)

    @classmethod
    def from_pretrained(cls, path_or_name: str | Path) -> Self:
        """Load a generator from a run folder, a model folder, or by the name of one that comes with inkmint.

        Raises:
            ModelError: There is none, it is damaged, or it is no generator.
        """
        return cls(*load(path_or_name, "generator"))

    @property
    def name(self) -> str:
        """The row of the zoo."""
        return self.config.model

    @property
    def weights_sha256(self) -> str:
        """SHA-256 of the weights file."""
        return self.config.weights_sha256

    def save_pretrained(self, path: str | Path) -> None:
        """Write a model folder that `from_pretrained` reads."""
        self.config = save_model(Path(path), self.network, self.config)

    def sample(
        self,
        n: int,
        digit: int | None = None,
        labels: ArrayLike | None = None,
        seed: int | None = None,
        paper: bool = False,
    ) -> NDArray[np.uint8]:
        """Mint digits.

        Args:
            n: How many.
            digit: The class of all of them.
            labels: The class of each, (n,); without `digit` and `labels` image i is of class i mod K.
            seed: The same seed gives the same digits; None gives new ones every time.
            paper: Whether to give dark ink on white paper, whichever the network was trained to draw.

        Returns:
            uint8 (n, 28, 28), or (n, 3, 28, 28) of stacked digits, ink bright on dark unless `paper`.

        Raises:
            SettingsError: A class is asked of a generator that knows none, or both `digit` and `labels` are given.
            DataError: A label is out of range, or their number is not n.
        """
        y_N = self._labels(n, digit, labels)
        random = torch.Generator().manual_seed(seed % 2**63) if seed is not None else torch.Generator()
        if seed is None:
            random.seed()
        return self._draw(torch.randn(n, self.latent_size, generator=random), y_N, paper)

    def sample_each(self, labels: ArrayLike, seeds: Iterable[int]) -> NDArray[np.uint8]:
        """Mint one digit from each of several seeds.

        Image i is `sample(1, digit=labels[i], seed=seeds[i])[0]`, but for a level of grey here and there: sums are
        rounded differently in batches of another size.

        Args:
            labels: The class of each, (n,).
            seeds: n whole numbers.

        Returns:
            uint8 (n, 28, 28), or (n, 3, 28, 28) of stacked digits, ink bright on dark.

        Raises:
            SettingsError: The generator knows no classes.
            DataError: A label is out of range, or their number is not that of the seeds.
        """
        random = torch.Generator()
        latents = [
            torch.randn(self.latent_size, generator=random.manual_seed(int(seed) % 2**63)) for seed in seeds
        ]
        y_N = self._labels(len(latents), None, labels)
        return self._draw(torch.stack(latents), y_N, paper=False)

    def draw(self, z_NZ: Tensor, labels: ArrayLike) -> NDArray[np.uint8]:
        """Mint the digits of these latents.

        Args:
            z_NZ: float32 (n, latent_size), standard normal.
            labels: The class of each, (n,).

        Returns:
            uint8 (n, 28, 28), or (n, 3, 28, 28) of stacked digits, ink bright on dark.

        Raises:
            SettingsError: The generator knows no classes.
            DataError: A label is out of range, or their number is not n.
        """
        return self._draw(z_NZ, self._labels(len(z_NZ), None, labels), paper=False)

    def pixels(self, x_NCHW: Tensor) -> NDArray[np.uint8]:
        """What the network drew, in [-1, 1], as uint8 (n, 28, 28) or (n, 3, 28, 28), ink bright on dark."""
        images = to_pixels(x_NCHW).numpy()
        return 255 - images if self.config.background == "paper" else images

    def _draw(self, z_NZ: Tensor, y_N: Tensor, paper: bool) -> NDArray[np.uint8]:
        with torch.inference_mode():
            batches = zip(z_NZ.split(BATCH_IMAGES), y_N.split(BATCH_IMAGES), strict=True)
            images = np.concatenate([self.pixels(self.network(z, y)) for z, y in batches])
        return 255 - images if paper else images

    def mint(self, n: int, digit: int | None = None, seed: int | None = None) -> DigitSet:
        """Mint digits, ink bright on dark, with the labels asked for, which mean nothing without classes."""
        labels = self._labels(n, digit, None)
        images = self.sample(n, labels=labels.numpy() if self.conditional else None, seed=seed)
        return DigitSet(torch.from_numpy(images), labels, f"minted by {self.name}", self.class_names)

    def _labels(self, n: int, digit: int | None, labels: ArrayLike | None) -> Tensor:
        if n < 1:
            raise SettingsError(f"{n} digits cannot be minted; ask for 1 or more.")
        if digit is None and labels is None:
            return torch.arange(n) % len(self.class_names)
        if not self.conditional:
            raise SettingsError(
                f"The generator {self.name!r} does not know classes; leave digit and labels out, "
                "or take a conditional one such as 'house'."
            )
        if digit is not None and labels is not None:
            raise SettingsError("Both digit and labels were given; give one of them.")
        wanted = as_labels(
            np.full(n, digit) if labels is None else labels, len(self.class_names), "The request"
        )
        if len(wanted) != n:
            raise DataError(f"The request has {len(wanted)} labels for {n} digits; give one label per digit.")
        return wanted
