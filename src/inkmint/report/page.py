"""Turns a demo or run folder into one HTML file that needs nothing else."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inkmint.evaluation.figure import Figure, interval_in_words, value_in_words
from inkmint.evaluation.record import Evaluation
from inkmint.files import write_text
from inkmint.report.contents import Contents, gather
from inkmint.report.pictures import Picture, pixel_picture
from inkmint.report.summary import summarise
from inkmint.report.templates import filled

REPORT_NAME = "report.html"


@dataclass(frozen=True)
class FigureRow:
    """A row of the table of figures, in words."""

    figure: Figure
    value: str
    interval: str
    reference: str


@dataclass(frozen=True)
class Cell:
    """A cell of the confusion matrix.

    Attributes:
        count: Images.
        shade: Strength of the cell's colour, 0..1, from its share of the row; its root, so that rare
            confusions show.
    """

    count: int
    shade: float


@dataclass(frozen=True)
class MatrixRow:
    """A row of the confusion matrix."""

    name: str
    cells: tuple[Cell, ...]
    agreement: str


@dataclass(frozen=True)
class Matrix:
    """A confusion matrix, row by row."""

    title: str
    class_names: tuple[str, ...]
    rows: tuple[MatrixRow, ...]


@dataclass(frozen=True)
class Sheets:
    """The pictures of one evaluation.

    Attributes:
        by_class: Minted digits by class, then real ones.
        nearest: Minted digits above their nearest training images.
        distances: Class and distance of each pair, from the left.
    """

    by_class: tuple[Picture, ...]
    nearest: Picture | None
    distances: tuple[tuple[str, str], ...]


def build_report(path: Path) -> Path:
    """Write `report.html` into a demo folder or a run folder, from what is in it.

    The page is one file: style and pictures are inside, it loads nothing and runs no script. Parts of
    the folder that do not exist are left out of the page.

    Args:
        path: A folder that `inkmint demo` or `inkmint train` made.

    Returns:
        The file.

    Raises:
        RunError: It is no such folder, or a file in it is damaged.
        StorageError: The page cannot be written; an earlier one is untouched.
    """
    report = path / REPORT_NAME
    write_text(report, render(gather(path)))
    return report


def render(contents: Contents) -> str:
    """The page as HTML."""
    figures = [figure for evaluation in contents.evaluations for figure in evaluation.figures]
    return filled(
        "template.html",
        contents=contents,
        sentences=summarise(figures),
        figure_rows=[_figure_row(figure) for figure in figures],
        notes=[note for evaluation in contents.evaluations for note in evaluation.notes],
        sheets=[_sheets(evaluation) for evaluation in contents.evaluations if evaluation.pictures],
        matrices=list(_matrices(contents.evaluations)),
        num_seconds=sum(seconds for _, seconds in contents.steps),
    )


def _figure_row(figure: Figure) -> FigureRow:
    reference = "" if figure.reference is None else value_in_words(figure.reference, figure.unit)
    return FigureRow(figure, value_in_words(figure.value, figure.unit), interval_in_words(figure), reference)


def _sheets(evaluation: Evaluation) -> Sheets:
    pictures, pairs = evaluation.pictures, evaluation.nearest
    titles = {"samples": "Minted", "real": "Real, from the test set"}
    nearest_alt = "Minted digits in the upper row, the nearest training image below each."
    return Sheets(
        by_class=tuple(
            pixel_picture(pictures[name], title, f"{title}: ten digits of every class, one row for each.")
            for name, title in titles.items()
            if name in pictures
        ),
        nearest=pixel_picture(pictures["nearest"], "", nearest_alt) if "nearest" in pictures else None,
        distances=()
        if pairs is None
        else tuple(
            (evaluation.class_names[label], f"{distance:.1f}")
            for label, distance in zip(pairs.classes_P, pairs.distances_P, strict=True)
        ),
    )


def _matrices(evaluations: Iterable[Evaluation]) -> Iterator[Matrix]:
    for evaluation in evaluations:
        if evaluation.confusion_KK is not None:
            title = f"Label against class as read: {evaluation.name}"
            yield matrix_of(title, evaluation.class_names, evaluation.confusion_KK.tolist())
        elif evaluation.seen_K is not None:
            counts = evaluation.seen_K.tolist()
            row = MatrixRow("read", tuple(_cells(counts)), "")
            yield Matrix(f"Classes as read: {evaluation.name}", evaluation.class_names, (row,))


def matrix_of(title: str, class_names: tuple[str, ...], counts_KK: Iterable[Sequence[int]]) -> Matrix:
    """A confusion matrix with the shades of its cells; rows are labels."""
    rows = enumerate(zip(class_names, counts_KK, strict=True))
    return Matrix(
        title,
        class_names,
        tuple(_matrix_row(name, list(counts_K), place) for place, (name, counts_K) in rows),
    )


def _matrix_row(name: str, counts: list[int], place: int) -> MatrixRow:
    total = sum(counts)
    return MatrixRow(
        name, tuple(_cells(counts)), value_in_words(counts[place] / total, "share") if total else ""
    )


def _cells(counts: list[int]) -> Iterator[Cell]:
    total = max(1, sum(counts))
    for count in counts:
        yield Cell(count, round(float(np.sqrt(count / total)), 2))
