"""Shapes that are no digit whatever a recogniser makes of them: lines, blots, frames and filled boxes.

Shape suffixes: H height, W width.
"""

from typing import Literal

import numpy as np
from scipy import ndimage

from inkmint.reading.segment import Place

Shape = Literal["", "line", "blot"]

_MOST_FLAT = 2.0  # width by height: the widest of MNIST's digits stays below 1.7
_MOST_THIN = 40.0  # height by width: a ruled margin
_LEAST_UPRIGHT_DEG = 35.0
_LINE_SPREAD = 0.03  # of the second moments: narrower than any written curve
_MOST_FILLED = 0.85  # of its box
_THICKEST_SHARE = 0.6  # of the longer side: the widest disk that fits into the ink


def shape_of(place: Place) -> Shape:
    """Tell what cannot be a digit: a `line` that lies flat or is hair-thin, a `blot` that fills its box; else empty.

    An upright stroke is left to be read, for that is how a one is written.
    """
    box = place.box
    if box.width > _MOST_FLAT * box.height or box.height > _MOST_THIN * box.width:
        return "line"
    drawn_HW = place.ink > 0.5
    rows, columns = np.nonzero(drawn_HW)
    if len(rows) < 2:
        return "line"
    spread, directions = np.linalg.eigh(np.cov(rows, columns))
    rise, run = np.abs(directions[:, 1])
    if spread[0] < _LINE_SPREAD * spread[1] and np.degrees(np.arctan2(rise, run)) < _LEAST_UPRIGHT_DEG:
        return "line"
    filled = len(rows) / (box.width * box.height)
    thickest = 2 * float(ndimage.distance_transform_edt(drawn_HW).max())
    stout = box.height < 2.5 * box.width
    if stout and (filled > _MOST_FILLED or thickest > _THICKEST_SHARE * box.longest):
        return "blot"
    return ""
