"""`inkmint recipes`: what can be trained."""

import json

import click

from inkmint.cli.options import json_option


@click.command()
@click.argument("name", required=False)
@json_option
def recipes(name: str | None, as_json: bool) -> None:
    """List the recipes, or show one in full (NAME or a TOML or JSON file).

    A shown recipe is TOML: save it, change it, and train it with `inkmint train FILE`.
    """
    import tomli_w

    from inkmint.recipes import find_recipe
    from inkmint.studies.catalogue import catalogue

    if name is not None:
        data = find_recipe(name).model_dump(mode="json")
        click.echo(json.dumps(data, indent=2) if as_json else tomli_w.dumps(data), nl=as_json)
        return
    rows = catalogue()
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    _print_table(rows)


def _print_table(rows: list[dict[str, object]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("recipe", "kind", "classes", "parameters", "epochs", "about"):
        numeric = heading in ("parameters", "epochs")
        table.add_column(heading, justify="right" if numeric else "left", no_wrap=heading != "about")
    for row in rows:
        table.add_row(
            str(row["recipe"]),
            str(row["kind"]),
            "by label" if row["conditional"] else "",
            f"{row['parameters']:,}",
            str(row["epochs"]),
            f"{row['model_about']}; {row['about']}",
        )
    Console().print(table)
