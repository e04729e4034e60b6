"""Random changes to batches of images, one draw per image.

Shape suffixes: N images, C channels, H height, W width, M crossings of a net.
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

Uniform = Callable[[int], Tensor]
"""Draws (N, k) numbers in [0, 1), one row for each image of the batch, on the batch's device."""


_CROSSINGS = 5


class Augment(BaseModel):
    """Which changes to make to training images, and how far; all are off unless set.

    Every amount is drawn uniformly from [-a, a], independently for each image, where a is the field; the size of what
    is erased from [0, a].
    The order is flip, geometry, jitter, erasing. What moves in from outside an image is background, -1.

    Bending is the elastic distortion of Simard et al. (2003): a smooth field of random displacements. Theirs is noise
    smoothed by a Gaussian, ours is drawn at the crossings of a net, 7 pixels apart in a digit, with cubic interpolation
    between them.

    References:
        Simard et al., "Best Practices for Convolutional Neural Networks Applied to Visual Document Analysis", ICDAR
        2003, section 2.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    shift_px: float = Field(0.0, ge=0, le=14, description="Shift along each axis by up to this many pixels.")
    rotate_deg: float = Field(0.0, ge=0, le=180, description="Turn by up to this angle in degrees.")
    scale: float = Field(0.0, ge=0, le=0.9, description="Scale by a factor of 1 plus or minus up to this.")
    shear: float = Field(0.0, ge=0, le=1, description="Slant by up to this many columns per row.")
    elastic_px: float = Field(
        0.0,
        ge=0,
        le=14,
        description="Bend by a smooth field that displaces by up to this many pixels along each axis.",
    )
    jitter: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Change brightness and contrast by factors of 1 plus or minus up to this.",
    )
    flip: bool = Field(False, description="Mirror left and right with probability one half.")
    erase_px: float = Field(
        0.0, ge=0, le=28, description="Cover a square with sides of up to this many pixels by one shade."
    )

    def apply(self, x_NCHW: Tensor, uniform: Uniform) -> Tensor:
        """Change a batch of images.

        Args:
            x_NCHW: float (N, C, H, W) in [-1, 1], on any device; H = W if they are turned or slanted.
            uniform: Draws (N, k) numbers in [0, 1) for these images; asked only for what is enabled.

        Returns:
            (N, C, H, W) in [-1, 1]; `x_NCHW` itself if everything is off.
        """
        if self.flip:
            x_NCHW = self._flipped(x_NCHW, uniform)
        if self.shift_px or self.rotate_deg or self.scale or self.shear or self.elastic_px:
            x_NCHW = self._moved(x_NCHW, uniform)
        if self.jitter:
            x_NCHW = self._jittered(x_NCHW, uniform)
        if self.erase_px:
            x_NCHW = self._erased(x_NCHW, uniform)
        return x_NCHW

    def _flipped(self, x_NCHW: Tensor, uniform: Uniform) -> Tensor:
        flip_N111 = uniform(1).lt(0.5)[:, :, None, None]
        return torch.where(flip_N111, x_NCHW.flip(-1), x_NCHW)

    def _moved(self, x_NCHW: Tensor, uniform: Uniform) -> Tensor:
        """Resample once. Zero padding is the background after adding 1."""
        theta_N23 = self._inverse_maps(x_NCHW.shape, uniform).to(x_NCHW)
        points_NHW2 = F.affine_grid(theta_N23, list(x_NCHW.shape), align_corners=False)
        if self.elastic_px:
            points_NHW2 = points_NHW2 + self._bends(x_NCHW, uniform)
        moved_NCHW = F.grid_sample(x_NCHW + 1, points_NHW2, padding_mode="zeros", align_corners=False)
        return (moved_NCHW - 1).clamp(-1, 1)

    def _inverse_maps(self, shape: torch.Size, uniform: Uniform) -> Tensor:
        """Affine maps (N, 2, 3) from output to input places, in coordinates of [-1, 1]."""
        height, width = shape[2:]
        draws_5N = (2 * uniform(5) - 1).T
        angle_N = draws_5N[0] * math.radians(self.rotate_deg)
        factor_N = 1 + draws_5N[1] * self.scale
        shear_N = draws_5N[2] * self.shear
        cos_N, sin_N = angle_N.cos() / factor_N, angle_N.sin() / factor_N
        return torch.stack(
            [
                torch.stack(
                    [cos_N, sin_N + shear_N * cos_N, draws_5N[3] * (2 * self.shift_px / width)], dim=1
                ),
                torch.stack(
                    [-sin_N, cos_N - shear_N * sin_N, draws_5N[4] * (2 * self.shift_px / height)], dim=1
                ),
            ],
            dim=1,
        )

    def _bends(self, x_NCHW: Tensor, uniform: Uniform) -> Tensor:
        """Displacements (N, H, W, 2), in coordinates of [-1, 1]."""
        size = x_NCHW.shape[2:]
        net_N2MM = uniform(2 * _CROSSINGS**2).unflatten(1, (2, _CROSSINGS, _CROSSINGS)).to(x_NCHW)
        bend_N2HW = F.interpolate(2 * net_N2MM - 1, size, mode="bicubic", align_corners=True)
        per_px_2 = x_NCHW.new_tensor([2 / size[1], 2 / size[0]])
        return self.elastic_px * per_px_2 * bend_N2HW.permute(0, 2, 3, 1)

    def _jittered(self, x_NCHW: Tensor, uniform: Uniform) -> Tensor:
        """Multiply ink by a brightness, then the distance from the image's mean by a contrast."""
        factors_2N = 1 + (2 * uniform(2) - 1).T * self.jitter
        brightness_N111, contrast_N111 = factors_2N[:, :, None, None, None]
        ink_NCHW = ((x_NCHW + 1) / 2 * brightness_N111).clamp(0, 1)
        mean_N111 = ink_NCHW.mean(dim=(1, 2, 3), keepdim=True)
        jittered_NCHW = torch.lerp(mean_N111, ink_NCHW, contrast_N111)
        return jittered_NCHW.clamp(0, 1) * 2 - 1

    def _erased(self, x_NCHW: Tensor, uniform: Uniform) -> Tensor:
        """Cover a square around any place in the image, part of which may lie outside, by any shade."""
        draws_4N1 = uniform(4).T[:, :, None].to(x_NCHW)
        half_N1 = draws_4N1[0] * self.erase_px / 2
        rows_NH, columns_NW = (
            (torch.arange(size, device=x_NCHW.device) + 0.5 - centre_N1 * size).abs() < half_N1
            for size, centre_N1 in zip(x_NCHW.shape[2:], draws_4N1[1:3], strict=True)
        )
        square_N1HW = (rows_NH[:, :, None] & columns_NW[:, None, :])[:, None]
        shade_N111 = 2 * draws_4N1[3, :, :, None, None] - 1
        return torch.where(square_N1HW, shade_N111, x_NCHW)
