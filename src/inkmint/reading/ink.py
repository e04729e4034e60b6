"""Telling ink from paper: even light, dark ink or bright, and which pixels are drawn.

Shape suffixes: H height, W width; h, w of a reduced copy, P its pixels.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import rank, threshold_otsu
from skimage.transform import resize

Floats = NDArray[np.float32]
Bits = NDArray[np.bool_]
Polarity = Literal["auto", "dark", "bright"]

_REDUCED_PX = 96
_WINDOW_SHARE = 0.5  # of the shorter side: wide enough to hold more paper than ink
_SMOOTH_SHARE = 0.08  # of the longer side
_DEVIATIONS = 6.0  # of the paper's texture; what stands out less is no ink
_LEAST_CONTRAST = 0.15
_SHARE_OF_PEAK = 0.4  # of the strongest ink nearby
_SHARE_OF_LINK = 0.15  # of it: ink too faint to be drawn, but it holds strokes together
_NEARBY_SHARE = 0.03
_LEAST_NEARBY_PX = 15
_TWO_TONES = 0.78  # of the variance lies between paper and ink
_FILLED_SHARE = 0.15
_RAMP_SHARE = 0.5  # of the variance
_TINY = 1e-12
_PART = 0.5
_ROUNDS = 3
_RULED_SHARE = 0.7  # of the page's side
_RULED_DRAWN = 0.75  # of the line stands out from its sides
_LEAST_RULED = 0.02  # of contrast
_RIDGE_PX = 3
_MAD_TO_DEVIATION = 1.4826


@dataclass(frozen=True, eq=False)
class Ink:
    """What is drawn on a page.

    Attributes:
        contrast: float32 (H, W), 0 for paper and 1 for ink that is as far from it as can be.
        drawn: bool (H, W), the pixels of ink.
        linked: bool (H, W), those and the fainter ones that may link them.
        dark: Whether it is dark ink on bright paper.
    """

    contrast: Floats
    drawn: Bits
    linked: Bits
    dark: bool


def find_ink(grey: NDArray[np.uint8], polarity: Polarity = "auto") -> Ink:
    """Divide a page by its own light and mark what is drawn on it.

    The background is a slope of light, then a wide running median, then a mean over the paper alone. The ink is the
    side to which the page strays further from it, as there is less ink than paper. A pixel is drawn if it has nearly
    half the contrast of the strongest ink nearby, and that stands out from the paper's own texture.

    Args:
        grey: uint8 (H, W).
        polarity: `dark` or `bright` ink, or `auto` to tell from the page.
    """
    bright_HW: Floats = grey.astype(np.float32) / np.float32(255)
    paper_HW, filled = _paper(bright_HW)
    if polarity == "auto":
        dark = float(((bright_HW - paper_HW).astype(np.float64) ** 3).sum()) <= 0
    else:
        dark = polarity == "dark"
    if not dark:
        bright_HW, paper_HW = 1 - bright_HW, 1 - paper_HW
    contrast_HW = _without_ruling((1 - bright_HW / np.maximum(paper_HW, 0.05)).astype(np.float32))
    contrast_HW = ndimage.gaussian_filter(contrast_HW, _noise_sigma(grey.shape))
    least = max(_LEAST_CONTRAST, _DEVIATIONS * _deviation(contrast_HW, filled))
    nearby_px = max(_LEAST_NEARBY_PX, round(_NEARBY_SHARE * max(grey.shape))) | 1
    peak_HW = ndimage.maximum_filter(contrast_HW, nearby_px)
    drawn_HW = (contrast_HW > _SHARE_OF_PEAK * peak_HW) & (peak_HW > least) & (contrast_HW > least / 2)
    faint_HW = (contrast_HW > _SHARE_OF_LINK * peak_HW) & (contrast_HW > least / 2)
    return Ink(contrast_HW.clip(0, 1), drawn_HW, drawn_HW | faint_HW, dark)


def _noise_sigma(shape: tuple[int, ...]) -> float:
    """Pixels to smooth over: none of a small picture, one of a photograph of several megapixels."""
    return float(np.clip(max(shape) / 2000, 0, 1))


def _paper(bright_HW: Floats) -> tuple[Floats, bool]:
    """Brightness of the paper under the ink, float32 (H, W), and whether ink fills the page."""
    height, width = bright_HW.shape
    factor = min(1.0, _REDUCED_PX / max(height, width))
    shape = max(1, round(height * factor)), max(1, round(width * factor))
    small_hw = resize(bright_HW, shape, anti_aliasing=factor < 1).astype(np.float32)
    filled = _paper_of_two_tones(small_hw)
    if filled is not None:
        return np.full_like(bright_HW, filled), True
    slope_hw = _slope(small_hw)
    flat_hw = small_hw - slope_hw
    median_hw = _running_median(flat_hw)
    is_paper_hw = ndimage.binary_erosion(_near(flat_hw - median_hw), np.ones((3, 3)), border_value=1)
    sigma = max(1.0, _SMOOTH_SHARE * max(shape))
    weight_hw = ndimage.gaussian_filter(is_paper_hw.astype(np.float32), sigma)
    change_hw = ndimage.gaussian_filter((flat_hw - median_hw) * is_paper_hw, sigma) / np.maximum(
        weight_hw, 0.05
    )
    paper_HW: Floats = resize(slope_hw + median_hw + change_hw, bright_HW.shape, order=1).astype(np.float32)
    return paper_HW, False


def _paper_of_two_tones(bright_hw: Floats) -> float | None:
    """The paper's brightness on a picture of two tones that ink fills so far that no window sees more paper."""
    if np.ptp(bright_hw) < _LEAST_CONTRAST:
        return None
    above_hw = bright_hw > threshold_otsu(bright_hw)
    share = float(above_hw.mean())
    gap = float(bright_hw[above_hw].mean() - bright_hw[~above_hw].mean())
    apart = share * (1 - share) * gap**2 / float(bright_hw.var())
    if apart < _TWO_TONES or min(share, 1 - share) < _FILLED_SHARE or _is_ramp(bright_hw):
        return None
    return float(np.median(bright_hw[above_hw if share > _PART else ~above_hw]))


def _is_ramp(bright_hw: Floats) -> bool:
    """Whether light that falls from one side explains most of the differences."""
    centred = [np.arange(size) - (size - 1) / 2 for size in bright_hw.shape]
    along = [bright_hw.mean(axis=1 - axis) for axis in (0, 1)]
    explained = sum(
        float(place @ mean) ** 2 / max(float(place @ place), _TINY) / len(mean)
        for place, mean in zip(centred, along, strict=True)
    )
    return explained > _RAMP_SHARE * float(bright_hw.var())


def _slope(bright_hw: Floats) -> Floats:
    """The quadratic surface that fits the paper best, from two rounds that leave out what strays from it."""
    y_hw, x_hw = np.meshgrid(*(np.linspace(-1, 1, size) for size in bright_hw.shape), indexing="ij")
    terms_P6 = np.stack([x_hw**0, x_hw, y_hw, x_hw**2, x_hw * y_hw, y_hw**2], axis=-1).reshape(-1, 6)
    values_P = bright_hw.ravel()
    surface_P = np.full_like(values_P, np.median(values_P))
    for _ in range(_ROUNDS):
        paper_P = _near(values_P - surface_P)
        surface_P = terms_P6 @ np.linalg.lstsq(terms_P6[paper_P], values_P[paper_P], rcond=None)[0]
    slope_hw: Floats = surface_P.reshape(bright_hw.shape).astype(np.float32)
    return slope_hw


def _near(strays: Floats) -> Bits:
    """Where a distance from the paper's brightness is no more than the paper's own texture."""
    near: Bits = np.abs(strays) <= 0.04 + 3 * _MAD_TO_DEVIATION * np.median(np.abs(strays))
    return near


def _running_median(flat_hw: Floats) -> Floats:
    """Over a window of half the shorter side, to one in 255 of the range."""
    lowest, range_ = float(flat_hw.min()), max(float(np.ptp(flat_hw)), 1e-6)
    reach = max(1, round(_WINDOW_SHARE * min(flat_hw.shape)) // 2)
    levels = np.rint((flat_hw - lowest) * (255 / range_)).astype(np.uint8)
    median_hw = rank.median(np.pad(levels, reach, mode="symmetric"), np.ones((2 * reach + 1,) * 2, np.uint8))
    inner: Floats = median_hw[reach:-reach, reach:-reach].astype(np.float32) * (range_ / 255) + lowest
    return inner


def _without_ruling(contrast_HW: Floats) -> Floats:
    """The contrast less that of thin straight lines across most of the page, so that strokes that cross them stay."""
    for along in (0, 1):
        run_px = round(_RULED_SHARE * contrast_HW.shape[along])
        if run_px < _RIDGE_PX:
            continue
        steps = [
            ndimage.shift(contrast_HW, np.roll((0, step), along), order=0, mode="nearest")
            for step in (-_RIDGE_PX, _RIDGE_PX)
        ]
        ridge_HW = contrast_HW - (steps[0] + steps[1]) / 2
        raised_HW = ndimage.uniform_filter1d((ridge_HW > 0).astype(np.float32), run_px, along, mode="nearest")
        depth_HW = ndimage.uniform_filter1d(ridge_HW, run_px, along, mode="nearest")
        contrast_HW = contrast_HW - depth_HW * ((raised_HW > _RULED_DRAWN) & (depth_HW > _LEAST_RULED))
    return contrast_HW


def _deviation(contrast: NDArray[Any], filled: bool) -> float:
    """Standard deviation of the paper; of a page filled with ink, from what strays to the other side."""
    sample = contrast.ravel()[:: max(1, contrast.size // 100_000)]
    strays = -sample[sample <= 0] if filled else np.abs(sample - np.median(sample))
    return _MAD_TO_DEVIATION * float(np.median(strays)) if len(strays) else 0.0
