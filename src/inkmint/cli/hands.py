"""What `write`, `morph` and `sample --text` share: hands, pens and colours."""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

_HANDS_TO_CHOOSE_FROM = 10_000

model_option = click.option(
    "--model",
    default="house",
    show_default=True,
    metavar="MODEL",
    help="Draws the digits: a run folder, a saved generator, or the name of one that comes with inkmint.",
)
hand_option = click.option(
    "--hand",
    type=click.IntRange(min=0),
    metavar="SEED",
    show_default="a new one, which is told",
    help="The same number is the same person's writing.",
)
height_option = click.option(
    "--height",
    type=click.IntRange(min=12, max=1000),
    default=64,
    show_default=True,
    metavar="PX",
    help="Of a digit.",
)
_INK = click.option(
    "--ink-colour", default="#1c2541", show_default=True, metavar="COLOUR", help="A name or #rrggbb."
)
_PAPER = click.option(
    "--paper-colour", default="white", show_default=True, metavar="COLOUR", help="A name or #rrggbb."
)


def colour_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The colours of ink and paper."""
    return _INK(_PAPER(command))


def any_hand(hand: int | None) -> int:
    """The hand that was asked for, or one that comes up."""
    return secrets.randbelow(_HANDS_TO_CHOOSE_FROM) if hand is None else hand


def replaced_in_words(path: Path, existed: bool) -> str:
    """What to tell of an earlier file, to follow what was written."""
    return f" An earlier {path.name} was replaced." if existed else ""
