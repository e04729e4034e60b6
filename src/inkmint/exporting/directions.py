"""Ways through a generator's latents along which its digits change most, for sliders.

Shape suffixes: N images, Z latent, Q components, P pixels, T traits.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkmint.inference.noise import standard_normal
from inkmint.inference.onnx_file import Direction
from inkmint.models import Generator
from inkmint.writing.traits import TRAITS, measure_traits

NUM_DIRECTIONS = 8
NUM_IMAGES = 2000
NAMES = {"slant": "lean", "thickness": "pen", "width": "width"}
"""Directions that go with a trait of writing, by the trait's name."""

_IMAGES_PER_NUMBER = 20  # of a latent
_MOST_IMAGES = 10_000
_LEAST_EXPLAINED = 0.1  # of a trait's variance by the latents
_TINY = 1e-12
_SEED = 0

Floats = NDArray[np.float64]


def find_directions(generator: Generator) -> tuple[Direction, ...]:
    """The directions of what a generator draws: those of slant, thickness and width, then principal ones.

    Images of every class are minted. A direction is the way through the latents along which a figure of the images
    grows, measured within classes: the mean of the latents, each weighed by its image's figure. The figures are the
    traits, as far as a straight way through the latents changes them, and then the scores of the principal components
    of what the traits leave over of the pixels. Each direction is upright on those before it.

    Args:
        generator: Of any kind; with images of several channels there are principal directions alone, and none at all
            if it draws one image whatever the latent.

    References:
        Härkönen et al., "GANSpace: Discovering Interpretable GAN Controls", NeurIPS 2020, section 2.2, where principal
        components of BigGAN's features are led back to latents likewise, by regression.
    """
    from sklearn.decomposition import PCA

    num_images = max(NUM_IMAGES, min(_MOST_IMAGES, _IMAGES_PER_NUMBER * generator.latent_size))
    labels_N = np.arange(num_images) % len(generator.class_names)
    images = generator.sample(num_images, labels=labels_N if generator.conditional else None, seed=_SEED)
    groups_N = labels_N if generator.conditional else np.zeros_like(labels_N)
    latents_NZ = _within(standard_normal(num_images, generator.latent_size, _SEED), groups_N)
    pixels_NP = _within(images.reshape(num_images, -1) / 255, groups_N)
    whole = float((pixels_NP**2).sum())
    if whole < _TINY:
        return ()
    found: list[Direction] = []
    for name, values_N in _traits(images, groups_N, latents_NZ).items():
        explained_NP = np.outer(values_N, values_N @ pixels_NP) / (values_N @ values_N)
        pixels_NP = pixels_NP - explained_NP
        found.append(_direction(name, values_N @ latents_NZ, found, float((explained_NP**2).sum()) / whole))
    num_components = min(NUM_DIRECTIONS, generator.latent_size) - len(found)
    components = PCA(num_components, svd_solver="covariance_eigh").fit(pixels_NP)
    scores_NQ = components.transform(pixels_NP)
    for scores_N in scores_NQ.T:
        found.append(_direction("", scores_N @ latents_NZ, found, float(scores_N @ scores_N) / whole))
    return tuple(found)


def _within(values: NDArray[Any], groups_N: NDArray[np.int64]) -> Floats:
    """Values (N, ...) less the mean of their group."""
    centred = np.array(values, dtype=np.float64)
    for group in np.unique(groups_N):
        centred[groups_N == group] -= centred[groups_N == group].mean(axis=0)
    return centred


def _traits(images: NDArray[np.uint8], groups_N: NDArray[np.int64], latents_NZ: Floats) -> dict[str, Floats]:
    """The traits (N,) that latents explain in part, by the names of their directions."""
    if images.ndim > 3:
        return {}
    traits_NT = _within(measure_traits(images), groups_N)
    every = {name: traits_NT[:, TRAITS.index(trait)] for name, trait in NAMES.items()}
    return {
        name: values_N
        for name, values_N in every.items()
        if _explained(values_N, latents_NZ) >= _LEAST_EXPLAINED
    }


def _explained(values_N: Floats, latents_NZ: Floats) -> float:
    """The share of the variance that is linear in the latents."""
    total = float(values_N @ values_N)
    if total < _TINY:
        return 0.0
    weights_Z = np.linalg.lstsq(latents_NZ, values_N, rcond=None)[0]
    return 1 - float(((values_N - latents_NZ @ weights_Z) ** 2).sum()) / total


def _direction(name: str, vector_Z: Floats, earlier: list[Direction], explained: float) -> Direction:
    for each in earlier:
        vector_Z = vector_Z - (vector_Z @ each.vector) * np.array(each.vector)
    vector_Z = vector_Z / max(float(np.linalg.norm(vector_Z)), _TINY)
    return Direction(
        name=name, vector=tuple(vector_Z.round(6).tolist()), explained_variance=round(explained, 4)
    )
