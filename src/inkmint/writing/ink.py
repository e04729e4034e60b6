"""Ink at any size: smooth outlines from 28x28 pixels, and round pen strokes.

A patch is how much of each pixel ink covers, with the place in it where the pen begins. Shape suffixes: H height,
W width, P points.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.special import logit

from inkmint.writing.signs import Stroke
from inkmint.writing.traits import extent_of

Floats = NDArray[np.float64]
Cover = NDArray[np.uint8]

DRAWN = 127
"""How much of 255 a pixel is covered at most that does not count as ink."""

_NEARBY_PX = 5
_FAINTEST, _BRIGHTEST = 0.17, 0.65  # of full ink, between which lies the brightness of an outline
_SMOOTH_PX = 1.0  # of that brightness
_LEAST_SHARE = 0.03  # of ink; its logit is taken
_ROUND_PX = 0.5  # of the small image: takes off the steps of its pixels
_SLOPE = 0.25  # the least change of logits within a small pixel at an edge, where the width of the edge is computed
_MARGIN_PX = 2


@dataclass(frozen=True, eq=False)
class Patch:
    """A piece of ink.

    Attributes:
        cover_HW: uint8 (H, W), 255 where ink covers a pixel wholly.
        baseline: Row on which digits stand: the first below their ink.
        left: Where its ink begins along the baseline in columns, if it is set upright.
        right: And where it ends.
    """

    cover_HW: Cover
    baseline: int
    left: float
    right: float


def outlined(image_HW: NDArray[np.uint8]) -> Floats:
    """A 28x28 image as a field whose level 0 is the outline of its ink, above 0 within.

    The outline is half-way between the brightest and the darkest pixel nearby, so that faint strokes are kept and
    small holes are not filled. The field is the logit of the brightness less that of the outline: near an edge
    it changes nearly as the distance from it does, so that curves through it are smooth, while greys themselves
    would show the steps of the pixels.

    Args:
        image_HW: uint8 (28, 28), ink bright on dark.
    """
    ink_HW = image_HW / 255.0
    middle_HW = (ndimage.maximum_filter(ink_HW, _NEARBY_PX) + ndimage.minimum_filter(ink_HW, _NEARBY_PX)) / 2
    outline_HW = ndimage.gaussian_filter(middle_HW.clip(_FAINTEST, _BRIGHTEST), _SMOOTH_PX)
    logit_HW = logit(ink_HW.clip(_LEAST_SHARE, 1 - _LEAST_SHARE)) - logit(outline_HW)
    field_HW: Floats = ndimage.gaussian_filter(logit_HW, _ROUND_PX)
    return field_HW


def enlarged(
    field_HW: Floats, scale: float, shape: tuple[int, int], first: tuple[float, float], turn: float = 0.0
) -> Cover:
    """The ink of a field at another size, with edges as sharp as the pixels allow, uint8 (H, W).

    Cubic splines give the field between its pixels; an edge is where it passes 0, and as wide as a pixel.

    Args:
        field_HW: As `outlined` gives it.
        scale: Pixels for one of the field.
        shape: H and W.
        first: Row and column of the field at the first pixel.
        turn: Angle in radians by which the ink is turned to the left, about the field's middle.
    """
    cosine, sine = np.cos(turn) / scale, np.sin(turn) / scale
    matrix = np.array([[cosine, sine], [-sine, cosine]])
    middle = (np.array(field_HW.shape) - 1) / 2
    offset = middle + matrix @ (scale * (np.array(first) - middle))
    large_HW = ndimage.affine_transform(field_HW, matrix, offset, shape, order=3, mode="nearest")
    slope_HW = np.hypot(*np.gradient(large_HW)).clip(_SLOPE / scale)
    return _covered(large_HW / slope_HW)


def glyph_patch(image_HW: NDArray[np.uint8], height_px: float, lean: float, turn: float = 0.0) -> Patch:
    """A digit whose ink is so many pixels high.

    Args:
        image_HW: uint8 (28, 28), ink bright on dark.
        height_px: Of the ink, before it is turned.
        lean: Of the hand, columns to the right for each row upwards.
        turn: Angle in radians by which it is turned to the left.
    """
    field_HW = outlined(image_HW)
    (top, bottom), (left, right) = extent_of(field_HW > 0)
    scale = height_px / (bottom - top)
    margin = _MARGIN_PX + 0.1 * height_px
    before = (0.5 - margin) / scale - 0.5
    rows, columns = (
        round((end - start) * scale + 2 * margin) for start, end in ((top, bottom), (left, right))
    )
    cover_HW = enlarged(field_HW, scale, (rows, columns), (top + before, left + before), turn)
    (_, baseline), _ = extent_of(cover_HW > DRAWN)
    return _patch(cover_HW, baseline, lean)


def stroke_patch(strokes: Sequence[Stroke], height_px: float, pen_px: float, lean: float) -> Patch:
    """Strokes of a round pen.

    Args:
        strokes: In heights of a digit, y up from the baseline.
        height_px: Of a digit.
        pen_px: Width of the pen.
        lean: As in `glyph_patch`.
    """
    lines = [stroke * (height_px, -height_px) for stroke in strokes]
    points = np.concatenate(lines)
    margin = pen_px / 2 + _MARGIN_PX
    low, high = np.floor(points.min(axis=0) - margin), np.ceil(points.max(axis=0) + margin)
    rows, columns = np.mgrid[low[1] : high[1], low[0] : high[0]] + 0.5
    distance_HW = np.min([_distance(columns, rows, line) for line in lines], axis=0)
    return _patch(_covered(pen_px / 2 - distance_HW), -round(low[1]), lean)


def _distance(columns: Floats, rows: Floats, line: Stroke) -> Floats:
    """From each pixel to the nearest of the straight pieces of a line, (H, W)."""
    best_HW = np.full(columns.shape, np.inf)
    for (x, y), (along_x, along_y) in zip(line[:-1], np.diff(line, axis=0), strict=True):
        length = max(along_x**2 + along_y**2, 1e-12)
        share_HW = (((columns - x) * along_x + (rows - y) * along_y) / length).clip(0, 1)
        distance_HW = np.hypot(columns - x - share_HW * along_x, rows - y - share_HW * along_y)
        best_HW = np.minimum(best_HW, distance_HW)
    return best_HW


def _covered(inside_HW: Floats) -> Cover:
    """How much ink covers pixels whose centres lie so many pixels inside of its edge, uint8 (H, W)."""
    cover_HW: Cover = np.rint(255 * (0.5 + inside_HW).clip(0, 1)).astype(np.uint8)
    return cover_HW


def _patch(cover_HW: Cover, baseline: int, lean: float) -> Patch:
    rows, columns = np.nonzero(cover_HW > DRAWN)
    if not len(rows):
        return Patch(cover_HW, baseline, 0.0, float(cover_HW.shape[1]))
    upright = columns - lean * (baseline - rows)
    return Patch(cover_HW, baseline, float(upright.min()), float(upright.max()) + 1)
