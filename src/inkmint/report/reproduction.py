"""Turns a reproduction into one HTML page that needs nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from inkmint.files import write_text
from inkmint.report.page import REPORT_NAME, Matrix, matrix_of
from inkmint.report.pictures import Picture, chart_picture, pixel_picture, read_pixels
from inkmint.report.plots import plot_chart
from inkmint.report.reproduction_view import Section, counted, notes_of, sections, strip_pixels, strip_title
from inkmint.report.templates import filled
from inkmint.studies.reproduction.papers import find_paper
from inkmint.studies.reproduction.results import Results


@dataclass(frozen=True, eq=False)
class Block:
    """An item on the page.

    Attributes:
        section: Its words.
        charts: Curves.
        pictures: Digits, and whether they are shown as they are, for they are about the background.
        matrices: Confusion.
    """

    section: Section
    charts: tuple[Picture, ...]
    pictures: tuple[tuple[Picture, bool], ...]
    matrices: tuple[Matrix, ...]


def write_reproduction(results: Results) -> Path:
    """Write `report.html` into the folder of the reproduction.

    Returns:
        The file.

    Raises:
        StorageError: The page cannot be written; an earlier one is untouched.
    """
    report = results.folder / REPORT_NAME
    write_text(report, render_reproduction(results))
    return report


def render_reproduction(results: Results) -> str:
    """The page as HTML."""
    paper = find_paper(results.paper)
    blocks = [_block(section, results.folder) for section in sections(paper, results)]
    return filled(
        "reproduction.html",
        paper=paper,
        blocks=blocks,
        counts=counted(block.section.verdict for block in blocks),
        notes=notes_of(paper, results),
    )


def _block(section: Section, folder: Path) -> Block:
    shown = section.shown
    return Block(
        section,
        tuple(chart_picture(plot_chart(plot)) for plot in shown.plots),
        tuple(_pictures(section, folder)),
        tuple(matrix_of(matrix.title, matrix.class_names, matrix.counts) for matrix in shown.matrices),
    )


def _pictures(section: Section, folder: Path) -> Iterator[tuple[Picture, bool]]:
    for sheet in section.shown.sheets:
        pixels = read_pixels(folder / sheet.path)
        if pixels is not None:
            yield pixel_picture(pixels, sheet.title, f"{sheet.title}."), sheet.as_it_is
    for strip in section.shown.strips:
        found = strip_pixels(strip, folder)
        if found is not None:
            pixels, epochs = found
            title = strip_title(strip, epochs)
            yield pixel_picture(pixels, title, f"{title}; the same latents in every row."), strip.as_it_is
