"""Networks as ONNX is to hold them: pixels in and probabilities out, or latents and labels in and pixels out.

Shape suffixes: N images, C channels, H height, W width, K classes, D features, Z latent.
"""

from typing import Protocol, cast

import torch
from torch import Tensor, nn

from inkmint.data.pixels import to_network, to_pixels
from inkmint.nets.blocks import AttentionMask
from inkmint.nets.latent import LatentFlowGenerator


class RecogniserGraph(nn.Module):
    """What a recogniser says of pixels, with its softmax, its features, and its attention mask if it has one.

    Args:
        network: In evaluation mode; the graph hooks into it, so give a copy.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self._masks: list[Tensor] = []
        if mask := attention_mask(network):
            mask.register_forward_hook(self._keep_mask)

    @property
    def output_names(self) -> list[str]:
        """Of what `forward` returns."""
        return ["probabilities", "features", *(["attention"] if attention_mask(self.network) else [])]

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Probabilities (N, K), features (N, D) and, if there is one, the mask (N, H, W) of uint8 (N, 28, 28)."""
        x_NCHW = to_network(images)
        features_ND = cast("_Featured", self.network).features(x_NCHW)
        self._masks.clear()
        logits_NK: Tensor = self.network(x_NCHW)
        return logits_NK.softmax(dim=1), features_ND, *self._masks

    def _keep_mask(self, module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:  # noqa: ARG002
        self._masks.append(cast("AttentionMask", module).mask(*inputs)[:, 0])


class _Featured(Protocol):
    def features(self, x_NCHW: Tensor) -> Tensor: ...


def attention_mask(network: nn.Module) -> AttentionMask | None:
    """The layer of a network that is an attention mask; None if there is none."""
    return next((layer for layer in network.modules() if isinstance(layer, AttentionMask)), None)


class GeneratorGraph(nn.Module):
    """What a generator draws, as pixels with ink bright on dark.

    Args:
        network: In evaluation mode.
        on_paper: Whether the network draws dark ink on paper.
    """

    def __init__(self, network: nn.Module, on_paper: bool) -> None:
        super().__init__()
        self.network = _Flow(network) if isinstance(network, LatentFlowGenerator) else network
        self.on_paper = on_paper

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        """uint8 (N, 28, 28), or (N, C, 28, 28) of several channels, of latents (N, Z) and labels (N,)."""
        pixels = to_pixels(self.network(latents, labels))
        return 255 - pixels if self.on_paper else pixels


class _Flow(nn.Module):
    """A latent flow that leads every code again and keeps those that were to be led.

    A graph has no rows picked by their values, and a branch for whole batches would be taken by nearly every batch of
    more than a few digits: it saves a third of a single digit's millisecond, and doubles the time to export.
    """

    def __init__(self, network: LatentFlowGenerator) -> None:
        super().__init__()
        self.network = network

    def forward(self, z_NZ: Tensor, y_N: Tensor) -> Tensor:
        code_NZ, unsure_N = self.network.first_codes(z_NZ, y_N)
        chosen_NZ = torch.where(unsure_N[:, None], self.network.led_codes(z_NZ, y_N), code_NZ)
        return torch.tanh(self.network.decoder(chosen_NZ) / 2)
