"""Fully connected generators and discriminators.

Inside, activations are held with one column per image: (F, N) in place of (N, F). The sums are the same, and
on a CPU the products of narrow batches with wide layers are faster in this order.

Shape suffixes: N batch, C channels, H height, W width, F features, Z latent.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from inkmint.data.digits import IMAGE_SIZE
from inkmint.nets.blocks import Critique, Dropout


class _ColumnLinear(nn.Linear):
    """A linear layer over columns: `W x + b` of (F, N)."""

    def forward(self, x_FN: Tensor) -> Tensor:
        return torch.addmm(self.bias[:, None], self.weight, x_FN)


def _stack(sizes: Sequence[int], dropout: float) -> nn.Sequential:
    layers: list[nn.Module] = []
    for num_in, num_out in pairwise(sizes[:-1]):
        layers += [
            _ColumnLinear(num_in, num_out),
            nn.LeakyReLU(negative_slope=0.2, inplace=True),
            Dropout(p=dropout),
        ]
    return nn.Sequential(*layers, _ColumnLinear(sizes[-2], sizes[-1]))


class DenseGenerator(nn.Module):
    """Linear layers with LeakyReLU and dropout between them, and Tanh at the end; labels are ignored.

    Args:
        latent_size: Z.
        widths: Of the hidden layers, from the latent to the image.
        dropout: Probability of dropping a hidden unit in training.
    """

    def __init__(self, latent_size: int, widths: Sequence[int], dropout: float) -> None:
        super().__init__()
        self.layers = _stack((latent_size, *widths, IMAGE_SIZE**2), dropout)

    def forward(self, z_NZ: Tensor, y_N: Tensor) -> Tensor:  # noqa: ARG002
        """Images (N, 1, 28, 28) in [-1, 1]."""
        x_FN: Tensor = torch.tanh(self.layers(z_NZ.t()))
        return x_FN.t().reshape(-1, 1, IMAGE_SIZE, IMAGE_SIZE)


class DenseDiscriminator(nn.Module):
    """Linear layers with LeakyReLU and dropout between them; labels are ignored.

    Args:
        widths: Of the hidden layers, from the image to the logit.
        dropout: Probability of dropping a hidden unit in training.
    """

    def __init__(self, widths: Sequence[int], dropout: float) -> None:
        super().__init__()
        self.layers = _stack((IMAGE_SIZE**2, *widths, 1), dropout)

    def forward(self, x_NCHW: Tensor, y_N: Tensor) -> Critique:  # noqa: ARG002
        """One logit per image."""
        return Critique(self.layers(x_NCHW.flatten(1).t()).squeeze(0))
