"""Training runs that items share: found where they are finished, gone on with where they were interrupted."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from inkmint.data.digits import Splits
from inkmint.errors import TrainingError
from inkmint.files import sha256_bytes
from inkmint.studies.reproduction.costs import MNIST_IMAGES, seconds_of_training
from inkmint.studies.reproduction.rows import BROKEN
from inkmint.training import session
from inkmint.training.engine import Event, Logged, Observer
from inkmint.training.recipe import Recipe
from inkmint.training.runs import Run
from inkmint.training.views import Judge

_SUBSET_SEED = 0

Told = Callable[[str, float], None]
"""Told what is being done, in a few words, and which share of it is."""


@dataclass(frozen=True, eq=False)
class Training:
    """One training run.

    Attributes:
        recipe: As it is trained.
        seed: Of everything that is drawn.
        num_images: To train on, equally many of every class; 0: all.
        watched: Who looks at it while it learns; see `watching.WATCHERS`.
    """

    recipe: Recipe
    seed: int
    num_images: int = 0
    watched: tuple[str, ...] = ()

    @cached_property
    def key(self) -> str:
        """Names it, and its folder: trainings that differ in anything that decides the result have other keys."""
        deciding = sorted(self.recipe.deciding().items())
        digest = sha256_bytes(repr((deciding, self.num_images, self.watched)).encode())
        return f"{self.recipe.name.replace('/', '-')}-{digest[:8]}-s{self.seed}"

    def seconds(self, available: int = MNIST_IMAGES) -> float:
        """Expected on two cores.

        Args:
            available: Training images that there are.
        """
        num_images = min(self.num_images or available, available)
        return seconds_of_training(self.recipe, num_images, self.watched)

    def splits(self, splits: Splits) -> Splits:
        """The digits with the part that is trained on, the same for every seed.

        If a class has fewer images than its share, every class has as few.
        """
        if not self.num_images or self.num_images >= len(splits.train):
            return splits
        train = splits.train
        per_class = max(1, min(min(train.counts()), self.num_images // train.num_classes))
        return replace(splits, train=train.sample_per_class(per_class, _SUBSET_SEED))


def has_begun(run: Run) -> bool:
    """Whether there is something to go on with."""
    return (run.path / "config.json").exists()


def is_finished(run: Run) -> bool:
    """Whether there is a model to measure."""
    is_saved = (run.model_path / "config.json").is_file()  # which is written last
    return run.read_status().get("state") == "finished" and is_saved


def train(
    training: Training,
    folder: Path,
    splits: Splits,
    *,
    watchers: Sequence[Observer],
    judge: Judge | None,
    device: str,
    threads: int | None,
    told: Told,
) -> Run:
    """Train, or go on, unless it is finished; the caller sees to it that nobody else does the same.

    Args:
        training: What to do.
        folder: Of run folders.
        splits: Real digits, all of them.
        watchers: Told of every event.
        judge: Watches a generator learn.
        device: One of `runtime.DEVICES`.
        threads: CPU threads; None for torch's choice.
        told: How far it is.

    Raises:
        TrainingError: It broke down, now or in an earlier call.
        Interrupted: The user asked to stop.
    """
    run = Run(folder / training.key)
    if is_finished(run):
        return run
    status = run.read_status()
    if status.get(BROKEN):
        raise TrainingError(str(status["error"]))
    splits = training.splits(splits)
    doing = f"training {training.recipe.name}, seed {training.seed}"

    def tell(event: Event) -> None:
        if isinstance(event, Logged):
            told(doing, event.engine.step / event.engine.num_steps)

    told(doing, 0.0)
    observers = [*watchers, tell]
    try:
        if has_begun(run):
            return session.resume(run, splits, judge=judge, observers=observers)
        shutil.rmtree(run.path, ignore_errors=True)  # of a process that was killed before it wrote anything
        return session.train(
            training.recipe,
            splits,
            folder,
            name=training.key,
            seed=training.seed,
            device=device,
            threads=threads,
            judge=judge,
            observers=observers,
        )
    except TrainingError as error:  # and not of a full disk, say, after which the run can go on
        run.write_status("failed", error=str(error), **{BROKEN: True})
        raise
