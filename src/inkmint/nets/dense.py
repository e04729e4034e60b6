"""Fully connected generators and discriminators.

Inside, activations are held with one column per image: (F, N) in place of (N, F). The sums are the same, and
on a CPU the products of narrow batches with wide layers are faster in this order.

Shape suffixes: N batch, C channels, H height, W width, F features, Z latent, K classes,
M images that are judged together, P packs of M images.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from inkmint.data.digits import IMAGE_SIZE
from inkmint.nets.batchwise import MinibatchStddev, one_hot, pack
from inkmint.nets.blocks import Critique, Dropout


class _ColumnLinear(nn.Linear):
    """A linear layer over columns: `W x + b` of (F, N)."""

    def forward(self, x_FN: Tensor) -> Tensor:
        return torch.addmm(self.bias[:, None], self.weight, x_FN)


class _ColumnStddev(MinibatchStddev):
    """The minibatch standard deviation over columns: (F, N) to (F + 1, N)."""

    def forward(self, x_FN: Tensor) -> Tensor:
        return super().forward(x_FN.t()).t()


def _stack(sizes: Sequence[int], dropout: float, minibatch_stddev: bool = False) -> nn.Sequential:
    layers: list[nn.Module] = []
    for num_in, num_out in pairwise(sizes[:-1]):
        layers += [
            _ColumnLinear(num_in, num_out),
            nn.LeakyReLU(negative_slope=0.2, inplace=True),
            Dropout(p=dropout),
        ]
    if minibatch_stddev:
        layers.append(_ColumnStddev())
    return nn.Sequential(*layers, _ColumnLinear(sizes[-2] + minibatch_stddev, sizes[-1]))


class DenseGenerator(nn.Module):
    """Linear layers with LeakyReLU and dropout between them, and Tanh at the end; labels are ignored.

    Args:
        latent_size: Z.
        widths: Of the hidden layers, from the latent to the image.
        dropout: Probability of dropping a hidden unit in training.
        image_channels: C.
    """

    def __init__(
        self, latent_size: int, widths: Sequence[int], dropout: float, image_channels: int = 1
    ) -> None:
        super().__init__()
        self.latent_size = latent_size
        self.image_channels = image_channels
        self.layers = _stack((latent_size, *widths, image_channels * IMAGE_SIZE**2), dropout)

    def forward(self, z_NZ: Tensor, y_N: Tensor) -> Tensor:  # noqa: ARG002
        """Images (N, C, 28, 28) in [-1, 1]."""
        x_FN: Tensor = torch.tanh(self.layers(z_NZ.t()))
        return x_FN.t().reshape(-1, self.image_channels, IMAGE_SIZE, IMAGE_SIZE)


class DenseDiscriminator(nn.Module):
    """Linear layers with LeakyReLU and dropout between them; labels are ignored.

    Args:
        widths: Of the hidden layers, from the image to the logit.
        dropout: Probability of dropping a hidden unit in training.
        packing: M, images that are judged together (`pack`).
        minibatch_stddev: Whether the last layer sees the spread of the batch (`MinibatchStddev`).
        num_joined: Features that a subclass joins to the pixels.
        image_channels: C.
    """

    def __init__(
        self,
        widths: Sequence[int],
        dropout: float,
        packing: int = 1,
        minibatch_stddev: bool = False,
        num_joined: int = 0,
        image_channels: int = 1,
    ) -> None:
        super().__init__()
        self.packing = packing
        num_inputs = packing * image_channels * IMAGE_SIZE**2 + num_joined
        self.layers = _stack((num_inputs, *widths, 1), dropout, minibatch_stddev)

    def inputs(self, x_PCHW: Tensor, y_PM: Tensor) -> Tensor:  # noqa: ARG002
        """What the first layer sees of packed images (P, M, H, W) and labels (P, M): (P, F)."""
        return x_PCHW.flatten(1)

    def forward(self, x_NCHW: Tensor, y_N: Tensor) -> Critique:
        """One logit per image, or per pack."""
        inputs_PF = self.inputs(*pack(x_NCHW, y_N, self.packing))
        return Critique(self.layers(inputs_PF.t()).squeeze(0))


class CganGenerator(DenseGenerator):
    """The dense generator with the label joined to the latent (qin2021, section 2.4; Mirza and Osindero, 2014).

    The document says that y is an additional input joined to z, and that weights start by Xavier's
    method. It prints no sizes and not how y is written: ours is one-hot, and the widths are a
    matter of the row. It names dropout for its GAN only; 0 leaves it out.

    Args:
        latent_size: Z.
        num_classes: K; labels are in 0 .. K - 1.
        widths: Of the hidden layers, from the latent to the image.
        dropout: Probability of dropping a hidden unit in training.
        xavier: Whether weights start uniform by Glorot and Bengio (2010) and biases at zero; else as torch does it.
        image_channels: C.

    Attributes:
        takes_shares: As in `AcganGenerator`.
    """

    takes_shares = True

    def __init__(
        self,
        latent_size: int,
        num_classes: int,
        widths: Sequence[int],
        dropout: float,
        xavier: bool,
        image_channels: int = 1,
    ) -> None:
        super().__init__(latent_size + num_classes, widths, dropout, image_channels)
        self.latent_size = latent_size
        self.num_classes = num_classes
        if xavier:
            _initialise_xavier(self)

    def forward(self, z_NZ: Tensor, y_N: Tensor) -> Tensor:
        """Images (N, C, 28, 28) in [-1, 1]."""
        return super().forward(torch.cat([z_NZ, one_hot(y_N, self.num_classes)], dim=1), y_N)


class CganDiscriminator(DenseDiscriminator):
    """The dense discriminator with the label joined to the pixels; `CganGenerator` says what is open.

    Args:
        num_classes: K; labels are in 0 .. K - 1.
        widths: Of the hidden layers, from the image to the logit.
        dropout: Probability of dropping a hidden unit in training.
        xavier: As in `CganGenerator`.
        packing: M, images that are judged together, with the labels of all (`pack`).
        minibatch_stddev: Whether the last layer sees the spread of the batch (`MinibatchStddev`).
        image_channels: C.
    """

    def __init__(
        self,
        num_classes: int,
        widths: Sequence[int],
        dropout: float,
        xavier: bool,
        packing: int = 1,
        minibatch_stddev: bool = False,
        image_channels: int = 1,
    ) -> None:
        super().__init__(widths, dropout, packing, minibatch_stddev, packing * num_classes, image_channels)
        self.num_classes = num_classes
        if xavier:
            _initialise_xavier(self)

    def inputs(self, x_PCHW: Tensor, y_PM: Tensor) -> Tensor:
        """Pixels and one-hot labels, (P, M * (784 C + K))."""
        return torch.cat([x_PCHW.flatten(1), one_hot(y_PM, self.num_classes).flatten(1)], dim=1)


def _initialise_xavier(network: nn.Module) -> None:
    for module in network.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
