"""Building blocks that several networks share.

Shape suffixes: N batch, C channels, H height, W width, L locations (H * W), Z latent, K classes.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm


class Critique(NamedTuple):
    """What a discriminator says of a batch.

    Attributes:
        real_logit_N: Above zero means real.
        class_logits_NK: Class logits of the auxiliary head, or None where there is no such head.
    """

    real_logit_N: Tensor
    class_logits_NK: Tensor | None = None


class SelfAttention(nn.Module):
    """Self-attention over the locations of a feature map (hu2024, section 3.1; Zhang et al., 2019).

    `out = x + gamma * h(x) softmax(f(x)^T g(x))`, with f, g, h and the output 1x1 convolutions and
    gamma learned from 0, so that a new layer passes its input through. hu2024 writes three
    convolutions and leaves their widths open; like SAGAN we use C/8 for f and g and C/2 for h,
    which a fourth 1x1 convolution widens again.

    Args:
        num_channels: C of the feature map, at least 2.

    References:
        Zhang et al., "Self-Attention Generative Adversarial Networks", ICML 2019, equations 1-3.
    """

    def __init__(self, num_channels: int) -> None:
        super().__init__()
        num_compared = max(1, num_channels // 8)
        self.f = nn.Conv2d(num_channels, num_compared, kernel_size=1, bias=False)
        self.g = nn.Conv2d(num_channels, num_compared, kernel_size=1, bias=False)
        self.h = nn.Conv2d(num_channels, num_channels // 2, kernel_size=1, bias=False)
        self.out = nn.Conv2d(num_channels // 2, num_channels, kernel_size=1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Attend over all locations; the shape stays (N, C, H, W)."""
        f_NCL, g_NCL, h_NCL = (conv(x_NCHW).flatten(2) for conv in (self.f, self.g, self.h))
        weights_NLL = torch.softmax(g_NCL.transpose(1, 2) @ f_NCL, dim=2)
        attended_NCHW = (h_NCL @ weights_NLL.transpose(1, 2)).unflatten(2, x_NCHW.shape[2:])
        update_NCHW: Tensor = self.gamma * self.out(attended_NCHW)
        return x_NCHW + update_NCHW


class AttentionMask(nn.Module):
    """One mask over a feature map, multiplied into it element by element (hao2020, figure 3).

    `out = x * sigmoid(conv_1x1(x))`. The document names no squashing function; the sigmoid keeps
    the mask in (0, 1), as "filter out excess information" asks.

    Args:
        num_channels: C of the feature map.
    """

    def __init__(self, num_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(num_channels, 1, kernel_size=1)

    def mask(self, x_NCHW: Tensor) -> Tensor:
        """The mask alone, (N, 1, H, W), each value in (0, 1)."""
        return torch.sigmoid(self.conv(x_NCHW))

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """The masked feature map, (N, C, H, W)."""
        return x_NCHW * self.mask(x_NCHW)


class ConditionalBatchNorm2d(nn.Module):
    """Batch normalisation whose scale and shift depend on the class (de Vries et al., 2017).

    Args:
        num_channels: C of the feature map.
        num_classes: K; labels are in 0 .. K - 1.
    """

    def __init__(self, num_channels: int, num_classes: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(num_channels, affine=False)
        self.scale = nn.Embedding(num_classes, num_channels)
        self.shift = nn.Embedding(num_classes, num_channels)
        nn.init.ones_(self.scale.weight)
        nn.init.zeros_(self.shift.weight)

    def forward(self, x_NCHW: Tensor, y_N: Tensor) -> Tensor:
        """Normalise, then scale and shift by class, (N,), or by shares of classes, floats (N, K).

        The shape stays (N, C, H, W).
        """
        scale_NC11 = _rows(self.scale, y_N)[:, :, None, None]
        shift_NC11 = _rows(self.shift, y_N)[:, :, None, None]
        return torch.addcmul(shift_NC11, self.norm(x_NCHW), scale_NC11)


def _rows(table: nn.Embedding, y_N: Tensor) -> Tensor:
    """The rows of the labels, or the means of rows of which each class has a share, (N, F)."""
    rows_NF: Tensor = y_N @ table.weight if y_N.is_floating_point() else table(y_N)
    return rows_NF


class Dropout(nn.Module):
    """Dropout (Srivastava et al., 2014) that draws 8 random bits for a unit instead of 64.

    On a CPU, drawing a mask of torch's takes longer than a wide dense layer itself; this draws an eighth of the
    bits. The probability is rounded to a multiple of 1/256, and the scale follows. Other devices use torch's own.

    Args:
        p: Probability of dropping a unit in training.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        if not 0 <= round(p * 256) < 256:
            raise ValueError(f"a dropout probability of {p} is not in [0, 1)")
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """In training, zero units at random and scale the rest by 1 / (1 - p); else pass through."""
        if not self.training or not self.p:
            return x
        if x.device.type != "cpu":
            return F.dropout(x, self.p)
        num_dropped = round(self.p * 256)
        words = torch.empty(-(-x.numel() // 8), dtype=torch.int64).random_(-(2**63), None)
        bits = words.view(torch.int8)[: x.numel()].view_as(x)
        mask = torch.empty(x.shape, dtype=x.dtype)
        torch.ge(bits, num_dropped - 128, out=mask)  # straight into floats: a mask of bools costs a pass more
        return x * mask.mul_(256 / (256 - num_dropped))


def normalise_spectrum(network: nn.Module) -> None:
    """Hold the largest singular value of every linear and convolutional layer at 1 (Miyato et al., 2018)."""
    for module in list(network.modules()):
        if isinstance(module, nn.Linear | nn.Conv2d):
            spectral_norm(module)


def leaky_relu(x: Tensor) -> Tensor:
    """LeakyReLU of slope 0.2, the value that Radford et al. (2016) made customary in GANs."""
    return F.leaky_relu(x, negative_slope=0.2)
