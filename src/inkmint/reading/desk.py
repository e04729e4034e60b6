"""A sheet of paper photographed on a darker desk: the desk is painted over as if the paper went on.

Shape suffixes: H height, W width; h, w of a reduced copy.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import threshold_otsu
from skimage.measure import label, regionprops
from skimage.transform import resize

_REDUCED_PX = 256
_LEAST_PX = 200  # of the shorter side; a smaller picture shows a digit, not a desk
_LEAST_LEVELS = 40  # between paper and desk
_LEAST_SHARE = 0.2  # of the picture is paper
_LEAST_SOLID = 0.9  # of the paper's outline is convex
_LEAST_CLEAN = 0.75  # of it is not written on
_LEAST_STEP = 0.5  # of the gap lies at the edge; a shadow has none
_EDGE_PX = 3  # of the reduced copy, where paper and desk blend


def without_desk(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The page with what lies around a bright sheet replaced by the nearest paper; itself if it shows no such sheet.

    Args:
        grey: uint8 (H, W).
    """
    if min(grey.shape) < _LEAST_PX:
        return grey
    factor = min(1.0, _REDUCED_PX / max(grey.shape))
    small_hw = resize(
        grey.astype(np.float32), [max(1, round(factor * size)) for size in grey.shape], anti_aliasing=True
    )
    sheet_hw = _sheet(small_hw)
    if sheet_hw is None:
        return grey
    inner_hw = ndimage.binary_erosion(sheet_hw, iterations=_EDGE_PX, border_value=1)
    if inner_hw.all() or not inner_hw.any():
        return grey
    nearest = ndimage.distance_transform_edt(~inner_hw, return_distances=False, return_indices=True)
    paper_HW = resize(ndimage.median_filter(small_hw, 9)[tuple(nearest)], grey.shape, order=1)
    inner_HW = resize(inner_hw.astype(np.float32), grey.shape, order=1)
    page: NDArray[np.uint8] = np.where(inner_HW > 0.5, grey, np.rint(paper_HW)).astype(np.uint8)
    return page


def _sheet(small_hw: NDArray[np.float32]) -> NDArray[np.bool_] | None:
    """The largest bright region with what is written in it, if it looks like a sheet."""
    if np.ptp(small_hw) < _LEAST_LEVELS:
        return None
    bright_hw = small_hw > threshold_otsu(small_hw)
    gap = float(small_hw[bright_hw].mean() - small_hw[~bright_hw].mean())
    if gap < _LEAST_LEVELS:
        return None
    labels_hw = label(bright_hw, connectivity=1)
    region = max(regionprops(labels_hw), key=lambda region: float(region.area))
    is_sheet = (
        _LEAST_SHARE * small_hw.size <= region.area_filled < small_hw.size
        and region.area >= _LEAST_CLEAN * region.area_filled
        and region.area_filled >= _LEAST_SOLID * region.area_convex
    )
    if not is_sheet:
        return None
    sheet_hw: NDArray[np.bool_] = ndimage.binary_fill_holes(labels_hw == region.label)
    inside_hw = sheet_hw & ~ndimage.binary_erosion(sheet_hw, iterations=_EDGE_PX, border_value=1)
    outside_hw = ndimage.binary_dilation(sheet_hw, iterations=_EDGE_PX) & ~sheet_hw
    step = float(np.median(small_hw[inside_hw]) - np.median(small_hw[outside_hw]))
    return sheet_hw if step > _LEAST_STEP * gap else None
