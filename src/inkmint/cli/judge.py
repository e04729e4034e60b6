"""`inkmint judge`: training a judge of other digits, and what a judge is."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inkmint.cli.options import (
    data_option,
    device_option,
    json_option,
    runs_option,
    seed_option,
    threads_option,
)
from inkmint.errors import SettingsError

if TYPE_CHECKING:
    from inkmint.studies.judges import JudgeSheet


@click.group()
def judge() -> None:
    """Train a judge of other digits, or show one.

    A judge is the fixed network that reads and measures minted digits. Figures carry its name, and those of
    different judges are never compared.
    """


@judge.command()
@data_option
@click.option(
    "--recipe", default="inkmint/judge", show_default=True, metavar="NAME|FILE", help="Of a recogniser."
)
@click.option(
    "--epochs",
    type=click.IntRange(min=1),
    help="Default: the recipe's, or as many as make 1,000 steps of a small set.",
)
@seed_option
@device_option
@threads_option
@runs_option
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Save the judge here too; it is in its run folder in any case.",
)
@json_option
def train(
    data: str,
    recipe: str,
    epochs: int | None,
    seed: int,
    device: str,
    threads: int | None,
    runs: Path,
    output: Path | None,
    as_json: bool,
) -> None:
    """Train a judge on the training images of --data, and on nothing else.

    \b
    inkmint judge train --data fashion-mnist -o fashion-judge
    inkmint evaluate runs/... --data fashion-mnist --judge fashion-judge
    """  # noqa: D301 - click reads the character \b
    from inkmint.cli.display import Display
    from inkmint.cli.progress import loaded
    from inkmint.evaluation.judge import load_judge
    from inkmint.recipes import find_recipe
    from inkmint.runtime import Workers
    from inkmint.studies.judges import judge_recipe, training_facts, write_judge
    from inkmint.training import session

    if output is not None and output.exists():
        raise SettingsError(
            f"{output} is there already; a judge that is trained again is another one, so give another folder."
        )
    chosen = find_recipe(recipe)
    splits = loaded(data)
    chosen = judge_recipe(chosen, len(splits.train), epochs)
    run = session.train(
        chosen, splits, runs, seed=seed, device=device, threads=threads, observers=[Display(chosen.name)]
    )
    if not Workers.join().is_first:
        return
    sheet = write_judge(load_judge(run.path), splits, output or run.model_path, facts=[training_facts(run)])
    folder = output or run.path
    if as_json:
        click.echo(json.dumps({"judge": str(folder), "run": str(run.path), **sheet.as_json()}, indent=2))
        return
    _print(sheet)
    click.echo(f"{folder}: use it with `inkmint evaluate --judge {folder} --data {data}`.")


@judge.command()
@click.argument("judge", default="judge-v1", metavar="[JUDGE]")
@json_option
def show(judge: str, as_json: bool) -> None:
    """Say what JUDGE is: a run or model folder, judge-v1 (if left out) or second-judge-v1."""
    from inkmint.studies.judges import read_sheet

    sheet = read_sheet(judge)
    if as_json:
        click.echo(json.dumps(sheet.as_json(), indent=2))
    else:
        _print(sheet)


def _print(sheet: "JudgeSheet") -> None:
    from inkmint.evaluation.figure import in_words

    click.echo(f"{sheet.name}: {sheet.about} ({sheet.model}).")
    click.echo(f"Trained by {sheet.recipe}, seed {sheet.seed}, on the training images of {sheet.data}.")
    click.echo(f"Classes {', '.join(sheet.class_names)}; {sheet.num_parameters:,} parameters.")
    click.echo(f"Weights of {sheet.num_bytes:,} bytes, SHA-256 {sheet.weights_sha256}.")
    click.echo(f"Its figures are called by {sheet.name}, such as frechet_{sheet.name}_10k.")
    for figure in sheet.figures:
        click.echo(in_words(figure))
    if not sheet.figures:
        click.echo("Its accuracy was not recorded; measure it with `inkmint evaluate`.")
