"""The phases of training a latent flow: first the autoencoder and what it is seen by, then the flow.

Shape suffixes: N batch, C channels, H height, W width, Z latent and code.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from inkmint.flow_matching import flow_matching_loss, logit_normal, perceptual_loss, reconstruction_loss
from inkmint.nets.latent import CodeAutoencoder, LatentFlowGenerator, Perception
from inkmint.objectives import Losses
from inkmint.options import Value
from inkmint.training.tasks import Batch, Draws, Phase, Stage


class LatentFlow:
    """A generator that follows a flow, the autoencoder with whose decoder it draws, and what tells how that looks.

    Args:
        settings: Every option of the row.
        networks: By role.
    """

    def __init__(self, settings: Mapping[str, Value], networks: Mapping[str, nn.Module]) -> None:
        generator, autoencoder, perception = (
            networks[role] for role in ("generator", "autoencoder", "perception")
        )
        assert isinstance(generator, LatentFlowGenerator)
        assert isinstance(autoencoder, CodeAutoencoder)
        assert isinstance(perception, Perception)
        self._generator, self._autoencoder, self._perception = generator, autoencoder, perception
        self._perceptual_weight = float(settings["perceptual_weight"])
        self._code_noise = float(settings["code_noise"])
        self._repeats = int(settings["flow_repeats"])
        self._dropout = float(settings["label_dropout"])
        self._turn = float(settings["autoencoder_share"])

    @property
    def phases(self) -> Sequence[Phase]:
        """The autoencoder's, with those of the perception ahead of them, are over when the generator's begin."""
        first = Stage(end=self._turn)
        return (
            Phase("perception", self._recognises, stage=first),
            Phase("autoencoder", self._reconstructs, stage=first),
            Phase("generator", self._flows, stage=Stage(begin=self._turn), through=self._codes),
        )

    def _recognises(self, real: Batch, draws: Draws) -> Losses:  # noqa: ARG002
        return {"cross_entropy": F.cross_entropy(self._perception(real.x_NCHW), real.y_N)}

    def _reconstructs(self, real: Batch, draws: Draws) -> Losses:
        code_NZ = self._autoencoder.encoder(real.x_NCHW)
        noise_NZ = draws.normal(code_NZ.shape[1])
        logit_NCHW = self._autoencoder.decoder(code_NZ + self._code_noise * noise_NZ)
        with _evaluating(self._perception):
            features = self._perception.features(torch.tanh(logit_NCHW / 2))
            with torch.no_grad():
                of_real = self._perception.features(real.x_NCHW)
        return {
            "reconstruction": reconstruction_loss(logit_NCHW, real.x_NCHW),
            "perceptual": self._perceptual_weight * perceptual_loss(features, of_real),
        }

    def _flows(self, real: Batch, draws: Draws) -> Losses:
        """Each code goes several ways, from different noise and seen at different times."""
        code_NZ = real.x_NCHW  # what images pass on their way here, `through`
        seen_NZ = code_NZ + self._code_noise * draws.normal(code_NZ.shape[1])
        cross_entropy = F.cross_entropy(self._generator.reader(seen_NZ), real.y_N)
        code_NZ = code_NZ.repeat_interleave(self._repeats, dim=0)
        y_N = real.y_N.repeat_interleave(self._repeats)
        untold_N = draws.uniform(self._repeats).flatten() < self._dropout
        y_N = y_N.masked_fill(untold_N, self._generator.velocity.any_class)
        noise_NZ = draws.normal(self._repeats * code_NZ.shape[1]).reshape(code_NZ.shape)
        t_N = logit_normal(draws.normal(self._repeats).flatten())
        return {
            "flow_matching": flow_matching_loss(self._generator.velocity, noise_NZ, code_NZ, t_N, y_N),
            "cross_entropy": cross_entropy,
        }

    @torch.no_grad()
    def _codes(self, x_NCHW: Tensor) -> Tensor:
        """Normalised by what the encoder has gathered, so that a digit has one code whatever its batch."""
        with _evaluating(self._autoencoder.encoder) as encoder:
            code_NZ: Tensor = encoder(x_NCHW)
        return code_NZ


@contextmanager
def _evaluating(network: nn.Module) -> Iterator[nn.Module]:
    """Have a network normalise by what it has gathered, and gather nothing."""
    network.eval()
    yield network
    network.train()
