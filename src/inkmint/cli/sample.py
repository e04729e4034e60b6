"""`inkmint sample`: mint digits into a picture or a data file."""

import json
from pathlib import Path

import click

from inkmint.cli.options import generator_argument, given, json_option
from inkmint.errors import SettingsError

_ONE_SHEET = 1000


@click.command()
@generator_argument
@click.option(
    "-n", "--number", type=click.IntRange(min=1), default=80, show_default=True, help="How many digits."
)
@click.option("--digit", type=int, help="Mint this class only.")
@click.option(
    "--seed", type=click.IntRange(min=0), help="The same seed mints the same digits; default: new ones."
)
@click.option(
    "--paper",
    is_flag=True,
    help="Write dark ink on white paper, for other tools; inkmint itself reads bright ink on dark.",
)
@click.option(
    "--text",
    metavar="TEXT",
    help="Write these digits and signs in the hand of --seed; `inkmint write` has more options.",
)
@click.option("--transparent", is_flag=True, help="With --text: ink on nothing, to lay over another picture.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("digits.png"),
    show_default=True,
    help="A contact sheet (.png), arrays (.npz), or a folder of single images by class.",
)
@json_option
@click.pass_context
def sample(
    context: click.Context,
    model: str,
    number: int,
    digit: int | None,
    seed: int | None,
    paper: bool,
    text: str | None,
    transparent: bool,
    output: Path,
    as_json: bool,
) -> None:
    """Mint digits with MODEL: a run folder, a saved model, or a generator that comes with inkmint.

    \b
    inkmint sample runs/hu2024-acgan-sa-quick-s0-0001
    inkmint sample house -n 1000 --digit 7 -o sevens.npz
    inkmint sample --text "2026-11-21" --paper -o date.png
    """  # noqa: D301 - click reads the character \b
    from dataclasses import replace

    from inkmint.data.folder import write_folder
    from inkmint.data.npz import write_npz
    from inkmint.data.sheet import grid, save_png
    from inkmint.models import Generator

    if text is not None:
        if given(context, "number") or given(context, "digit"):
            raise SettingsError("--text says which digits to write; leave out --number and --digit.")
        _write(text, model, seed, paper, transparent, output, as_json)
        return
    if transparent:
        raise SettingsError("--transparent is for --text; leave it out, or say what to write.")
    generator = Generator.from_pretrained(model)
    match output.suffix.lower():
        case ".png":
            if number > _ONE_SHEET:
                raise SettingsError(
                    f"A sheet holds {_ONE_SHEET} digits, {number} were asked for; write them to .npz or to a folder."
                )
            images = generator.mint(number, digit, seed).images.numpy()
            save_png(grid(images, columns=10 if digit is None else 16, paper=paper), output)
        case ".npz" | "":
            if not generator.conditional:
                raise SettingsError(
                    f"The generator {generator.name!r} knows no classes, so its digits have no labels; "
                    "write a .png sheet."
                )
            minted = generator.mint(number, digit, seed)
            if paper:
                minted = replace(minted, images=255 - minted.images)
            write_npz(minted, output) if output.suffix else write_folder(minted, output)
        case other:
            raise SettingsError(
                f"Digits cannot be written as {other}; give a name ending in .png or .npz, or a folder."
            )
    if as_json:
        record = {"output": str(output), "number": number, "model": generator.name, "seed": seed}
        click.echo(json.dumps(record | {"weights_sha256": generator.weights_sha256}, indent=2))
    else:
        click.echo(f"{output}: {number:,} digits by {generator.name}.")


def _write(
    text: str, model: str, hand: int | None, paper: bool, transparent: bool, output: Path, as_json: bool
) -> None:
    from inkmint.cli.write import write_picture

    colours = {} if paper or transparent else {"ink_colour": "white", "paper_colour": "black"}
    write_picture(
        text, output, model=model, hand=hand, colours=colours | {"transparent": transparent}, as_json=as_json
    )
