"""How many steps, and how much time, a generator takes to come to a given quality."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from inkmint.studies.reproduction.bench import Bench, Measurement
from inkmint.studies.reproduction.kinds.common import OfOneRun, Plain, of_arms, values_of
from inkmint.studies.reproduction.kinds.curves import Training as CurvesOf
from inkmint.studies.reproduction.plan import Plan
from inkmint.studies.reproduction.rows import Arm, Found, Item, Kind
from inkmint.studies.reproduction.shown import Column, Row, Shown, Table, Values


@dataclass(frozen=True)
class Mark:
    """A quality to come to.

    Attributes:
        figure: Watched while training: `agreement` or `frechet`.
        value: To come to.
        name: In words.
    """

    figure: str
    value: float
    name: str

    def reached(self, value: float) -> bool:
        """Whether a value is as good."""
        return value <= self.value if self.figure == "frechet" else value >= self.value


@dataclass(frozen=True, eq=False)
class Reached(OfOneRun):
    """When a run first came to each of several marks.

    Attributes:
        marks: What to come to.
    """

    marks: tuple[Mark, ...]

    @property
    def settings(self) -> str:
        """What is measured."""
        return f"steps to {', '.join(mark.name for mark in self.marks)}"

    @property
    def seconds(self) -> float:
        """Expected."""
        return 0.2

    def measure(self, bench: Bench) -> dict[str, Any]:
        """Steps and seconds by mark; None where it was not reached."""
        records = [record for record in bench.run(self.training).read_metrics() if "watched" in record]
        found: dict[str, Any] = {}
        for mark in self.marks:
            first = next(
                (
                    record
                    for record in records
                    if mark.figure in record["watched"] and mark.reached(record["watched"][mark.figure])
                ),
                None,
            )
            found[mark.name] = first and {"steps": first["step"], "seconds": first["seconds"]}
        return {"marks": found, "steps": records[-1]["step"] if records else 0}


@dataclass(frozen=True)
class Milestones(Kind):
    """Arms by the steps and seconds that they take, with the curves of what was watched.

    Attributes:
        marks: Qualities, from the least to the greatest.
        curves: Of what was watched.
    """

    marks: tuple[Mark, ...]
    curves: CurvesOf

    def measurements(self, item: Item, plan: Plan) -> Sequence[Measurement]:
        """Of every run, its marks and its curves."""
        own = of_arms(plan.arms(item), plan, lambda training: Reached(training, self.marks))
        return [*own, *self.curves.measurements(item, plan)]

    def show(self, item: Item, plan: Plan, found: Found) -> Shown:
        """The table and the curves."""
        columns = tuple(
            column
            for mark in self.marks
            for column in (
                Column(f"steps to {mark.name}", "steps"),
                Column(f"seconds to {mark.name}", "seconds"),
            )
        )
        rows = tuple(Row(arm.name, dict(self._row(plan, arm, found))) for arm in plan.arms(item))
        return Shown(Table(columns, rows), plots=self.curves.show(item, plan, found).plots)

    def _row(self, plan: Plan, arm: Arm, found: Found) -> Iterator[tuple[str, Values]]:
        for mark in self.marks:
            for unit in ("steps", "seconds"):

                def pick(plain: Plain, name: str = mark.name, unit: str = unit) -> float | None:
                    first = plain["marks"][name]
                    return None if first is None else float(first[unit])

                yield (
                    f"{unit} to {mark.name}",
                    values_of(plan, arm, found, lambda training: Reached(training, self.marks), pick),
                )
