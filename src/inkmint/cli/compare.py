"""`inkmint compare`: which of several generators or recognisers is best, and whether that is sure."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inkmint.cli.options import (
    data_option,
    json_option,
    judge_option,
    minted_seed_option,
    number_option,
    second_judge_option,
)

if TYPE_CHECKING:
    from rich.table import Table

    from inkmint.studies.comparison import Comparison


@click.command()
@click.argument("subjects", metavar="RUN|MODEL|FOLDER|FILE...", nargs=-1)
@data_option
@number_option
@minted_seed_option
@judge_option
@second_judge_option
@click.option(
    "--by-recipe",
    is_flag=True,
    help="Runs of one recipe from several seeds make one column, with intervals over the seeds.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write one HTML page too, with contact sheets of generators side by side.",
)
@json_option
def compare(
    subjects: tuple[str, ...],
    data: str,
    number: int | None,
    seed: int,
    judge: str,
    second_judge: str | None,
    by_recipe: bool,
    output: Path | None,
    as_json: bool,
) -> None:
    """Measure two or more generators and digit sets, or two or more recognisers, side by side.

    The best value of a row is bold and starred only where its 95 % interval parts from every other's.
    Recognisers are also tested pair by pair on the same test images (McNemar), and with --by-recipe two
    recipes figure by figure over the seeds that both have.
    """
    from inkmint.cli.judging import judges
    from inkmint.cli.progress import loaded
    from inkmint.report.comparison import write_comparison
    from inkmint.studies.comparison import compare as measure
    from inkmint.studies.seeds import group_by_recipe

    splits = loaded(data)
    first, second = judges(judge, second_judge, splits)
    comparison = measure(subjects, splits, first, num_minted=number, seed=seed, second=second)
    if by_recipe:
        comparison = group_by_recipe(comparison)
    if as_json:
        click.echo(json.dumps(comparison.as_json(), indent=2))
    else:
        _print(comparison)
    if output:
        write_comparison(comparison, output)
        click.echo(f"Page: {output}", err=as_json)


def _print(comparison: "Comparison") -> None:
    from rich.console import Console
    from rich.measure import Measurement

    from inkmint.evaluation.comparisons import p_in_words
    from inkmint.report.comparison import difference_in_words

    console = Console(highlight=False, markup=False, soft_wrap=True)
    table = _table(comparison)
    if not console.is_terminal and not os.environ.get("COLUMNS", "").isdigit():
        console.width = Measurement.get(console, console.options.update(max_width=10_000), table).maximum
    console.print(table, soft_wrap=False)
    for test in comparison.tests:
        console.print(
            f"{test.first} and {test.second}: only the first reads {test.only_first:,} images, only the second "
            f"{test.only_second:,}; {p_in_words(test.p_value)} "
            "(McNemar's exact test, uncorrected for the number of pairs)"
        )
    for paired in comparison.paired:
        console.print(
            f"{paired.figure}, {paired.first} less {paired.second}: {difference_in_words(paired)}, paired over seeds "
            f"{', '.join(map(str, paired.seeds))}"
        )
    for subject in comparison.subjects:
        for note in subject.evaluation.notes:
            console.print(f"{subject.name}: {note}")
    console.print(comparison.rule)


def _table(comparison: "Comparison") -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from inkmint.report.comparison import ValueCell, table_rows

    def in_words(cell: ValueCell) -> Text:
        value = Text(f"{cell.value} *", style="bold") if cell.best else Text(cell.value or "-")
        return Text.assemble(value, "\n", (cell.under, "dim"))

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="not bold")
    for heading in ("protocol", *(subject.name for subject in comparison.subjects), "real digits"):
        table.add_column(Text(heading), overflow="fold")
    for row in table_rows(comparison):
        name = Text.assemble(row.name, "\n", (row.under, "dim"))
        reference = Text(row.reference.value or "-")
        table.add_row(name, *map(in_words, row.cells), reference)
    return table
