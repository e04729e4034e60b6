"""Our own generator: a flow between noise and the codes of an autoencoder, and the autoencoder.

Shape suffixes: N batch, C channels, H height, W width, Z latent and code, K classes, F features.
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_WIDTH = 256
_GROUPS = 4
_FREQUENCIES, _FASTEST = 16, 60.0
_CONDITION = 48
_READER_WIDTH = 128


class Encoder(nn.Module):
    """Images to codes of mean 0 and variance 1 in every number, as wide as the noise that the flow begins with.

    Args:
        latent_size: Z.
        num_channels: Maps at 14x14; twice as many at 7x7.
        image_channels: C.
    """

    def __init__(self, latent_size: int, num_channels: int, image_channels: int = 1) -> None:
        super().__init__()
        self.conv14 = nn.Conv2d(4 * image_channels, num_channels, kernel_size=3, padding=1)
        self.norm14 = nn.BatchNorm2d(num_channels)
        self.conv7 = nn.Conv2d(num_channels, 2 * num_channels, kernel_size=4, stride=2, padding=1)
        self.norm7 = nn.BatchNorm2d(2 * num_channels)
        self.dense = nn.Linear(2 * num_channels * 7 * 7, _WIDTH)
        self.norm = nn.BatchNorm1d(_WIDTH)
        self.code = nn.Linear(_WIDTH, latent_size)
        self.code_norm = nn.BatchNorm1d(latent_size, affine=False)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Codes (N, Z) of images in [-1, 1]."""
        x_NCHW = F.silu(self.norm14(self.conv14(F.pixel_unshuffle(x_NCHW, 2))))
        x_NCHW = F.silu(self.norm7(self.conv7(x_NCHW)))
        x_NF = F.silu(self.norm(self.dense(x_NCHW.flatten(1))))
        code_NZ: Tensor = self.code_norm(self.code(x_NF))
        return code_NZ


class Decoder(nn.Module):
    """Codes to images.

    Each image is normalised by itself (Wu and He, 2018; Ba et al., 2016), so the decoder draws what it learned to
    draw whatever codes it sees, and needs no statistics of them. Maps lie channels last in memory, where
    a CPU's convolutions of few channels are faster.

    Args:
        latent_size: Z.
        num_channels: Maps at 7x7 and at 14x14.
        image_channels: C.

    References:
        Wu and He, "Group Normalization", ECCV 2018; Ba et al., "Layer Normalization", 2016.
    """

    def __init__(self, latent_size: int, num_channels: int, image_channels: int = 1) -> None:
        super().__init__()
        self.code = nn.Linear(latent_size, _WIDTH)
        self.norm = nn.LayerNorm(_WIDTH)
        self.dense = nn.Linear(_WIDTH, num_channels * 7 * 7)
        self.norm7 = _group_norm(num_channels)
        self.conv7 = nn.Conv2d(num_channels, 4 * num_channels, kernel_size=3, padding=1)
        self.norm14 = _group_norm(num_channels)
        self.unit14 = nn.Conv2d(num_channels, num_channels, kernel_size=3, padding=1)
        self.unit_norm14 = _group_norm(num_channels)
        self.conv14 = nn.Conv2d(num_channels, 16 * image_channels, kernel_size=3, padding=1)
        self.conv28 = nn.Conv2d(4 * image_channels, image_channels, kernel_size=3, padding=1)

    def forward(self, code_NZ: Tensor) -> Tensor:
        """A logit for every pixel, (N, C, 28, 28): of the probability that it is ink, not background."""
        x_NCHW = self.dense(F.silu(self.norm(self.code(code_NZ)))).unflatten(1, (-1, 7, 7))
        x_NCHW = x_NCHW.contiguous(memory_format=torch.channels_last)
        x_NCHW = F.pixel_shuffle(self.conv7(self.norm7(x_NCHW)), 2)
        x_NCHW = F.silu(self.norm14(x_NCHW))
        x_NCHW = x_NCHW + F.silu(self.unit_norm14(self.unit14(x_NCHW)))
        x_NCHW = F.pixel_shuffle(self.conv14(x_NCHW), 2)
        logit_NCHW: Tensor = self.conv28(F.silu(x_NCHW))
        return logit_NCHW


def _group_norm(num_channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(math.gcd(_GROUPS, num_channels), num_channels)


class CodeAutoencoder(nn.Module):
    """Makes the space in which the flow moves: `decoder(encoder(x))` is to be x again, even if the code is noisy.

    Args:
        latent_size: Z.
        num_channels: Maps at 14x14 of both halves.
        image_channels: C.
    """

    def __init__(self, latent_size: int, num_channels: int, image_channels: int = 1) -> None:
        super().__init__()
        self.encoder = Encoder(latent_size, num_channels, image_channels)
        self.decoder = Decoder(latent_size, num_channels, image_channels)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """The images as their codes remember them, pixel logits (N, C, 28, 28)."""
        logit_NCHW: Tensor = self.decoder(self.encoder(x_NCHW))
        return logit_NCHW


class Perception(nn.Module):
    """A small recogniser whose features tell how far apart two images look.

    Args:
        num_classes: K.
        perception_channels: Maps at 14x14, C'; twice as many at 7x7.
        image_channels: C.
    """

    def __init__(self, num_classes: int, perception_channels: int, image_channels: int = 1) -> None:
        super().__init__()
        at14, at7 = perception_channels, 2 * perception_channels
        self.conv14 = nn.Conv2d(4 * image_channels, at14, kernel_size=3, padding=1)
        self.norm14 = nn.BatchNorm2d(at14)
        self.conv7 = nn.Conv2d(at14, at7, kernel_size=4, stride=2, padding=1)
        self.norm7 = nn.BatchNorm2d(at7)
        self.dense = nn.Linear(at7 * 7 * 7, 64)
        self.norm = nn.BatchNorm1d(64)
        self.classes = nn.Linear(64, num_classes)

    def features(self, x_NCHW: Tensor) -> tuple[Tensor, ...]:
        """What each hidden layer makes of images in [-1, 1]: (N, C', 14, 14), (N, 2C', 7, 7) and (N, 64)."""
        at14_NCHW = F.relu(self.norm14(self.conv14(F.pixel_unshuffle(x_NCHW, 2))))
        at7_NCHW = F.relu(self.norm7(self.conv7(at14_NCHW)))
        return at14_NCHW, at7_NCHW, F.relu(self.norm(self.dense(at7_NCHW.flatten(1))))

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Class logits (N, K) of images in [-1, 1]."""
        logits_NK: Tensor = self.classes(self.features(x_NCHW)[-1])
        return logits_NK


class _Unit(nn.Module):
    """A perceptron around which its input goes; time and class scale and shift what it sees."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.layers = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, h_NF: Tensor, scale_NF: Tensor, shift_NF: Tensor) -> Tensor:
        update_NF: Tensor = self.layers(torch.addcmul(shift_NF, self.norm(h_NF), 1 + scale_NF))
        return h_NF + update_NF


class Velocity(nn.Module):
    """Which way, and how fast, a point between noise and the codes of a class moves: `dx/dt = v(x, t, y)`.

    A residual perceptron, whose units time and class scale and shift (Perez et al., 2018). Time enters as sines and
    cosines of 16 frequencies from 1 to 60, the class as a learned vector. The label K, `any_class`, asks for a digit of
    whatever class.

    Args:
        latent_size: Z.
        num_classes: K; labels are in 0 .. K.
        width: Units in each layer.
        depth: Residual units.

    References:
        Perez et al., "FiLM: Visual Reasoning with a General Conditioning Layer", AAAI 2018.
    """

    def __init__(self, latent_size: int, num_classes: int, width: int, depth: int) -> None:
        super().__init__()
        self.any_class = num_classes
        self.place = nn.Linear(latent_size, width)
        self.time = nn.Linear(2 * _FREQUENCIES, _CONDITION)
        self.label = nn.Embedding(num_classes + 1, _CONDITION)
        self.condition = nn.Linear(_CONDITION, (1 + 2 * depth) * width)
        self.units = nn.ModuleList(_Unit(width) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.velocity = nn.Linear(width, latent_size)

    def forward(self, x_NZ: Tensor, t_N: Tensor, y_N: Tensor) -> Tensor:
        """Velocities (N, Z) at the points x, at the times t in [0, 1] from noise to code, for the classes y."""
        frequencies = torch.logspace(0, math.log10(_FASTEST), _FREQUENCIES, device=t_N.device)
        angle_NF = t_N[:, None] * frequencies
        told_NF = F.silu(self.time(torch.cat([angle_NF.sin(), angle_NF.cos()], dim=1)) + self.label(y_N))
        place_NF, *told = self.condition(told_NF).chunk(1 + 2 * len(self.units), dim=1)
        h_NF = self.place(x_NZ) + place_NF
        for unit, scale_NF, shift_NF in zip(self.units, told[::2], told[1::2], strict=True):
            h_NF = unit(h_NF, scale_NF, shift_NF)
        velocity_NZ: Tensor = self.velocity(F.silu(self.norm(h_NF)))
        return velocity_NZ


Field = Callable[[Tensor, Tensor, Tensor], Tensor]
"""A velocity (N, Z) of points (N, Z), times (N,) and labels (N,)."""


def integrate(velocity: Field, x_NZ: Tensor, y_N: Tensor, num_steps: int) -> Tensor:
    """Where points that follow the velocity from time 0 on are at time 1, (N, Z), by the midpoint rule.

    `x <- x + h v(x + h/2 v(x, t), t + h/2)` with h = 1 / num_steps: two velocities a step, an error of order h^2.

    Args:
        velocity: What they follow.
        x_NZ: Where they are at time 0.
        y_N: Their labels.
        num_steps: Steps of equal length, 1 or more.
    """
    step = 1 / num_steps
    for index in range(num_steps):
        t_N = x_NZ.new_full((x_NZ.shape[0],), index * step)
        halfway_NZ = x_NZ + step / 2 * velocity(x_NZ, t_N, y_N)
        x_NZ = x_NZ + step * velocity(halfway_NZ, t_N + step / 2, y_N)
    return x_NZ


def guided(velocity: Velocity, guidance: float) -> Field:
    """The velocity of a class, led further away from that of digits of any class.

    `v(x, t, y) + g (v(x, t, y) - v(x, t, any))`: classifier-free guidance of the weight g. More of it gives clearer and
    less varied digits; at 0 the field is the velocity itself, which costs half as much.

    Args:
        velocity: What was learned.
        guidance: g, 0 or more.

    References:
        Ho and Salimans, "Classifier-Free Diffusion Guidance", 2022, equation 6 (their w is our g).
    """
    if not guidance:
        return velocity

    def field(x_NZ: Tensor, t_N: Tensor, y_N: Tensor) -> Tensor:
        y_2N = torch.cat([y_N, torch.full_like(y_N, velocity.any_class)])
        of_class_NZ, of_any_NZ = velocity(x_NZ.repeat(2, 1), t_N.repeat(2), y_2N).unflatten(0, (2, -1))
        guided_NZ: Tensor = of_class_NZ + guidance * (of_class_NZ - of_any_NZ)
        return guided_NZ

    return field


class CodeReader(nn.Module):
    """A perceptron that tells the class of a code, before it is decoded.

    Args:
        latent_size: Z.
        num_classes: K.
    """

    def __init__(self, latent_size: int, num_classes: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(latent_size, _READER_WIDTH), nn.SiLU(), nn.Linear(_READER_WIDTH, num_classes)
        )

    def forward(self, code_NZ: Tensor) -> Tensor:
        """Class logits (N, K)."""
        logits_NK: Tensor = self.layers(code_NZ)
        return logits_NK


class LatentFlowGenerator(nn.Module):
    """Carries noise to a code of the class asked for, and decodes it.

    Latent diffusion (Rombach et al., 2022) at the size of a digit: the flow of `Velocity` is learned by flow matching
    (`inkmint.flow_matching`) and followed in a few steps; the decoder is learned before it, as a half of a
    `CodeAutoencoder`. Where a `CodeReader` gives the class asked for less than a probability at the way's end, the same
    noise is carried again, led by guidance: this costs little and leaves the others as varied as they are, which
    guidance of all of them does not. The same latent gives the same image.

    Args:
        latent_size: Z, of latents and of codes.
        num_classes: K; labels are in 0 .. K - 1.
        num_channels: Maps at 14x14 of the decoder.
        flow_width: Units in each layer of the flow.
        flow_depth: Residual units of the flow.
        num_steps: Steps from noise to code, of two velocities each.
        sureness: Probability of the class asked for below which a code is led again; 0 for none, above 1 for all.
        guidance: Weight of guidance towards the class of those that are led again, 0 or more.
        image_channels: Of an image.

    References:
        Rombach et al., "High-Resolution Image Synthesis with Latent Diffusion Models", CVPR 2022.
        Lipman et al., "Flow Matching for Generative Modeling", ICLR 2023.
    """

    def __init__(
        self,
        latent_size: int,
        num_classes: int,
        num_channels: int,
        flow_width: int,
        flow_depth: int,
        num_steps: int,
        sureness: float = 0.99,
        guidance: float = 1.0,
        image_channels: int = 1,
    ) -> None:
        super().__init__()
        self.latent_size = latent_size
        self.num_steps = num_steps
        self.sureness, self.guidance = sureness, guidance
        self.velocity = Velocity(latent_size, num_classes, flow_width, flow_depth)
        self.reader = CodeReader(latent_size, num_classes)
        self.decoder = Decoder(latent_size, num_channels, image_channels)

    def forward(self, z_NZ: Tensor, y_N: Tensor) -> Tensor:
        """Images (N, image_channels, 28, 28) in [-1, 1]."""
        return self.images(self.codes(z_NZ, y_N))

    def images(self, code_NZ: Tensor) -> Tensor:
        """What codes look like, (N, image_channels, 28, 28) in [-1, 1]: `2 sigmoid(logit) - 1` of each pixel."""
        return torch.tanh(self.decoder(code_NZ) / 2)

    def codes(self, z_NZ: Tensor, y_N: Tensor) -> Tensor:
        """What is decoded, (N, Z)."""
        code_NZ, unsure_N = self.first_codes(z_NZ, y_N)
        if unsure_N.any():
            code_NZ[unsure_N] = self.led_codes(z_NZ[unsure_N], y_N[unsure_N])
        return code_NZ

    def first_codes(self, z_NZ: Tensor, y_N: Tensor) -> tuple[Tensor, Tensor]:
        """Where the flow carries noise by itself, (N, Z), and which of these codes are to be led again, (N,)."""
        code_NZ = integrate(self.velocity, z_NZ, y_N, self.num_steps)
        probability_N = self.reader(code_NZ).softmax(dim=1).gather(1, y_N[:, None])[:, 0]
        return code_NZ, probability_N < self.sureness

    def led_codes(self, z_NZ: Tensor, y_N: Tensor) -> Tensor:
        """Where it carries noise led by guidance, (N, Z)."""
        return integrate(guided(self.velocity, self.guidance), z_NZ, y_N, self.num_steps)
