"""How bright the background of pictures is, and how far the ink stands out from it.

Shape suffixes: N images, H height, W width, P = H * W pixels.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from inkmint.errors import DataError


class Contrast(NamedTuple):
    """Brightness from 0 (black) to 1 (white), means over images.

    Attributes:
        background: Of the side with more pixels: about 0 for MNIST, 1 for white paper.
        stroke: Of the other side.
        contrast: `|stroke - background|` of each image, then the mean; higher is easier to read.
    """

    background: float
    stroke: float
    contrast: float


def ink_contrast(images_NHW: Tensor) -> Contrast:
    """Tell background from stroke in each image and compare their brightness.

    The border is half way between the image's lowest and highest value; pixels exactly on it belong to neither
    side. The side with more pixels is the background, the darker one in a tie. In an image of one colour both
    are that colour. So inverted images, `255 - x`, have the background `1 - b` and the same contrast, ties aside.

    Args:
        images_NHW: uint8 (N, H, W), either ink bright on dark or dark ink on paper, or some of each.

    Raises:
        DataError: There is no image.
    """
    if not images_NHW.numel():
        raise DataError("The contrast of no images was asked for; give at least one.")
    pixels_NP = images_NHW.flatten(1).short()
    lowest_N, highest_N = pixels_NP.aminmax(dim=1)
    offset_NP = 2 * pixels_NP - (lowest_N + highest_N)[:, None]
    num_dark_N, dark_N = _count_and_mean(pixels_NP, offset_NP < 0)
    num_bright_N, bright_N = _count_and_mean(pixels_NP, offset_NP > 0)
    plain_N = lowest_N == highest_N
    bright_is_background_N = num_bright_N > num_dark_N
    background_N = torch.where(bright_is_background_N, bright_N, dark_N).where(~plain_N, lowest_N)
    stroke_N = torch.where(bright_is_background_N, dark_N, bright_N).where(~plain_N, lowest_N)
    contrast_N = (stroke_N - background_N).abs()
    return Contrast(*(part_N.mean().item() / 255 for part_N in (background_N, stroke_N, contrast_N)))


def _count_and_mean(pixels_NP: Tensor, side_NP: Tensor) -> tuple[Tensor, Tensor]:
    """Pixels on a side, int64 (N,), and their mean value, float64 (N,), which is 0 where there is none."""
    num_N = side_NP.sum(dim=1)
    return num_N, (pixels_NP * side_NP).sum(dim=1).double() / num_N.clamp(min=1)
