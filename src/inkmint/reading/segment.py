"""From drawn pixels to places that may be digits: connected parts, joined where a digit is broken.

Shape suffixes: H height, W width.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import label, regionprops

from inkmint.reading.ink import Floats, Ink

MOST_PARTS = 2000
"""Connected parts of more than a speck; a page with more of them is a texture."""

_SPECK_SHARE = 0.008  # of the longer side of the page
_LEAST_SPECK_PX = 4
_CRUMB_SHARE = 0.2  # of the height that is usual on the page
_EDGE_SHARE = 0.08  # of its size
_SHADOW = 0.6  # of the strength within
_FAINT_SHARE = 0.4  # of the strongest ink on the page: what shows through, ruling, shadows
_FRINGE_PX = 2  # of faint ink around what is drawn
_PART_OF_SIZE = 0.5
_LINE_ASPECT = 4.0
_HIGHEST, _WIDEST = 1.35, 1.3  # of a usual digit
_LINKED_HIGHEST = 1.1
_WHOLE_SHARE = 0.75  # of the height of both: a part that is higher is a digit by itself
_CLOSE, _CLOSE_STACKED = 0.06, 0.2  # of the height


class Box(NamedTuple):
    """A rectangle of pixels; `right` and `bottom` are the first outside of it."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """In pixels."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """In pixels."""
        return self.bottom - self.top

    @property
    def longest(self) -> int:
        """The longer side in pixels."""
        return max(self.width, self.height)

    def joined(self, other: "Box") -> "Box":
        """The smallest box around both."""
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def scaled(self, factor: float) -> "Box":
        """The same place in a picture that is so many times as large."""
        return Box(*(round(factor * edge) for edge in self))


@dataclass(frozen=True, eq=False)
class Place:
    """What may be a digit.

    Attributes:
        box: Where it is on the page.
        ink: Its own ink alone, float32 from 0 for paper to 1 for its usual ink, with paper around it.
    """

    box: Box
    ink: Floats


@dataclass(eq=False)
class _Part:
    box: Box
    area: int
    strength: float
    link: int
    numbers: list[int] = field(default_factory=list)

    def join(self, other: "_Part") -> None:
        self.box, self.area = self.box.joined(other.box), self.area + other.area
        self.numbers += other.numbers


def find_places(ink: Ink) -> list[Place]:
    """The places of a page that may hold a digit, in no order; none if the page is a texture."""
    labels_HW = label(ink.drawn, connectivity=2)
    links_HW = label(ink.linked, connectivity=2)
    least_px = max(_LEAST_SPECK_PX, _SPECK_SHARE * max(ink.drawn.shape))
    parts = [
        _Part(
            Box(region.bbox[1], region.bbox[0], region.bbox[3], region.bbox[2]),
            int(region.area),
            float(np.median(region.image_intensity[region.image])),
            int(links_HW[tuple(region.coords[0])]),
            [region.label],
        )
        for region in regionprops(labels_HW, ink.contrast)
        if max(region.bbox[2] - region.bbox[0], region.bbox[3] - region.bbox[1]) >= least_px
    ]
    if not 0 < len(parts) <= MOST_PARTS:
        return []
    strongest = max(part.strength for part in parts)
    parts = [part for part in parts if part.strength >= _FAINT_SHARE * strongest]
    usual_px = _usual_size(_linked_boxes(parts))
    parts = _joined([part for part in parts if part.box.longest >= _CRUMB_SHARE / 2 * usual_px], usual_px)
    return [
        Place(part.box, _own_ink(part, labels_HW, ink.contrast))
        for part in parts
        if part.box.longest >= _CRUMB_SHARE * usual_px and not _is_shadow(part, labels_HW, ink.contrast)
    ]


def _linked_boxes(parts: list[_Part]) -> list[Box]:
    """The boxes of parts, those that faint ink links in one."""
    boxes: dict[int, Box] = {}
    for part in parts:
        boxes[part.link] = boxes.get(part.link, part.box).joined(part.box)
    return list(boxes.values())


def _usual_size(boxes: list[Box]) -> float:
    """Height of most of what is no line and no speck, in pixels."""
    heights = np.array([box.height for box in boxes if box.width <= _LINE_ASPECT * box.height] or [1])
    return float(np.median(heights[heights >= _PART_OF_SIZE * np.percentile(heights, 90)]))


def _joined(parts: list[_Part], usual_px: float) -> list[_Part]:
    """Join the parts of one digit, the largest first."""
    whole: list[_Part] = []
    for part in sorted(parts, key=lambda part: -part.area):
        home = next((other for other in whole if _belong(other, part, usual_px)), None)
        if home is None:
            whole.append(part)
        else:
            home.join(part)
    return whole


def _belong(large: _Part, small: _Part, usual_px: float) -> bool:
    """Whether the smaller part is a piece of the larger one.

    It is if faint ink links them to what has the size of a digit; if it lies mostly within its box; or if it is
    close, not as high as both together, and both together are no larger than one digit. Above and below, as for the
    bar of a 5, a crumb may lie further off than beside.
    """
    one, other = large.box, small.box
    both = one.joined(other)
    if max(one.width, other.width) > _LINE_ASPECT * usual_px:
        return False
    if large.link == small.link and both.height <= _LINKED_HIGHEST * usual_px and both.width <= both.height:
        return True
    across = min(one.right, other.right) - max(one.left, other.left)
    along = min(one.bottom, other.bottom) - max(one.top, other.top)
    if across > 0 and along > 0 and across * along > _PART_OF_SIZE * other.width * other.height:
        return True
    height = max(one.height, usual_px)
    one_digit = both.height <= _HIGHEST * height and both.width <= _WIDEST * max(both.height, height)
    if not one_digit or min(one.height, other.height) > _WHOLE_SHARE * both.height:
        return False
    stacked = (
        across >= _PART_OF_SIZE * min(one.width, other.width) and small.area < _PART_OF_SIZE * large.area
    )
    return -across <= _CLOSE * height and -along <= (_CLOSE_STACKED if stacked else _CLOSE) * height


def _own_ink(part: _Part, labels_HW: NDArray[Any], contrast_HW: Floats) -> Floats:
    own, free, contrast = _around(part, labels_HW, contrast_HW, _FRINGE_PX)
    near = ndimage.binary_dilation(own, iterations=_FRINGE_PX) & (own | free)
    strength = max(float(np.median(contrast[own])), 1e-3)
    ink: Floats = np.pad((contrast * near / strength).clip(0, 1), 1)
    return ink


def _is_shadow(part: _Part, labels_HW: NDArray[Any], contrast_HW: Floats) -> bool:
    """Whether it has no edge: a little outside of it is nearly as dark as within."""
    reach = max(_FRINGE_PX, round(_EDGE_SHARE * part.box.longest))
    own, free, contrast = _around(part, labels_HW, contrast_HW, reach)
    outside = ndimage.distance_transform_edt(~own) > reach - 1
    outside &= ndimage.binary_dilation(own, iterations=reach) & free
    return bool(outside.any()) and float(np.median(contrast[outside])) > _SHADOW * part.strength


def _around(
    part: _Part, labels_HW: NDArray[Any], contrast_HW: Floats, reach: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], Floats]:
    """Its own pixels, those of no part, and the contrast, in its box and so many pixels around."""
    left, top = max(0, part.box.left - reach), max(0, part.box.top - reach)
    window = np.s_[top : part.box.bottom + reach, left : part.box.right + reach]
    labels = labels_HW[window]
    return np.isin(labels, part.numbers), labels == 0, contrast_HW[window]


def merged(places: Sequence[Place]) -> Place:
    """One place that holds the ink of all of them; there is at least one."""
    box = places[0].box
    for place in places[1:]:
        box = box.joined(place.box)
    corners_N2 = np.array([place.box[1::-1] for place in places]) - [_first_drawn(place) for place in places]
    starts_N2 = corners_N2 - corners_N2.min(axis=0)
    ink = np.zeros((starts_N2 + [place.ink.shape for place in places]).max(axis=0), np.float32)
    for (row, column), place in zip(starts_N2.tolist(), places, strict=True):
        window = ink[row : row + place.ink.shape[0], column : column + place.ink.shape[1]]
        np.maximum(window, place.ink, out=window)
    return Place(box, ink)


def _first_drawn(place: Place) -> tuple[int, int]:
    """Row and column of its picture where its box begins."""
    drawn = place.ink > _PART_OF_SIZE
    return int(np.flatnonzero(drawn.any(axis=1))[0]), int(np.flatnonzero(drawn.any(axis=0))[0])


def split(place: Place, num_pieces: int) -> list[Place]:
    """Cut what is wide into pieces side by side, where there is least ink near equal shares.

    Returns:
        The pieces that hold ink, from left to right; fewer than `num_pieces` if it cannot be cut so.
    """
    edge = _first_drawn(place)
    columns = place.ink.sum(axis=0)
    width = len(columns)
    reach = max(1, round(width / num_pieces / 4))
    cuts = [0]
    for number in range(1, num_pieces):
        middle = round(width * number / num_pieces)
        first = max(cuts[-1] + 1, middle - reach)
        cuts.append(first + int(np.argmin(columns[first : middle + reach + 1])))
    cuts.append(width)
    pieces = []
    for first, last in pairwise(cuts):
        ink = place.ink[:, first:last]
        rows, own = np.flatnonzero((ink > 0.5).any(axis=1)), np.flatnonzero((ink > 0.5).any(axis=0))
        if len(rows) and len(own):
            left, top = place.box.left + first - edge[1], place.box.top - edge[0]
            box = Box(
                left + int(own[0]), top + int(rows[0]), left + int(own[-1]) + 1, top + int(rows[-1]) + 1
            )
            pieces.append(Place(box, np.pad(ink[rows[0] : rows[-1] + 1, own[0] : own[-1] + 1], 1)))
    return pieces
