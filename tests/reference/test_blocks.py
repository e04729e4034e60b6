"""Attention, conditional normalisation and spectral normalisation against their equations."""

import pytest
import torch
from torch import Tensor, nn

from inkmint.nets.blocks import (
    AttentionMask,
    ConditionalBatchNorm2d,
    Dropout,
    SelfAttention,
    normalise_spectrum,
)


def maps(num_channels: int = 16) -> Tensor:
    return torch.randn(3, num_channels, 5, 4, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("num_channels", [2, 8, 16])
def test_new_self_attention_passes_its_input_through(num_channels: int) -> None:
    x_NCHW = maps(num_channels)
    assert torch.equal(SelfAttention(num_channels)(x_NCHW), x_NCHW)


def test_self_attention_is_the_sum_over_all_locations_of_the_equation() -> None:
    """Location j becomes x_j + gamma * out(sum_i softmax_i(f(x_i) . g(x_j)) h(x_i))."""
    torch.manual_seed(0)
    layer = SelfAttention(16)
    nn.init.constant_(layer.gamma, 0.7)
    x_NCHW = maps()
    expected = x_NCHW.clone()
    f, g, h, out = (conv.weight.flatten(1) for conv in (layer.f, layer.g, layer.h, layer.out))
    for n in range(len(x_NCHW)):
        columns = x_NCHW[n].flatten(1).T
        for j, column in enumerate(columns):
            scores = torch.stack([(f @ other) @ (g @ column) for other in columns])
            weights = scores.exp() / scores.exp().sum()
            seen = sum(weight * (h @ other) for weight, other in zip(weights, columns, strict=True))
            expected[n, :, j // 4, j % 4] += 0.7 * (out @ seen)
    torch.testing.assert_close(layer(x_NCHW), expected)


def test_an_attention_mask_lies_between_zero_and_one_and_multiplies_every_channel() -> None:
    torch.manual_seed(0)
    layer, x_NCHW = AttentionMask(16), maps()
    mask_N1HW = layer.mask(x_NCHW)
    assert mask_N1HW.shape == (3, 1, 5, 4)
    assert mask_N1HW.min() > 0
    assert mask_N1HW.max() < 1
    assert torch.equal(layer(x_NCHW), x_NCHW * mask_N1HW)


def test_new_conditional_normalisation_is_plain_normalisation_for_every_class() -> None:
    layer, x_NCHW = ConditionalBatchNorm2d(16, num_classes=4), maps()
    plain = nn.BatchNorm2d(16, affine=False)
    torch.testing.assert_close(layer(x_NCHW, torch.tensor([0, 3, 1])), plain(x_NCHW))


def test_conditional_normalisation_scales_and_shifts_each_image_by_its_class() -> None:
    layer, x_NCHW = ConditionalBatchNorm2d(16, num_classes=4), maps()
    layer.scale.weight.data[3], layer.shift.weight.data[3] = 2.0, 5.0
    plain = nn.BatchNorm2d(16, affine=False)(x_NCHW)
    normed = layer(x_NCHW, torch.tensor([0, 3, 1]))
    torch.testing.assert_close(normed[1], 2 * plain[1] + 5)
    torch.testing.assert_close(normed[[0, 2]], plain[[0, 2]])


def test_spectral_normalisation_holds_the_largest_singular_value_of_every_layer_at_one() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(2, 6, kernel_size=3), nn.Flatten(), nn.Linear(24, 5))
    normalise_spectrum(network)
    for _ in range(200):  # each pass in training mode is one turn of the power iteration
        network(torch.zeros(1, 2, 4, 4))
    for layer in (network[0], network[2]):
        assert torch.linalg.matrix_norm(layer.weight.flatten(1), ord=2).item() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("p", [0.0, 0.3, 0.5, 0.9])
def test_dropout_zeroes_its_share_of_units_and_keeps_the_mean(p: float) -> None:
    torch.manual_seed(0)
    x = torch.ones(301, 1003)
    dropped = Dropout(p)(x)
    p = round(p * 256) / 256
    assert set(dropped.unique().tolist()) <= {0.0, torch.tensor(1 / (1 - p)).item()}
    assert (dropped == 0).float().mean().item() == pytest.approx(p, abs=0.005)
    assert dropped.mean().item() == pytest.approx(1, abs=0.02)


def test_dropout_draws_every_unit_apart() -> None:
    """Eight units share one random word: the kept ones must not go together."""
    torch.manual_seed(0)
    kept_N8 = (Dropout(0.5)(torch.ones(200_000)) > 0).float().view(-1, 8)
    correlations = torch.corrcoef(kept_N8.T) - torch.eye(8)
    assert correlations.abs().max() < 0.03  # five standard deviations


def test_dropout_passes_through_in_evaluation_and_its_gradient_where_it_kept() -> None:
    torch.manual_seed(0)
    x = torch.randn(5, 7, requires_grad=True)
    assert torch.equal(Dropout(0.5).eval()(x), x)
    dropped = Dropout(0.5)(x)
    dropped.sum().backward()
    assert torch.equal(x.grad, (dropped != 0) * 2.0)


@pytest.mark.parametrize("p", [-0.1, 1.0, 1.5, 0.999999, float("nan")])
def test_dropout_refuses_what_is_no_probability(p: float) -> None:
    with pytest.raises(ValueError, match=r"dropout|NaN"):
        Dropout(p)
