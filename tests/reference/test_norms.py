"""Normalisation by half a batch and by a reference batch, against torch's batch normalisation."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from inkmint.nets.batchwise import pack
from inkmint.nets.blocks import Critique
from inkmint.nets.norms import (
    NUM_REFERENCE,
    BatchNorm,
    HalfBatchNorm,
    Referenced,
    ReferencedDiscriminator,
    ReferencedGenerator,
    ReferenceNorm,
    norm_layer,
    with_reference_images,
    with_reference_latents,
)

NUM_CHANNELS = 3
INPUTS = {
    "features": torch.randn(8, NUM_CHANNELS, generator=torch.Generator().manual_seed(0)) * 2 + 1,
    "maps": torch.randn(8, NUM_CHANNELS, 4, 5, generator=torch.Generator().manual_seed(1)) * 2 + 1,
}
every_input = pytest.mark.parametrize("x", INPUTS.values(), ids=INPUTS)
KINDS = ("batch", "half-batch", "reference", "none")


def oracle(x: Tensor) -> nn.BatchNorm1d | nn.BatchNorm2d:
    return nn.BatchNorm1d(NUM_CHANNELS) if x.dim() == 2 else nn.BatchNorm2d(NUM_CHANNELS)


def affine(layer: nn.Module) -> nn.Module:
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([0.5, 2.0, -1.0]))
        layer.bias.copy_(torch.tensor([1.0, 0.0, 3.0]))
    return layer


@every_input
def test_batch_is_torchs_batch_normalisation_of_features_and_maps(x: Tensor) -> None:
    ours, theirs = affine(norm_layer("batch", NUM_CHANNELS)), affine(oracle(x))
    assert torch.equal(ours(x), theirs(x))
    assert torch.equal(ours.eval()(x), theirs.eval()(x))
    assert all(torch.equal(ours.state_dict()[name], value) for name, value in theirs.state_dict().items())


@every_input
def test_none_changes_nothing_and_learns_nothing(x: Tensor) -> None:
    layer = norm_layer("none", NUM_CHANNELS)
    assert torch.equal(layer(x), x)
    assert not list(layer.parameters())


def test_an_unknown_normalisation_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'layer'"):
        norm_layer("layer", NUM_CHANNELS)


@pytest.mark.parametrize("kind", ["batch", "half-batch", "reference"])
def test_other_shapes_than_features_and_maps_are_refused(kind: str) -> None:
    with pytest.raises(ValueError, match="3 dimensions"):
        norm_layer(kind, NUM_CHANNELS, 4)(torch.zeros(8, NUM_CHANNELS, 4))


@every_input
def test_half_batch_is_batch_normalisation_where_both_halves_are_the_same(x: Tensor) -> None:
    twice = torch.cat([x, x])
    torch.testing.assert_close(affine(HalfBatchNorm(NUM_CHANNELS))(twice), affine(oracle(x))(twice))


@every_input
def test_half_batch_normalises_the_second_half_by_the_statistics_of_the_first(x: Tensor) -> None:
    half = x[:4].transpose(0, 1).flatten(1).double()
    shape = (1, -1, *[1] * (x.dim() - 2))
    mean, var = half.mean(1).view(shape), half.var(1, correction=0).view(shape)
    expected = (x.double() - mean) / (var + 1e-5).sqrt() * torch.tensor([0.5, 2, -1]).view(shape)
    expected += torch.tensor([1.0, 0, 3]).view(shape)
    torch.testing.assert_close(
        affine(HalfBatchNorm(NUM_CHANNELS))(x).double(), expected, atol=1e-5, rtol=1e-5
    )


def test_half_batch_of_small_numbers_by_hand() -> None:
    """First half 1, 3: mean 2, variance 1. An odd batch rounds its half up: 1, 3, 5 has mean 3, variance 8/3."""
    layer = HalfBatchNorm(1, eps=0.0)
    even = layer(torch.tensor([[1.0], [3.0], [10.0], [2.0]]))
    torch.testing.assert_close(even, torch.tensor([[-1.0], [1.0], [8.0], [0.0]]))
    odd = layer(torch.tensor([[1.0], [3.0], [5.0], [7.0], [3.0]]))
    torch.testing.assert_close(odd[3:], torch.tensor([[4 / (8 / 3) ** 0.5], [0.0]]))


@every_input
@pytest.mark.parametrize("momentum", [0.1, 0.5, None])
def test_half_batch_tracks_its_halves_as_batch_normalisation_does(x: Tensor, momentum: float | None) -> None:
    ours, theirs = HalfBatchNorm(NUM_CHANNELS, momentum=momentum), oracle(x)
    theirs.momentum = momentum
    for turn in range(3):
        ours(x + turn)
        theirs(x[:4] + turn)
    for name, value in theirs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], value)
    torch.testing.assert_close(ours.eval()(x), theirs.eval()(x))
    ours.reset_running_stats()
    assert ours.running_mean.eq(0).all()
    assert ours.running_var.eq(1).all()
    assert ours.num_batches_tracked == 0


@every_input
def test_half_batch_passes_gradients_through_its_statistics(x: Tensor) -> None:
    layer = HalfBatchNorm(NUM_CHANNELS).double()
    assert torch.autograd.gradcheck(layer, x.double().requires_grad_())


def test_the_engine_finds_half_batch_norms_as_batch_norms() -> None:
    assert isinstance(norm_layer("half-batch", 2), nn.modules.batchnorm._BatchNorm)


@pytest.mark.parametrize("shape", [(1, 3), (1, 3, 4, 4), (2, 3)])
def test_half_batch_refuses_a_batch_that_is_too_small_but_not_in_evaluation(shape: tuple[int, ...]) -> None:
    layer = HalfBatchNorm(NUM_CHANNELS)
    with pytest.raises(ValueError, match="larger batch"):
        layer(torch.ones(shape))
    assert layer.num_batches_tracked == 0
    assert layer.eval()(torch.ones(shape)).shape == shape


@every_input
@pytest.mark.parametrize("num_reference", [1, 5])
def test_reference_is_batch_normalisation_of_the_reference_and_one_image(
    x: Tensor, num_reference: int
) -> None:
    """The statistics of reference plus image i are those of a batch of R + 1, whose last row is the image."""
    normed = affine(ReferenceNorm(NUM_CHANNELS, num_reference))(x)
    reference = x[:num_reference]
    for index in range(num_reference, len(x)):
        alone = affine(oracle(x))(torch.cat([reference, x[index : index + 1]]))
        torch.testing.assert_close(normed[index], alone[-1])
    if reference.numel() > NUM_CHANNELS:
        torch.testing.assert_close(normed[:num_reference], affine(oracle(x))(reference))


def test_reference_of_small_numbers_by_hand() -> None:
    """Reference 0, 2: mean 1, variance 1. With 4: mean 2, variance 8/3. With 1: mean 1, variance 2/3."""
    normed = ReferenceNorm(1, num_reference=2, eps=0.0)(torch.tensor([[0.0], [2.0], [4.0], [1.0]]))
    torch.testing.assert_close(normed, torch.tensor([[-1.0], [1.0], [2 / (8 / 3) ** 0.5], [0.0]]))


@every_input
def test_reference_passes_gradients_through_its_statistics(x: Tensor) -> None:
    layer = ReferenceNorm(NUM_CHANNELS, num_reference=5).double()
    assert torch.autograd.gradcheck(layer, x.double().requires_grad_())


def test_reference_refuses_an_input_without_room_for_the_reference() -> None:
    with pytest.raises(ValueError, match="5 reference rows"):
        ReferenceNorm(NUM_CHANNELS, num_reference=5)(torch.zeros(4, NUM_CHANNELS))
    with pytest.raises(ValueError, match="at least one row"):
        ReferenceNorm(NUM_CHANNELS, num_reference=0)


class Generator(nn.Module):
    """The smallest generator with a norm: 7 numbers to one."""

    def __init__(self, kind: str = "reference") -> None:
        super().__init__()
        self.latent_size = 7
        self.layers = nn.Sequential(nn.Linear(7, NUM_CHANNELS), norm_layer(kind, NUM_CHANNELS), nn.ReLU())

    def forward(self, z_NZ: Tensor, y_N: Tensor) -> Tensor:
        return self.layers(z_NZ) + y_N[:, None]


class Discriminator(nn.Module):
    """The smallest discriminator with packing and a norm, with three class logits."""

    def __init__(self, packing: int = 1, kind: str = "reference") -> None:
        super().__init__()
        self.packing = packing
        self.layers = nn.Sequential(
            nn.Conv2d(packing, NUM_CHANNELS, 3),
            norm_layer(kind, NUM_CHANNELS, NUM_REFERENCE // packing),
            nn.Flatten(),
            nn.Linear(NUM_CHANNELS * 26 * 26, 4),
        )

    def forward(self, x_NCHW: Tensor, y_N: Tensor) -> Critique:
        x_PCHW, y_PM = pack(x_NCHW, y_N, self.packing)
        said = self.layers(x_PCHW) + y_PM.sum(1, keepdim=True)
        return Critique(said[:, 0], said[:, 1:])


def images(num: int) -> Tensor:
    return torch.rand(num, 1, 28, 28, generator=torch.Generator().manual_seed(3)) * 2 - 1


@pytest.mark.parametrize("kind", KINDS)
def test_only_networks_with_reference_norms_are_wrapped(kind: str) -> None:
    generator, discriminator = Generator(kind), Discriminator(1, kind)
    wrapped = kind == "reference"
    assert isinstance(with_reference_latents(generator, 10), ReferencedGenerator) is wrapped
    assert (with_reference_latents(generator, 10) is generator) is not wrapped
    assert isinstance(with_reference_images(discriminator, 10, 1), ReferencedDiscriminator) is wrapped
    assert (with_reference_images(discriminator, 10, 1) is discriminator) is not wrapped


def test_a_referenced_generator_draws_its_reference_from_torchs_random_state() -> None:
    generator = Generator()
    torch.manual_seed(5)
    wrapped = ReferencedGenerator(generator, num_classes=4)
    torch.manual_seed(5)
    again = ReferencedGenerator(generator, num_classes=4)
    other = ReferencedGenerator(generator, num_classes=4)
    assert wrapped.latent_size == 7
    assert wrapped.num_reference == NUM_REFERENCE == 64
    assert wrapped.reference_inputs.shape == (64, 7)
    assert set(wrapped.reference_labels.tolist()) == {0, 1, 2, 3}
    assert torch.equal(wrapped.reference_inputs, again.reference_inputs)
    assert torch.equal(wrapped.reference_labels, again.reference_labels)
    assert not torch.equal(wrapped.reference_inputs, other.reference_inputs)
    assert wrapped.reference_inputs.std().item() == pytest.approx(1, abs=0.2)


def referenced_generator() -> tuple[Referenced, tuple[Tensor, Tensor]]:
    torch.manual_seed(0)
    return ReferencedGenerator(Generator(), 4), (torch.randn(12, 7), torch.arange(12) % 4)


def referenced_discriminator() -> tuple[Referenced, tuple[Tensor, Tensor]]:
    torch.manual_seed(0)
    return ReferencedDiscriminator(Discriminator(), 4), (images(12), torch.arange(12) % 4)


every_wrapper = pytest.mark.parametrize("make", [referenced_generator, referenced_discriminator])
Make = Callable[[], tuple[Referenced, tuple[Tensor, Tensor]]]


def parts(said: Tensor | Critique) -> list[Tensor]:
    return [said] if isinstance(said, Tensor) else list(said)


@every_wrapper
def test_a_referenced_network_says_what_it_says_behind_its_reference(make: Make) -> None:
    wrapped, (inputs, y_N) = make()
    joined = torch.cat([wrapped.reference_inputs, inputs]), torch.cat([wrapped.reference_labels, y_N])
    whole = parts(wrapped.network(*joined))
    for part, behind in zip(parts(wrapped(inputs, y_N)), whole, strict=True):
        assert len(part) == 12
        assert torch.equal(part, behind[NUM_REFERENCE:])


@every_wrapper
@pytest.mark.parametrize("training", [True, False])
def test_batch_mates_and_the_mode_do_not_change_what_a_referenced_network_says(
    make: Make, training: bool
) -> None:
    wrapped, (inputs, y_N) = make()
    together = parts(wrapped.train()(inputs, y_N))
    wrapped.train(training)
    for index in range(len(inputs)):
        alone = parts(wrapped(inputs[index : index + 1], y_N[index : index + 1]))
        for part, one in zip(together, alone, strict=True):
            torch.testing.assert_close(one[0], part[index], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("packing", [1, 2, 3, 64])
def test_a_referenced_discriminator_drops_the_reference_by_packs(packing: int) -> None:
    wrapped = ReferencedDiscriminator(Discriminator(packing), 4, packing)
    assert wrapped.num_reference == NUM_REFERENCE // packing * packing
    x_NCHW, y_N = images(4 * packing), torch.arange(4 * packing) % 4
    critique = wrapped(x_NCHW, y_N)
    assert critique.real_logit_N.shape == (4,)
    assert critique.class_logits_NK.shape == (4, 3)
    last = wrapped(x_NCHW[-packing:], y_N[-packing:])
    torch.testing.assert_close(last.real_logit_N[0], critique.real_logit_N[-1], rtol=1e-4, atol=1e-4)


def test_a_referenced_discriminator_refers_to_the_first_real_images() -> None:
    wrapped, (x_NCHW, y_N) = referenced_discriminator()
    assert wrapped.reference_inputs.shape == (64, 1, 28, 28)
    assert -1 <= wrapped.reference_inputs.min() < -0.9
    assert 0.9 < wrapped.reference_inputs.max() <= 1
    before = wrapped(x_NCHW, y_N).real_logit_N
    real_x_NCHW, real_y_N = images(70) ** 2, torch.full((70,), 2)
    wrapped.refer_to(real_x_NCHW, real_y_N)
    assert torch.equal(wrapped.reference_inputs, real_x_NCHW[:64])
    assert torch.equal(wrapped.reference_labels, real_y_N[:64])
    assert not torch.allclose(wrapped(x_NCHW, y_N).real_logit_N, before)
    with pytest.raises(ValueError, match="64 real images, not 63"):
        wrapped.refer_to(real_x_NCHW[:63], real_y_N[:63])


@every_wrapper
def test_a_referenced_network_is_restored_from_its_state(make: Make) -> None:
    wrapped, (inputs, y_N) = make()
    said = parts(wrapped(inputs, y_N))
    torch.manual_seed(99)
    fresh = type(wrapped)(type(wrapped.network)(), 4)
    assert not torch.equal(parts(fresh(inputs, y_N))[0], said[0])
    fresh.load_state_dict(wrapped.state_dict())
    assert all(map(torch.equal, parts(fresh(inputs, y_N)), said))


@every_wrapper
def test_the_reference_is_no_parameter(make: Make) -> None:
    wrapped, _ = make()
    assert {name.split(".")[0] for name, _ in wrapped.named_parameters()} == {"network"}
    assert {"reference_inputs", "reference_labels"} <= wrapped.state_dict().keys()


def test_kinds_learn_the_same_scale_and_shift() -> None:
    for kind in ("batch", "half-batch", "reference"):
        layer = norm_layer(kind, NUM_CHANNELS)
        assert {name: parameter.tolist() for name, parameter in layer.named_parameters()} == {
            "weight": [1, 1, 1],
            "bias": [0, 0, 0],
        }
    assert type(norm_layer("batch", 2)) is BatchNorm
