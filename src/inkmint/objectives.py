"""What the two players of a GAN minimise: functions of logits that never call backward or step.

Shape suffixes: N batch, C channels, H height, W width, K classes.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from inkmint.nets.blocks import Critique

Discriminator = Callable[[Tensor, Tensor], Critique]
Losses = dict[str, Tensor]


def real_loss(real_logit_N: Tensor) -> Tensor:
    """Binary cross-entropy of calling these images real: the mean of `-log sigmoid(logit)`, a scalar."""
    return F.softplus(-real_logit_N).mean()


def fake_loss(real_logit_N: Tensor) -> Tensor:
    """Binary cross-entropy of calling these images fake: the mean of `-log(1 - sigmoid(logit))`, a scalar."""
    return F.softplus(real_logit_N).mean()


@dataclass(frozen=True)
class NonSaturating:
    """The GAN objective with flipped labels for the generator, with or without a class term.

    Discriminator: `real_loss(D(x)) + fake_loss(D(G(z)))` (raza2021, "discriminator training").
    Generator: `real_loss(D(G(z)))`, the flipped labels of raza2021, which is the non-saturating
    form of Goodfellow et al. (2014), section 3.

    With a class term it is the auxiliary-classifier objective of hu2024 (equations 1 and 2; Odena et
    al., 2017): the generator adds the cross-entropy of the class head on its images against
    the label asked for, the discriminator that on real images against their label. Equation 2 prints
    `-E[1 - log D(x_real)]` where the text below it explains `1 - D(G(z, y))`, the probability of calling a
    generated image fake; we take the text's meaning, `-E[log(1 - D(G(z, y)))]`. Like hu2024, and
    unlike Odena et al., the discriminator's class term looks at real images only.

    Attributes:
        class_weight: Factor of the class term; 0 leaves it out, for discriminators without a class head.
    """

    class_weight: float = 0.0

    def discriminator_loss(
        self, discriminator: Discriminator, x_NCHW: Tensor, y_N: Tensor, fake_x_NCHW: Tensor, fake_y_N: Tensor
    ) -> Losses:
        """Losses of the discriminator on real images `x_NCHW` and generated ones, as named scalars.

        Both go through the discriminator in one batch, which computes the same and takes less time.
        """
        critique = discriminator(torch.cat([x_NCHW, fake_x_NCHW]), torch.cat([y_N, fake_y_N]))
        real_logit_N, fake_logit_N = critique.real_logit_N.split(len(x_NCHW))
        losses = {"real": real_loss(real_logit_N), "fake": fake_loss(fake_logit_N)}
        return losses | self._class_loss(critique, y_N)

    def generator_loss(self, discriminator: Discriminator, fake_x_NCHW: Tensor, fake_y_N: Tensor) -> Losses:
        """Losses of the generator whose images these are, as named scalars."""
        critique = discriminator(fake_x_NCHW, fake_y_N)
        return {"adversarial": real_loss(critique.real_logit_N)} | self._class_loss(critique, fake_y_N)

    def _class_loss(self, critique: Critique, y_N: Tensor) -> Losses:
        if not self.class_weight:
            return {}
        assert critique.class_logits_NK is not None, "a class term needs a discriminator with a class head"
        logits_NK = critique.class_logits_NK[: len(y_N)]
        return {"class": self.class_weight * F.cross_entropy(logits_NK, y_N)}
