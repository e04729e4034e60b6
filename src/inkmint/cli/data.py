"""`inkmint data`: which digits there are, fetching them, and looking at them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from inkmint.cli.options import json_option
from inkmint.cli.progress import download_bar, loaded

if TYPE_CHECKING:
    from inkmint.data.catalogue import Source

_OFFLINE = click.option("--offline", is_flag=True, help="Leave the network alone, as INKMINT_OFFLINE=1 does.")


@click.group()
def data() -> None:
    """List, fetch and show digit data."""


@data.command("list")
@json_option
def list_sources(as_json: bool) -> None:
    """List the named data sources: images per split, whether they are here, licence."""
    from inkmint.data.catalogue import SOURCES

    rows = [_describe(source) for source in SOURCES.values()]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    splits = ("train", "validation", "test")
    table = Table("name", *splits, "state", "licence", box=None, header_style="bold")
    for row in rows:
        table.add_row(row["name"], *(f"{row[split]:,}" for split in splits), row["state"], row["licence"])
    Console().print(table)
    click.echo("A path works in place of a name: a folder of pictures or IDX files, or an NPZ file.")


@data.command()
@click.argument("name")
@_OFFLINE
@json_option
def fetch(name: str, offline: bool, as_json: bool) -> None:
    """Fetch the source NAME into the cache, verified by its SHA-256."""
    from inkmint.data.catalogue import find_source, origin
    from inkmint.data.sources import load_starter, obtain

    source = find_source(name)
    if origin(source).files:
        with download_bar() as progress:
            obtain(origin(source), offline=offline, progress=progress)
    else:
        load_starter()
    row = _describe(source)
    click.echo(json.dumps(row, indent=2) if as_json else f"{name}: {row['state']}, verified.")


@data.command()
@click.argument("name_or_path", metavar="NAME|PATH")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="The PNG to write.  [default: NAME.png]"
)
@click.option(
    "--split",
    type=click.Choice(["train", "validation", "test"]),
    default="train",
    show_default=True,
    help="Which part to draw from.",
)
@click.option(
    "--per-class", type=click.IntRange(1, 100), default=10, show_default=True, help="Images per row."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Which images are drawn.")
@click.option("--paper", is_flag=True, help="Dark ink on white.")
@_OFFLINE
@json_option
def show(
    name_or_path: str,
    output: Path | None,
    split: str,
    per_class: int,
    seed: int,
    paper: bool,
    offline: bool,
    as_json: bool,
) -> None:
    """Draw a contact sheet of NAME or PATH, one row per class (of very many classes, 50 of them)."""
    from inkmint.data.sheet import contact_sheet, save_png

    splits = loaded(name_or_path, offline=offline)
    digits = {"train": splits.train, "validation": splits.validation, "test": splits.test}[split]
    output = output or Path(f"{Path(name_or_path).resolve().stem}.png")
    save_png(contact_sheet(digits, per_class, seed=seed, paper=paper), output)
    counts = dict(zip(digits.class_names, digits.counts(), strict=True))
    if as_json:
        record = {"output": str(output), "source": splits.source, "split": split, "images_per_class": counts}
        click.echo(json.dumps(record, indent=2))
    else:
        click.echo(
            f"{output}: {per_class} per class of the {len(digits):,} {split} images of {splits.source}."
        )


def _describe(source: "Source") -> dict[str, Any]:
    train, validation, test = source.num_images
    state, folder = _locate(source)
    return {
        "name": source.name,
        "title": source.title,
        "train": train,
        "validation": validation,
        "test": test,
        "state": state,
        "folder": str(folder) if folder else None,
        "licence": source.licence,
        "authors": source.authors,
    }


def _locate(source: "Source") -> tuple[str, Path | None]:
    """Where `source` would be read from, as a state and a folder, without opening any of its files."""
    from inkmint.data.cache import cache_folder, is_cached
    from inkmint.data.catalogue import origin
    from inkmint.data.local import find_given_folder, find_system_folder

    source = origin(source)
    if not source.files:
        return "bundled", None
    if folder := find_given_folder(source):
        return "in INKMINT_DATA", folder
    if folder := find_system_folder(source):
        return "on this system", folder
    return ("cached", cache_folder() / source.name) if is_cached(source) else ("not fetched", None)
