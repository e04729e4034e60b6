"""`inkmint recipes`: what can be trained."""

import json
import os
import textwrap
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from inkmint.cli.options import json_option
from inkmint.errors import SettingsError

if TYPE_CHECKING:
    from inkmint.training.recipe import Recipe

_PIPED_COLUMNS = 100
_FEWEST_COLUMNS = 16


@click.command()
@click.argument("name", required=False)
@click.option("--kind", type=click.Choice(["generator", "recogniser"]), help="List these only.")
@json_option
def recipes(name: str | None, kind: str | None, as_json: bool) -> None:
    """List the recipes, or show one in full (NAME or a TOML or JSON file).

    A shown recipe is TOML, with its parameters and the options of its model as comments: save it, change it, and train
    it with `inkmint train FILE`.
    """
    from inkmint.recipes import find_recipe
    from inkmint.studies.catalogue import catalogue

    if name is not None:
        if kind is not None:
            raise SettingsError("NAME shows one recipe and --kind lists several; give one of them.")
        recipe = find_recipe(name)
        click.echo(
            json.dumps(recipe.model_dump(mode="json"), indent=2) if as_json else _in_full(recipe), nl=as_json
        )
        return
    rows = [row for row in catalogue() if kind in (None, row["kind"])]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        _print_by_paper(rows)


def _in_full(recipe: "Recipe") -> str:
    import tomli_w

    from inkmint.studies.catalogue import entry
    from inkmint.zoo import find

    row, spec = entry(recipe), find(recipe.model)
    notes = [f"Model {spec.name} ({spec.paper}): {spec.about}.", *_parameters_in_full(row)]
    if spec.options:
        notes += ["", "Options of the model, under [options] or as --set options.NAME=VALUE:"]
        name_width = max(map(len, spec.options))
        defaults = {name: json.dumps(option.default) for name, option in spec.options.items()}
        default_width = max(map(len, defaults.values()))
        notes += [
            f"  {name:{name_width}}  {defaults[name]:{default_width}}  {option.about}: {option.values}"
            for name, option in spec.options.items()
        ]
    comments = "\n".join(f"# {note}".rstrip() for note in notes)
    return f"{tomli_w.dumps(recipe.model_dump(mode='json'))}\n{comments}\n"


def _parameters_in_full(row: dict[str, Any]) -> list[str]:
    if row["fitted"]:
        return ["Parameters: none are trained; the model is fitted to all images at once."]
    notes = [f"Parameters: {_sum_in_words(row['parameters_by_network'])}."]
    if row["printed_parameters"]:
        notes.append(f"The document prints {_sum_in_words(row['printed_parameters'])}.")
    return notes


def _sum_in_words(counts: dict[str, int]) -> str:
    parts = ", ".join(f"{role} {count:,}" for role, count in counts.items())
    return f"{sum(counts.values()):,} ({parts})" if len(counts) > 1 else f"{sum(counts.values()):,}"


def _print_by_paper(rows: list[dict[str, Any]]) -> None:
    """A block per paper, one line per recipe, cut where the terminal ends."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    known = console.is_terminal or os.environ.get("COLUMNS", "").isdigit()
    name_width = max(len(row["recipe"]) for row in rows)
    headings = f"{'recipe':{name_width}}  {'classes':8}  {'parameters':>10}  {'epochs':>6}  "
    space = max((console.width if known else _PIPED_COLUMNS) - len(headings), _FEWEST_COLUMNS)
    console.print(Text(f"{headings}what it is", style="bold"))
    for (paper, kind), block in groupby(rows, key=lambda row: (row["paper"], row["kind"])):
        members = list(block)
        console.print()
        console.print(Text(f"{paper}: {kind}s", style="bold"), _printed_note(members), sep="")
        seen: set[str] = set()
        for row in members:
            words = row["about"] if row["model"] in seen else row["model_about"]
            seen.add(row["model"])
            console.print(f"{row['recipe']:{name_width}}  {_numbers(row)}  {_cut(words, space)}")
    console.print("\nOne in full, with its networks and what may be set: inkmint recipes NAME")


def _numbers(row: dict[str, Any]) -> str:
    classes = "by label" if row["conditional"] else ""
    if row["fitted"]:
        return f"{classes:8}  {'fitted':>10}  {'':6}"
    return f"{classes:8}  {row['parameters']:10,}  {row['epochs']:6}"


def _cut(words: str, space: int) -> str:
    """The words that fit, up to the end of a clause if one ends in the second half."""
    if len(words) <= space:
        return words
    short = textwrap.shorten(words, space - len(" …"), placeholder="", break_on_hyphens=False)
    clause = max(short.rfind(mark) for mark in ",;")
    return f"{(short[:clause] if clause > space // 2 else short).rstrip(',;:')} …"


def _printed_note(rows: list[dict[str, Any]]) -> str:
    """The document's own counts of parameters, where it prints some."""
    models: dict[int, dict[str, None]] = {}
    for row in rows:
        if row["printed_parameters"]:
            models.setdefault(sum(row["printed_parameters"].values()), {})[row["model"]] = None
    return "".join(
        f" (parameters that the document prints: {count:,} for {' and '.join(names)})"
        for count, names in models.items()
    )
