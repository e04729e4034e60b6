"""What became of a document's items, in words and pixels, for its HTML page and its Markdown document alike.

Everything comes from the rows of the document and from the folder of the reproduction.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inkmint.report.pictures import Pixels, first_column, read_pixels
from inkmint.studies.reproduction.claims import STATUS_IN_WORDS, Verdict, judged
from inkmint.studies.reproduction.kinds.drawing import Drawing
from inkmint.studies.reproduction.kinds.scores import COLUMNS_IN_WORDS, Scores
from inkmint.studies.reproduction.plan import Plan
from inkmint.studies.reproduction.results import Results
from inkmint.studies.reproduction.rows import Item, Paper
from inkmint.studies.reproduction.shown import (
    Column,
    Shown,
    Strip,
    Values,
    difference_in_words,
    ends_in_words,
    in_words,
)


@dataclass(frozen=True)
class Entry:
    """A cell of a table in words; empty strings stand for what there is not.

    Attributes:
        value: Ours.
        spread: Its interval and what that rests on.
        says: The document's number and how ours lies to it.
        agrees: Whether both are the same; None if that cannot be told, or the document prints none.
    """

    value: str
    spread: str
    says: str
    agrees: bool | None


@dataclass(frozen=True)
class Line:
    """A row of a table in words."""

    name: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, eq=False)
class Section:
    """An item with all that is to be seen of it.

    Attributes:
        item: The row.
        shown: Numbers and pictures.
        verdict: What became of it.
        reduced: What the budget leaves of the document's protocol, in sentences.
    """

    item: Item
    shown: Shown
    verdict: Verdict
    reduced: tuple[str, ...]

    @property
    def status(self) -> str:
        """In words."""
        return STATUS_IN_WORDS[self.verdict.status]

    @property
    def place(self) -> str:
        """Where the document says it, and whether it has no table or figure of it."""
        return f"{self.item.place}{'; measuring it is our part' if self.item.ours else ''}"

    @property
    def columns(self) -> tuple[Column, ...]:
        """Of the table."""
        return self.shown.table.columns if self.shown.table else ()

    @property
    def lines(self) -> list[Line]:
        """Rows of the table."""
        rows = self.shown.table.rows if self.shown.table else ()
        return [
            Line(
                row.name,
                tuple(
                    _entry(row.values.get(column.name), column, self._agrees(row.name, column.name))
                    for column in self.columns
                ),
            )
            for row in rows
        ]

    @property
    def sentences(self) -> list[str]:
        """Everything that is derived from what was measured and is worth a sentence."""
        return [
            *(each.sentence for each in self.verdict.numbers if each.agrees is False),
            *(each.sentence for each in self.verdict.claims),
            *self.shown.sentences,
        ]

    def _agrees(self, arm: str, column: str) -> bool | None:
        found = (each for each in self.verdict.numbers if (each.arm, each.column) == (arm, column))
        return next((each.agrees for each in found), None)


def sections(paper: Paper, results: Results | None) -> list[Section]:
    """One for each item of a document, in its order.

    Args:
        paper: The document.
        results: What was found; None if nothing was measured yet.
    """
    return [_section(paper, item, results) for item in paper.items]


def _section(paper: Paper, item: Item, results: Results | None) -> Section:
    if isinstance(item.kind, Drawing):
        return Section(item, Shown(), Verdict("not reproducible"), ())
    plan = Plan(paper, results.budget if results else "full", (item,))
    found = results.found if results else {}
    missing = [key for key in plan.measurements if key not in found]
    if plan.measurements and len(missing) == len(plan.measurements):
        return Section(item, Shown(), Verdict("not run"), tuple(plan.reduced(item)))
    shown = item.kind.show(item, plan, found)
    return Section(item, shown, judged(shown, item.claims, not missing), tuple(plan.reduced(item)))


def _entry(values: Values | None, column: Column, agrees: bool | None) -> Entry:
    if values is None:
        return Entry("", "", "", None)
    unit, mean = column.unit, values.mean
    says = "" if values.says is None else f"document {in_words(values.says, unit)}"
    broken = f"{values.num_broken} broke down" if values.num_broken else ""
    without = f"{values.num_without} never came to it" if values.num_without else ""
    notes = [note for note in (broken, without) if note]
    if mean is None:
        return Entry("; ".join(notes), "", says, None)
    ends, num_seeds = values.interval(unit), len(values.by_seed)
    rests = f"{num_seeds} {values.over}" if num_seeds > 1 else "over images" if ends else ""
    spread = ", ".join(filter(None, [ends_in_words(ends, unit) if ends else "", rests, *notes]))
    if values.says is not None and not agrees:
        relation = "above" if mean > values.says else "below"
        says += f", ours {difference_in_words(mean - values.says, unit)} {relation}"
    return Entry(in_words(mean, unit), spread, says, agrees)


def notes_of(paper: Paper, results: Results) -> list[str]:
    """How it was measured, one sentence each."""
    data = results.data
    judges = ", ".join(f"{name} ({sha256[:12]})" for name, sha256 in results.judges.items())
    notes = [
        f"Budget: {results.budget}. What it leaves of the document's protocol stands with every item.",
        f"Real digits: {data['name']}, {data['num_train']:,} to train on, {data['num_validation']:,} for validation, "
        f"{data['num_test']:,} for final figures only, by which nothing is chosen.",
        "Intervals are Student's over seeds, 95 %; of a single seed they are over images and tell nothing of another "
        "training run. Differences are paired by seed. Where another is better than what is called best, its interval "
        "is corrected for how many others there are; none is corrected for the number of claims.",
        "Curves are means over seeds, with the range of the seeds or, at single places, 95 % intervals.",
        "A number of the document counts as the same if ours lies within half a point of it (5 % of it, where it is no "
        "share), and differs if the interval over several seeds does not hold it; otherwise it cannot be told. Nor "
        "can a share that is lower after less training than the document's, or any number of another recipe.",
    ]
    if any(isinstance(item.kind, Scores) for item in paper.items):
        notes += [f"Minted digits are read by {judges}.", COLUMNS_IN_WORDS]
    if paper.note:
        notes.append(paper.note)
    if machines := results.machines():
        notes.append(f"Measured on {'; '.join(machines)}.")
    return notes


def strip_pixels(strip: Strip, folder: Path) -> tuple[Pixels, list[int]] | None:
    """The first digit of every class at every stage, a row for each stage, and the epochs; None if none is there.

    Args:
        strip: Paths of grids.
        folder: To which they are relative.
    """
    known = [(epoch, read_pixels(folder / path)) for epoch, path in strip.stages]
    rows = [(epoch, first_column(pixels)) for epoch, pixels in known if pixels is not None]
    if not rows:
        return None
    return np.concatenate([row for _, row in rows]), [epoch for epoch, _ in rows]


def strip_title(strip: Strip, epochs: Sequence[int]) -> str:
    """What a strip shows, with its epochs."""
    if len(epochs) == 1:
        return f"{strip.title}, after epoch {epochs[0]}"
    return f"{strip.title}, a row after each of the epochs {', '.join(map(str, epochs))}"


def counted(verdicts: Iterator[Verdict]) -> dict[str, int]:
    """How many items have each status, in words, those that occur."""
    found: dict[str, int] = {}
    for verdict in verdicts:
        words = STATUS_IN_WORDS[verdict.status]
        found[words] = found.get(words, 0) + 1
    return found
