"""Normalisation of activations by name: by the batch, by half of it, by a fixed reference batch, or not at all.

Shape suffixes: N batch, R reference rows, C channels or features, L locations, H height, W width, Z latent.
"""

from typing import cast

import torch
from torch import Tensor, nn

from inkmint.data.digits import IMAGE_SIZE
from inkmint.nets.blocks import Critique

NUM_REFERENCE = 64
"""Images, or latents, of a reference batch."""


class BatchNorm(nn.modules.batchnorm._BatchNorm):
    """Batch normalisation (Ioffe and Szegedy, 2015) of features (N, C) as well as of maps (N, C, H, W)."""

    def _check_input_dim(self, input: Tensor) -> None:
        _require_rows(input)


class HalfBatchNorm(BatchNorm):
    """Virtual batch normalisation as rzayev2021 describes it (section 2.3).

    "We randomly choose half of the batch size in every epoch and normalize the other half corresponding to the
    previously chosen half." In training, the mean and variance of the first half normalise the whole
    batch. Batches come in random order, so the first half is a random one; where a batch is made of parts,
    such as real images before generated ones, pass the parts one by one. The document leaves open
    how the chosen half itself is normalised (by itself, here), how single images are in evaluation
    (by running statistics of the chosen halves) and odd batches (the half is rounded up).

    Args:
        num_features: C; further arguments are those of `torch.nn.BatchNorm2d`.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Normalise; the shape stays (N, C) or (N, C, H, W).

        Raises:
            ValueError: In training, a half with a single value per channel, or a batch of one.
        """
        if not self.training:
            return super().forward(input)
        x_NCL = _locations(input)
        half_NCL = x_NCL[: (len(x_NCL) + 1) // 2]
        num_values = half_NCL.shape[0] * half_NCL.shape[2]
        if len(x_NCL) < 2 or num_values < 2:
            raise ValueError(
                f"half a batch of {len(x_NCL)} is too little to normalise by; take a larger batch"
            )
        var_C, mean_C = torch.var_mean(half_NCL, dim=(0, 2), correction=0)
        self._track(mean_C.detach(), var_C.detach() * (num_values / (num_values - 1)))
        return _normalise(x_NCL, mean_C, var_C, self).reshape(input.shape)

    def _track(self, mean_C: Tensor, var_C: Tensor) -> None:
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked.add_(1)
        share = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean_C, share)
        self.running_var.lerp_(var_C, share)


class ReferenceNorm(nn.Module):
    """Virtual batch normalisation (Salimans et al., 2016, section 3.5).

    The first R rows of the input are a reference batch that never changes. An image is normalised by the
    statistics of the reference and itself, in which it weighs 1 / (R + 1), and not by the other images
    of its batch; reference rows are normalised by the reference's statistics. There is no difference between
    training and evaluation. A `Referenced` network puts the reference first and drops its rows again.

    Args:
        num_channels: C.
        num_reference: R, at least 1.
        eps: Added to variances.

    References:
        Salimans et al., "Improved Techniques for Training GANs", NeurIPS 2016.
    """

    def __init__(self, num_channels: int, num_reference: int, eps: float = 1e-5) -> None:
        super().__init__()
        if num_reference < 1:
            raise ValueError("reference normalisation needs a reference of at least one row")
        self.num_reference = num_reference
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(num_channels))
        self.bias = nn.Parameter(torch.zeros(num_channels))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise; the shape stays (R + N, C) or (R + N, C, H, W).

        Raises:
            ValueError: The input is shorter than the reference.
        """
        _require_rows(x)
        if x.shape[0] < self.num_reference:
            raise ValueError(
                f"reference normalisation needs {self.num_reference} reference rows before the batch"
            )
        reference_RCL, x_NCL = _locations(x).tensor_split([self.num_reference])
        var_C, mean_C = torch.var_mean(reference_RCL, dim=(0, 2), correction=0)
        own_var_NC, own_mean_NC = torch.var_mean(x_NCL, dim=2, correction=0)
        share = 1 / (self.num_reference + 1)
        away_NC = own_mean_NC - mean_C
        mean_NC = mean_C + share * away_NC
        var_NC = torch.lerp(var_C.expand_as(own_var_NC), own_var_NC, share) + share * (1 - share) * away_NC**2
        normed = [_normalise(reference_RCL, mean_C, var_C, self), _normalise(x_NCL, mean_NC, var_NC, self)]
        return torch.cat(normed).reshape(x.shape)

    def extra_repr(self) -> str:
        """What `repr` shows."""
        return f"{len(self.weight)}, num_reference={self.num_reference}, eps={self.eps}"


def norm_layer(kind: str, num_channels: int, num_reference: int = NUM_REFERENCE) -> nn.Module:
    """A normalisation of features (N, C) or maps (N, C, H, W), with a learned scale and shift.

    Args:
        kind: `batch`, `half-batch` (`HalfBatchNorm`), `reference` (`ReferenceNorm`) or `none`.
        num_channels: C.
        num_reference: R, the leading rows that are the reference; only for `reference`.

    Raises:
        ValueError: There is no such kind.
    """
    match kind:
        case "batch":
            return BatchNorm(num_channels)
        case "half-batch":
            return HalfBatchNorm(num_channels)
        case "reference":
            return ReferenceNorm(num_channels, num_reference)
        case "none":
            return nn.Identity()
        case _:
            raise ValueError(
                f"there is no normalisation {kind!r}; choose batch, half-batch, reference or none"
            )


class Referenced(nn.Module):
    """A network with reference norms together with its reference batch.

    Args:
        network: Takes (inputs, labels) and gives a Tensor or a `Critique`.
        inputs: The reference: latents (R, Z) or images (R, C, H, W).
        labels: Their labels (R,).
        packing: Reference inputs that make one row of the network's output.
    """

    reference_inputs: Tensor
    reference_labels: Tensor

    def __init__(self, network: nn.Module, inputs: Tensor, labels: Tensor, packing: int = 1) -> None:
        super().__init__()
        self.network = network
        self.num_reference = len(inputs)
        self._num_rows = len(inputs) // packing
        self.register_buffer("reference_inputs", inputs)
        self.register_buffer("reference_labels", labels)

    def forward(self, inputs: Tensor, y_N: Tensor) -> Tensor | Critique:
        """What the network says of the inputs, (N, Z) or (N, C, H, W), without the reference's rows."""
        said: Tensor | Critique = self.network(
            torch.cat([self.reference_inputs, inputs]), torch.cat([self.reference_labels, y_N])
        )
        if isinstance(said, Tensor):
            return said[self._num_rows :]
        real_logit_N, class_logits_NK = said
        if class_logits_NK is not None:
            class_logits_NK = class_logits_NK[self._num_rows :]
        return Critique(real_logit_N[self._num_rows :], class_logits_NK)


class ReferencedGenerator(Referenced):
    """A generator with its reference latents, drawn from N(0, 1), and labels, from torch's global random state.

    Args:
        network: A generator with reference norms of `NUM_REFERENCE` rows.
        num_classes: K; the reference labels are in 0 .. K - 1.
    """

    def __init__(self, network: nn.Module, num_classes: int) -> None:
        latent_size = cast("int", network.latent_size)
        latents_RZ = torch.randn(NUM_REFERENCE, latent_size)
        super().__init__(network, latents_RZ, torch.randint(num_classes, (NUM_REFERENCE,)))
        self.latent_size = latent_size


class ReferencedDiscriminator(Referenced):
    """A discriminator with its reference images: uniform noise in [-1, 1] until `refer_to` names real ones.

    With packing, the reference is as many whole packs as `NUM_REFERENCE` images make.

    Args:
        network: A discriminator with reference norms of `NUM_REFERENCE // packing` rows.
        num_classes: K; the first reference labels are drawn from 0 .. K - 1.
        packing: Images that the network judges together.
        image_channels: C.
    """

    def __init__(
        self, network: nn.Module, num_classes: int, packing: int = 1, image_channels: int = 1
    ) -> None:
        num_images = NUM_REFERENCE // packing * packing
        noise_RCHW = torch.rand(num_images, image_channels, IMAGE_SIZE, IMAGE_SIZE) * 2 - 1
        super().__init__(network, noise_RCHW, torch.randint(num_classes, (num_images,)), packing)

    @torch.no_grad()
    def refer_to(self, x_NCHW: Tensor, y_N: Tensor) -> None:
        """Take the first `num_reference` of these real images and labels as the reference.

        Raises:
            ValueError: There are fewer.
        """
        if len(x_NCHW) < self.num_reference:
            raise ValueError(f"a reference needs {self.num_reference} real images, not {len(x_NCHW)}")
        self.reference_inputs.copy_(x_NCHW[: self.num_reference])
        self.reference_labels.copy_(y_N[: self.num_reference])


def with_reference_latents(generator: nn.Module, num_classes: int) -> nn.Module:
    """The generator, with a reference batch of its own if it has reference norms."""
    return ReferencedGenerator(generator, num_classes) if _has_reference_norms(generator) else generator


def with_reference_images(
    discriminator: nn.Module, num_classes: int, packing: int, image_channels: int = 1
) -> nn.Module:
    """The discriminator, with a reference batch of its own if it has reference norms."""
    if not _has_reference_norms(discriminator):
        return discriminator
    return ReferencedDiscriminator(discriminator, num_classes, packing, image_channels)


def _has_reference_norms(network: nn.Module) -> bool:
    return any(isinstance(module, ReferenceNorm) for module in network.modules())


def _require_rows(x: Tensor) -> None:
    if x.dim() not in (2, 4):
        raise ValueError(
            f"normalisation takes features (N, C) or maps (N, C, H, W), not {x.dim()} dimensions"
        )


def _locations(x: Tensor) -> Tensor:
    """(N, C) as (N, C, 1), and (N, C, H, W) as (N, C, H * W)."""
    _require_rows(x)
    return x.unflatten(1, (-1, 1)) if x.dim() == 2 else x.flatten(2)


def _normalise(x_NCL: Tensor, mean: Tensor, var: Tensor, layer: BatchNorm | ReferenceNorm) -> Tensor:
    """By a mean and variance for each channel, (C,), or for each image and channel, (N, C)."""
    scale = layer.weight * torch.rsqrt(var + layer.eps)
    return torch.addcmul(layer.bias[:, None], x_NCL - mean.unsqueeze(-1), scale.unsqueeze(-1))
