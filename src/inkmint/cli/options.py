"""Options that several commands share, so that they mean the same everywhere."""

from pathlib import Path

import click

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
judge_option = click.option(
    "--judge",
    default="lenet-attention",
    show_default=True,
    metavar="MODEL",
    help="Recogniser that judges digits.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
