"""Ink on paper, or on nothing: from how much ink covers a pixel to its colour.

Shape suffixes: H height, W width.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor

from inkmint.errors import SettingsError

INK_COLOUR, PAPER_COLOUR = "#1c2541", "white"


def palette(ink_colour: str, paper_colour: str) -> NDArray[np.uint8]:
    """The colour for each amount of ink, uint8 (256, 3): paper first, ink last.

    Raises:
        SettingsError: There is no such colour.
    """
    paper, ink = (np.array(parse_colour(name), float) for name in (paper_colour, ink_colour))
    colours: NDArray[np.uint8] = np.rint(np.linspace(paper, ink, 256)).astype(np.uint8)
    return colours


def coloured(
    cover_HW: NDArray[np.uint8], ink_colour: str, paper_colour: str, *, transparent: bool = False
) -> Image.Image:
    """A picture of ink, RGB, or RGBA if it is transparent.

    Args:
        cover_HW: uint8 (H, W), 255 where ink covers a pixel wholly.
        ink_colour: A name or #rrggbb.
        paper_colour: Likewise.
        transparent: Whether to leave the paper out: the ink's colour everywhere, opaque as far as there is ink.

    Raises:
        SettingsError: There is no such colour.
    """
    if not transparent:
        return Image.fromarray(palette(ink_colour, paper_colour)[cover_HW])
    picture = Image.new("RGBA", cover_HW.shape[::-1], parse_colour(ink_colour))
    picture.putalpha(Image.fromarray(cover_HW))
    return picture


def parse_colour(name: str) -> tuple[int, int, int]:
    """Red, green and blue, each in 0..255, of a colour's name or #rrggbb.

    Raises:
        SettingsError: There is no such colour.
    """
    try:
        red, green, blue, *_ = ImageColor.getrgb(name)
    except ValueError as error:
        raise SettingsError(f"{name!r} is no colour; write a name such as navy, or #1c2541.") from error
    return red, green, blue
