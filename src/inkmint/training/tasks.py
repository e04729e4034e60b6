"""What one training step does to which network: adversarial, and supervised.

A task holds its networks by role and a list of phases; the engine runs the phases of every task in the
same way. Shape suffixes: N batch, M pictures, C channels, H height, W width, Z latent.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from inkmint.data.digits import DigitSet
from inkmint.objectives import Losses
from inkmint.runtime import ALONE, Workers
from inkmint.training.recipe import Recipe
from inkmint.zoo import GanSpec, RecogniserSpec, find

Judge = Callable[[Tensor], Tensor]
"""Tells the labels (N,) of uint8 images (N, 28, 28)."""

PICTURES_PER_CLASS = 8
MEASURED_SAMPLES = 1000


class Batch(NamedTuple):
    """This worker's share of the real images of one step.

    Attributes:
        x_NCHW: float32 in [-1, 1].
        y_N: Labels, int64.
    """

    x_NCHW: Tensor
    y_N: Tensor


@dataclass(frozen=True)
class Draws:
    """Random numbers for one step: drawn for the whole batch, cut to this worker's share."""

    generator: torch.Generator
    batch_size: int
    device: torch.device
    workers: Workers = ALONE

    def normal(self, size: int) -> Tensor:
        """Standard normal numbers (N, size)."""
        return self._share(torch.randn(self.batch_size, size, generator=self.generator))

    def uniform(self, size: int) -> Tensor:
        """Numbers (N, size), uniform in [0, 1)."""
        return self._share(torch.rand(self.batch_size, size, generator=self.generator))

    def labels(self, num_classes: int) -> Tensor:
        """Labels (N,), every class equally likely."""
        return self._share(torch.randint(num_classes, (self.batch_size,), generator=self.generator))

    def _share(self, drawn_N: Tensor) -> Tensor:
        return self.workers.share(drawn_N).to(self.device)


class Phase(NamedTuple):
    """A part of a step that moves one network.

    Attributes:
        trains: Role of the network whose weights follow the gradient; all others are frozen.
        losses: Named scalars whose sum is minimised.
    """

    trains: str
    losses: Callable[[Batch, Draws], Losses]


class Task(Protocol):
    """What the engine needs to know of a task."""

    networks: Mapping[str, nn.Module]
    phases: Sequence[Phase]
    product: str
    """Role of the network that is kept after training."""

    def exercise(self, product: nn.Module, batch: Batch, draws: Draws) -> None:
        """Run the product forward as in training, so that it gathers its batch statistics."""

    def measure(self, product: nn.Module, draws: Draws) -> dict[str, float]:
        """Figures of the product in evaluation mode, for the live display and the records."""

    def pictures(self, product: nn.Module, draws: Draws) -> Tensor | None:
        """Images (M, 28, 28) in uint8 that show the product's state, or None."""


class AdversarialTask:
    """A generator against a discriminator.

    Args:
        spec: Row of the zoo.
        recipe: Gives the networks' options.
        validation: Real digits that are not trained on.
        judge: Tells what generated digits look like; None leaves the label agreement out.
    """

    product = "generator"

    def __init__(self, spec: GanSpec, recipe: Recipe, validation: DigitSet, judge: Judge | None) -> None:
        self.networks: Mapping[str, nn.Module] = spec.build(recipe.options, validation.num_classes)
        self.phases: Sequence[Phase] = (
            Phase("discriminator", self._discriminator),
            Phase("generator", self._generator),
        )
        self._objective = spec.objective
        self._latent_size = int(recipe.options.get("latent_size", spec.latent_size))
        self._num_classes = validation.num_classes
        self._conditional = spec.conditional
        self._judge = judge

    def _discriminator(self, batch: Batch, draws: Draws) -> Losses:
        with torch.no_grad():
            fake_x_NCHW, fake_y_N = self._fake(self.networks["generator"], draws)
        return self._objective.discriminator_loss(
            self.networks["discriminator"], batch.x_NCHW, batch.y_N, fake_x_NCHW, fake_y_N
        )

    def _generator(self, batch: Batch, draws: Draws) -> Losses:  # noqa: ARG002
        fake_x_NCHW, fake_y_N = self._fake(self.networks["generator"], draws)
        return self._objective.generator_loss(self.networks["discriminator"], fake_x_NCHW, fake_y_N)

    def _fake(self, generator: nn.Module, draws: Draws) -> tuple[Tensor, Tensor]:
        y_N = draws.labels(self._num_classes)
        return generator(draws.normal(self._latent_size), y_N), y_N

    def exercise(self, product: nn.Module, batch: Batch, draws: Draws) -> None:  # noqa: ARG002
        """Generate once."""
        self._fake(product, draws)

    def measure(self, product: nn.Module, draws: Draws) -> dict[str, float]:
        """What the judge sees in 1,000 generated digits.

        Returns:
            `classes_present`, how many classes the judge finds at all, and for conditional
            generators `label_agreement`, the share whose label is the one asked for (higher is better).
        """
        if self._judge is None:
            return {}
        draws = Draws(draws.generator, MEASURED_SAMPLES, draws.device)
        x_NCHW, y_N = self._fake(product, draws)
        seen_N: Tensor = self._judge(to_pixels(x_NCHW)).to(y_N.device)
        figures = {"classes_present": float(len(seen_N.unique()))}
        if self._conditional:
            figures["label_agreement"] = (seen_N == y_N).double().mean().item()
        return figures

    def pictures(self, product: nn.Module, draws: Draws) -> Tensor:
        """Eight digits of every class, in label order."""
        y_M = torch.arange(self._num_classes).repeat_interleave(PICTURES_PER_CLASS)
        draws = Draws(draws.generator, len(y_M), draws.device)
        return to_pixels(product(draws.normal(self._latent_size), y_M.to(draws.device))).cpu()


class SupervisedTask:
    """A recogniser against the labels, by cross-entropy (hao2020, equation 1).

    Args:
        spec: Row of the zoo.
        recipe: Gives the network's options.
        validation: Digits that are not trained on, to measure on.
    """

    product = "recogniser"

    def __init__(self, spec: RecogniserSpec, recipe: Recipe, validation: DigitSet) -> None:
        self.networks: Mapping[str, nn.Module] = spec.build(recipe.options, validation.num_classes)
        self.phases: Sequence[Phase] = (Phase("recogniser", self._recogniser),)
        self._validation = validation

    def _recogniser(self, batch: Batch, draws: Draws) -> Losses:  # noqa: ARG002
        return {"cross_entropy": F.cross_entropy(self.networks["recogniser"](batch.x_NCHW), batch.y_N)}

    def exercise(self, product: nn.Module, batch: Batch, draws: Draws) -> None:  # noqa: ARG002
        """Recognise once."""
        product(batch.x_NCHW)

    def measure(self, product: nn.Module, draws: Draws) -> dict[str, float]:
        """`validation_accuracy`, a share (higher is better)."""
        num_right = 0
        for images, labels in zip(
            self._validation.images.split(1000), self._validation.labels.split(1000), strict=True
        ):
            logits_NK = product(to_network(images.to(draws.device)))
            num_right += int((logits_NK.argmax(dim=1).cpu() == labels).sum())
        return {"validation_accuracy": num_right / len(self._validation)}

    def pictures(self, product: nn.Module, draws: Draws) -> None:
        """Nothing to show."""


def build_task(recipe: Recipe, validation: DigitSet, judge: Judge | None = None) -> Task:
    """The task of the recipe's row, its networks initialised from torch's global random state."""
    match find(recipe.model):
        case GanSpec() as spec:
            return AdversarialTask(spec, recipe, validation, judge)
        case RecogniserSpec() as spec:
            return SupervisedTask(spec, recipe, validation)


def to_network(images_NHW: Tensor) -> Tensor:
    """Pixels uint8 (N, 28, 28) to float32 (N, 1, 28, 28) in [-1, 1]."""
    return images_NHW.unsqueeze(1).float().div_(127.5).sub_(1)


def to_pixels(x_NCHW: Tensor) -> Tensor:
    """Network images (N, 1, 28, 28) in [-1, 1] to uint8 (N, 28, 28)."""
    return x_NCHW.detach().add(1).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8).squeeze(1)
