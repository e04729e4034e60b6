"""Pictures of the real digits, as documents show them of their data set."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from inkmint.data.sheet import contact_sheet
from inkmint.studies.reproduction.bench import Bench, Measurement
from inkmint.studies.reproduction.plan import Plan
from inkmint.studies.reproduction.rows import Found, Item, Kind
from inkmint.studies.reproduction.shown import Sheet, Shown
from inkmint.studies.reproduction.trainings import Training


@dataclass(frozen=True, eq=False)
class RealSheet(Measurement):
    """Ten training digits of every class, drawn at random."""

    key = "sheet of training digits"
    needs: tuple[Training, ...] = ()
    seconds = 0.5

    def measure(self, bench: Bench) -> dict[str, Any]:
        """The picture."""
        sheet = np.asarray(contact_sheet(bench.splits.train, scale=1))
        return {"picture": bench.picture("real-digits", sheet), "data": bench.splits.source}


def real_sheet(found: Found) -> tuple[Sheet, ...]:
    """The picture, if it is there."""
    plain = found.get(RealSheet.key)
    return (Sheet(plain["picture"], f"Training digits of {plain['data']}, drawn at random"),) if plain else ()


@dataclass(frozen=True)
class RealDigits(Kind):
    """The data set itself."""

    def measurements(self, item: Item, plan: Plan) -> Sequence[Measurement]:  # noqa: ARG002
        """The picture."""
        return (RealSheet(),)

    def show(self, item: Item, plan: Plan, found: Found) -> Shown:  # noqa: ARG002
        """The picture."""
        return Shown(sheets=real_sheet(found))
