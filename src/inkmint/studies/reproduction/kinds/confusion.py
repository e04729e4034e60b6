"""Confusion matrices of generators: the class asked for against the class that the document's reader reads.

Shape suffixes: K classes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from inkmint.studies.reproduction.bench import Measurement
from inkmint.studies.reproduction.kinds.common import Plain, found_of
from inkmint.studies.reproduction.kinds.scores import Scores
from inkmint.studies.reproduction.plan import Plan
from inkmint.studies.reproduction.rows import Arm, Found, Item, Kind
from inkmint.studies.reproduction.shown import Matrix, Shown


def summed(title: str, known: Iterable[Plain]) -> Matrix | None:
    """The sum of the `confusion` of several measurements; None if there is none."""
    known = [plain for plain in known if "confusion" in plain]
    if not known:
        return None
    counts_KK = np.sum([plain["confusion"] for plain in known], axis=0)
    return Matrix(title, tuple(known[0]["class_names"]), tuple(map(tuple, counts_KK.tolist())))


def right_of(matrix: Matrix) -> dict[str, float]:
    """Share of each class that is read as it; a class without images is left out."""
    counts = zip(matrix.class_names, matrix.counts, strict=True)
    return {name: row[at] / sum(row) for at, (name, row) in enumerate(counts) if sum(row)}


def taken_for(matrix: Matrix, name: str) -> tuple[str, int] | None:
    """The class that a class is most often mistaken for, and how often; None if it never is."""
    row = list(matrix.counts[matrix.class_names.index(name)])
    row[matrix.class_names.index(name)] = 0
    return (matrix.class_names[int(np.argmax(row))], max(row)) if any(row) else None


@dataclass(frozen=True)
class Confusion(Kind):
    """A matrix for each arm.

    Attributes:
        reader: The document's own reader; None for the judge.
        worst: The classes that the document says are read wrong most often.
    """

    reader: Arm | None = None
    worst: tuple[str, ...] = ()

    @property
    def _scores(self) -> Scores:
        return Scores(("score",) if self.reader else ("agreement",), self.reader)

    def measurements(self, item: Item, plan: Plan) -> Sequence[Measurement]:
        """Digits of every run."""
        return self._scores.measurements(item, plan)

    def show(self, item: Item, plan: Plan, found: Found) -> Shown:
        """The share that is right, the matrices, and which classes are read wrong most often."""
        of, matrices, sentences = self._scores.minted(plan), [], []
        for arm in plan.arms(item):
            matrix = summed(f"{arm.name}, all seeds", found_of(plan, arm, found, of).values())
            if matrix is not None:
                matrices.append(matrix)
                sentences += self._worst(arm.name, matrix)
        shown = self._scores.show(item, plan, found)
        return replace(shown, matrices=tuple(matrices), sentences=(*shown.sentences, *sentences))

    def _worst(self, name: str, matrix: Matrix) -> list[str]:
        right: Any = right_of(matrix)
        worst = sorted(right, key=right.__getitem__)[: max(2, len(self.worst))]
        told = " and ".join(f"{label} ({right[label]:.1%} right)" for label in worst)
        says = f"; the document has {' and '.join(self.worst)}" if self.worst else ""
        return [f"{name}: read wrong most often are {told}{says}."]
