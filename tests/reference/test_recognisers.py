"""AlexNet, VGG-16 and ResNet-18 against the published counts of their parameters and the sizes of their maps."""

import pytest
import torch
from torch import Tensor, nn

from inkmint.nets.blocks import AttentionMask
from inkmint.nets.recognisers import AlexNet, LeNet, ResNet18, Vgg16

DEEP = (AlexNet, Vgg16, ResNet18)
MAPS = {AlexNet: (28, 13, 6), Vgg16: (28, 14, 7, 3, 1), ResNet18: (14, 7, 4, 2)}
CHANNELS = {AlexNet: (64, 192, 256), Vgg16: (64, 128, 256, 512, 512), ResNet18: (64, 128, 256, 512)}
NARROW = 1 / 32


def num_parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def linear(num_in: int, num_out: int) -> int:
    return num_in * num_out + num_out


# What torchvision prints for 1,000 classes of 224x224 colour images, less the layers that differ, plus ours.
COUNTS = {
    AlexNet: 61_100_840
    - (3 * 11 * 11 * 64 + 64 + linear(256 * 6 * 6, 4096) + linear(4096, 1000))
    + (1 * 5 * 5 * 64 + 64 + linear(256 * 2 * 2, 4096) + linear(4096, 10)),
    # vgg16_bn has a bias in each of its thirteen convolutions too, which the normalisation makes idle.
    Vgg16: 138_365_992
    - (2 * 64 + 2 * 128 + 3 * 256 + 6 * 512)
    - (3 * 9 * 64 + linear(512 * 7 * 7, 4096) + linear(4096, 1000))
    + (1 * 9 * 64 + linear(512, 4096) + linear(4096, 10)),
    ResNet18: 11_689_512 - (3 * 7 * 7 * 64 + linear(512, 1000)) + (1 * 3 * 3 * 64 + linear(512, 10)),
}


@pytest.mark.parametrize("network", DEEP)
def test_full_width_has_as_many_parameters_as_the_published_network_with_our_first_and_last_layers(
    network: type[nn.Module],
) -> None:
    with torch.device("meta"):
        assert num_parameters(network(num_classes=10, width=1.0, attention=0)) == COUNTS[network]


@pytest.mark.parametrize("network", DEEP)
def test_each_stage_sees_the_maps_that_the_documentation_names(network: type[nn.Module]) -> None:
    """The mask of stage s sees that stage's features, so its input is the map."""
    num_checked = 0
    for stage, (size, num_channels) in enumerate(zip(MAPS[network], CHANNELS[network], strict=True), 1):
        if size == 1:
            continue
        masked = network(num_classes=3, width=0.125, attention=stage).eval()
        (mask,) = (module for module in masked.modules() if isinstance(module, AttentionMask))
        seen: list[torch.Size] = []
        mask.register_forward_pre_hook(lambda _, inputs, seen=seen: seen.append(inputs[0].shape))
        masked(torch.zeros(2, 1, 28, 28))
        assert seen == [(2, num_channels // 8, size, size)]
        num_checked += 1
    assert num_checked == sum(size > 1 for size in MAPS[network])


@pytest.mark.parametrize("network", DEEP)
def test_a_mask_costs_a_weight_per_channel_and_a_bias_and_nothing_else_changes(
    network: type[nn.Module],
) -> None:
    with torch.device("meta"):
        plain = num_parameters(network(num_classes=10, width=1.0, attention=0))
        masked = num_parameters(network(num_classes=10, width=1.0, attention=1))
    assert masked - plain == CHANNELS[network][0] + 1


def test_a_mask_after_a_single_pixel_is_refused() -> None:
    with pytest.raises(
        ValueError, match="after stage 5 would see a feature map of 1x1; put it after an earlier"
    ):
        Vgg16(num_classes=10, width=NARROW, attention=5)


@pytest.mark.parametrize(("network", "beyond"), [(AlexNet, 4), (Vgg16, 6), (ResNet18, 5), (ResNet18, -1)])
def test_a_mask_after_a_stage_that_is_not_there_is_refused(network: type[nn.Module], beyond: int) -> None:
    with pytest.raises(ValueError, match=f"no stage {beyond} .* take 1 to {len(MAPS[network])}"):
        network(num_classes=10, width=NARROW, attention=beyond)


@pytest.mark.parametrize("width", [0.0, -1.0, float("nan"), float("inf")])
@pytest.mark.parametrize("network", DEEP)
def test_a_width_that_is_no_width_is_refused(network: type[nn.Module], width: float) -> None:
    with pytest.raises(ValueError, match="leaves no channels"):
        network(num_classes=10, width=width, attention=0)


@pytest.mark.parametrize("width", [1e-9, NARROW, 0.3])
@pytest.mark.parametrize("network", DEEP)
def test_logits_are_the_class_layer_over_the_features_at_any_width(
    network: type[nn.Module], width: float
) -> None:
    torch.manual_seed(0)
    built = network(num_classes=3, width=width, attention=1).eval()
    x_NCHW = torch.rand(5, 1, 28, 28) * 2 - 1
    features_ND = built.features(x_NCHW)
    assert features_ND.ndim == 2
    expected = features_ND @ built.head.weight.T + built.head.bias
    torch.testing.assert_close(built(x_NCHW), expected)


@pytest.mark.parametrize("network", DEEP)
def test_signal_keeps_its_size_on_the_way_up_a_new_network(network: type[nn.Module]) -> None:
    """With torch's default start the size of these features of AlexNet is 0.03."""
    torch.manual_seed(0)
    built = network(num_classes=10, width=0.25, attention=0)
    x_NCHW = torch.randn(64, 1, 28, 28)
    size = built.features(x_NCHW).pow(2).mean().sqrt()
    assert 0.2 < size.item() < 10


@pytest.mark.parametrize("network", DEEP)
def test_a_few_steps_learn_a_batch_by_heart(
    network: type[nn.Module], starter_batch: tuple[Tensor, Tensor]
) -> None:
    torch.manual_seed(0)
    x_NCHW, y_N = starter_batch
    built = network(num_classes=10, width=1 / 16, attention=2)
    optimiser = torch.optim.Adam(built.parameters(), lr=1e-3)
    for _ in range(50):
        optimiser.zero_grad()
        nn.functional.cross_entropy(built(x_NCHW), y_N).backward()
        optimiser.step()
    assert (built.eval()(x_NCHW).argmax(dim=1) == y_N).float().mean() > 0.8


@pytest.fixture(scope="module")
def starter_batch(few: object) -> tuple[Tensor, Tensor]:
    digits = few.train  # type: ignore[attr-defined]
    return digits.images[:60].unsqueeze(1).float() / 127.5 - 1, digits.labels[:60]


def test_lenet_draws_its_first_weights_in_the_order_that_recorded_losses_rest_on() -> None:
    """Convolutions, mask, dense layers, class layer: rebuilt here layer by layer from the same seed."""
    torch.manual_seed(0)
    network = LeNet(num_classes=10, attention=True)
    torch.manual_seed(0)
    layers = [
        nn.Conv2d(1, 6, kernel_size=5),
        nn.Conv2d(6, 16, kernel_size=5),
        nn.Conv2d(16, 1, kernel_size=1),
        nn.Linear(400, 120),
        nn.Linear(120, 84),
        nn.Linear(84, 10),
    ]
    expected = [parameter for layer in layers for parameter in layer.parameters()]
    assert all(map(torch.equal, network.parameters(), expected))
