"""Figures on the terminal, a line each."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from inkmint.evaluation.record import Evaluation


def print_evaluation(evaluation: "Evaluation") -> None:
    """Print the figures of an evaluation and what was left out of it."""
    from inkmint.evaluation.figure import in_words

    for figure in evaluation.figures:
        click.echo(in_words(figure))
    for note in evaluation.notes:
        click.echo(note)
