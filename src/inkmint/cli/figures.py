"""Figures on the terminal: value, interval, bound and counts beside each other."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inkmint.evaluation.figure import Figure


def print_figures(figures: "Sequence[Figure]") -> None:
    """Print a table of figures on standard output."""
    from rich.console import Console
    from rich.table import Table

    from inkmint.evaluation.figure import interval_in_words, value_in_words

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("figure", "value", "95 % interval", "bound", "images", "better"):
        table.add_column(
            heading, justify="left" if heading in ("figure", "better") else "right", no_wrap=True
        )
    for figure in figures:
        table.add_row(
            figure.name,
            value_in_words(figure.value, figure.unit),
            interval_in_words(figure),
            "" if figure.reference is None else value_in_words(figure.reference, figure.unit),
            f"{figure.num_images:,}",
            figure.better,
        )
    Console(soft_wrap=True).print(table)
