"""Minting over HTTP: what the generator can be told, and digits of it.

Shape suffixes: N images, Z latent, C channels, H height, W width.
"""

import math
import secrets

import numpy as np
from fastapi import APIRouter
from numpy.typing import NDArray

from inkmint.serving.answers import GeneratorFacts, Minted, MintRequest, SliderDirection
from inkmint.serving.context import InContext
from inkmint.serving.engines import DigitGenerator, Engines
from inkmint.serving.pictures import png_uri
from inkmint.serving.refusals import Refusal, documented

router = APIRouter(prefix="/api", tags=["generator"])

_SEEDS = 2**31
"""Seeds that are drawn where none is given; the page's field takes as many."""


@router.get("/generator", responses=documented(429, 503))
async def generator(context: InContext) -> GeneratorFacts:
    """What mints, and the directions that its sliders follow."""
    return await context.workers.run(_facts, context.engines)


@router.post("/generate", responses=documented(413, 422, 429, 503))
async def generate(wishes: MintRequest, context: InContext) -> Minted:
    """Mint up to 100 digits. Without sliders and at full spread they are those that `inkmint sample --seed` mints."""
    return await context.workers.run(_minted, context.engines, wishes)


def _facts(engines: Engines) -> GeneratorFacts:
    loaded = engines.generator()
    return GeneratorFacts(
        name=engines.generator_name,
        latent_size=loaded.latent_size,
        num_classes=len(loaded.class_names) if loaded.conditional else 0,
        class_names=list(loaded.class_names) if loaded.conditional else [],
        directions=[
            SliderDirection(
                name=direction.name or str(number),
                deviation=direction.deviation,
                explained=direction.explained_variance,
            )
            for number, direction in enumerate(loaded.directions, 1)
        ],
    )


def _minted(engines: Engines, wishes: MintRequest) -> Minted:
    loaded = engines.generator()
    labels = _labels(wishes, loaded)
    seed = secrets.randbelow(_SEEDS) if wishes.seed is None else wishes.seed
    latents_NZ = spread_out(loaded.latents(len(labels), seed), wishes.spread)
    latents_NZ = latents_NZ + _along(loaded, wishes.sliders)
    images = loaded.sample(labels, z=latents_NZ)
    if wishes.paper:
        images = 255 - images
    if images.ndim == 4:
        images = images.transpose(0, 2, 3, 1)
    return Minted(pictures=[png_uri(image) for image in images], labels=labels, seed=seed)


def spread_out(latents_NZ: NDArray[np.float32], spread: float) -> NDArray[np.float32]:
    r"""Draw latents together without changing how any one is distributed.

    $z_i = \cos(\theta) z_0 + \sin(\theta) z_i$ for i > 0 with $\theta = \pi s / 2$, standard normal as they were.

    Args:
        latents_NZ: Independent and standard normal.
        spread: s, from 0 for copies of the first to 1 for the latents as they are.
    """
    angle = spread * math.pi / 2
    drawn_NZ = np.float32(math.cos(angle)) * latents_NZ[:1] + np.float32(math.sin(angle)) * latents_NZ
    return np.concatenate([latents_NZ[:1], drawn_NZ[1:]]) if spread < 1 else latents_NZ


def _along(loaded: DigitGenerator, sliders: dict[str, float]) -> NDArray[np.float32]:
    """The sum of all steps along directions, (Z,).

    Raises:
        Refusal: 422, there is no such direction.
    """
    steps_Z = np.zeros(loaded.latent_size, np.float32)
    for place, steps in sliders.items():
        if not place.isdecimal() or int(place) >= len(loaded.directions):
            raise Refusal(
                422,
                f"There is no slider {place[:20]!r}; this generator has {len(loaded.directions)}, counted from 0.",
            )
        direction = loaded.directions[int(place)]
        steps_Z += np.float32(steps * direction.deviation) * np.asarray(direction.vector, np.float32)
    return steps_Z


def _labels(wishes: MintRequest, loaded: DigitGenerator) -> list[int]:
    """The class of each picture."""
    num_classes = len(loaded.class_names)
    if wishes.digits is not None:
        labels = wishes.digits
    elif wishes.digit is not None:
        labels = [wishes.digit] * (wishes.count or 1)
    else:
        labels = [index % num_classes for index in range(wishes.count or 1)]
    if max(labels) >= num_classes:
        raise Refusal(
            422, f"The generator knows no class {max(labels)}; ask for classes from 0 to {num_classes - 1}."
        )
    return labels
