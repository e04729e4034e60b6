"""What the two players of a GAN minimise: functions of logits that never call backward or step.

Shape suffixes: N batch, C channels, H height, W width, K classes. With packing there are fewer logits than images.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from inkmint.nets.blocks import Critique

Losses = dict[str, Tensor]


class Sample(NamedTuple):
    """Images (N, C, H, W) in [-1, 1] with their labels (N,)."""

    x_NCHW: Tensor
    y_N: Tensor


@dataclass(frozen=True)
class Critic:
    """A discriminator as an objective uses it.

    Attributes:
        network: Called with what `embed` makes of the images, and the labels.
        embed: What the network looks at in place of the images: codes, for a guidance network.
        together: Whether real and generated images may pass in one batch, which takes less time;
            batch statistics forbid it.
    """

    network: Callable[[Tensor, Tensor], Critique]
    embed: Callable[[Tensor], Tensor] | None = None
    together: bool = True

    def __call__(self, sample: Sample) -> Critique:
        """What the discriminator says of these images."""
        x_NCHW = sample.x_NCHW if self.embed is None else self.embed(sample.x_NCHW)
        return self.network(x_NCHW, sample.y_N)

    def pair(self, real: Sample, fake: Sample) -> tuple[Critique, Critique]:
        """What the discriminator says of as many real and generated images."""
        if not self.together:
            return self(real), self(fake)
        both = self(Sample(*map(torch.cat, zip(real, fake, strict=True))))
        halves = [(None, None) if part is None else part.chunk(2) for part in both]
        on_real, on_fake = (Critique(*parts) for parts in zip(*halves, strict=True))
        return on_real, on_fake


def real_loss(logit_N: Tensor, target: float = 1.0) -> Tensor:
    """Binary cross-entropy of calling these images real with probability `target`, a scalar.

    The mean of `-log sigmoid(logit)` for a target of 1.
    """
    loss = F.softplus(-logit_N).mean()
    return loss if target == 1 else target * loss + (1 - target) * fake_loss(logit_N)


def fake_loss(logit_N: Tensor) -> Tensor:
    """Binary cross-entropy of calling these images fake: the mean of `-log(1 - sigmoid(logit))`, a scalar."""
    return F.softplus(logit_N).mean()


def _cross_entropy(real_N: Tensor, fake_N: Tensor, target: float) -> Losses:
    return {"real": real_loss(real_N, target), "fake": fake_loss(fake_N)}


def _squares(real_N: Tensor, fake_N: Tensor, target: float) -> Losses:
    return {"real": 0.5 * (real_N - target).square().mean(), "fake": 0.5 * fake_N.square().mean()}


def _hinges(real_N: Tensor, fake_N: Tensor, target: float) -> Losses:  # noqa: ARG001
    return {"real": F.relu(1 - real_N).mean(), "fake": F.relu(1 + fake_N).mean()}


def _means(real_N: Tensor, fake_N: Tensor, target: float) -> Losses:  # noqa: ARG001
    return {"real": -real_N.mean(), "fake": fake_N.mean()}


def _pairs(real_N: Tensor, fake_N: Tensor, target: float) -> Losses:  # noqa: ARG001
    return {"pairs": F.softplus(fake_N - real_N).mean()}


class Adversarial(NamedTuple):
    """One of the field's adversarial losses.

    Attributes:
        discriminator: Of the logits of real and generated images and the target of real ones.
        generator: Of the logits of generated images; for a paired loss, of the differences to real ones' logits.
        has_targets: Whether real images have a target that can be smoothed.
        paired: Whether every generated image is held against a real one.
    """

    discriminator: Callable[[Tensor, Tensor, float], Losses]
    generator: Callable[[Tensor], Tensor]
    has_targets: bool = False
    paired: bool = False


ADVERSARIAL: Mapping[str, Adversarial] = {
    "non-saturating": Adversarial(_cross_entropy, real_loss, has_targets=True),
    "minimax": Adversarial(_cross_entropy, lambda fake_N: -fake_loss(fake_N), has_targets=True),
    "least-squares": Adversarial(
        _squares, lambda fake_N: 0.5 * (fake_N - 1).square().mean(), has_targets=True
    ),
    "hinge": Adversarial(_hinges, lambda fake_N: -fake_N.mean()),
    "wasserstein": Adversarial(_means, lambda fake_N: -fake_N.mean()),
    "relativistic": Adversarial(_pairs, real_loss, paired=True),
}


@dataclass(frozen=True)
class Objective:
    """An adversarial loss, with or without a class term and gradient penalties.

    Adversarial losses, D(x) being the logit and s the sigmoid:
        minimax: `E[-log s(D(x))] + E[-log(1 - s(D(G(z))))]` against `E[log(1 - s(D(G(z))))]` (qin2021, equation 1;
            rzayev2021, section 2.2.1; Goodfellow et al., 2014).
        non-saturating: the generator minimises `E[-log s(D(G(z)))]` instead, the flipped labels of raza2021.
        least-squares: Mao et al. (2017), with a = 0, b = c = 1.
        hinge: Lim and Ye (2017).
        wasserstein: Arjovsky et al. (2017); use it with `gradient_penalty` (Gulrajani et al., 2017).
        relativistic: pairs of a real and a generated image, `E[log(1 + exp(D(G(z)) - D(x)))]` against the reverse
            (Jolicoeur-Martineau, 2019); with `r1` and `r2` the loss of R3GAN (Huang et al., 2024).

    Class terms:
        auxiliary: hu2024, equations 1 and 2 (Odena et al., 2017): cross-entropy of the class head, for the
            generator on its images against the label asked for, for the discriminator on real images against
            theirs. Equation 2 prints `-E[1 - log D(x_real)]` where the text below it explains
            `1 - D(G(z, y))`, the probability of calling a generated image fake; we take the text's meaning,
            `-E[log(1 - D(G(z, y)))]`. Like hu2024, and unlike Odena et al., the discriminator's
            term looks at real images only.
        adc: against the class collapse that the auxiliary term causes (ADC-GAN, Hou et al., 2022, equations 9 and
            10): the class head tells real-k from generated-k, 2K classes; the generator wants its images to be
            taken for real-k and not for generated-k.
        projection, none: no term; the label enters the discriminator's logit, or nothing does.

    Attributes:
        loss: One of `ADVERSARIAL`.
        label_smoothing: One-sided (Salimans et al., 2016; rzayev2021): real images have the target 1 minus this.
        gradient_penalty: Factor of `E[(|grad D| - 1)^2]` between real and generated images.
        r1, r2: Factors of `E[|grad D|^2] / 2` at real, and at generated images (Mescheder et al., 2018).
        conditioning: Which class term.
        class_weight: Its factor.

    Raises:
        ValueError: The settings contradict each other.
    """

    loss: str = "non-saturating"
    label_smoothing: float = 0.0
    gradient_penalty: float = 0.0
    r1: float = 0.0
    r2: float = 0.0
    conditioning: str = "none"
    class_weight: float = 1.0

    def __post_init__(self) -> None:
        if self.label_smoothing and not self.adversarial.has_targets:
            smoothable = ", ".join(name for name, loss in ADVERSARIAL.items() if loss.has_targets)
            raise ValueError(
                f"the loss {self.loss!r} has no targets that label_smoothing could smooth; "
                f"set label_smoothing to 0, or the loss to one of {smoothable}"
            )

    @property
    def adversarial(self) -> Adversarial:
        """The adversarial loss."""
        return ADVERSARIAL[self.loss]

    @property
    def looks_at_gradients(self) -> bool:
        """Whether there is a penalty on the gradients of single images."""
        return bool(self.gradient_penalty or self.r1 or self.r2)

    def discriminator_loss(
        self, critic: Critic, real: Sample, fake: Sample, uniform: Callable[[int], Tensor]
    ) -> Losses:
        """Losses of the discriminator on as many real and generated images, as named scalars.

        Args:
            critic: The discriminator.
            real: Real images.
            fake: Generated ones, without a gradient.
            uniform: Draws (N, k) numbers in [0, 1).
        """
        if self.r1:
            real = _watched(real)
        if self.r2:
            fake = _watched(fake)
        on_real, on_fake = critic.pair(real, fake)
        losses = self.adversarial.discriminator(
            on_real.real_logit_N, on_fake.real_logit_N, 1 - self.label_smoothing
        )
        losses |= self._discriminator_class_term(on_real, on_fake, real.y_N, fake.y_N)
        if self.r1:
            losses["r1"] = self.r1 / 2 * _squared_gradients(on_real, real).mean()
        if self.r2:
            losses["r2"] = self.r2 / 2 * _squared_gradients(on_fake, fake).mean()
        if self.gradient_penalty:
            between = Sample(torch.lerp(real.x_NCHW, fake.x_NCHW, uniform(1)[:, :, None, None]), real.y_N)
            between = _watched(between)
            lengths_N = _squared_gradients(critic(between), between).add(1e-12).sqrt()
            losses["gradient_penalty"] = self.gradient_penalty * (lengths_N - 1).square().mean()
        return losses

    def generator_loss(self, critic: Critic, real: Sample, fake: Sample) -> Losses:
        """Losses of the generator whose images `fake` are; only a paired loss looks at `real`."""
        if self.adversarial.paired:
            on_real, on_fake = critic.pair(real, fake)
            logit_N = on_fake.real_logit_N - on_real.real_logit_N
        else:
            on_fake = critic(fake)
            logit_N = on_fake.real_logit_N
        return {"adversarial": self.adversarial.generator(logit_N)} | self._generator_class_term(
            on_fake, fake.y_N
        )

    def _discriminator_class_term(
        self, on_real: Critique, on_fake: Critique, real_y_N: Tensor, fake_y_N: Tensor
    ) -> Losses:
        match self.conditioning:
            case "auxiliary":
                term = F.cross_entropy(_class_logits(on_real), real_y_N)
            case "adc":
                real_NK, fake_NK = _class_logits(on_real), _class_logits(on_fake)
                num_classes = real_NK.shape[1] // 2
                term = F.cross_entropy(real_NK, real_y_N) + F.cross_entropy(fake_NK, fake_y_N + num_classes)
            case _:
                return {}
        return {"class": self.class_weight * term}

    def _generator_class_term(self, on_fake: Critique, y_N: Tensor) -> Losses:
        match self.conditioning:
            case "auxiliary":
                term = F.cross_entropy(_class_logits(on_fake), y_N)
            case "adc":
                logits_NK = _class_logits(on_fake)
                num_classes = logits_NK.shape[1] // 2
                term = F.cross_entropy(logits_NK, y_N) - F.cross_entropy(logits_NK, y_N + num_classes)
            case _:
                return {}
        return {"class": self.class_weight * term}


def _class_logits(critique: Critique) -> Tensor:
    assert critique.class_logits_NK is not None, "a class term needs a discriminator with a class head"
    return critique.class_logits_NK


def _watched(sample: Sample) -> Sample:
    return sample._replace(x_NCHW=sample.x_NCHW.detach().requires_grad_())


def _squared_gradients(critique: Critique, sample: Sample) -> Tensor:
    """`|d logit / d image|^2` of each image, (N,); it can be differentiated again."""
    (gradient_NCHW,) = torch.autograd.grad(critique.real_logit_N.sum(), sample.x_NCHW, create_graph=True)
    return gradient_NCHW.flatten(1).square().sum(dim=1)
