"""Curves over training: losses, and what was watched while a generator and its discriminator learned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from inkmint.studies.plot import Line, Plot, Unit
from inkmint.studies.reproduction.bench import Bench, Measurement
from inkmint.studies.reproduction.kinds.common import OfOneRun, Plain, found_of, of_arms, values_of
from inkmint.studies.reproduction.plan import Plan
from inkmint.studies.reproduction.rows import Arm, Found, Item, Kind
from inkmint.studies.reproduction.shown import Column, Row, Shown, Table

MOST_POINTS = 60
_PART = 0.2
"""Of a curve, that its start and its end are the mean of."""

_GROUPS = ("figures", "watched")
UNITS: Mapping[str, Unit] = {
    "discriminator_accuracy": "share",
    "label_agreement": "share",
    "agreement": "share",
    "validation_accuracy": "share",
    "background": "ratio",
    "contrast": "ratio",
    "frechet": "distance",
}
"""Of series that are no losses."""


@dataclass(frozen=True, eq=False)
class Curves(OfOneRun):
    """Everything that a run wrote down while it was trained, thinned out."""

    @property
    def settings(self) -> str:
        """What is measured."""
        return "curves"

    @property
    def seconds(self) -> float:
        """Expected."""
        return 0.2

    def measure(self, bench: Bench) -> dict[str, Any]:
        """Series of epochs and values by name; losses of a network are added up to one."""
        series: dict[str, list[tuple[float, float]]] = {}
        for record in bench.run(self.training).read_metrics():
            for name, value in _values(record):
                series.setdefault(name, []).append((record["epoch"], value))
        return {"series": {name: _thinned(points) for name, points in series.items()}}


def _values(record: Mapping[str, Any]) -> list[tuple[str, float]]:
    """What a line of metrics.jsonl holds; `generator` and `discriminator` are the sums of their losses."""
    sums: dict[str, float] = {}
    for name, loss in record.get("losses", {}).items():
        network = name.partition("/")[0]
        sums[network] = sums.get(network, 0.0) + loss
    others = {name: value for group in _GROUPS for name, value in record.get(group, {}).items()}
    return list({**sums, **others}.items())


def _thinned(points: list[tuple[float, float]]) -> list[list[float]]:
    """Means of neighbouring points, so many that a curve still shows, to five digits."""
    parts = np.array_split(np.array(points), min(MOST_POINTS, len(points)))
    return [[float(f"{value:.5g}") for value in part.mean(axis=0)] for part in parts]


@dataclass(frozen=True)
class Training(Kind):
    """Curves of arms, one plot for each series, and how they begin, end and vary.

    Attributes:
        series: Names as in metrics.jsonl; a network's name for the sum of its losses.
        titles: What each plot shows, in the same order.
    """

    series: tuple[str, ...]
    titles: tuple[str, ...]

    def measurements(self, item: Item, plan: Plan) -> Sequence[Measurement]:
        """Curves of every run."""
        return of_arms(plan.arms(item), plan, Curves)

    def show(self, item: Item, plan: Plan, found: Found) -> Shown:
        """A plot of each series; a table of their first and last fifths, and of the spread of the values."""
        arms = plan.arms(item)
        plots = [
            Plot(title, "epoch", UNITS.get(name, "loss"), lines)
            for name, title in zip(self.series, self.titles, strict=True)
            if (lines := tuple(line for arm in arms for line in _lines(plan, arm, found, name)))
        ]
        columns = tuple(
            Column(column_of(name, part), UNITS.get(name, "loss")) for name in self.series for part in _PARTS
        )
        rows = tuple(Row(arm.name, dict(self._row(plan, arm, found))) for arm in arms)
        return Shown(Table(columns, rows), plots=tuple(plots))

    def _row(self, plan: Plan, arm: Arm, found: Found) -> Any:
        for name in self.series:
            for part, taken in _PARTS.items():
                column = column_of(name, part)

                def pick(plain: Plain, name: str = name, taken: Any = taken) -> float | None:
                    points = plain["series"].get(name)
                    return None if points is None else float(taken(np.array(points)[:, 1]))

                yield column, values_of(plan, arm, found, Curves, pick, column=column)


def _share(values: Any) -> int:
    return max(1, round(_PART * len(values)))


_PARTS = {
    "at the start": lambda values: values[: _share(values)].mean(),
    "at the end": lambda values: values[-_share(values) :].mean(),
    "over training": lambda values: values.std(),
}


def _lines(plan: Plan, arm: Arm, found: Found, name: str) -> list[Line]:
    known = found_of(plan, arm, found, Curves)
    by_seed = {
        seed: [(epoch, value) for epoch, value in plain["series"][name]]
        for seed, plain in known.items()
        if name in plain["series"]
    }
    return [Line(arm.name, by_seed)] if by_seed else []


def column_of(name: str, part: str) -> str:
    """The column of a series: `generator loss at the start`, or `spread of generator loss over training`."""
    words = name.replace("_", " ")
    words = words if name in UNITS else f"{words} loss"
    return f"spread of {words} {part}" if part == "over training" else f"{words} {part}"
