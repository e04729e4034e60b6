"""Convolutional generators and discriminators.

Shape suffixes: N batch, C channels, H height, W width, Z latent, K classes, F features.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from inkmint.nets.batchwise import MinibatchStddev
from inkmint.nets.blocks import (
    ConditionalBatchNorm2d,
    Critique,
    SelfAttention,
    leaky_relu,
    normalise_spectrum,
)


class AcganGenerator(nn.Module):
    """Noise and label through a dense layer and two convolution stages (hu2024, section 3.2.1).

    The document names fully connected and convolutional stages, LeakyReLU, Tanh and a
    self-attention layer, but no sizes. Ours: a dense layer to (4C, 7, 7), then twice a 3x3 convolution
    and a pixel shuffle, which costs a quarter of upsampling followed by a convolution. The label
    enters through conditional batch normalisation. Attention sits at 7x7: at 14x14 it sees sixteen times
    as many pairs of locations, which dominate the training step on a CPU.

    Args:
        latent_size: Z.
        num_classes: K; labels are in 0 .. K - 1.
        num_channels: C, the channels at 14x14.
        attention: Whether the self-attention layer is there (`acgan-sa`) or not (`acgan`).
        image_channels: Of an image.

    Attributes:
        takes_shares: In place of labels (N,) it draws shares of classes, floats (N, K), as what lies between classes.
    """

    takes_shares = True

    def __init__(
        self, latent_size: int, num_classes: int, num_channels: int, attention: bool, image_channels: int = 1
    ) -> None:
        super().__init__()
        self.latent_size = latent_size
        self.dense = nn.Linear(latent_size, 2 * num_channels * 7 * 7)
        self.norm7 = ConditionalBatchNorm2d(2 * num_channels, num_classes)
        self.conv7 = nn.Conv2d(2 * num_channels, 4 * num_channels, kernel_size=3, padding=1)
        self.norm14 = ConditionalBatchNorm2d(num_channels, num_classes)
        self.attention = SelfAttention(2 * num_channels) if attention else nn.Identity()
        self.conv14 = nn.Conv2d(num_channels, 4 * image_channels, kernel_size=3, padding=1)

    def forward(self, z_NZ: Tensor, y_N: Tensor) -> Tensor:
        """Images (N, image_channels, 28, 28) in [-1, 1]."""
        x_NCHW = self.dense(z_NZ).unflatten(1, (-1, 7, 7))
        x_NCHW = self.attention(leaky_relu(self.norm7(x_NCHW, y_N)))
        x_NCHW = F.pixel_shuffle(self.conv7(x_NCHW), 2)
        x_NCHW = leaky_relu(self.norm14(x_NCHW, y_N))
        return torch.tanh(F.pixel_shuffle(self.conv14(x_NCHW), 2))


class AcganDiscriminator(nn.Module):
    """Two convolutions, a dense layer, and two heads: real or not, and which class (hu2024, figure 2).

    The document gives no sizes. Ours folds the image into four channels of 14x14 first, which loses
    nothing and saves the dearest convolution; attention sits at 7x7, as in the generator.

    How the class enters is a matter of `conditioning`:

    - `auxiliary`: a head of K class logits, as in the document (Odena et al., 2017). The label is not looked at.
    - `adc`: a head of 2K, class k of a real image at k and of a generated one at K + k (Hou et al., 2022).
    - `projection`: no class logits; the logit gains `<v_y, features>` with a learned v_k for every class
      (Miyato and Koyama, 2018, equation 4).

    Args:
        num_classes: K; labels are in 0 .. K - 1.
        num_channels: C, the channels at 14x14.
        attention: Whether the self-attention layer is there (`acgan-sa`) or not (`acgan`).
        spectral_norm: Whether every layer's largest singular value is held at 1 (Miyato et al., 2018), as in
            SAGAN, from which the document takes its attention. It does not say so itself.
        conditioning: `auxiliary`, `adc` or `projection`.
        minibatch_stddev: Whether the dense layer sees the spread of the batch (`MinibatchStddev`).
        image_channels: Of an image.

    Raises:
        ValueError: There is no such conditioning.

    References:
        Hou et al., "Conditional GANs with Auxiliary Discriminative Classifier", ICML 2022.
        Miyato and Koyama, "cGANs with Projection Discriminator", ICLR 2018.
    """

    def __init__(
        self,
        num_classes: int,
        num_channels: int,
        attention: bool,
        spectral_norm: bool,
        conditioning: str = "auxiliary",
        minibatch_stddev: bool = False,
        image_channels: int = 1,
    ) -> None:
        super().__init__()
        if conditioning not in ("auxiliary", "adc", "projection"):
            raise ValueError(
                f"there is no conditioning {conditioning!r}; choose auxiliary, adc or projection"
            )
        self.projects = conditioning == "projection"
        num_class_logits = 2 * num_classes if conditioning == "adc" else num_classes
        num_maps = 2 * num_channels + minibatch_stddev
        self.conv14 = nn.Conv2d(4 * image_channels, num_channels, kernel_size=3, padding=1)
        self.attention = SelfAttention(2 * num_channels) if attention else nn.Identity()
        self.conv7 = nn.Conv2d(num_channels, 2 * num_channels, kernel_size=4, stride=2, padding=1)
        self.stddev = MinibatchStddev() if minibatch_stddev else nn.Identity()
        self.dense = nn.Linear(num_maps * 7 * 7, 128)
        self.real_head = nn.Linear(128, 1)
        self.class_head = nn.Linear(128, num_class_logits, bias=not self.projects)
        if spectral_norm:
            normalise_spectrum(self)

    def forward(self, x_NCHW: Tensor, y_N: Tensor) -> Critique:
        """One logit per image, and its class logits (N, K) or (N, 2K) where there are any."""
        x_NCHW = leaky_relu(self.conv14(F.pixel_unshuffle(x_NCHW, 2)))
        x_NCHW = self.stddev(self.attention(leaky_relu(self.conv7(x_NCHW))))
        features_NF = leaky_relu(self.dense(x_NCHW.flatten(1)))
        real_logit_N = self.real_head(features_NF).squeeze(1)
        class_logits_NK = self.class_head(features_NF)
        if self.projects:
            return Critique(real_logit_N + class_logits_NK.gather(1, y_N[:, None]).squeeze(1))
        return Critique(real_logit_N, class_logits_NK)
