"""Packs, the spread of a batch, and labels as numbers, against their definitions."""

import pytest
import torch
from torch import Tensor, nn

from inkmint.nets.batchwise import MinibatchStddev, couples_images, one_hot, pack
from inkmint.nets.blocks import ConditionalBatchNorm2d, Dropout, SelfAttention
from inkmint.nets.norms import norm_layer

INPUTS = {
    "features": torch.randn(6, 5, generator=torch.Generator().manual_seed(0)),
    "maps": torch.randn(6, 5, 3, 4, generator=torch.Generator().manual_seed(1)),
}
every_input = pytest.mark.parametrize("x", INPUTS.values(), ids=INPUTS)


def test_one_hot_is_a_float_one_at_the_label_for_any_shape_of_labels() -> None:
    assert torch.equal(one_hot(torch.tensor([2, 0]), 3), torch.tensor([[0.0, 0, 1], [1, 0, 0]]))
    assert torch.equal(one_hot(torch.tensor([[1, 0]]), 2), torch.tensor([[[0.0, 1], [1, 0]]]))


@pytest.mark.parametrize("packing", [1, 2, 3, 6])
def test_a_pack_holds_neighbouring_images_and_their_labels(packing: int) -> None:
    x_NCHW, y_N = torch.randn(6, 1, 4, 3), torch.arange(6)
    x_PCHW, y_PM = pack(x_NCHW, y_N, packing)
    assert x_PCHW.shape == (6 // packing, packing, 4, 3)
    assert y_PM.shape == (6 // packing, packing)
    for index in range(6):
        assert torch.equal(x_PCHW[index // packing, index % packing], x_NCHW[index, 0])
        assert y_PM[index // packing, index % packing] == index


def test_a_pack_of_coloured_images_keeps_the_channels_of_an_image_together() -> None:
    x_NCHW = torch.randn(4, 3, 2, 2)
    x_PCHW, _ = pack(x_NCHW, torch.arange(4), 2)
    assert torch.equal(x_PCHW[1], torch.cat([x_NCHW[2], x_NCHW[3]]))


def test_a_batch_that_does_not_fill_its_packs_is_refused() -> None:
    with pytest.raises(ValueError, match="7 images cannot be split into packs of 2"):
        pack(torch.zeros(7, 1, 2, 2), torch.zeros(7), 2)


@every_input
def test_the_minibatch_stddev_is_the_mean_standard_deviation_and_leaves_the_rest_alone(x: Tensor) -> None:
    out = MinibatchStddev()(x)
    assert torch.equal(out[:, :-1], x)
    torch.testing.assert_close(out[:, -1], x.std(dim=0, correction=0).mean().expand_as(out[:, -1]))


def test_the_minibatch_stddev_by_hand() -> None:
    """Two features of two images, 0 and 2 apart: standard deviations 0 and 1."""
    out = MinibatchStddev()(torch.tensor([[5.0, 1.0], [5.0, 3.0]]))
    torch.testing.assert_close(out[:, 2], torch.full((2,), 0.5), atol=1e-4, rtol=0)


def test_the_minibatch_stddev_of_equal_images_is_nearly_zero_with_a_finite_gradient() -> None:
    x = torch.ones(4, 3, requires_grad=True)
    out = MinibatchStddev()(x)
    assert out[:, -1].max() < 1e-3
    out[:, -1].sum().backward()
    assert torch.isfinite(x.grad).all()


@every_input
def test_in_evaluation_every_image_sees_the_running_mean(x: Tensor) -> None:
    layer = MinibatchStddev()
    expected = 1.0
    for factor in (1, 2, 3):
        layer(factor * x)
        expected += 0.1 * (factor * x.std(dim=0, correction=0).mean().item() - expected)
    for part in (x, x[:1]):
        seen = layer.eval()(part)[:, -1]
        assert seen.unique().tolist() == pytest.approx([expected], rel=1e-5)
    assert layer.running_stddev.item() == pytest.approx(expected, rel=1e-5)


def test_reference_rows_do_not_count_towards_the_minibatch_stddev() -> None:
    x = INPUTS["maps"]
    out = MinibatchStddev(num_reference=2)(torch.cat([100 * x[:2], x[2:]]))
    assert out.shape == (6, 6, 3, 4)
    assert torch.equal(out[2:], MinibatchStddev()(x[2:]))


@every_input
def test_the_minibatch_stddev_can_be_differentiated_twice(x: Tensor) -> None:
    layer, doubled = MinibatchStddev().double(), x.double().requires_grad_()
    assert torch.autograd.gradgradcheck(layer, doubled)


def jumble(x_NCHW: Tensor) -> Tensor:
    """The same first rows among other batch-mates."""
    return torch.cat([x_NCHW[:2], -3 * x_NCHW[2:].flip(0)])


@pytest.mark.parametrize(
    ("layer", "coupled"),
    [
        (nn.BatchNorm2d(8), True),
        (norm_layer("batch", 8), True),
        (norm_layer("half-batch", 8), True),
        (MinibatchStddev(), True),
        (norm_layer("reference", 8, 1), False),
        (norm_layer("none", 8), False),
        (nn.GroupNorm(2, 8), False),
        (nn.InstanceNorm2d(8), False),
        (SelfAttention(8), False),
        (Dropout(0.0), False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else None,
)
def test_images_are_coupled_where_other_batch_mates_change_an_output(layer: nn.Module, coupled: bool) -> None:
    network = nn.Sequential(nn.Conv2d(8, 8, 1), nn.Sequential(layer))
    x_NCHW = torch.randn(6, 8, 3, 3, generator=torch.Generator().manual_seed(0))
    # Half-batch statistics come from the first three rows, two of which stay.
    changed = not torch.allclose(network(x_NCHW)[1], network(jumble(x_NCHW))[1], atol=1e-5)
    assert changed is coupled
    assert couples_images(network) is coupled


def test_a_batch_norm_inside_conditional_normalisation_is_found() -> None:
    assert couples_images(ConditionalBatchNorm2d(8, 3))
