"""What a discriminator sees beyond a single image: packs of images, the spread of a batch, labels.

Shape suffixes: N batch, P packs, C channels, H height, W width, K classes, M images of a pack.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def one_hot(y_N: Tensor, num_classes: int) -> Tensor:
    """Labels (N, ...) as float32 of a new last dimension K: 1 at the label, 0 elsewhere.

    What has that dimension already, shares of every class in floats, stays as it is.
    """
    return y_N if y_N.is_floating_point() else F.one_hot(y_N, num_classes).float()


def pack(x_NCHW: Tensor, y_N: Tensor, packing: int) -> tuple[Tensor, Tensor]:
    """Join every `packing` neighbouring images as the channels of one input (Lin et al., 2018, PacGAN).

    Neighbours are joined, so that the real and the generated images of one batch stay in packs of their own
    when each part is divisible. Labels are kept beside their images.

    Args:
        x_NCHW: Images.
        y_N: Their labels.
        packing: M, images of a pack; 1 changes no image.

    Returns:
        Images (N / M, M * C, H, W) and labels (N / M, M).

    Raises:
        ValueError: N is not divisible by M.

    References:
        Lin et al., "PacGAN: The power of two samples in generative adversarial networks", NeurIPS 2018,
        section 2.
    """
    if len(x_NCHW) % packing:
        raise ValueError(f"a batch of {len(x_NCHW)} images cannot be split into packs of {packing}")
    num_packs = len(x_NCHW) // packing
    return (
        x_NCHW.reshape(num_packs, packing * x_NCHW.shape[1], *x_NCHW.shape[2:]),
        y_N.reshape(num_packs, packing),
    )


class MinibatchStddev(nn.Module):
    """One more channel that holds how much the images of a batch differ (Karras et al., 2018, section 3).

    In training `s = mean over channels and locations of sqrt(var over the batch + 1e-8)`, the same number for
    every image. The paper's section takes the whole batch, as here; its code takes groups of four.

    The paper leaves open what a single image sees in evaluation. Here it sees the running mean of the
    training values, so that it is judged alike whatever else is in its batch, as with batch normalisation.

    Args:
        num_reference: So many leading rows are a fixed reference batch that does not count.

    References:
        Karras et al., "Progressive Growing of GANs for Improved Quality, Stability, and Variation", ICLR 2018.
    """

    momentum = 0.1
    running_stddev: Tensor

    def __init__(self, num_reference: int = 0) -> None:
        super().__init__()
        self.num_reference = num_reference
        self.register_buffer("running_stddev", torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        """(N, F) to (N, F + 1), or (N, C, H, W) to (N, C + 1, H, W)."""
        stddev = self.running_stddev
        if self.training:
            stddev = x[self.num_reference :].var(dim=0, correction=0).add(1e-8).sqrt().mean()
            self.running_stddev.lerp_(stddev.detach(), self.momentum)
        return torch.cat([x, stddev.expand(len(x), 1, *x.shape[2:])], dim=1)


def couples_images(network: nn.Module) -> bool:
    """Whether a row of the batch changes what the network says of another row in training.

    Batch normalisation of any kind and the minibatch standard deviation do; reference normalisation does not.
    Packing is no such coupling: a pack is one row. Coupled real and generated images go through in batches
    of their own where their statistics must not mix.
    """
    coupling = (nn.modules.batchnorm._BatchNorm, MinibatchStddev)
    return any(isinstance(module, coupling) for module in network.modules())
