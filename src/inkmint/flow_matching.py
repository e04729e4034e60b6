"""What a latent flow minimises: pure functions that never call backward or step.

Shape suffixes: N batch, C channels, H height, W width, Z latent and code.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from inkmint.nets.latent import Field

_LEAST_VARIANCE = 1e-3


def reconstruction_loss(logit_NCHW: Tensor, x_NCHW: Tensor) -> Tensor:
    """Binary cross-entropy of pixels, a scalar, in nats for a pixel; lower is better.

    The mean of `-p log s(l) - (1 - p) log(1 - s(l))`, p = (x + 1) / 2 being the brightness in [0, 1], l the logit
    and s the sigmoid. It is least where s(l) = p, and then the entropy of p, above 0 for greys.

    Args:
        logit_NCHW: Of an autoencoder.
        x_NCHW: The images that it saw, in [-1, 1].
    """
    return F.binary_cross_entropy_with_logits(logit_NCHW, (x_NCHW + 1) / 2)


def perceptual_loss(features: Sequence[Tensor], of_real: Sequence[Tensor]) -> Tensor:
    """How differently two batches look to the layers of a network, a scalar; lower is better.

    The sum over layers of `E |f - g|^2 / Var g`, mean and variance being over all numbers of the layer's features f of
    the drawn and g of the real images.

    Args:
        features: By layer, of drawn images.
        of_real: By layer, of the images that they are to look like.

    References:
        Johnson et al., "Perceptual Losses for Real-Time Style Transfer and Super-Resolution", ECCV 2016, equation 2,
        with each layer measured by its own spread.
    """
    layers = zip(features, of_real, strict=True)
    return torch.stack([(f - g).square().mean() / (g.var() + _LEAST_VARIANCE) for f, g in layers]).sum()


def flow_matching_loss(
    velocity: Field, noise_NZ: Tensor, code_NZ: Tensor, t_N: Tensor, y_N: Tensor
) -> Tensor:
    """Squared error of the velocity on straight ways from noise to codes, a scalar; lower is better.

    `E |v((1 - t) x_0 + t x_1, t, y) - (x_1 - x_0)|^2`, the mean over N and Z. It is least where v is the mean of
    `x_1 - x_0` over all ways of the class that cross this point at this time; points that follow this mean from
    noise have at time 1 the distribution of the codes.

    Args:
        velocity: What is learned.
        noise_NZ: x_0, standard normal.
        code_NZ: x_1.
        t_N: In [0, 1].
        y_N: Labels of the codes.

    References:
        Lipman et al., "Flow Matching for Generative Modeling", ICLR 2023, equation 23 with sigma_min = 0; Liu et al.,
        "Flow Straight and Fast: Learning to Generate and Transfer Data with Rectified Flow", ICLR 2023, equation 1.
    """
    x_NZ = torch.lerp(noise_NZ, code_NZ, t_N[:, None])
    return (velocity(x_NZ, t_N, y_N) - (code_NZ - noise_NZ)).square().mean()


def logit_normal(normal_N: Tensor) -> Tensor:
    """Times in (0, 1) of standard normal numbers: `t = s(n)`, s the sigmoid.

    The velocity is hardest to tell midway, so most times are taken from there (Esser et al., "Scaling Rectified Flow
    Transformers for High-Resolution Image Synthesis", ICML 2024, section 3.1, with m = 0 and s = 1).
    """
    return torch.sigmoid(normal_N)
