"""`inkmint write`: numbers in one hand, as a picture."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from inkmint.cli.hands import (
    any_hand,
    colour_options,
    hand_option,
    height_option,
    model_option,
    replaced_in_words,
)
from inkmint.cli.options import given, json_option
from inkmint.errors import DataError, SettingsError


@click.command()
@click.argument("text", required=False)
@click.option(
    "--text-file",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE|-",
    help="Write what is in this file, line by line.",
)
@model_option
@hand_option
@click.option(
    "--variation",
    type=click.FloatRange(min=0, max=1),
    default=0.15,
    show_default=True,
    help="How differently the same digit is written twice: 0 not at all, 1 as by anybody.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Of these differences: another one writes the text once more in the same hand.",
)
@height_option
@colour_options
@click.option("--transparent", is_flag=True, help="Ink on nothing, to lay over another picture.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("written.png"),
    show_default=True,
    metavar="FILE.png",
    help="The picture.",
)
@json_option
@click.pass_context
def write(
    context: click.Context,
    text: str | None,
    text_file: Path | None,
    model: str,
    hand: int | None,
    variation: float,
    seed: int,
    height: int,
    ink_colour: str,
    paper_colour: str,
    transparent: bool,
    output: Path,
    as_json: bool,
) -> None:
    r"""Write TEXT in one person's hand: digits, blanks and the signs - . , : / + ( ) and %.

    \b
    inkmint write 2026-11-21
    inkmint write "12.50\n+7.80" --hand 3 --transparent -o sum.png
    inkmint write --text-file numbers.txt --height 32 --json > boxes.json

    The digits are drawn by a generator, the signs with a pen of the same breadth and lean; \n begins a new line.
    --json tells the box and the character of every glyph, which is the truth for a test of a reader.
    """
    if (text is None) == (text_file is None):
        raise SettingsError(
            "Say what to write: give a text, as in `inkmint write 2026-11-21`, or --text-file."
        )
    if transparent and given(context, "paper_colour"):
        raise SettingsError("--transparent has no paper to colour; leave out --paper-colour.")
    write_picture(
        _read_text(text_file) if text_file else (text or "").replace("\\n", "\n"),
        output,
        model=model,
        hand=hand,
        variation=variation,
        seed=seed,
        height_px=height,
        colours={"ink_colour": ink_colour, "paper_colour": paper_colour, "transparent": transparent},
        as_json=as_json,
    )


def write_picture(
    text: str,
    output: Path,
    *,
    model: str,
    hand: int | None,
    colours: dict[str, Any],
    as_json: bool,
    **settings: Any,
) -> None:
    """Write a text into a PNG and tell of it.

    Args:
        text: What.
        output: Where.
        model: Of a generator.
        hand: Its seed; None for any.
        colours: For `Page.picture`.
        as_json: Whether to print JSON.
        **settings: For `write_page`.
    """
    from inkmint.data.sheet import save_png
    from inkmint.models import Generator
    from inkmint.writing.hand import Hand
    from inkmint.writing.page import write_page

    if output.suffix.lower() != ".png":
        raise SettingsError(f"Writing is kept as PNG, not as {output.name!r}; give a name ending in .png.")
    seed_of_hand = any_hand(hand)
    generator = Generator.from_pretrained(model)
    page = write_page(Hand.draw(generator, seed_of_hand), text, **settings)
    picture = page.picture(**colours)
    existed = output.exists()
    save_png(picture, output)
    if not as_json:
        click.echo(
            f"{output}: {len(page.glyphs):,} glyphs in hand {seed_of_hand} by {generator.name}, {picture.width} x "
            f"{picture.height} pixels.{replaced_in_words(output, existed)}"
        )
        return
    record = {
        "output": str(output),
        "replaced": existed,
        "text": text,
        "hand": seed_of_hand,
        "model": generator.name,
        "weights_sha256": generator.weights_sha256,
        "width": picture.width,
        "height": picture.height,
        "glyphs": [glyph.record() for glyph in page.glyphs],
    }
    click.echo(json.dumps(record, indent=2))


def _read_text(path: Path) -> str:
    name = "The standard input" if str(path) == "-" else str(path)
    try:
        return sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{name} cannot be read as text ({error}); give a text file in UTF-8.") from error
