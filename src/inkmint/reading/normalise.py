"""Ink as MNIST has it: 20 pixels long, strokes neither hair-thin nor blots, its centre of mass in the middle of 28x28.

Shape suffixes: H height, W width.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.morphology import skeletonize

from inkmint.data.arrays import IMAGE_SIZE

LONGEST_PX = 20.0
MIDDLE_PX = 14.0
THINNEST_PX = 1.8
"""What strokes are thickened to: one in twenty of MNIST's digits has thinner ones."""

_HALF = 0.5
_ENOUGH_PX = 500  # of a digit's longer side; one of twice as many is reduced first, which saves many seconds


def normalise(ink_HW: NDArray[Any], *, deskew: bool = True) -> NDArray[np.uint8]:
    """Lay one digit into 28x28 pixels in MNIST's way.

    Args:
        ink_HW: Of this digit alone, floats from 0 for paper to 1 for ink, with paper around it; some is above one half.
        deskew: Whether to set it upright by its moments.

    Returns:
        uint8 (28, 28), ink bright on dark.
    """
    ink = _small_enough(np.asarray(ink_HW, dtype=np.float32))
    scale = LONGEST_PX / _longest(ink)
    ink = _thickened(ink, scale)
    scale = LONGEST_PX / _longest(ink)
    pad = int(np.ceil(1 / scale)) + 1
    ink = np.pad(ink, pad)
    if scale < 1:
        ink = ndimage.gaussian_filter(ink, (1 / scale - 1) / 2)
    rows, columns = np.arange(ink.shape[0]), np.arange(ink.shape[1])
    mass = float(ink.sum())
    row, column = float(ink.sum(1) @ rows) / mass, float(ink.sum(0) @ columns) / mass
    slant = _slant(ink, row, column) if deskew else 0.0
    matrix = np.array([[1 / scale, 0], [slant / scale, 1 / scale]])
    offset = np.array([row, column]) - matrix @ np.array([MIDDLE_PX, MIDDLE_PX])
    image = ndimage.affine_transform(ink, matrix, offset, (IMAGE_SIZE, IMAGE_SIZE), order=1)
    shade = 255 / max(float(image.max()), 1e-6)
    laid: NDArray[np.uint8] = np.rint(shade * image).clip(0, 255).astype(np.uint8)
    return laid


def _longest(ink: NDArray[np.float32]) -> float:
    drawn = ink > _HALF
    lengths = [np.ptp(np.flatnonzero(drawn.any(axis))) + 1 for axis in (0, 1)]
    return float(max(lengths))


def stroke_width(drawn: NDArray[np.bool_]) -> float:
    """Mean width of strokes in pixels: their area by the length of their middle lines."""
    return float(drawn.sum() / max(1, skeletonize(np.pad(drawn, 1)).sum()))


def _small_enough(ink: NDArray[np.float32]) -> NDArray[np.float32]:
    """The ink of a huge digit with fewer pixels, each as dark as the darkest that it stands for; else itself."""
    factor = int(_longest(ink) // _ENOUGH_PX)
    if factor < 2:
        return ink
    padded = np.pad(ink, [(0, -size % factor) for size in ink.shape])
    blocks = padded.reshape(padded.shape[0] // factor, factor, padded.shape[1] // factor, factor)
    return np.pad(blocks.max(axis=(1, 3)), 1)


def _thickened(ink: NDArray[np.float32], scale: float) -> NDArray[np.float32]:
    lacking_px = (THINNEST_PX / scale - stroke_width(ink > _HALF)) / 2
    radius = round(lacking_px)
    return ink if radius < 1 else _dilated(np.pad(ink, radius), radius)


def _dilated(ink: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    """The highest value within a disk around each pixel, row by row of the disk: a wide one has very many pixels."""
    thick, height = ink.copy(), len(ink)
    for row in range(min(radius, height - 1) + 1):
        half = math.isqrt(radius**2 - row**2)
        wide = ndimage.maximum_filter1d(ink, 2 * half + 1, axis=1, mode="constant")
        for below, above in ((thick[row:], wide[: height - row]), (thick[: height - row], wide[row:])):
            np.maximum(below, above, out=below)
    return thick


def _slant(ink: NDArray[np.float32], row: float, column: float) -> float:
    """Columns per row by which the ink leans."""
    rows = np.arange(ink.shape[0])[:, None] - row
    columns = np.arange(ink.shape[1])[None, :] - column
    spread = float((ink * rows**2).sum())
    return float((ink * rows * columns).sum()) / spread if spread > 0 else 0.0
