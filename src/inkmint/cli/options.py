"""Options that several commands share, so that they mean the same everywhere."""

from pathlib import Path

import click
from click.core import ParameterSource

generator_argument = click.argument("model", default="house")
"""The generator that mints; the default comes with inkmint."""

data_option = click.option(
    "--data", default="mnist", show_default=True, metavar="NAME|PATH", help="Digits: see `inkmint data list`."
)
seed_option = click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Random seed."
)
device_option = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda", "mps"]),
    default="auto",
    show_default=True,
    help="Where to compute.",
)
threads_option = click.option(
    "--threads", type=click.IntRange(min=1), help="CPU threads; default: one per core."
)
runs_option = click.option(
    "--runs",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("runs"),
    show_default=True,
    help="Folder of run folders.",
)
minted_seed_option = click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the minted digits."
)
number_option = click.option(
    "-n",
    "--number",
    type=click.IntRange(min=1),
    show_default="10,000, or 26,000 stacked",
    help="Digits that a generator mints.",
)
judge_option = click.option(
    "--judge",
    default="judge-v1",
    show_default=True,
    metavar="MODEL",
    help="Judges digits: see `inkmint judge show`.",
)
second_judge_option = click.option(
    "--second-judge",
    show_default="second-judge-v1",
    metavar="MODEL|none",
    help="Cross-checks the judge.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")


def given(context: click.Context, name: str) -> bool:
    """Whether the user gave a parameter, its default or not."""
    return context.get_parameter_source(name) is ParameterSource.COMMANDLINE
