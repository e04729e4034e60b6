"""The guidance network of MGGAN: a discriminator of codes, and the encoder whose codes it sees.

Shape suffixes: N batch, C channels, H height, W width, D code.
"""

from torch import Tensor, nn

from inkmint.data.digits import IMAGE_SIZE
from inkmint.nets.blocks import Critique

_WIDTH = 256


def _perceptron(num_in: int, num_out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(num_in, _WIDTH),
        nn.LeakyReLU(negative_slope=0.2),
        nn.Linear(_WIDTH, _WIDTH),
        nn.LeakyReLU(negative_slope=0.2),
        nn.Linear(_WIDTH, num_out),
    )


class Autoencoder(nn.Module):
    """Learns the manifold of real images: image to code and back (Bang and Shim, 2018, section 3.1).

    qin2021 names the method and prints no sizes; theirs follow the base GAN. Ours: two hidden layers of 256 units on
    either side.

    Args:
        code_size: D.
        image_channels: C.
    """

    def __init__(self, code_size: int, image_channels: int = 1) -> None:
        super().__init__()
        self.image_channels = image_channels
        self.encoder = _perceptron(image_channels * IMAGE_SIZE**2, code_size)
        self.decoder = _perceptron(code_size, image_channels * IMAGE_SIZE**2)

    def encode(self, x_NCHW: Tensor) -> Tensor:
        """Codes (N, D)."""
        code_ND: Tensor = self.encoder(x_NCHW.flatten(1))
        return code_ND

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """The images as the codes remember them, (N, C, 28, 28) in [-1, 1]."""
        x_NF: Tensor = self.decoder(self.encode(x_NCHW))
        return x_NF.tanh().reshape(-1, self.image_channels, IMAGE_SIZE, IMAGE_SIZE)


class Guide(nn.Module):
    """Tells codes of real images from codes of generated ones; labels are ignored.

    Args:
        code_size: D.
    """

    def __init__(self, code_size: int) -> None:
        super().__init__()
        self.layers = _perceptron(code_size, 1)

    def forward(self, code_ND: Tensor, y_N: Tensor) -> Critique:  # noqa: ARG002
        """One logit per code."""
        return Critique(self.layers(code_ND).squeeze(1))
