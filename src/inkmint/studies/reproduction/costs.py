"""How long a training run will take, roughly: from what quick recipes took, by the work that a network does.

The work is counted in floating-point operations of one pass of all networks over one image. What a model does in a
second is known from docs/zoo/results.json, by two cores; batches smaller than there take longer for each image.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import cast

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from inkmint.data.digits import DIGIT_NAMES, IMAGE_SIZE
from inkmint.options import Value
from inkmint.specs import FittedSpec
from inkmint.studies.reproduction.watching import NUM_QUALITY, NUM_WATCHED
from inkmint.training.engine import SETTLING_BATCHES
from inkmint.training.recipe import Recipe
from inkmint.training.views import MEASURED_SAMPLES
from inkmint.zoo import find

MNIST_IMAGES = 50_000
"""Training images where nothing else is known."""

RATES: Mapping[str, tuple[float, int]] = {
    "gan": (16.2, 128),
    "cgan": (16.6, 128),
    "mggan": (20.8, 128),
    "dcgan": (12.4, 64),
    "dcgan-dense": (24.5, 64),
    "ccgan": (22.3, 64),
    "acgan": (17.3, 64),
    "acgan-sa": (13.9, 64),
    "lenet": (9.6, 96),
    "lenet-attention": (8.4, 96),
    "alexnet": (37.2, 96),
    "vgg16": (35.4, 96),
    "resnet": (24.9, 96),
}
"""Operations of one pass, in 10^9, that a second of training holds, and the batch; docs/zoo/results.json has both."""

FITTED_SEC: Mapping[str, float] = {"pca": 1.5, "ppca": 1.3, "lbp-svm": 19.0, "src": 18.0, "knn": 10.0}
"""Of models that are fitted once, with one look at 10,000 validation digits; from the same place."""

_SLOWEST = 8.0
_READING = 0.4
"""Of the time of training, that reading or minting an image takes."""

LOOKS = 10
"""In an epoch."""

LOOKED_AT: Mapping[str, int] = {
    "discriminator": 2 * NUM_WATCHED,
    "quality": NUM_QUALITY + SETTLING_BATCHES * 64,
}
"""Images that pass through the networks at each look."""

_VALIDATION_IMAGES = 10_000

_OF_ANY_SEC = 1.0
"""What any measurement takes."""

JUDGING_SEC = 0.8
"""Per 1,000 digits, by both judges."""


def seconds_of_training(recipe: Recipe, num_images: int = 0, watched: Sequence[str] = ()) -> float:
    """Expected seconds of a run on two cores, with all looks at it on the way.

    Args:
        recipe: As it is trained.
        num_images: Of an epoch; 0 for MNIST's.
        watched: Who looks at it ten times in an epoch; names of `LOOKED_AT`.
    """
    if isinstance(find(recipe.model), FittedSpec):
        return FITTED_SEC.get(recipe.model, 20.0)
    each = _seconds_of_an_image(recipe)
    kind = find(recipe.model).kind
    looked_at = _VALIDATION_IMAGES if kind == "recogniser" else MEASURED_SAMPLES
    looked_at += sum(LOOKS * LOOKED_AT[name] for name in watched)
    judged = MEASURED_SAMPLES * (kind == "generator") + LOOKS * NUM_QUALITY * ("quality" in watched)
    an_epoch = each * ((num_images or MNIST_IMAGES) + _READING * looked_at) + JUDGING_SEC / 2 * judged / 1000
    return recipe.epochs * an_epoch


def _seconds_of_an_image(recipe: Recipe) -> float:
    """Of training; smaller batches take longer."""
    rate, batch = RATES.get(recipe.model, (_SLOWEST, 64))
    return work_of(recipe) / rate / 1e9 * max(1.0, (1 + batch / recipe.batch_size) / 2)


def seconds_of_use(recipe: Recipe, num_images: int) -> float:
    """Expected seconds until a trained model has read, or minted, so many images."""
    if isinstance(find(recipe.model), FittedSpec):
        each = FITTED_SEC.get(recipe.model, 20.0) / 10_000
    else:
        each = _seconds_of_an_image(recipe) * _READING
    return _OF_ANY_SEC + each * num_images


def seconds_of_judging(num_images: int) -> float:
    """Expected seconds until both judges have read so many digits."""
    return _OF_ANY_SEC + JUDGING_SEC * num_images / 1000


def work_of(recipe: Recipe) -> float:
    """Operations of one pass of all networks over one image."""
    return _work(recipe.model, tuple(sorted(recipe.options.items())))


@cache
def _work(model: str, options: tuple[tuple[str, Value], ...]) -> float:
    num_images = 64  # which packs and halves of batches divide
    with torch.device("meta"):
        networks = find(model).build(dict(options), len(DIGIT_NAMES))
        labels = torch.zeros(num_images, dtype=torch.int64)
        images = torch.empty(num_images, 1, IMAGE_SIZE, IMAGE_SIZE)
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            for role, network in networks.items():
                _pass(role, network, images, labels)
    return float(counter.get_total_flops()) / num_images


def _pass(role: str, network: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> None:
    match role:
        case "generator":
            network(torch.empty(len(images), cast("int", network.latent_size)), labels)
        case "discriminator":
            network(images, labels)
        case "recogniser" | "encoder":
            network(images)
