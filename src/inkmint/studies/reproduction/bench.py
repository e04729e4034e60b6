"""What measurements work with, and what they are."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inkmint.data.digits import DigitSet, Splits
from inkmint.data.sheet import Pixels, save_png
from inkmint.evaluation.readings import Judge
from inkmint.models import Generator, Recogniser
from inkmint.studies.reproduction.trainings import Training
from inkmint.training.runs import Run

TRAININGS, PICTURES = "trainings", "pictures"


@dataclass(frozen=True, eq=False)
class Bench:
    """Everything that a measurement may look at.

    Attributes:
        folder: Of the reproduction.
        splits: Real digits, all of them.
        judge: Reads minted digits.
        second: Has to agree with it; None if there is no other.
        device: One of `runtime.DEVICES`.
        threads: CPU threads; None for torch's choice.
    """

    folder: Path
    splits: Splits
    judge: Judge
    second: Judge | None
    device: str
    threads: int | None

    @property
    def trainings(self) -> Path:
        """The folder of run folders."""
        return self.folder / TRAININGS

    def run(self, training: Training) -> Run:
        """The folder of a training run, which is finished when something is measured."""
        return Run(self.trainings / training.key)

    def recogniser(self, training: Training) -> Recogniser:
        """What was trained."""
        return Recogniser.from_pretrained(self.run(training).path)

    def generator(self, training: Training) -> Generator:
        """What was trained."""
        return Generator.from_pretrained(self.run(training).path)

    def learned_from(self, training: Training) -> DigitSet:
        """The digits that a run was trained on."""
        return training.splits(self.splits).train

    def picture(self, name: str, pixels: Pixels) -> str:
        """Keep a picture.

        Returns:
            Its path, relative to the folder.
        """
        path = f"{PICTURES}/{name}.png"
        save_png(pixels, self.folder / path)
        return path


class Measurement(ABC):
    """Something that is measured once, of finished training runs, and written down as plain data."""

    @property
    @abstractmethod
    def key(self) -> str:
        """Names it: measurements that differ in anything that decides the result have other keys."""

    @property
    @abstractmethod
    def needs(self) -> tuple[Training, ...]:
        """The training runs that have to be finished."""

    @property
    @abstractmethod
    def seconds(self) -> float:
        """Expected on two cores, without the training runs."""

    @abstractmethod
    def measure(self, bench: Bench) -> dict[str, Any]:
        """Do it."""
