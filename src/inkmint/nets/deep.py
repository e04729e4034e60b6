"""The convolutional networks of qin2021 and rzayev2021.

Layers that a normalisation follows have no bias: it would subtract it again.

Shape suffixes: N batch, P packs of M images, C channels, H height, W width, F features, Z latent, K classes.
"""

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from inkmint.data.digits import IMAGE_SIZE
from inkmint.nets.batchwise import MinibatchStddev, one_hot, pack
from inkmint.nets.blocks import Critique
from inkmint.nets.norms import NUM_REFERENCE, norm_layer, with_reference_images, with_reference_latents

_QUARTER = IMAGE_SIZE // 4  # the smallest maps are 7x7


class DcganGenerator(nn.Module):
    """Noise through three transposed convolutions; labels are ignored (qin2021, section 2.3; Radford et al., 2016).

    The document's rules: strided transposed convolutions in place of upsampling, no fully connected layer,
    batch normalisation, ReLU with Tanh at the end. It prints no sizes. Ours: a 7x7 kernel spreads the noise
    over (2C, 7, 7), then 4x4 kernels of stride 2 lead to (C, 14, 14) and to the image. Weights start
    from N(0, 0.02), as in Radford et al., and the output layer is not normalised, as there.

    Args:
        latent_size: Z.
        num_channels: C, the channels at 14x14.
        normalisation: A kind of `norm_layer`.
        image_channels: Of an image.
    """

    def __init__(
        self, latent_size: int, num_channels: int, normalisation: str, image_channels: int = 1
    ) -> None:
        super().__init__()
        self.latent_size = latent_size
        bias = normalisation == "none"
        self.layers = nn.Sequential(
            nn.ConvTranspose2d(latent_size, 2 * num_channels, kernel_size=_QUARTER, bias=bias),
            norm_layer(normalisation, 2 * num_channels),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(2 * num_channels, num_channels, kernel_size=4, stride=2, padding=1, bias=bias),
            norm_layer(normalisation, num_channels),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(num_channels, image_channels, kernel_size=4, stride=2, padding=1),
        )
        _initialise_normal(self)

    def forward(self, z_NZ: Tensor, y_N: Tensor) -> Tensor:  # noqa: ARG002
        """Images (N, image_channels, 28, 28) in [-1, 1]."""
        return torch.tanh(self.layers(z_NZ[:, :, None, None]))


class DcganDiscriminator(nn.Module):
    """Strided convolutions straight to the logit; labels are ignored (qin2021, section 2.3; Radford et al., 2016).

    The counterpart of `DcganGenerator`: strided convolutions in place of pooling, no fully connected layer,
    LeakyReLU of slope 0.2 throughout. Like Radford et al., and unlike the wording of the document, the first
    layer is not normalised.

    Args:
        num_channels: C, the channels at 14x14; there are 2C at 7x7.
        normalisation: A kind of `norm_layer`.
        packing: M, images that are judged together (`pack`).
        minibatch_stddev: Whether the last layer sees the spread of the batch (`MinibatchStddev`).
        image_channels: Of an image.
    """

    def __init__(
        self,
        num_channels: int,
        normalisation: str,
        packing: int = 1,
        minibatch_stddev: bool = False,
        image_channels: int = 1,
    ) -> None:
        super().__init__()
        self.packing = packing
        num_rows = NUM_REFERENCE // packing
        self.layers = nn.Sequential(
            nn.Conv2d(packing * image_channels, num_channels, kernel_size=4, stride=2, padding=1),
            nn.LeakyReLU(negative_slope=0.2, inplace=True),
            nn.Conv2d(
                num_channels,
                2 * num_channels,
                kernel_size=4,
                stride=2,
                padding=1,
                bias=normalisation == "none",
            ),
            norm_layer(normalisation, 2 * num_channels, num_rows),
            nn.LeakyReLU(negative_slope=0.2, inplace=True),
            *_spread(minibatch_stddev, normalisation, num_rows),
            nn.Conv2d(2 * num_channels + minibatch_stddev, 1, kernel_size=_QUARTER),
        )
        _initialise_normal(self)

    def forward(self, x_NCHW: Tensor, y_N: Tensor) -> Critique:
        """One logit per image, or per pack."""
        x_PCHW, _ = pack(x_NCHW, y_N, self.packing)
        return Critique(self.layers(x_PCHW).flatten())


class UpsampledConv2d(nn.Conv2d):
    """Nearest upsampling to twice the size, then a 5x5 convolution with padding 2, in 9 products for 25.

    Neighbouring pixels of an upsampled map are copies, so that the 25 weights above a pixel meet 3x3 different
    values: which weights add up depends on whether its row and its column are even or odd. That makes
    four 3x3 convolutions of the small map, one for each pixel of a 2x2 block, and a pixel shuffle.
    Parameters and their initial values are those of the 5x5 convolution.

    Args:
        in_channels: Channels before.
        out_channels: Channels after.
        bias: Whether there is one.
    """

    fold: Tensor

    def __init__(self, in_channels: int, out_channels: int, bias: bool = True) -> None:
        super().__init__(in_channels, out_channels, kernel_size=5, padding=2, bias=bias)
        even = [[1, 1, 0, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 0, 1]]
        odd = [[1, 0, 0, 0, 0], [0, 1, 1, 0, 0], [0, 0, 0, 1, 1]]
        self.register_buffer("fold", torch.tensor([even, odd], dtype=torch.float32), persistent=False)

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C', 2H, 2W)."""
        weight = torch.einsum("pak,oikl,qbl->opqiab", self.fold, self.weight, self.fold).flatten(0, 2)
        bias = None if self.bias is None else self.bias.repeat_interleave(4)
        return F.pixel_shuffle(F.conv2d(input, weight, bias, padding=1), 2)


class RzayevGenerator(nn.Module):
    """Two dense layers, then twice upsampling and a convolution (rzayev2021, section 2.1.1 and figure 1).

    The document gives the order of layers and, at F = 1, about 7 million parameters, but no layer's size.
    Ours lead there: 1,024 units, 128F maps of 7x7, 64F maps of 14x14, 5x5 kernels. For the
    class-conditional form (CCGAN) the label is joined to the first dense layer's input; we write it one-hot.

    Args:
        latent_size: Z.
        num_classes: K; labels are in 0 .. K - 1.
        capacity: F, multiplies the channels.
        normalisation: A kind of `norm_layer`.
        conditional: Whether the label decides what is drawn; else it is ignored.
        image_channels: Of an image.

    Attributes:
        takes_shares: As in `AcganGenerator`.
    """

    takes_shares = True

    def __init__(
        self,
        latent_size: int,
        num_classes: int,
        capacity: int,
        normalisation: str,
        conditional: bool,
        image_channels: int = 1,
    ) -> None:
        super().__init__()
        self.latent_size = latent_size
        self.num_joined = num_classes if conditional else 0
        norm = partial(norm_layer, normalisation)
        bias = normalisation == "none"
        num_maps = 128 * capacity
        self.layers = nn.Sequential(
            nn.Linear(latent_size + self.num_joined, 1024, bias=bias),
            norm(1024),
            nn.ReLU(inplace=True),
            nn.Linear(1024, num_maps * _QUARTER**2, bias=bias),
            norm(num_maps * _QUARTER**2),
            nn.ReLU(inplace=True),
            nn.Unflatten(1, (num_maps, _QUARTER, _QUARTER)),
            UpsampledConv2d(num_maps, num_maps // 2, bias=bias),
            norm(num_maps // 2),
            nn.ReLU(inplace=True),
            UpsampledConv2d(num_maps // 2, image_channels),
        )

    def forward(self, z_NZ: Tensor, y_N: Tensor) -> Tensor:
        """Images (N, image_channels, 28, 28) in [-1, 1]."""
        inputs_NF = torch.cat([z_NZ, one_hot(y_N, self.num_joined)], dim=1) if self.num_joined else z_NZ
        return torch.tanh(self.layers(inputs_NF))


class RzayevDiscriminator(nn.Module):
    """Strided convolutions, max pooling, two dense layers (rzayev2021, section 2.1.2, 3.1 and figure 1).

    The document gives the order of layers, with about 310 thousand parameters at F = D = 1. Ours lead there
    with 5x5 kernels of stride 2 to 64F maps of 14x14 and 128F of 7x7, pooling to 3x3 and 88F units. It says
    that D adds convolutions and not which: ours are 3x3 at 7x7, D - 1 of them. For the class-conditional form the
    label goes through a dense layer of 784 nodes and is joined to the image as a channel; with packing, the
    labels of all packed images go through that layer together.

    Args:
        num_classes: K; labels are in 0 .. K - 1.
        capacity: F, multiplies the channels.
        depth: D, at least 1.
        normalisation: A kind of `norm_layer`.
        conditional: Whether the label is looked at.
        packing: M, images that are judged together (`pack`).
        minibatch_stddev: Whether the dense layers see the spread of the batch (`MinibatchStddev`).
        image_channels: Of an image.
    """

    def __init__(
        self,
        num_classes: int,
        capacity: int,
        depth: int,
        normalisation: str,
        conditional: bool,
        packing: int = 1,
        minibatch_stddev: bool = False,
        image_channels: int = 1,
    ) -> None:
        super().__init__()
        self.packing = packing
        self.num_classes = num_classes
        self.label_image = nn.Linear(packing * num_classes, IMAGE_SIZE**2) if conditional else None
        num_rows = NUM_REFERENCE // packing
        num_maps = 64 * capacity
        convolutions = [
            nn.Conv2d(num_in, num_out, kernel, stride, kernel // 2, bias=normalisation == "none")
            for num_in, num_out, kernel, stride in (
                (packing * image_channels + conditional, num_maps, 5, 2),
                (num_maps, 2 * num_maps, 5, 2),
                *[(2 * num_maps, 2 * num_maps, 3, 1)] * (depth - 1),
            )
        ]
        stages = (
            (conv, norm_layer(normalisation, conv.out_channels, num_rows), nn.ELU(inplace=True))
            for conv in convolutions
        )
        num_pooled = 2 * num_maps * (_QUARTER // 2) ** 2
        self.layers = nn.Sequential(
            *(layer for stage in stages for layer in stage),
            nn.MaxPool2d(2),
            nn.Flatten(),
            *_spread(minibatch_stddev, normalisation, num_rows),
            nn.Linear(num_pooled + minibatch_stddev, 88 * capacity),
            nn.ELU(inplace=True),
            nn.Linear(88 * capacity, 1),
        )

    def forward(self, x_NCHW: Tensor, y_N: Tensor) -> Critique:
        """One logit per image, or per pack."""
        x_PCHW, y_PM = pack(x_NCHW, y_N, self.packing)
        if self.label_image is not None:
            label_PF = self.label_image(one_hot(y_PM, self.num_classes).flatten(1).to(x_PCHW.dtype))
            x_PCHW = torch.cat([x_PCHW, label_PF.unflatten(1, (1, IMAGE_SIZE, IMAGE_SIZE))], dim=1)
        return Critique(self.layers(x_PCHW).squeeze(1))


def dcgan_generator(
    latent_size: int, num_classes: int, num_channels: int, normalisation: str, image_channels: int = 1
) -> nn.Module:
    """A `DcganGenerator`, with its reference batch if its normalisation needs one."""
    network = DcganGenerator(latent_size, num_channels, normalisation, image_channels)
    return with_reference_latents(network, num_classes)


def dcgan_discriminator(
    num_classes: int,
    num_channels: int,
    normalisation: str,
    packing: int = 1,
    minibatch_stddev: bool = False,
    image_channels: int = 1,
) -> nn.Module:
    """A `DcganDiscriminator`, with its reference batch if its normalisation needs one."""
    network = DcganDiscriminator(num_channels, normalisation, packing, minibatch_stddev, image_channels)
    return with_reference_images(network, num_classes, packing, image_channels)


def rzayev_generator(
    latent_size: int,
    num_classes: int,
    capacity: int,
    normalisation: str,
    conditional: bool,
    image_channels: int = 1,
) -> nn.Module:
    """A `RzayevGenerator`, with its reference batch if its normalisation needs one."""
    network = RzayevGenerator(latent_size, num_classes, capacity, normalisation, conditional, image_channels)
    return with_reference_latents(network, num_classes)


def rzayev_discriminator(
    num_classes: int,
    capacity: int,
    depth: int,
    normalisation: str,
    conditional: bool,
    packing: int = 1,
    minibatch_stddev: bool = False,
    image_channels: int = 1,
) -> nn.Module:
    """A `RzayevDiscriminator`, with its reference batch if its normalisation needs one."""
    network = RzayevDiscriminator(
        num_classes, capacity, depth, normalisation, conditional, packing, minibatch_stddev, image_channels
    )
    return with_reference_images(network, num_classes, packing, image_channels)


def _spread(minibatch_stddev: bool, normalisation: str, num_rows: int) -> list[nn.Module]:
    if not minibatch_stddev:
        return []
    return [MinibatchStddev(num_reference=num_rows if normalisation == "reference" else 0)]


def _initialise_normal(network: nn.Module) -> None:
    """Weights of convolutions from N(0, 0.02), biases at zero (Radford et al., 2016, section 4)."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, std=0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
