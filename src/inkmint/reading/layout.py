"""The order of reading: lines from the top, boxes from the left, and gaps that part two numbers."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from inkmint.reading.segment import Box

_SAME_LINE = 0.4  # of the lower of two neighbours, beside each other
_GAP_HEIGHTS = 1.2


def in_lines(boxes: Sequence[Box]) -> list[list[int]]:
    """The order in which boxes are read: for each line, from the top, the indices of its boxes from the left.

    A line may climb: each box is held against the one before it.
    """
    lines: list[list[int]] = []
    for index in sorted(range(len(boxes)), key=lambda index: boxes[index].left):
        shares = [_beside(boxes[line[-1]], boxes[index]) for line in lines]
        best = max(range(len(lines)), key=shares.__getitem__, default=-1)
        if best >= 0 and shares[best] >= _SAME_LINE:
            lines[best].append(index)
        else:
            lines.append([index])
    return sorted(lines, key=lambda line: median(boxes[index].top + boxes[index].bottom for index in line))


def _beside(one: Box, other: Box) -> float:
    """How far two boxes overlap in height, as a share of the lower one."""
    return (min(one.bottom, other.bottom) - max(one.top, other.top)) / min(one.height, other.height)


def parted(boxes: Sequence[Box]) -> list[bool]:
    """For each box of a line, whether a gap before it begins another number; never for the first."""
    if not boxes:
        return []
    usual = median(box.height for box in boxes)
    gaps = [after.left - before.right for before, after in pairwise(boxes)]
    return [False, *(gap > _GAP_HEIGHTS * usual for gap in gaps)]
