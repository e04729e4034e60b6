"""What an item shows once it is measured, as plain data that a page or a document can draw.

Shape suffixes: K classes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from inkmint.evaluation.distributions import mean_interval
from inkmint.evaluation.figure import value_in_words
from inkmint.studies.plot import Plot, Unit

Outcome = Literal["holds", "fails", "open"]

Protocol = Literal["full", "less", "other"]
"""The document's own training; less of it, in epochs, images or channels; or another recipe in its place."""


_LEAST: Mapping[Unit, float] = {"loss": -np.inf, "classes": 1.0}
"""Where intervals end, if not at 0."""


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        name: Short, as claims name it.
        unit: Of its values.
    """

    name: str
    unit: Unit = "share"


@dataclass(frozen=True)
class Values:
    """What was measured for one arm and column, and what the document prints.

    Attributes:
        by_seed: Of every training run that was measured.
        over_images: 95 % interval over images, which counts where there is a single seed.
        says: The document's number; None if it prints none.
        num_broken: Training runs that broke down.
        num_without: Runs that never came to have such a value, such as a quality that was not reached.
        over: What `by_seed` is by, where it is not the seeds of training runs.
        fixed: Whether there is no random part, so that its one value is that of every seed.
        protocol: How it was trained, held against the document.
    """

    by_seed: Mapping[int, float]
    over_images: tuple[float, float] | None = None
    says: float | None = None
    num_broken: int = 0
    num_without: int = 0
    over: str = "seeds"
    fixed: bool = False
    protocol: Protocol = "full"

    def at(self, seed: int) -> float:
        """The value of a seed."""
        return next(iter(self.by_seed.values())) if self.fixed else self.by_seed[seed]

    @property
    def num_measured(self) -> int:
        """Training runs that were measured, with those that never came to have such a value."""
        return len(self.by_seed) + self.num_without

    @property
    def mean(self) -> float | None:
        """Over the seeds; None if nothing was measured."""
        return float(np.mean(list(self.by_seed.values()))) if self.by_seed else None

    def interval(self, unit: Unit) -> tuple[float, float] | None:
        """Student's 95 % interval over the seeds, as far as such values go; of a single seed that over images.

        None if there is neither.
        """
        if len(self.by_seed) < 2:
            return self.over_images if self.by_seed else None
        low, high = mean_interval(np.array(list(self.by_seed.values())))
        return max(_LEAST.get(unit, 0.0), low), min(1.0, high) if unit == "share" else high


@dataclass(frozen=True)
class Row:
    """An arm with its values by column; a column that it lacks was not measured for it."""

    name: str
    values: Mapping[str, Values]


@dataclass(frozen=True)
class Table:
    """Arms by columns."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    def at(self, arm: str, column: str) -> Values:
        """The values of an arm; none where it has not that column."""
        found = next((row for row in self.rows if row.name == arm), None)
        return found.values.get(column, Values({})) if found else Values({})

    def unit(self, column: str) -> Unit:
        """Of a column."""
        return next(each.unit for each in self.columns if each.name == column)


@dataclass(frozen=True)
class Matrix:
    """Labels against classes as read, summed over seeds.

    Attributes:
        title: What was read by whom.
        class_names: K names.
        counts: K rows of K counts; rows are labels.
    """

    title: str
    class_names: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Sheet:
    """A picture in the folder of the reproduction.

    Attributes:
        path: Relative to the folder.
        title: What it shows.
        as_it_is: Whether pages must not invert it, because it is about the background.
    """

    path: str
    title: str
    as_it_is: bool = False


@dataclass(frozen=True)
class Strip:
    """How the same latents look at several stages of a training run.

    Attributes:
        title: Of what run.
        stages: The epoch and the path of its grid, relative to the folder.
        as_it_is: Whether pages must not invert it, because it is about the background.
    """

    title: str
    stages: tuple[tuple[int, str], ...]
    as_it_is: bool = False


@dataclass(frozen=True)
class Judged:
    """Something that a document says beside what was measured.

    Attributes:
        outcome: `open` where the seeds are too few, or too far apart, to tell.
        sentence: What it says, and the numbers.
    """

    outcome: Outcome
    sentence: str


@dataclass(frozen=True)
class Shown:
    """All that an item shows.

    Attributes:
        table: Numbers; what claims are judged by.
        plots: Curves.
        matrices: Confusion.
        sheets: Pictures.
        strips: Stages of training.
        checked: What the document says that is no number of the table and no claim of the row.
        sentences: What else is derived from what was found.
    """

    table: Table | None = None
    plots: tuple[Plot, ...] = ()
    matrices: tuple[Matrix, ...] = ()
    sheets: tuple[Sheet, ...] = ()
    strips: tuple[Strip, ...] = ()
    checked: tuple[Judged, ...] = ()
    sentences: tuple[str, ...] = ()


def in_words(value: float, unit: Unit) -> str:
    """A value as people read it."""
    match unit:
        case "share":
            return value_in_words(value, "share")
        case "loss":
            return f"{value:.3f}"
        case "steps" | "parameters":
            return f"{value:,.0f}"
        case "seconds":
            return f"{value:,.0f} s"
        case _:
            return value_in_words(value, "distance")


def difference_in_words(difference: float, unit: Unit) -> str:
    """A difference without its sign: points for shares."""
    size = abs(difference)
    if unit == "share":
        return f"{100 * size:.2g} points" if size < 0.01 else f"{100 * size:.1f} points"
    return in_words(size, unit)


def ends_in_words(ends: tuple[float, float], unit: Unit) -> str:
    """Both ends of an interval."""
    return f"{in_words(ends[0], unit)} to {in_words(ends[1], unit)}"
