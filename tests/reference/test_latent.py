"""The latent flow against closed forms: integration, its losses, parameters counted by hand, and what is shared."""

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from inkmint.flow_matching import flow_matching_loss, logit_normal, perceptual_loss, reconstruction_loss
from inkmint.nets.latent import (
    CodeAutoencoder,
    Decoder,
    Encoder,
    LatentFlowGenerator,
    Perception,
    Velocity,
    guided,
    integrate,
)
from inkmint.zoo import ZOO

SLIM = {"latent_size": 6, "num_channels": 8}


def random(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def labels(num: int) -> Tensor:
    return torch.arange(num) % 10


def generator(**changes: float) -> LatentFlowGenerator:
    torch.manual_seed(0)
    settings = SLIM | {"num_classes": 10, "flow_width": 16, "flow_depth": 2, "num_steps": 4} | changes
    return LatentFlowGenerator(**settings).eval()


# Integration


@pytest.mark.parametrize("num_steps", [1, 3, 8])
def test_a_linear_velocity_gives_the_midpoint_rules_own_closed_form(num_steps: int) -> None:
    """`dx/dt = A x` is multiplied by `1 + hA + (hA)^2 / 2` in every step."""
    a_ZZ = torch.randn(3, 3, generator=random(), dtype=torch.float64)
    x_NZ = torch.randn(5, 3, generator=random(1), dtype=torch.float64)
    found = integrate(lambda x, t, y: x @ a_ZZ.T, x_NZ, labels(5), num_steps)
    h_ZZ = a_ZZ / num_steps
    factor = torch.linalg.matrix_power(torch.eye(3, dtype=torch.float64) + h_ZZ + h_ZZ @ h_ZZ / 2, num_steps)
    torch.testing.assert_close(found, x_NZ @ factor.T)


def test_twice_the_steps_leave_a_quarter_of_the_error() -> None:
    a_ZZ = torch.randn(3, 3, generator=random(), dtype=torch.float64)
    x_NZ = torch.randn(5, 3, generator=random(1), dtype=torch.float64)
    exact = x_NZ @ torch.linalg.matrix_exp(a_ZZ).T
    coarse, fine = (
        (integrate(lambda x, t, y: x @ a_ZZ.T, x_NZ, labels(5), num_steps) - exact).abs().max()
        for num_steps in (32, 64)
    )
    assert coarse / fine == pytest.approx(4, rel=0.1)


def test_velocities_see_the_time_in_the_middle_of_a_step_and_the_labels() -> None:
    """`dx/dt = 2 t y` leads to `x + y`, which the midpoint rule gives exactly."""
    x_NZ = torch.randn(5, 2, generator=random())
    found = integrate(lambda x, t, y: (2 * t * y)[:, None].expand_as(x), x_NZ, labels(5), 3)
    torch.testing.assert_close(found, x_NZ + labels(5)[:, None])


# Losses


def exact_velocity(x_NZ: Tensor, t_N: Tensor, mean: float, std: float) -> Tensor:
    """The mean of `x_1 - x_0` at a point, for codes that are normal with this mean and deviation."""
    t_N1 = t_N[:, None]
    slope = (t_N1 * std**2 - (1 - t_N1)) / ((1 - t_N1) ** 2 + t_N1**2 * std**2)
    return mean + slope * (x_NZ - t_N1 * mean)


def test_the_exact_velocity_of_a_single_code_has_no_loss() -> None:
    code_NZ = torch.randn(1, 4, generator=random()).repeat(50, 1)
    noise_NZ, t_N = torch.randn(50, 4, generator=random(1)), torch.rand(50, generator=random(2)) * 0.9

    def straight(x_NZ: Tensor, t_N: Tensor, y_N: Tensor) -> Tensor:
        return (code_NZ - x_NZ) / (1 - t_N[:, None])

    assert flow_matching_loss(straight, noise_NZ, code_NZ, t_N, labels(50)) < 1e-9


def test_the_exact_velocity_of_normal_codes_has_the_least_loss_there_is() -> None:
    """The variance of `x_1 - x_0` at a point, `s^2 / ((1 - t)^2 + t^2 s^2)`; any other velocity has more."""
    num, mean, std, t = 200_000, 0.7, 0.5, 0.6
    noise_NZ = torch.randn(num, 1, generator=random())
    code_NZ = mean + std * torch.randn(num, 1, generator=random(1))
    least = std**2 / ((1 - t) ** 2 + t**2 * std**2)
    for wrong in (0.0, 0.3):
        loss = flow_matching_loss(
            lambda x, t, y, wrong=wrong: exact_velocity(x, t, mean, std) + wrong,
            noise_NZ,
            code_NZ,
            torch.full((num,), t),
            labels(num),
        )
        assert loss.item() == pytest.approx(least + wrong**2, rel=0.01)


def test_following_the_exact_velocity_carries_noise_to_the_codes() -> None:
    """For normal codes to `mean + std * noise`."""
    noise_NZ = torch.randn(20, 3, generator=random(), dtype=torch.float64)
    found = integrate(lambda x, t, y: exact_velocity(x, t, 0.7, 0.5), noise_NZ, labels(20), 200)
    torch.testing.assert_close(found, 0.7 + 0.5 * noise_NZ, rtol=0, atol=1e-3)


def test_the_loss_of_a_reconstruction_is_the_cross_entropy_of_its_pixels() -> None:
    x_NCHW = torch.rand(3, 1, 28, 28, generator=random()) * 2 - 1
    logit_NCHW = torch.randn(3, 1, 28, 28, generator=random(1))
    p, q = (x_NCHW + 1) / 2, torch.sigmoid(logit_NCHW)
    torch.testing.assert_close(
        reconstruction_loss(logit_NCHW, x_NCHW), (-p * q.log() - (1 - p) * (1 - q).log()).mean()
    )
    best = reconstruction_loss(torch.logit(p), x_NCHW)
    assert best < min(reconstruction_loss(torch.logit(p) + change, x_NCHW) for change in (-0.1, 0.1))


def test_the_perceptual_loss_measures_each_layer_by_its_own_spread() -> None:
    """A layer that is off by half a standard deviation adds a quarter, whatever its scale."""
    of_real = [scale * torch.randn(50, 7, generator=random(seed)) for seed, scale in ((0, 1.0), (1, 20.0))]
    assert perceptual_loss(of_real, of_real) == 0
    drawn = [real + 0.5 * real.std() for real in of_real]
    assert perceptual_loss(drawn, of_real).item() == pytest.approx(0.5, rel=0.01)


def test_times_are_logit_normal() -> None:
    t_N = logit_normal(torch.randn(100_000, generator=random()))
    for sigmas in (-1.0, 0.0, 1.0):
        share = 0.5 * (1 + math.erf(sigmas / math.sqrt(2)))
        quantile = torch.quantile(t_N, share).item()
        assert quantile == pytest.approx(1 / (1 + math.exp(-sigmas)), abs=0.005)


# Networks


def num_parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def conv(num_in: int, num_out: int, side: int = 3) -> int:
    return side * side * num_in * num_out + num_out


def dense(num_in: int, num_out: int) -> int:
    return num_in * num_out + num_out


@pytest.mark.parametrize(("z", "c", "colours"), [(32, 32, 1), (6, 8, 3), (1, 1, 1)])
def test_parameters_are_those_of_the_layers_counted_by_hand(z: int, c: int, colours: int) -> None:
    encoder = (
        conv(4 * colours, c) + 2 * c + conv(c, 2 * c, 4) + 4 * c + dense(98 * c, 256) + 512 + dense(256, z)
    )
    decoder = dense(z, 256) + 512 + dense(256, 49 * c) + 2 * c + conv(c, 4 * c) + 2 * c
    decoder += conv(c, c) + 2 * c + conv(c, 16 * colours) + conv(4 * colours, colours)
    unit = 2 * dense(48, 48)
    told = dense(32, 48) + 27 * 48 + dense(48, 7 * 48)
    velocity = dense(z, 48) + told + 3 * unit + 96 + dense(48, z)
    with torch.device("meta"):
        assert num_parameters(Encoder(z, c, colours)) == encoder
        assert num_parameters(Decoder(z, c, colours)) == decoder
        assert num_parameters(Velocity(z, num_classes=26, width=48, depth=3)) == velocity
        assert num_parameters(CodeAutoencoder(z, c, colours)) == encoder + decoder
        perception = conv(4 * colours, c) + conv(c, 2 * c, 4) + dense(98 * c, 64) + dense(64, 26)
        perception += 2 * (3 * c + 64)
        assert num_parameters(Perception(26, c, colours)) == perception


def test_a_perception_sees_an_image_alike_in_any_company() -> None:
    perception, x_NCHW = Perception(10, 24).eval(), torch.rand(4, 1, 28, 28, generator=random()) * 2 - 1
    shapes = [(1, 24, 14, 14), (1, 48, 7, 7), (1, 64)]
    alone, together = perception.features(x_NCHW[:1]), perception.features(x_NCHW)
    assert [tuple(features.shape) for features in alone] == shapes
    for one, many in zip(alone, together, strict=True):
        torch.testing.assert_close(one, many[:1])
    assert torch.equal(perception(x_NCHW), perception.classes(together[-1]))


@pytest.mark.parametrize("colours", [1, 3])
def test_shapes(colours: int) -> None:
    x_NCHW = torch.rand(5, colours, 28, 28, generator=random()) * 2 - 1
    autoencoder = CodeAutoencoder(**SLIM, image_channels=colours)
    assert autoencoder.encoder(x_NCHW).shape == (5, 6)
    assert autoencoder(x_NCHW).shape == x_NCHW.shape
    network = generator(image_channels=colours)
    x_NCHW = network(torch.randn(5, 6, generator=random()), labels(5))
    assert x_NCHW.shape == (5, colours, 28, 28)
    assert x_NCHW.abs().max() <= 1


def test_an_image_is_the_decoded_end_of_its_latents_way() -> None:
    network, z_NZ, y_N = generator(sureness=0.0), torch.randn(5, 6, generator=random()), labels(5)
    code_NZ = integrate(network.velocity, z_NZ, y_N, 4)
    probability = torch.sigmoid(network.decoder(code_NZ))
    torch.testing.assert_close(network(z_NZ, y_N), 2 * probability - 1)
    assert torch.equal(network(z_NZ, y_N), network(z_NZ, y_N))


def test_the_label_and_the_time_change_the_velocity() -> None:
    velocity, x_NZ, t_N = generator().velocity, torch.randn(5, 6, generator=random()), torch.full((5,), 0.5)
    found = velocity(x_NZ, t_N, labels(5))
    for other in (velocity(x_NZ, t_N, labels(5) + 1), velocity(x_NZ, t_N + 0.1, labels(5))):
        assert ((found - other).abs() > 1e-4).any(dim=1).all()


def test_units_see_their_input_normalised_scaled_and_shifted() -> None:
    """One unit, layer by layer from the state; the condition holds an addition, then a scale and a shift."""
    velocity, x_NZ, t_N = (
        generator(flow_depth=1).velocity,
        torch.randn(5, 6, generator=random()),
        torch.rand(5),
    )
    state = velocity.state_dict()

    def layer(x: Tensor, name: str) -> Tensor:
        return F.linear(x, state[f"{name}.weight"], state[f"{name}.bias"])

    angle = t_N[:, None] * torch.logspace(0, math.log10(60), 16)
    told = F.silu(layer(torch.cat([angle.sin(), angle.cos()], 1), "time") + state["label.weight"][labels(5)])
    place, scale, shift = layer(told, "condition").chunk(3, dim=1)
    h = layer(x_NZ, "place") + place
    seen = (h - h.mean(1, keepdim=True)) / (h.var(1, keepdim=True, correction=0) + 1e-5).sqrt()
    h = h + layer(F.silu(layer(seen * (1 + scale) + shift, "units.0.layers.0")), "units.0.layers.2")
    h = F.layer_norm(h, (16,), state["norm.weight"], state["norm.bias"])
    torch.testing.assert_close(velocity(x_NZ, t_N, labels(5)), layer(F.silu(h), "velocity"))


def test_guidance_leads_away_from_the_velocity_of_any_class() -> None:
    velocity, x_NZ, t_N = generator().velocity, torch.randn(5, 6, generator=random()), torch.full((5,), 0.5)
    of_class_NZ = velocity(x_NZ, t_N, labels(5))
    of_any_NZ = velocity(x_NZ, t_N, torch.full((5,), 10))
    assert (of_class_NZ - of_any_NZ).abs().max() > 1e-3
    for weight in (0.0, 0.3, 2.0):
        expected_NZ = (1 + weight) * of_class_NZ - weight * of_any_NZ
        torch.testing.assert_close(guided(velocity, weight)(x_NZ, t_N, labels(5)), expected_NZ)


def test_codes_that_read_as_another_class_are_led_again_and_the_others_left_as_they_are() -> None:
    z_NZ, y_N = torch.randn(40, 6, generator=random()), labels(40)
    network = generator(sureness=0.1, guidance=0.7)
    first_NZ = integrate(network.velocity, z_NZ, y_N, 4)
    led_NZ = integrate(guided(network.velocity, 0.7), z_NZ, y_N, 4)
    probability_N = network.reader(first_NZ).softmax(dim=1)[torch.arange(40), y_N]
    unsure_N = probability_N < 0.1
    assert 5 < unsure_N.sum() < 35
    assert (first_NZ - led_NZ).abs().amax(dim=1).min() > 1e-4
    torch.testing.assert_close(network.codes(z_NZ, y_N), torch.where(unsure_N[:, None], led_NZ, first_NZ))
    torch.testing.assert_close(generator(sureness=0.0, guidance=0.7).codes(z_NZ, y_N), first_NZ)
    torch.testing.assert_close(generator(sureness=2.0, guidance=0.7).codes(z_NZ, y_N), led_NZ)


def test_codes_are_as_wide_as_noise() -> None:
    torch.manual_seed(0)
    code_NZ = Encoder(**SLIM)(torch.rand(200, 1, 28, 28, generator=random()) * 2 - 1)
    torch.testing.assert_close(code_NZ.mean(dim=0), torch.zeros(6), rtol=0, atol=1e-5)
    torch.testing.assert_close(code_NZ.var(dim=0, correction=0), torch.ones(6), rtol=0, atol=0.01)


def test_a_decoder_draws_a_code_alike_in_training_and_evaluation_and_in_any_company() -> None:
    torch.manual_seed(0)
    decoder, code_NZ = Decoder(**SLIM), torch.randn(8, 6, generator=random())
    alone = torch.cat([decoder(code_NZ[index : index + 1]) for index in range(8)])
    torch.testing.assert_close(alone, decoder(code_NZ), rtol=1e-4, atol=1e-5)
    assert torch.equal(decoder(code_NZ), decoder.eval()(code_NZ))


def test_the_row_has_one_decoder_and_a_copy_of_the_generator_has_its_own() -> None:
    networks = ZOO["house"].build(SLIM, num_classes=10)
    decoder = networks["generator"].decoder
    assert networks["autoencoder"].decoder is decoder
    assert copy.deepcopy(networks["generator"]).decoder is not decoder
    other = ZOO["house"].build(SLIM, num_classes=10)
    for role, network in other.items():
        network.load_state_dict(networks[role].state_dict())
    assert other["autoencoder"].decoder is other["generator"].decoder
    code_NZ = torch.randn(3, 6, generator=random())
    assert torch.equal(other["generator"].decoder(code_NZ), decoder(code_NZ))


def test_the_decoder_computes_what_its_layers_say() -> None:
    """Layer by layer from the state, in torch's usual memory layout."""
    torch.manual_seed(0)
    decoder, code_NZ = Decoder(**SLIM), torch.randn(3, 6, generator=random())
    state = decoder.state_dict()

    def weights(name: str) -> tuple[Tensor, Tensor]:
        return state[f"{name}.weight"], state[f"{name}.bias"]

    x = F.layer_norm(F.linear(code_NZ, *weights("code")), (256,), *weights("norm"))
    x = F.linear(F.silu(x), *weights("dense")).reshape(3, 8, 7, 7)
    x = F.conv2d(F.group_norm(x, 4, *weights("norm7")), *weights("conv7"), padding=1)
    x = F.silu(F.group_norm(F.pixel_shuffle(x, 2), 4, *weights("norm14")))
    x = x + F.silu(F.group_norm(F.conv2d(x, *weights("unit14"), padding=1), 4, *weights("unit_norm14")))
    x = F.pixel_shuffle(F.conv2d(x, *weights("conv14"), padding=1), 2)
    x = F.conv2d(F.silu(x), *weights("conv28"), padding=1)
    torch.testing.assert_close(decoder(code_NZ), x, rtol=1e-4, atol=1e-5)
