"""Figures that show no result: a drawing, or settings that stand in a picture and not in the text."""

from collections.abc import Sequence
from dataclasses import dataclass

from inkmint.studies.reproduction.bench import Measurement
from inkmint.studies.reproduction.plan import Plan
from inkmint.studies.reproduction.rows import Found, Item, Kind
from inkmint.studies.reproduction.shown import Shown


@dataclass(frozen=True)
class Drawing(Kind):
    """Nothing to measure; the row's `why` says why."""

    def measurements(self, item: Item, plan: Plan) -> Sequence[Measurement]:  # noqa: ARG002
        """None."""
        return ()

    def show(self, item: Item, plan: Plan, found: Found) -> Shown:  # noqa: ARG002
        """Nothing."""
        return Shown()
