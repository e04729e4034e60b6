"""Between pixels on disk and images in networks.

Shape suffixes: N images, C channels, H height, W width.
"""

import torch
from torch import Tensor


def to_network(images_NHW: Tensor) -> Tensor:
    """Pixels uint8 (N, 28, 28) to float32 (N, 1, 28, 28) in [-1, 1]."""
    return images_NHW.unsqueeze(1).float().div_(127.5).sub_(1)


def to_pixels(x_NCHW: Tensor) -> Tensor:
    """Network images (N, 1, 28, 28) in [-1, 1] to uint8 (N, 28, 28)."""
    return x_NCHW.detach().add(1).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8).squeeze(1)
