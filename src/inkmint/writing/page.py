"""Text in one hand: glyphs side by side on lines.

Shape suffixes: H height, W width.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inkmint.errors import SettingsError
from inkmint.reading.segment import Box
from inkmint.runtime import seed_of
from inkmint.writing.colours import INK_COLOUR, PAPER_COLOUR, coloured
from inkmint.writing.hand import VARIATION, Hand
from inkmint.writing.ink import DRAWN, Patch, glyph_patch, stroke_patch
from inkmint.writing.signs import SIGNS, strokes_of
from inkmint.writing.traits import extent_of

HEIGHT_PX = 64
MOST_PIXELS = 50_000_000

_PAGE = 0  # stream of random numbers, beside those of the hand
_BLANK = " "

# In heights of a digit:
_GAP, _GAP_SPREAD = 0.2, 0.03
_BLANK_WIDTH = 0.55
_LINE_HEIGHT = 1.75
_MARGIN = 0.6
_HEIGHT_SPREAD = 0.025
_DRIFT, _DRIFT_KEPT = 0.015, 0.7  # of the baseline, from glyph to glyph

_TURN_RAD = 0.02
_LARGEST = 2.0  # of these deviations, in standard ones: none may make two glyphs touch
_PRESSURE_CELL, _LEAST_PRESSURE = 0.4, 0.86


@dataclass(frozen=True)
class Glyph:
    """One character on the page.

    Attributes:
        character: It.
        is_digit: Whether the generator drew it as one of its classes; else it is a sign.
        line: From 1.
        box: Of its ink, in pixels.
    """

    character: str
    is_digit: bool
    line: int
    box: Box

    def record(self) -> dict[str, Any]:
        """For JSON; `digit` and `box` are as `inkmint read --json` has them."""
        digit = self.character if self.is_digit else None
        return {"character": self.character, "digit": digit, "line": self.line, "box": self.box._asdict()}


@dataclass(frozen=True, eq=False)
class Page:
    """Written text.

    Attributes:
        cover_HW: uint8 (H, W), 255 where ink covers a pixel wholly and at its strongest.
        glyphs: In the order of the text, without blanks.
    """

    cover_HW: NDArray[np.uint8]
    glyphs: tuple[Glyph, ...]

    @property
    def digits(self) -> str:
        """The digits alone, line by line; a line without any is left out."""
        lines = groupby((glyph for glyph in self.glyphs if glyph.is_digit), lambda glyph: glyph.line)
        return "\n".join("".join(glyph.character for glyph in line) for _, line in lines)

    def picture(
        self,
        ink_colour: str = INK_COLOUR,
        paper_colour: str = PAPER_COLOUR,
        *,
        transparent: bool = False,
    ) -> Image.Image:
        """The page in colour, RGB, or RGBA if it is transparent; see `colours.coloured`."""
        return coloured(self.cover_HW, ink_colour, paper_colour, transparent=transparent)


@dataclass(frozen=True, eq=False)
class _Placed:
    """Ink and where its first pixel is, counted from the pen's first place on the page."""

    character: str
    is_digit: bool
    line: int
    patch: Patch
    row: int
    column: int

    def box(self, rows: int, columns: int) -> Box:
        """Of the ink alone, on a page whose corner is so far up and left."""
        (top, bottom), (left, right) = extent_of(self.patch.cover_HW > DRAWN)
        row, column = self.row - rows, self.column - columns
        return Box(column + left, row + top, column + right, row + bottom)


def write_page(
    hand: Hand, text: str, *, height_px: int = HEIGHT_PX, variation: float = VARIATION, seed: int = 0
) -> Page:
    """Write a text.

    Args:
        hand: Whose.
        text: Classes of the generator that are single characters, `SIGNS`, blanks and ends of lines.
        height_px: Of a digit.
        variation: As in `Hand.write`.
        seed: As in `Hand.write`; the place and size of each glyph follow it too.

    Raises:
        SettingsError: A character cannot be written, there is none, or the picture would be too large.
    """
    lines = _require_writable(hand, text, height_px)
    random = np.random.default_rng(seed_of(hand.seed, seed, _PAGE))
    characters = [character for line in lines for character in line if character != _BLANK]
    inks = _inks(hand, characters, height_px, variation, seed, random)
    placed = [
        glyph
        for number, line in enumerate(lines, 1)
        for glyph in _line(line, number, inks, height_px, random)
    ]
    return _page(placed, height_px, random)


def _require_writable(hand: Hand, text: str, height_px: int) -> list[str]:
    """The lines of a text, without blanks at their ends and without empty lines around it."""
    lines = [line.rstrip() for line in text.expandtabs(4).strip("\r\n").splitlines()]
    known = [name for name in hand.generator.class_names if len(name) == 1]
    for character in "".join(lines):
        if character not in (*known, *SIGNS, _BLANK):
            raise SettingsError(
                f"The character {character!r} cannot be written; write {''.join(known)}, blanks and the signs "
                f"{''.join(SIGNS)} alone."
            )
    if not any(lines):
        raise SettingsError("There is nothing to write; give a text with a digit or a sign.")
    width, height = max(map(len, lines)) * height_px, round(len(lines) * _LINE_HEIGHT * height_px)
    if width * height > MOST_PIXELS:
        raise SettingsError(
            f"The picture would have about {width:,} x {height:,} pixels; write less of the text at once, or write it "
            "smaller."
        )
    return lines


def _inks(
    hand: Hand,
    characters: Sequence[str],
    height_px: int,
    variation: float,
    seed: int,
    random: np.random.Generator,
) -> Iterator[tuple[bool, Patch]]:
    """Of each character whether it is a class of the generator's, which goes before a sign, and its ink."""
    names = hand.generator.class_names
    labels = [names.index(character) for character in characters if character in names]
    images = iter(hand.write(labels, variation=variation, seed=seed) if labels else ())
    for character in characters:
        size, turn = _little(random, _HEIGHT_SPREAD), _little(random, _TURN_RAD)
        if character in names:
            yield True, glyph_patch(next(images), (1 + size) * height_px, hand.lean, turn)
        else:
            strokes = strokes_of(character, hand.lean, random)
            yield False, stroke_patch(strokes, height_px, hand.pen * height_px, hand.lean)


def _line(
    line: str,
    number: int,
    inks: Iterator[tuple[bool, Patch]],
    height_px: int,
    random: np.random.Generator,
) -> Iterator[_Placed]:
    pen, drift, baseline = 0.0, 0.0, number * _LINE_HEIGHT * height_px
    for character in line:
        if character == _BLANK:
            pen += _BLANK_WIDTH * height_px
            continue
        is_digit, patch = next(inks)
        drift = _DRIFT_KEPT * drift + _little(random, _DRIFT) * height_px
        row, column = round(baseline + drift - patch.baseline), round(pen - patch.left)
        yield _Placed(character, is_digit, number, patch, row, column)
        pen = column + patch.right + (_GAP + _little(random, _GAP_SPREAD)) * height_px


def _page(placed: Sequence[_Placed], height_px: int, random: np.random.Generator) -> Page:
    """The ink of all glyphs on one page, with a margin around it."""
    margin = round(_MARGIN * height_px)
    boxes = [glyph.box(0, 0) for glyph in placed]
    top, left = (min(box[side] for box in boxes) - margin for side in (1, 0))
    bottom, right = (max(box[side] for box in boxes) + margin for side in (3, 2))
    cover_HW = np.zeros((bottom - top, right - left), np.uint8)
    for glyph in placed:
        height, width = glyph.patch.cover_HW.shape
        window = cover_HW[glyph.row - top :, glyph.column - left :][:height, :width]
        np.maximum(window, glyph.patch.cover_HW, out=window)
    cover_HW = np.rint(cover_HW * _pressure(bottom - top, right - left, height_px, random)).astype(np.uint8)
    glyphs = tuple(
        Glyph(glyph.character, glyph.is_digit, glyph.line, glyph.box(top, left)) for glyph in placed
    )
    return Page(cover_HW, glyphs)


def _pressure(height: int, width: int, height_px: int, random: np.random.Generator) -> NDArray[np.float32]:
    """How strong the ink is, which changes slowly over the page, float32 (H, W) up to 1."""
    cells = [max(2, round(side / (_PRESSURE_CELL * height_px))) for side in (height, width)]
    coarse = Image.fromarray(random.uniform(_LEAST_PRESSURE, 1, cells).astype(np.float32))
    return np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC)).clip(0, 1)


def _little(random: np.random.Generator, spread: float) -> float:
    return spread * float(np.clip(random.standard_normal(), -_LARGEST, _LARGEST))
