"""What the engine is told of a task: its networks, the phases of a step, and how to look at the product.

Shape suffixes: N batch, M pictures, C channels, H height, W width.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn

from inkmint.data.digits import DigitSet
from inkmint.objectives import Losses
from inkmint.objectives import Sample as Batch
from inkmint.runtime import ALONE, Workers

__all__ = ["Batch", "Draws", "Phase", "Stage", "Task", "View"]


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


class Stage(NamedTuple):
    """A part of a run that the learning rate's schedule passes through from beginning to end.

    Attributes:
        begin: Share of the run at which it begins.
        end: Share of the run at which it ends.
    """

    begin: float = 0.0
    end: float = 1.0

    def steps(self, num_steps: int) -> range:
        """Its steps in a run of so many."""
        return range(round(self.begin * num_steps), round(self.end * num_steps))

    def progress(self, step: int, num_steps: int) -> float:
        """The share of it that is done before one of its steps, in [0, 1)."""
        steps = self.steps(num_steps)
        return (step - steps.start) / len(steps)


class Phase(NamedTuple):
    """A part of a step that moves one network.

    Attributes:
        trains: Role of the network whose weights follow the gradient; all others are frozen.
        losses: Named scalars whose sum is minimised, of this worker's share of the batch.
        first_step: The step from which on it takes part.
        end_step: The step from which on it no longer does; None for never.
        every_steps: It takes part in one step of so many.
        stage: The part of the run outside which it takes no part, and whose schedule it follows.
        through: What images pass before `losses` sees them in their place, such as an encoder that learned in an
            earlier stage; nothing in it changes while the phase takes part. None for the images themselves.
    """

    trains: str
    losses: Callable[[Batch, Draws], Losses]
    first_step: int = 0
    end_step: int | None = None
    every_steps: int = 1
    stage: Stage = Stage()
    through: Callable[[Tensor], Tensor] | None = None

    def sees(self, batch: Batch) -> Batch:
        """What `losses` is given of a batch of images."""
        return batch._replace(x_NCHW=self.through(batch.x_NCHW)) if self.through else batch

    def takes_part(self, step: int, num_steps: int) -> bool:
        """Whether it is one of this step's phases in a run of so many."""
        ended = self.end_step is not None and step >= self.end_step
        begun = step >= self.first_step and step in self.stage.steps(num_steps)
        return begun and not ended and (step - self.first_step) % self.every_steps == 0


class View(Protocol):
    """How to look at the network that is kept."""

    def exercise(self, product: nn.Module, batch: Batch, draws: Draws) -> None:
        """Run it forward as in training, so that it gathers its batch statistics."""

    def measure(self, product: nn.Module, draws: Draws) -> dict[str, float]:
        """Figures in evaluation mode, for the live display and the records."""

    def pictures(self, product: nn.Module, draws: Draws) -> Tensor | None:
        """Images (M, 28, 28) in uint8 that show its state, or None."""


@dataclass
class Task:
    """What to train, and how to look at it.

    Attributes:
        networks: By role. What two have in common belongs to the later one: it follows the gradient in the phases of
            that one alone.
        phases: In the order in which a step runs them.
        product: Role of the network that is kept.
        view: How to look at it.
        begin: Called once before the first step, with the training digits.
    """

    networks: Mapping[str, nn.Module]
    phases: Sequence[Phase]
    product: str
    view: View
    begin: Callable[[DigitSet, Draws], None] = lambda _digits, _draws: None

    def first_step(self, num_steps: int) -> int:
        """Where the first stage begins in which the product learns, in a run of so many steps."""
        stages = [phase.stage for phase in self.phases if phase.trains == self.product]
        return min((stage.steps(num_steps).start for stage in stages), default=0)
