"""The phases of training a generator against its discriminators."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import nn

from inkmint.data.digits import DigitSet
from inkmint.data.pixels import to_network
from inkmint.nets.batchwise import couples_images
from inkmint.nets.guidance import Autoencoder
from inkmint.nets.norms import ReferencedDiscriminator
from inkmint.objectives import Critic, Losses, Sample
from inkmint.specs import GanSpec
from inkmint.training.recipe import Recipe
from inkmint.training.tasks import Batch, Draws, Phase
from inkmint.training.views import generate


class Adversaries:
    """A generator, its discriminator, and a guidance network if the row has one.

    Args:
        spec: Row of the zoo.
        recipe: Gives the options.
        networks: By role.
        num_classes: K.
    """

    def __init__(
        self, spec: GanSpec, recipe: Recipe, networks: Mapping[str, nn.Module], num_classes: int
    ) -> None:
        self._networks = networks
        self._generator = networks["generator"]
        self._objective = spec.build_objective(recipe.options)
        self._settings = spec.settle(recipe.options)
        self._recipe = recipe
        self._num_classes = num_classes
        self._critics = {"discriminator": _critic(networks["discriminator"])}
        if "guide" in networks:
            encoder = networks["encoder"]
            assert isinstance(encoder, Autoencoder)
            self._critics["guide"] = Critic(networks["guide"], embed=encoder.encode)

    @property
    def phases(self) -> Sequence[Phase]:
        """Encoder first where there is one, then the discriminators, then the generator with them."""
        encoded = int(self._settings.get("encoder_steps", 0))
        pretrained = encoded + int(self._settings["pretrain_steps"])
        judging = [
            Phase(role, self._discriminates(critic), first_step=encoded)
            for role, critic in self._critics.items()
        ]
        generating = Phase(
            "generator", self._generates, pretrained, every_steps=int(self._settings["discriminator_steps"])
        )
        encoding = [Phase("encoder", self._encodes, end_step=encoded)] if encoded else []
        return (*encoding, *judging, generating)

    def begin(self, digits: DigitSet, draws: Draws) -> None:
        """Give discriminators with virtual batch normalisation their fixed reference images."""
        for network in self._networks.values():
            if isinstance(network, ReferencedDiscriminator):
                chosen = torch.randint(len(digits), (network.num_reference,), generator=draws.generator)
                x_NCHW = self._recipe.on_background(to_network(digits.images[chosen]))
                network.refer_to(x_NCHW.to(draws.device), digits.labels[chosen].to(draws.device))

    def _discriminates(self, critic: Critic) -> Callable[[Batch, Draws], Losses]:
        def losses(real: Batch, draws: Draws) -> Losses:
            with torch.no_grad():
                fake = self._fake(real, draws)
            return self._objective.discriminator_loss(critic, real, fake, draws.uniform)

        return losses

    def _generates(self, real: Batch, draws: Draws) -> Losses:
        fake = self._fake(real, draws)
        losses: Losses = {}
        for role, critic in self._critics.items():
            prefix = "" if role == "discriminator" else f"{role}_"
            found = self._objective.generator_loss(critic, real, fake)
            losses |= {prefix + name: loss for name, loss in found.items()}
        return losses

    def _encodes(self, real: Batch, draws: Draws) -> Losses:  # noqa: ARG002
        remembered_NCHW = self._networks["encoder"](real.x_NCHW)
        return {"reconstruction": (remembered_NCHW - real.x_NCHW).square().mean()}

    def _fake(self, real: Batch, draws: Draws) -> Sample:
        """As many images as there are real ones, of random labels; of the same labels if they are paired."""
        y_N = real.y_N if self._objective.adversarial.paired else draws.labels(self._num_classes)
        return generate(self._generator, y_N, draws)


def _critic(network: nn.Module) -> Critic:
    return Critic(network, together=not couples_images(network))
