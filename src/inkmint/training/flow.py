"""The phases of training a latent flow: first the autoencoder, then the flow between noise and its codes.

Shape suffixes: N batch, C channels, H height, W width, Z latent and code.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from inkmint.flow_matching import flow_matching_loss, logit_normal, reconstruction_loss
from inkmint.nets.latent import CodeAutoencoder, LatentFlowGenerator
from inkmint.objectives import Losses
from inkmint.options import Value
from inkmint.training.tasks import Batch, Draws, Phase, Stage


class LatentFlow:
    """A generator that follows a flow, and the autoencoder with whose decoder it draws.

    Args:
        settings: Every option of the row.
        networks: By role.
    """

    def __init__(self, settings: Mapping[str, Value], networks: Mapping[str, nn.Module]) -> None:
        generator, autoencoder = networks["generator"], networks["autoencoder"]
        assert isinstance(generator, LatentFlowGenerator)
        assert isinstance(autoencoder, CodeAutoencoder)
        self._generator, self._autoencoder = generator, autoencoder
        self._code_noise = float(settings["code_noise"])
        self._repeats = int(settings["flow_repeats"])
        self._turn = float(settings["autoencoder_share"])

    @property
    def phases(self) -> Sequence[Phase]:
        """The autoencoder's, which is over when the generator's begins."""
        return (
            Phase("autoencoder", self._reconstructs, stage=Stage(end=self._turn)),
            Phase("generator", self._flows, stage=Stage(begin=self._turn)),
        )

    def _reconstructs(self, real: Batch, draws: Draws) -> Losses:
        code_NZ = self._autoencoder.encoder(real.x_NCHW)
        noise_NZ = draws.normal(code_NZ.shape[1])
        logit_NCHW = self._autoencoder.decoder(code_NZ + self._code_noise * noise_NZ)
        return {"reconstruction": reconstruction_loss(logit_NCHW, real.x_NCHW)}

    def _flows(self, real: Batch, draws: Draws) -> Losses:
        """Each code goes several ways, from different noise and seen at different times: codes are the dear part."""
        code_NZ = self._codes(real.x_NCHW).repeat_interleave(self._repeats, dim=0)
        y_N = real.y_N.repeat_interleave(self._repeats)
        noise_NZ = draws.normal(self._repeats * code_NZ.shape[1]).reshape(code_NZ.shape)
        t_N = logit_normal(draws.normal(self._repeats).flatten())
        return {"flow_matching": flow_matching_loss(self._generator.velocity, noise_NZ, code_NZ, t_N, y_N)}

    @torch.no_grad()
    def _codes(self, x_NCHW: Tensor) -> Tensor:
        """Normalised by what the encoder has gathered, so that a digit has one code whatever its batch."""
        encoder = self._autoencoder.encoder.eval()
        code_NZ: Tensor = encoder(x_NCHW)
        encoder.train()
        return code_NZ
