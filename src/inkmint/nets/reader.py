"""Our own recogniser, made to learn fast on a CPU.

Shape suffixes: N batch, C channels, H height, W width, K classes, D features.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class _Unit(nn.Module):
    """A convolution around which the input goes."""

    def __init__(self, num_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(num_channels, num_channels, kernel_size=3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(num_channels)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        return x_NCHW + F.relu(self.norm(self.conv(x_NCHW)), inplace=True)


class _Stage(nn.Module):
    """A convolution that makes more channels, a pooling that leaves fewer places, and units that see those."""

    def __init__(self, num_in: int, num_out: int, pool_size: int, depth: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(num_in, num_out, kernel_size=3, padding=1, bias=False)
        self.pool = nn.MaxPool2d(kernel_size=pool_size, stride=2)
        self.norm = nn.BatchNorm2d(num_out)
        self.units = nn.Sequential(*(_Unit(num_out) for _ in range(depth)))

    def forward(self, x_NCHW: Tensor) -> Tensor:
        pooled_NCHW = self.pool(self.conv(x_NCHW))
        maps_NCHW: Tensor = self.units(F.relu(self.norm(pooled_NCHW), inplace=True))
        return maps_NCHW


class Reader(nn.Module):
    """A small residual network that spends its operations where a CPU is fast.

    Folded, each 2x2 pixels become four channels first, so that nothing is ever computed at 28x28, where few channels
    make memory the bottleneck. Two stages follow, which see 7x7 and 3x3 places; unfolded, a stage that sees 14x14 comes
    ahead of them, which takes longer and reads better. A stage is a convolution, max pooling, batch normalisation and
    ReLU, in that order, so that the last two work on what pooling left; then `depth` residual units. The features are
    the mean over places.

    Activations lie channels last in memory, where a CPU's convolutions of few channels are faster.

    Args:
        num_classes: K.
        width: Factor of all channels, above 0; 1 has 64 in the first stage and D = 128 in the second.
        depth: Residual units in each stage, 0 or more.
        folded: Whether pixels are folded; if not, the stage ahead has half the channels of the next.

    References:
        He et al., "Deep Residual Learning for Image Recognition", CVPR 2016; Jordan, "94% on CIFAR-10 in 3.29
        Seconds on a Single GPU", 2024, for pooling before normalisation.
    """

    def __init__(self, num_classes: int, width: float, depth: int, folded: bool = True) -> None:
        super().__init__()
        self.folded = folded
        fine, first, second = (max(1, round(width * num_channels)) for num_channels in (32, 64, 128))
        self.stages = nn.Sequential(
            *([] if folded else [_Stage(1, fine, pool_size=2, depth=depth)]),
            _Stage(4 if folded else fine, first, pool_size=2, depth=depth),
            _Stage(first, second, pool_size=3, depth=depth),
        )
        self.head = nn.Linear(second, num_classes)

    def features(self, x_NCHW: Tensor) -> Tensor:
        """The activations below the class layer, (N, D)."""
        if self.folded:
            x_NCHW = F.pixel_unshuffle(x_NCHW, 2)
        maps_NCHW: Tensor = self.stages(x_NCHW.contiguous(memory_format=torch.channels_last))
        return maps_NCHW.mean(dim=(2, 3))

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Class logits (N, K)."""
        logits_NK: Tensor = self.head(self.features(x_NCHW))
        return logits_NK
