"""Signs that digit sets lack, as strokes of a pen: points joined by curves.

The unit is the height of a digit; x goes to the right from the sign's left edge, y up from the line that digits stand
on. Shape suffixes: P points.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Stroke = NDArray[np.float64]
"""Points that straight lines join, (P, 2), as x and y."""

_ROUNDS = 3
_TREMOR = 0.012

_DOT_LOW = ((0.02, 0.06), (0.05, 0.03))
_DOT_HIGH = ((0.03, 0.58), (0.06, 0.55))
_SIGNS: dict[str, tuple[tuple[tuple[float, float], ...], ...]] = {
    "-": (((0.0, 0.46), (0.2, 0.48), (0.42, 0.47)),),
    ".": (_DOT_LOW,),
    ",": (((0.06, 0.08), (0.08, 0.0), (0.05, -0.1), (-0.04, -0.2)),),
    ":": (_DOT_LOW, _DOT_HIGH),
    "/": (((0.0, -0.12), (0.17, 0.48), (0.36, 1.08)),),
    "+": (((0.0, 0.47), (0.26, 0.49), (0.52, 0.47)), ((0.26, 0.73), (0.25, 0.48), (0.26, 0.22))),
    "(": (((0.24, 1.12), (0.08, 0.9), (0.0, 0.5), (0.06, 0.08), (0.22, -0.16)),),
    ")": (((0.0, 1.12), (0.16, 0.9), (0.24, 0.5), (0.18, 0.08), (0.02, -0.16)),),
    "%": (
        (
            (0.22, 0.98),
            (0.06, 0.94),
            (0.0, 0.74),
            (0.1, 0.6),
            (0.24, 0.66),
            (0.28, 0.84),
            (0.2, 0.98),
        ),
        ((0.62, 1.0), (0.4, 0.5), (0.14, -0.02)),
        (
            (0.66, 0.4),
            (0.5, 0.36),
            (0.44, 0.18),
            (0.52, 0.02),
            (0.68, 0.08),
            (0.74, 0.26),
            (0.64, 0.4),
        ),
    ),
}

SIGNS = tuple(_SIGNS)
"""The signs that can be written."""


def strokes_of(sign: str, lean: float, random: np.random.Generator) -> list[Stroke]:
    """A sign as one writes it: leaning, and a little different each time.

    Args:
        sign: One of `SIGNS`.
        lean: To the right for each unit upwards.
        random: Draws the tremor.
    """
    return [_leaning(_curve(_trembling(points, random)), lean) for points in _SIGNS[sign]]


def _trembling(points: Sequence[tuple[float, float]], random: np.random.Generator) -> Stroke:
    return np.array(points) + _TREMOR * random.standard_normal((len(points), 2))


def _curve(points: Stroke) -> Stroke:
    """Corners cut again and again, which ends in a smooth curve between the same ends (Chaikin, 1974)."""
    for _ in range(_ROUNDS):
        inner = np.stack(
            [0.75 * points[:-1] + 0.25 * points[1:], 0.25 * points[:-1] + 0.75 * points[1:]], axis=1
        )
        points = np.concatenate([points[:1], inner.reshape(-1, 2), points[-1:]])
    return points


def _leaning(stroke: Stroke, lean: float) -> Stroke:
    leaning: Stroke = stroke @ np.array([[1.0, 0.0], [lean, 1.0]])
    return leaning
