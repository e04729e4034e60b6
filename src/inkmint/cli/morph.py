"""`inkmint morph`: a film or a strip of one digit that becomes another."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inkmint.cli.hands import (
    any_hand,
    colour_options,
    hand_option,
    height_option,
    model_option,
    replaced_in_words,
)
from inkmint.cli.options import json_option
from inkmint.errors import SettingsError, did_you_mean

if TYPE_CHECKING:
    from inkmint.models import Generator


@click.command()
@click.argument("digits", nargs=-1, required=True, metavar="DIGIT...")
@model_option
@hand_option
@click.option(
    "--to-hand",
    type=click.IntRange(min=0),
    metavar="SEED",
    help="End in this hand: with a single digit, only the style changes.",
)
@click.option(
    "--frames",
    type=click.IntRange(min=1, max=500),
    default=24,
    show_default=True,
    help="From one digit to the next.",
)
@height_option
@colour_options
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("morph.gif"),
    show_default=True,
    metavar="FILE.gif|FILE.png",
    help="A film that goes there and back, or a strip of its frames.",
)
@json_option
def morph(
    digits: tuple[str, ...],
    model: str,
    hand: int | None,
    to_hand: int | None,
    frames: int,
    height: int,
    ink_colour: str,
    paper_colour: str,
    output: Path,
    as_json: bool,
) -> None:
    """Let one DIGIT become the next in one hand, or a digit of one hand that of another.

    \b
    inkmint morph 3 8
    inkmint morph 0 1 2 3 4 5 6 7 8 9 --hand 3 -o digits.gif
    inkmint morph 5 --hand 1 --to-hand 2 --frames 8 -o styles.png

    Every frame is drawn by the generator: nothing is faded.
    """  # noqa: D301 - click reads the character \b
    from inkmint.data.sheet import save_png
    from inkmint.models import Generator
    from inkmint.writing.colours import coloured
    from inkmint.writing.frames import frame_covers, save_gif, strip
    from inkmint.writing.hand import Hand
    from inkmint.writing.morph import morph as morph_images
    from inkmint.writing.morph import stops_of

    suffix = output.suffix.lower()
    if suffix not in (".gif", ".png"):
        raise SettingsError(
            f"A morph cannot be written as {output.name!r}; give a name ending in .gif or .png."
        )
    if len(digits) < 2 and to_hand is None:
        raise SettingsError(
            f"The digit {digits[0]} alone changes into nothing; name another one, or --to-hand."
        )
    generator = Generator.from_pretrained(model)
    labels = [_label(generator, name) for name in digits]
    seed_of_hand = any_hand(hand)
    to = None if to_hand is None else Hand.draw(generator, to_hand)
    stops = stops_of(labels, Hand.draw(generator, seed_of_hand), to)
    covers = frame_covers(morph_images(generator, stops, frames), height)
    existed = output.exists()
    if suffix == ".gif":
        stopped = set(range(0, len(covers), frames))
        save_gif(covers, output, stopped, ink_colour=ink_colour, paper_colour=paper_colour)
    else:
        save_png(coloured(strip(covers), ink_colour, paper_colour), output)
    if as_json:
        record = {
            "output": str(output),
            "replaced": existed,
            "digits": list(digits),
            "hand": seed_of_hand,
            "to_hand": to_hand,
            "frames": len(covers),
            "model": generator.name,
            "weights_sha256": generator.weights_sha256,
        }
        click.echo(json.dumps(record, indent=2))
        return
    hands = f"hand {seed_of_hand}" if to_hand is None else f"hands {seed_of_hand} to {to_hand}"
    click.echo(
        f"{output}: {len(covers)} frames of {' '.join(digits)} in {hands} by {generator.name}."
        f"{replaced_in_words(output, existed)}"
    )


def _label(generator: "Generator", name: str) -> int:
    names = generator.class_names
    if name not in names:
        raise SettingsError(
            f"The generator {generator.name!r} draws no {name!r}{did_you_mean(name, names)}; choose of "
            f"{', '.join(names[:20])}."
        )
    return names.index(name)
