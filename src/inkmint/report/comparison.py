"""Turns a comparison into one HTML page that needs nothing else."""

from dataclasses import dataclass
from pathlib import Path

from inkmint.evaluation.comparisons import p_in_words
from inkmint.evaluation.figure import Figure, interval_in_words, value_in_words
from inkmint.files import write_text
from inkmint.report.pictures import Picture, pixel_picture
from inkmint.report.templates import filled
from inkmint.studies.comparison import Comparison, PairedSeeds, Row

DIRECTIONS = {"higher": "higher is better", "lower": "lower is better", "alike": "best at the real value"}


@dataclass(frozen=True)
class ValueCell:
    """A figure in words; empty strings stand for what there is not."""

    value: str
    under: str
    best: bool = False


@dataclass(frozen=True)
class TableRow:
    """A row of the table, in words: a cell for each subject, then the real digits'."""

    name: str
    under: str
    protocol: str
    judge: str
    cells: tuple[ValueCell, ...]
    reference: ValueCell


def table_rows(comparison: Comparison) -> list[TableRow]:
    """The table, for a page or a terminal."""
    return [_table_row(row) for row in comparison.rows]


def write_comparison(comparison: Comparison, path: Path) -> None:
    """Write the page: the table, the tests, and contact sheets side by side.

    Raises:
        StorageError: The page cannot be written; an earlier one is untouched.
    """
    write_text(path, render_comparison(comparison))


def render_comparison(comparison: Comparison) -> str:
    """The page as HTML."""
    return filled(
        "comparison.html",
        comparison=comparison,
        names=[subject.name for subject in comparison.subjects],
        rows=table_rows(comparison),
        rule=comparison.rule,
        paired=[(test, difference_in_words(test)) for test in comparison.paired],
        p_in_words=p_in_words,
        sheets=_sheets(comparison),
    )


def difference_in_words(test: PairedSeeds) -> str:
    """Mean difference and interval, with signs; shares in percentage points."""
    value, low, high = (
        f"{100 * number:+.2f}" if test.unit == "share" else f"{number:+.3g}"
        for number in (test.difference, *test.interval)
    )
    return f"{value} ({low} to {high}){' points' if test.unit == 'share' else ''}"


def _table_row(row: Row) -> TableRow:
    example = row.example
    reference = example.reference
    return TableRow(
        name=row.name,
        under=f"{DIRECTIONS[example.better]}, n = {example.num_images:,}",
        protocol=example.protocol,
        judge=(example.judge_sha256 or "")[:12],
        cells=tuple(_cell(figure, place == row.best) for place, figure in enumerate(row.figures)),
        reference=ValueCell("", "")
        if reference is None
        else ValueCell(value_in_words(reference, example.unit), example.reference_name),
    )


def _cell(figure: Figure | None, best: bool) -> ValueCell:
    if figure is None:
        return ValueCell("", "")
    return ValueCell(value_in_words(figure.value, figure.unit), interval_in_words(figure), best)


def _sheets(comparison: Comparison) -> list[Picture]:
    """A contact sheet of every subject, then one of real digits; none of recognisers."""
    titled = [
        (subject.name, subject.evaluation.pictures["samples"])
        for subject in comparison.subjects
        if "samples" in subject.evaluation.pictures
    ]
    real = [
        ("Real, from the test set", subject.evaluation.pictures["real"])
        for subject in comparison.subjects
        if "real" in subject.evaluation.pictures
    ]
    return [
        pixel_picture(pixels, title, f"{title}: ten digits of every class, one row for each.")
        for title, pixels in titled + real[:1]
    ]
