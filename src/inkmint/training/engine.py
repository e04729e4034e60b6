"""The only training loop: order of phases, freezing, optimiser steps, averaging, events, resume.

What a step computes depends on the seed, the step's number and the weights alone, so a state of
weights, optimisers and step number is all that an exact resume needs.

Shape suffixes: N batch, C channels, H height, W width.
"""

import copy
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from inkmint.data.augment import Augment
from inkmint.data.digits import DigitSet
from inkmint.data.pixels import to_network
from inkmint.errors import Interrupted, SettingsError, TrainingError
from inkmint.runtime import ALONE, Workers, denormals_flushed, fast_products, generator_of, seed_of
from inkmint.training.optimisers import optimiser_of
from inkmint.training.recipe import Recipe
from inkmint.training.tasks import Batch, Draws, Phase, Task

# Streams of random numbers, the second part of every seed path.
_ORDER, _STEP, _DROPOUT, _PICTURES, _MEASURE, _SETTLE, _INITIAL, _BEGIN, _LABELS = range(9)

SETTLING_BATCHES = 20


@dataclass(frozen=True)
class Event:
    """What observers are told. Fields describe the run after the step that caused the event."""

    engine: "Engine"


@dataclass(frozen=True)
class Started(Event):
    """Training begins, or goes on from a checkpoint."""


@dataclass(frozen=True)
class Logged(Event):
    """Some steps were done.

    Attributes:
        losses: Means since the last such event, as `phase/loss`.
        images_per_sec: Real images per second since then, all workers together.
    """

    losses: dict[str, float]
    images_per_sec: float


@dataclass(frozen=True)
class EpochEnded(Event):
    """Every image was seen once more.

    Attributes:
        figures: What the task measures of the product so far.
        pictures_MHW: What the task shows, uint8, from the same latents every time; or None.
    """

    figures: dict[str, float]
    pictures_MHW: Tensor | None


@dataclass(frozen=True)
class Stopped(Event):
    """The run was asked to stop early; the state is good to resume from."""


@dataclass(frozen=True)
class Finished(Event):
    """All epochs are done."""


Observer = Callable[[Event], None]


@dataclass
class Clock:
    """Seconds of training, over all resumes, and the steps since the last report."""

    seconds: float = 0.0
    _since: float = field(default_factory=time.perf_counter)

    def tick(self) -> float:
        """Add the time since the last tick and return it."""
        now = time.perf_counter()
        passed, self._since = now - self._since, now
        self.seconds += passed
        return passed


class Engine:
    """Trains the networks of one task.

    Args:
        recipe: What to do.
        task: Networks and phases, built from the same recipe.
        digits: What to train on.
        seed: Of everything that is drawn.
        device: Where to compute.
        workers: Who computes; this process alone by default.
        observers: Told of every event, in order; without any, nothing is measured on the way.
        log_every_steps: Steps between two `Logged` events; None gives ten in an epoch.

    Raises:
        SettingsError: The batch does not fit the data or the workers.
    """

    def __init__(
        self,
        recipe: Recipe,
        task: Task,
        digits: DigitSet,
        *,
        seed: int,
        device: torch.device,
        workers: Workers = ALONE,
        observers: Sequence[Observer] = (),
        log_every_steps: int | None = None,
    ) -> None:
        digits = digits_of_run(recipe, digits, seed)
        if recipe.batch_size > len(digits):
            raise SettingsError(
                f"A batch of {recipe.batch_size} is larger than {digits.name} with {len(digits)} images; "
                f"set batch_size to {len(digits)} or less."
            )
        if recipe.batch_size % workers.count:
            raise SettingsError(
                f"A batch of {recipe.batch_size} cannot be shared evenly by {workers.count} workers; "
                f"set batch_size to a multiple of {workers.count}."
            )
        self.recipe, self.task, self.seed, self.device, self.workers = recipe, task, seed, device, workers
        self.observers = observers
        self.step = 0
        self.steps_per_epoch = len(digits) // recipe.batch_size
        self.num_steps = recipe.epochs * self.steps_per_epoch
        self.log_every_steps = log_every_steps or max(1, self.steps_per_epoch // 10)
        self.clock = Clock()
        self.stop_requested = False
        self._digits = digits
        self._images = digits.images.to(device)
        self._labels = digits.labels.to(device)
        self._order: tuple[int, Tensor] | None = None
        self._passed: dict[str, Tensor] = {}
        for network in task.networks.values():
            network.to(device).train()
        self._optimisers = {
            role: optimiser_of(settings, task.networks[role]) for role, settings in recipe.optimisers.items()
        }
        self._average = _frozen_copy(self._raw_product) if recipe.average else None
        self._totals: dict[str, Tensor] = {}
        self._num_noted: dict[str, int] = {}
        self._num_logged = 0

    @property
    def _raw_product(self) -> nn.Module:
        return self.task.networks[self.task.product]

    @property
    def epoch(self) -> int:
        """Epochs completed."""
        return self.step // self.steps_per_epoch

    @property
    def at_epoch_end(self) -> bool:
        """Whether the last step was the last of its epoch."""
        return self.step % self.steps_per_epoch == 0

    @property
    def seconds_left(self) -> float:
        """Expected seconds to the end, at the mean speed so far."""
        return self.clock.seconds / max(1, self.step) * (self.num_steps - self.step)

    def train(self) -> None:
        """Run to the end of the recipe.

        Raises:
            TrainingError: A loss or a weight is no longer a number.
            Interrupted: `stop_requested` was set; the step was finished first.
            DistributedError: Another worker was lost.
        """
        with torch.random.fork_rng(devices=[]), denormals_flushed(), fast_products():
            self.clock.tick()
            self.clock.seconds = self.clock.seconds if self.step else 0.0
            self._tell(Started(self))
            if not self.step:
                self.task.begin(self._digits, self._draws(_BEGIN))
            while self.step < self.num_steps:
                self._train_step()
                if self.step % self.log_every_steps == 0 or self.at_epoch_end:
                    self._log()
                if self.at_epoch_end:
                    self._end_epoch()
                if self.workers.any(self.stop_requested):
                    self._stop()
            self._tell(Finished(self))

    def _train_step(self) -> None:
        torch.manual_seed(seed_of(self.seed, _DROPOUT, self.step, self.workers.rank))
        draws = self._draws(_STEP, self.step)
        indices = self._indices()
        batch = self._batch(indices, draws)
        for phase in self.task.phases:
            if not phase.takes_part(self.step, self.num_steps):
                continue
            factor = self.recipe.schedule.factor(phase.stage.progress(self.step, self.num_steps))
            for role, network in self.task.networks.items():
                network.requires_grad_(role == phase.trains)
            optimiser = self._optimisers[phase.trains]
            optimiser.param_groups[0]["lr"] = factor * self.recipe.optimisers[phase.trains].learning_rate
            losses = phase.losses(self._seen(phase, batch, indices), draws)
            optimiser.zero_grad()
            torch.stack(list(losses.values())).sum().backward()
            self._share_gradients(self.task.networks[phase.trains])
            optimiser.step()
            self._note(phase.trains, losses)
        self.step += 1
        self._num_logged += 1
        self._update_average()

    def _indices(self) -> Tensor:
        """Which images this worker sees in this step, in an order that every epoch draws anew."""
        epoch, step = divmod(self.step, self.steps_per_epoch)
        if self._order is None or self._order[0] != epoch:
            order = torch.randperm(len(self._images), generator=generator_of(self.seed, _ORDER, epoch))
            self._order = epoch, order.to(self.device)
        size = self.recipe.batch_size
        return self.workers.share(self._order[1][step * size : (step + 1) * size])

    def _batch(self, indices: Tensor, draws: Draws) -> Batch:
        x_NCHW = self.recipe.augment.apply(to_network(self._images[indices]), draws.uniform)
        return Batch(self.recipe.on_background(x_NCHW), self._labels[indices])

    def _seen(self, phase: Phase, batch: Batch, indices: Tensor) -> Batch:
        """What a phase sees of the batch; images that never change pass what is ahead of it only once."""
        if phase.through is None or self.recipe.augment != Augment():
            return phase.sees(batch)
        if phase.trains not in self._passed:
            parts = self._images.split(self.recipe.batch_size)
            seen = [phase.through(self.recipe.on_background(to_network(part))) for part in parts]
            self._passed[phase.trains] = torch.cat(seen)
        return batch._replace(x_NCHW=self._passed[phase.trains][indices])

    def _draws(self, stream: int, *place: int) -> Draws:
        generator = generator_of(self.seed, stream, *place)
        return Draws(generator, self.recipe.batch_size, self.device, self.workers)

    def _share_gradients(self, network: nn.Module) -> None:
        gradients = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
        statistics = [buffer for buffer in network.buffers() if buffer.is_floating_point()]
        self.workers.average(gradients + statistics)

    def _note(self, phase: str, losses: dict[str, Tensor]) -> None:
        for name, loss in losses.items():
            key = f"{phase}/{name}"
            total = self._totals.get(key)
            self._totals[key] = loss.detach() if total is None else total + loss.detach()
            self._num_noted[key] = self._num_noted.get(key, 0) + 1

    def _update_average(self) -> None:
        if self._average is None:
            return
        # Early on the mean of what there is, so that the first, random weights are soon forgotten.
        age = max(0, self.step - self.task.first_step(self.num_steps))
        decay = min(self.recipe.average, (1 + age) / (10 + age))
        torch._foreach_lerp_(
            list(self._average.parameters()), [p.detach() for p in self._raw_product.parameters()], 1 - decay
        )

    def _log(self) -> None:
        passed = self.clock.tick()
        self.workers.average(self._totals.values())
        losses = {name: total.item() / self._num_noted[name] for name, total in self._totals.items()}
        broken = [name for name, loss in losses.items() if not math.isfinite(loss)]
        if broken:
            raise TrainingError(
                f"Training broke down before step {self.step} (epoch {self.epoch + 1}): the loss {broken[0]} is no "
                "longer a finite number; the last good checkpoint is kept, lower the learning rate and start again."
            )
        speed = self._num_logged * self.recipe.batch_size / passed
        self._totals, self._num_noted, self._num_logged = {}, {}, 0
        self._tell(Logged(self, losses, speed))

    def _end_epoch(self) -> None:
        self.require_finite()
        if not self.observers:
            return
        product = self.finished_product()
        with torch.no_grad():
            figures = self.task.view.measure(
                product, Draws(self._fixed(_MEASURE), self.recipe.batch_size, self.device)
            )
            pictures = self.task.view.pictures(
                product, Draws(self._fixed(_PICTURES), self.recipe.batch_size, self.device)
            )
        self._tell(EpochEnded(self, figures, pictures))
        self.clock.tick()  # Measuring is part of the run's time, but not of the next images per second.

    def _fixed(self, stream: int) -> torch.Generator:
        return generator_of(self.seed, stream)

    def _stop(self) -> None:
        self.require_finite()
        self._tell(Stopped(self))
        raise Interrupted("Training was stopped early; nothing is lost.")

    def _tell(self, event: Event) -> None:
        for observer in self.observers:
            observer(event)

    def require_finite(self) -> None:
        """Raise `TrainingError` if a weight is no longer a finite number."""
        for role, network in self.task.networks.items():
            for name, weight in network.state_dict().items():
                if not torch.isfinite(weight).all():
                    raise TrainingError(
                        f"Training broke down before step {self.step} (epoch {self.epoch + 1}): the weight {name} of "
                        f"the {role} is no longer finite; the last good checkpoint is kept, lower the learning rate."
                    )

    def finished_product(self) -> nn.Module:
        """The network to keep, as it is now: averaged if the recipe says so, in evaluation mode.

        Batch statistics of averaged weights are gathered afresh, because those of the raw weights
        do not fit them.
        """
        product = _frozen_copy(self._raw_product if self._average is None else self._average)
        norms = [
            module for module in product.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)
        ]
        if self._average is not None and norms:
            for norm in norms:
                norm.reset_running_stats()
                norm.momentum = None
            self._settle(product)
        return product.eval()

    @torch.no_grad()
    def _settle(self, product: nn.Module) -> None:
        for turn in range(SETTLING_BATCHES):
            draws = Draws(generator_of(self.seed, _SETTLE, turn), self.recipe.batch_size, self.device)
            indices = torch.randint(len(self._images), (self.recipe.batch_size,), generator=draws.generator)
            indices = indices.to(self.device)
            x_NCHW = self.recipe.on_background(to_network(self._images[indices]))
            self.task.view.exercise(product, Batch(x_NCHW, self._labels[indices]), draws)

    def state_dict(self) -> dict[str, Any]:
        """Everything that `load_state_dict` needs to go on exactly from here: plain data and tensors."""
        return {
            "step": self.step,
            "seconds": self.clock.seconds,
            "networks": {role: network.state_dict() for role, network in self.task.networks.items()},
            "optimisers": {role: optimiser.state_dict() for role, optimiser in self._optimisers.items()},
            "average": None if self._average is None else self._average.state_dict(),
            "totals": self._totals,
            "num_noted": self._num_noted,
            "num_logged": self._num_logged,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state of the same recipe, data, seed and number of workers."""
        self.step, self.clock.seconds = state["step"], state["seconds"]
        self._passed = {}
        for role, network in self.task.networks.items():
            network.load_state_dict(state["networks"][role])
        for role, optimiser in self._optimisers.items():
            optimiser.load_state_dict(state["optimisers"][role])
        if self._average is not None:
            self._average.load_state_dict(state["average"])
        self._totals, self._num_noted = dict(state["totals"]), dict(state["num_noted"])
        self._num_logged = state["num_logged"]


def _frozen_copy(network: nn.Module) -> nn.Module:
    return copy.deepcopy(network).requires_grad_(False)


def digits_of_run(recipe: Recipe, digits: DigitSet, seed: int) -> DigitSet:
    """What an epoch of a run passes over, with the labels that it may look at; the same for every recipe of a seed.

    Raises:
        DataError: A class has fewer labelled images than the recipe asks for.
    """
    return recipe.digits_to_learn_from(digits, generator_of(seed, _LABELS))


def initialise(seed: int) -> None:
    """Set torch's global random state from which a run's networks are initialised."""
    torch.manual_seed(seed_of(seed, _INITIAL))
