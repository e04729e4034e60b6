"""A generator on onnxruntime.

Shape suffixes: N images, C channels, H height, W width, Z latent.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inkmint.data.arrays import label_array
from inkmint.errors import DataError, SettingsError
from inkmint.inference.noise import standard_normal
from inkmint.inference.onnx_file import Direction
from inkmint.inference.onnx_model import OnnxModel

BATCH_IMAGES = 100  # of 10 to 500 the fastest, by a little


class OnnxGenerator(OnnxModel):
    """Mints digits without torch; safe to use from several threads at once.

    The same seed draws the same latents as `inkmint.Generator` does, and so the same digits but for a level of grey
    here and there.
    """

    kind = "generator"

    @property
    def conditional(self) -> bool:
        """Whether the label decides what is drawn."""
        return self.config.conditional

    @property
    def latent_size(self) -> int:
        """Z, numbers in a latent; they are standard normal."""
        return self.config.latent_size

    @property
    def directions(self) -> tuple[Direction, ...]:
        """Ways through the latents for sliders, the most telling first: add a multiple of the vector to a latent."""
        return self.config.directions

    def latents(self, n: int, seed: int | None = None) -> NDArray[np.float32]:
        """Draw latents, (n, Z); the same seed gives the same, None gives new ones every time."""
        if seed is None:
            return np.random.default_rng().standard_normal((n, self.latent_size), dtype=np.float32)
        return standard_normal(n, self.latent_size, seed)

    def sample(
        self, labels: ArrayLike, *, seed: int | None = None, z: ArrayLike | None = None
    ) -> NDArray[np.uint8]:
        """Mint one digit for each label.

        Args:
            labels: The class of each, (N,), counted from 0; ignored where the generator is not conditional.
            seed: The same seed gives the same digits; None gives new ones every time.
            z: Latents (N, Z) in place of a seed.

        Returns:
            uint8 (N, 28, 28), or (N, C, 28, 28) of several channels, ink bright on dark.

        Raises:
            DataError: A label is out of range, or there is not one latent of Z numbers for each.
            SettingsError: Both seed and latents are given.
        """
        labels_N = label_array(labels, len(self.class_names), "The request")
        if not len(labels_N):
            raise SettingsError("No digits were asked for; give one label or more.")
        if seed is not None and z is not None:
            raise SettingsError("Both a seed and latents were given; give one of them.")
        latents_NZ = self.latents(len(labels_N), seed) if z is None else self._checked(z, len(labels_N))
        parts: list[NDArray[np.uint8]] = []
        for start in range(0, len(labels_N), BATCH_IMAGES):
            part = slice(start, start + BATCH_IMAGES)
            fed = {"latents": latents_NZ[part], "labels": labels_N[part]}
            parts.append(self._session.run(["images"], fed)[0])
        return np.concatenate(parts)

    def sample_each(self, labels: ArrayLike, seeds: Iterable[int]) -> NDArray[np.uint8]:
        """Mint one digit from each of several seeds: image i is `sample([labels[i]], seed=seeds[i])[0]`.

        Raises:
            DataError: A label is out of range, or their number is not that of the seeds.
        """
        latents = [standard_normal(1, self.latent_size, seed) for seed in seeds]
        return self.sample(labels, z=np.concatenate([np.empty((0, self.latent_size)), *latents]))

    def _checked(self, z: ArrayLike, num: int) -> NDArray[np.float32]:
        wanted = f"give {num} rows of {self.latent_size} finite numbers"
        try:
            latents_NZ = np.asarray(z, dtype=np.float32)
        except (ValueError, TypeError) as error:
            raise DataError(f"The latents form no array of numbers; {wanted}.") from error
        if latents_NZ.shape != (num, self.latent_size) or not np.isfinite(latents_NZ).all():
            raise DataError(f"The latents have the shape {latents_NZ.shape} or are not finite; {wanted}.")
        return latents_NZ
