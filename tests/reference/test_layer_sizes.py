"""Layer sizes that the documents print."""

from itertools import pairwise

import torch
from torch import nn

from inkmint.zoo import ZOO

NETWORKS = {name: spec.build({}, num_classes=10) for name, spec in ZOO.items()}


def linear_sizes(network: nn.Module) -> list[int]:
    layers = [module for module in network.modules() if isinstance(module, nn.Linear)]
    assert all(one.out_features == other.in_features for one, other in pairwise(layers))
    return [layers[0].in_features, *(layer.out_features for layer in layers)]


def test_raza2021_generates_through_100_256_512_1024_784() -> None:
    assert linear_sizes(NETWORKS["gan"]["generator"]) == [100, 256, 512, 1024, 784]


def test_raza2021_discriminates_through_784_1024_512_256_1() -> None:
    assert linear_sizes(NETWORKS["gan"]["discriminator"]) == [784, 1024, 512, 256, 1]


def test_hao2020_recognises_through_lenets_maps_and_dense_layers() -> None:
    for name in ("lenet", "lenet-attention"):
        network = NETWORKS[name]["recogniser"]
        assert linear_sizes(network) == [400, 120, 84, 10]
        assert network.conv1(torch.zeros(1, 1, 28, 28)).shape == (1, 6, 28, 28)
        assert network.conv2(torch.zeros(1, 6, 14, 14)).shape == (1, 16, 10, 10)
        assert network.features(torch.zeros(1, 1, 28, 28)).shape == (1, 84)


def test_only_lenet_attention_has_a_mask() -> None:
    sizes = {
        name: sum(p.numel() for p in NETWORKS[name]["recogniser"].parameters())
        for name in ("lenet", "lenet-attention")
    }
    assert sizes["lenet"] == 61_706  # LeCun et al. (1998) with full connections
    assert sizes["lenet-attention"] == 61_706 + 16 + 1


def test_hu2024_attends_once_in_each_network() -> None:
    for network in NETWORKS["acgan-sa"].values():
        assert sum(type(module).__name__ == "SelfAttention" for module in network.modules()) == 1
