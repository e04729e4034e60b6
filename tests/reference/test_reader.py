"""The reader against parameters counted by hand, a plain composition of its layers, and any memory layout."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from inkmint.nets.reader import Reader


def num_parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def counted(c: int, depth: int, num_classes: int) -> int:
    """Convolutions without bias, a scale and a shift of each channel after every one, the class layer."""
    first = 9 * 4 * c + 2 * c + depth * (9 * c * c + 2 * c)
    second = 9 * c * 2 * c + 4 * c + depth * (9 * 4 * c * c + 4 * c)
    return first + second + 2 * c * num_classes + num_classes


@pytest.mark.parametrize(
    ("width", "c", "depth"), [(1.0, 64, 3), (0.5, 32, 2), (0.25, 16, 1), (0.25, 16, 0), (1 / 64, 1, 1)]
)
def test_parameters_are_those_of_the_layers_counted_by_hand(width: float, c: int, depth: int) -> None:
    with torch.device("meta"):
        assert num_parameters(Reader(num_classes=26, width=width, depth=depth)) == counted(c, depth, 26)


@pytest.mark.parametrize(("width", "c", "depth"), [(1.0, 32, 2), (0.5, 16, 0)])
def test_a_stage_ahead_has_the_parameters_counted_by_hand(width: float, c: int, depth: int) -> None:
    ahead = 9 * c + 2 * c + depth * (9 * c * c + 2 * c)
    folded_input, fine_input = 9 * 4 * 2 * c, 9 * c * 2 * c
    with torch.device("meta"):
        fine = Reader(num_classes=26, width=width, depth=depth, folded=False)
    assert num_parameters(fine) == counted(2 * c, depth, 26) + ahead + fine_input - folded_input


def images() -> Tensor:
    return torch.rand(6, 1, 28, 28, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.mark.parametrize("folded", [True, False])
def test_stages_see_7x7_and_3x3_places_and_14x14_if_nothing_is_folded(folded: bool) -> None:
    reader = Reader(num_classes=10, width=0.125, depth=1, folded=folded)
    seen: list[torch.Size] = []
    for module in reader.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].shape))
    assert reader.features(images()).shape == (6, 16)
    ahead = [] if folded else [(6, 4, 14, 14)] * 2
    assert seen == [*ahead, (6, 8, 7, 7), (6, 8, 7, 7), (6, 16, 3, 3), (6, 16, 3, 3)]


def test_it_computes_what_its_documentation_says() -> None:
    """Layer by layer from the state, in torch's usual memory layout."""
    torch.manual_seed(0)
    reader = Reader(num_classes=10, width=0.125, depth=1).eval()
    for module in reader.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.normal_(module.running_mean)
    state = reader.state_dict()

    def norm(x: Tensor, name: str) -> Tensor:
        mean, var, weight, bias = (
            state[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")
        )
        return F.batch_norm(x, mean, var, weight, bias)

    x = F.pixel_unshuffle(images(), 2)
    for number, pool_size in ((0, 2), (1, 3)):
        stage = f"stages.{number}"
        x = F.conv2d(x, state[f"{stage}.conv.weight"], padding=1)
        x = F.relu(norm(F.max_pool2d(x, pool_size, stride=2), f"{stage}.norm"))
        inner = F.conv2d(x, state[f"{stage}.units.0.conv.weight"], padding=1)
        x = x + F.relu(norm(inner, f"{stage}.units.0.norm"))
    expected = x.mean(dim=(2, 3)) @ state["head.weight"].T + state["head.bias"]
    torch.testing.assert_close(reader(images()), expected)


def test_images_may_lie_in_memory_as_they_like() -> None:
    torch.manual_seed(0)
    reader = Reader(num_classes=10, width=0.125, depth=1).eval()
    turned = images().transpose(2, 3).contiguous().transpose(2, 3)
    torch.testing.assert_close(reader(turned), reader(images()))
