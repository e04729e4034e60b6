"""What tells one person's digits from another's: how they lean, how broad the pen is, how wide they are, how clear.

Shape suffixes: N images, H height, W width, T traits.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TRAITS = ("lean", "pen", "width", "smudge")
"""The traits by name, in the order of the last dimension T."""

_DRAWN = 0.4  # of the brightest: from here on a pixel belongs to the ink


def extents_of(drawn_NHW: NDArray[np.bool_], axis: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first row (axis 1) or column (axis 2) of ink, and the first behind the last one, (N,) and (N,).

    Without any ink, all of the picture.
    """
    along: NDArray[np.bool_] = np.asarray(drawn_NHW.any(axis=3 - axis))
    return along.argmax(axis=1), along.shape[1] - along[:, ::-1].argmax(axis=1)


def extent_of(drawn_HW: NDArray[np.bool_]) -> tuple[tuple[int, int], tuple[int, int]]:
    """The rows and the columns of the ink of one picture, each from the first to the first behind the last one."""
    (top, bottom), (left, right) = (extents_of(drawn_HW[None], axis) for axis in (1, 2))
    return (int(top[0]), int(bottom[0])), (int(left[0]), int(right[0]))


def measure_traits(images_NHW: NDArray[np.uint8]) -> Floats:
    """How each digit is written, (N, T).

    - `lean`: columns to the right for each row upwards, 0 for upright; by second moments, the sum of `x y` by that of
      `y y` around the centre of mass.
    - `pen`: mean width of strokes by the height of the digit. A stroke has its length times its width as its area,
      and twice its length as its outline; the outline is the sum of |gradient|, which needs no threshold.
    - `width`: of the ink by its height.
    - `smudge`: the sum of `4 v (1 - v)` by the outline, v being the brightness: least where greys are but the edges of
      strokes, more where strokes are faint or run into each other.

    Args:
        images_NHW: uint8 (N, H, W), ink bright on dark, each with some ink.
    """
    ink_NHW = images_NHW / 255.0
    area_N = ink_NHW.sum(axis=(1, 2)).clip(1e-6)
    rows, columns = np.ogrid[: ink_NHW.shape[1], : ink_NHW.shape[2]]
    down_NH1 = rows - _mean(ink_NHW, rows, area_N)
    right_N1W = columns - _mean(ink_NHW, columns, area_N)
    upright_N = (ink_NHW * down_NH1**2).sum(axis=(1, 2)).clip(1e-6)
    lean_N = -(ink_NHW * down_NH1 * right_N1W).sum(axis=(1, 2)) / upright_N
    steps = np.diff(ink_NHW, axis=1)[:, :, :-1], np.diff(ink_NHW, axis=2)[:, :-1]
    outline_N = np.hypot(*steps).sum(axis=(1, 2)).clip(1e-6)
    (top, bottom), (left, right) = (extents_of(ink_NHW > _DRAWN, axis) for axis in (1, 2))
    height_N = (bottom - top).astype(float)
    pen_N = 2 * area_N / outline_N / height_N
    smudge_N = (4 * ink_NHW * (1 - ink_NHW)).sum(axis=(1, 2)) / outline_N
    return np.stack([lean_N, pen_N, (right - left) / height_N, smudge_N], axis=1)


def _mean(ink_NHW: Floats, places: NDArray[np.int64], area_N: Floats) -> Floats:
    """Where the ink's centre of mass is along an axis, (N, 1, 1)."""
    mean_N: Floats = (ink_NHW * places).sum(axis=(1, 2)) / area_N
    return mean_N[:, None, None]
