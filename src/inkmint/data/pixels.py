"""Between pixels on disk and images in networks.

Shape suffixes: N images, C channels, H height, W width.
"""

import torch
from torch import Tensor


def to_network(images: Tensor) -> Tensor:
    """Pixels uint8 (N, 28, 28) or (N, C, 28, 28) to float32 (N, 1, 28, 28) or (N, C, 28, 28) in [-1, 1]."""
    images_NCHW = images.unsqueeze(1) if images.dim() == 3 else images
    return images_NCHW.float().div_(127.5).sub_(1)


def to_pixels(x_NCHW: Tensor) -> Tensor:
    """Network images (N, C, 28, 28) in [-1, 1] to uint8 of the same shape, or (N, 28, 28) if C is 1."""
    pixels_NCHW = x_NCHW.detach().add(1).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8)
    return pixels_NCHW[:, 0] if pixels_NCHW.shape[1] == 1 else pixels_NCHW
