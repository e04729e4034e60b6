"""Turns a mixing experiment into one HTML page that needs nothing else."""

from collections.abc import Iterator
from pathlib import Path

from inkmint.files import write_text
from inkmint.report.mixing_plots import mixing_plots
from inkmint.report.mixing_view import kinds_of, notes_of, sections, sheets_of
from inkmint.report.page import REPORT_NAME
from inkmint.report.pictures import Picture, chart_picture, pixel_picture, read_pixels
from inkmint.report.plots import plot_chart
from inkmint.report.templates import filled
from inkmint.studies.mixing import Findings
from inkmint.studies.mixing_verdict import Verdict


def write_mixing(findings: Findings, verdict: Verdict) -> Path:
    """Write `report.html` into the folder of the experiment.

    Returns:
        The file.

    Raises:
        StorageError: The page cannot be written; an earlier one is untouched.
    """
    report = findings.path / REPORT_NAME
    write_text(report, render_mixing(findings, verdict))
    return report


def render_mixing(findings: Findings, verdict: Verdict) -> str:
    """The page as HTML."""
    return filled(
        "mixing.html",
        data=findings.splits.source,
        kinds=kinds_of(findings),
        sections=sections(findings, verdict),
        charts=[chart_picture(plot_chart(plot)) for plot in mixing_plots(findings)],
        sheets=list(_sheets(findings)),
        notes=notes_of(findings),
        warning=findings.warning,
    )


def _sheets(findings: Findings) -> Iterator[Picture]:
    for title, path in sheets_of(findings):
        pixels = read_pixels(path)
        if pixels is not None:
            yield pixel_picture(pixels, title, f"{title}: ten digits of every class, one row for each.")
