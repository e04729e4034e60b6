"""What a trained generator mints: figures by the judges, the classes read, and pictures.

Shape suffixes: N images, K classes.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from inkmint.data.digits import DigitSet
from inkmint.data.sheet import grid, shown_classes
from inkmint.evaluation import metrics, quality
from inkmint.evaluation.judge import as_judge
from inkmint.evaluation.metrics import TooFewError
from inkmint.evaluation.protocols import class_balance, frechet, label_agreement
from inkmint.evaluation.readings import Judge, OnceAsked, seen_classes
from inkmint.models import Generator
from inkmint.studies.reproduction.bench import Bench
from inkmint.studies.reproduction.costs import seconds_of_judging, seconds_of_use
from inkmint.studies.reproduction.kinds.common import OfOneRun, Plain, compact
from inkmint.studies.reproduction.trainings import Training

MINTING_SEED = 1
"""Of the digits that are measured, whatever the seed of the training."""

PER_CLASS, COLUMNS = 10, 20
FEW = 100


@dataclass(frozen=True, eq=False)
class Minted(OfOneRun):
    """Digits of one generator.

    Attributes:
        num_images: How many are minted.
        reader: A recogniser that reads them beside the judges, as the document has one; None if it has none.
    """

    num_images: int
    reader: Training | None = None

    @property
    def settings(self) -> str:
        """What is measured."""
        by = f" read by {self.reader.key}" if self.reader else ""
        return f"{self.num_images} minted digits{by}"

    @property
    def needs(self) -> tuple[Training, ...]:
        """The generator, and the reader if there is one."""
        return (self.training, self.reader) if self.reader else (self.training,)

    @property
    def seconds(self) -> float:
        """Expected."""
        reading = seconds_of_use(self.reader.recipe, self.num_images) if self.reader else 0.0
        return (
            seconds_of_use(self.training.recipe, self.num_images)
            + seconds_of_judging(self.num_images)
            + reading
        )

    def measure(self, bench: Bench) -> dict[str, Any]:
        """Figures by name, confusion by the reader or else the judge, how many of a hundred are recognisable."""
        generator = bench.generator(self.training)
        minted = generator.mint(self.num_images, seed=MINTING_SEED)
        found: dict[str, Any] = {"figures": {}, "class_names": list(minted.class_names)}
        seeds = (self.training.seed,)
        judge = OnceAsked(bench.judge)  # which forgets these digits with this measurement
        second = OnceAsked(bench.second) if bench.second else None
        splits = bench.splits
        figures = {
            "recognisable": quality.recognisable(minted, splits, judge, second=second, seeds=seeds),
            "classes": class_balance(minted, splits, judge, seeds=seeds),
        }
        try:
            figures["frechet"] = frechet(minted, splits, judge, labelled=generator.conditional, seeds=seeds)
        except TooFewError as error:
            found["note"] = str(error)
        if generator.conditional:
            figures["agreement"] = label_agreement(minted, splits, judge, seeds=seeds)
            reading = judge
            if self.reader:
                reading = OnceAsked(as_judge(bench.recogniser(self.reader)))
                figures["score"] = label_agreement(minted, splits, reading, seeds=seeds)
            seen_N = seen_classes(reading, minted)
            found["confusion"] = metrics.confusion_matrix(
                minted.labels.numpy(), seen_N, minted.num_classes
            ).tolist()
        found["figures"] = {name: compact(figure) for name, figure in figures.items()}
        found["of_hundred"] = _of_hundred(minted, bench, judge, second)
        found["picture"] = bench.picture(f"minted-{self.training.key}", _sheet(generator))
        found["paper"] = generator.config.background == "paper"
        found["stages"] = _stages(bench, self.training)
        return found


def _of_hundred(minted: DigitSet, bench: Bench, judge: Judge, second: Judge | None) -> int:
    """How many of the first hundred digits are recognisable."""
    few = minted.subset(torch.arange(min(FEW, len(minted))))
    figure = quality.recognisable(few, bench.splits, judge, second=second)
    return round(figure.value * len(few))


def _sheet(generator: Generator) -> Any:
    """Two hundred digits as they come; a row of each class where the generator knows classes."""
    labels = None
    if generator.conditional:
        labels = np.array(shown_classes(len(generator.class_names), PER_CLASS)).repeat(COLUMNS)
    images = generator.sample(PER_CLASS * COLUMNS if labels is None else len(labels), labels=labels, seed=0)
    return grid(images, columns=COLUMNS, paper=generator.config.background == "paper")


def _stages(bench: Bench, training: Training) -> list[tuple[int, str]]:
    """Up to five epochs, the first and the last among them, with their grids of samples."""
    run = bench.run(training)
    paths = sorted((run.path / "samples").glob("epoch_*.png"))
    chosen = sorted({round(place) for place in np.linspace(0, len(paths) - 1, 5)}) if paths else []
    return [
        (int(paths[place].stem.partition("_")[2]), paths[place].relative_to(bench.folder).as_posix())
        for place in chosen
    ]


def figure_of(name: str, plain: Plain) -> float | None:
    """The value of a figure; None if it was not measured."""
    figure = plain["figures"].get(name)
    return None if figure is None else float(figure["value"])


def interval_of(name: str, plain: Plain) -> tuple[float, float] | None:
    """The interval of a figure over images."""
    figure = plain["figures"].get(name)
    return None if figure is None or figure["interval"] is None else tuple(figure["interval"])
