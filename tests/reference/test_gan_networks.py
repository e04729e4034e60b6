"""The networks of qin2021, rzayev2021 and hu2024 against what the documents print, and their options."""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import product
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from inkmint.nets.batchwise import MinibatchStddev
from inkmint.nets.conv import AcganDiscriminator, AcganGenerator
from inkmint.nets.deep import (
    DcganDiscriminator,
    DcganGenerator,
    RzayevDiscriminator,
    RzayevGenerator,
    UpsampledConv2d,
    dcgan_discriminator,
    dcgan_generator,
    rzayev_discriminator,
    rzayev_generator,
)
from inkmint.nets.dense import CganDiscriminator, CganGenerator, DenseDiscriminator, DenseGenerator
from inkmint.nets.norms import Referenced

NUM_CLASSES, LATENT_SIZE, NUM_IMAGES = 10, 9, 8
NORMALISATIONS = ("batch", "half-batch", "reference", "none")

dense = {"widths": (32, 16), "dropout": 0.0}
cgan = {**dense, "num_classes": NUM_CLASSES, "xavier": True}
rzayev = {"num_classes": NUM_CLASSES, "capacity": 1}
acgan = {"num_classes": NUM_CLASSES, "num_channels": 4, "attention": False, "spectral_norm": False}

GENERATORS: Mapping[str, tuple[Callable[[], nn.Module], bool]] = {
    "dense": (partial(DenseGenerator, LATENT_SIZE, **dense), False),
    "cgan": (partial(CganGenerator, LATENT_SIZE, **cgan), True),
    "cgan-xavier-off": (partial(CganGenerator, LATENT_SIZE, **{**cgan, "xavier": False}), True),
} | {
    f"{name}-{normalisation}": (
        partial(factory, LATENT_SIZE, NUM_CLASSES, normalisation=normalisation),
        labels,
    )
    for normalisation in NORMALISATIONS
    for name, factory, labels in (
        ("dcgan", partial(dcgan_generator, num_channels=4), False),
        ("rzayev", partial(rzayev_generator, capacity=1, conditional=False), False),
        ("rzayev-conditional", partial(rzayev_generator, capacity=1, conditional=True), True),
    )
}

DISCRIMINATORS: Mapping[str, tuple[Callable[[], nn.Module], bool, int]] = {
    f"{name}-{packing}-{stddev}": (
        partial(factory, packing=packing, minibatch_stddev=stddev),
        labels,
        packing,
    )
    for (name, factory, labels), packing, stddev in product(
        [
            ("dense", partial(DenseDiscriminator, **dense), False),
            ("cgan", partial(CganDiscriminator, **cgan), True),
            *(
                (f"{name}-{normalisation}", partial(factory, normalisation=normalisation), labels)
                for normalisation in NORMALISATIONS
                for name, factory, labels in (
                    ("dcgan", partial(dcgan_discriminator, NUM_CLASSES, num_channels=4), False),
                    ("rzayev", partial(rzayev_discriminator, **rzayev, depth=2, conditional=False), False),
                    (
                        "rzayev-conditional",
                        partial(rzayev_discriminator, **rzayev, depth=1, conditional=True),
                        True,
                    ),
                )
            ),
        ],
        (1, 2),
        (False, True),
    )
} | {
    f"acgan-{conditioning}-{stddev}": (
        partial(AcganDiscriminator, **acgan, conditioning=conditioning, minibatch_stddev=stddev),
        conditioning == "projection",
        1,
    )
    for conditioning in ("auxiliary", "adc", "projection")
    for stddev in (False, True)
}
every_generator = pytest.mark.parametrize(("make", "labelled"), GENERATORS.values(), ids=GENERATORS)
every_discriminator = pytest.mark.parametrize(
    ("make", "labelled", "packing"), DISCRIMINATORS.values(), ids=DISCRIMINATORS
)
SMOOTH = {
    name: case
    for name, case in DISCRIMINATORS.items()
    if not any(kind in name for kind in ("batch", "reference"))
}


def fresh(make: Callable[[], nn.Module]) -> nn.Module:
    torch.manual_seed(0)
    return make()


def drawn(size: int, num: int = NUM_IMAGES) -> Tensor:
    return torch.randn(num, size, generator=torch.Generator().manual_seed(1))


def images(num: int = NUM_IMAGES) -> Tensor:
    return drawn(28 * 28, num).tanh().view(-1, 1, 28, 28)


def labels(num: int = NUM_IMAGES) -> Tensor:
    return torch.arange(num) % NUM_CLASSES


def num_parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def assert_alive(network: nn.Module) -> None:
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().max() > 1e-9, name


@every_generator
def test_a_generator_gives_images_and_reaches_every_parameter(
    make: Callable[[], nn.Module], labelled: bool
) -> None:
    generator = fresh(make)
    assert generator.latent_size == LATENT_SIZE
    x_NCHW = generator(drawn(LATENT_SIZE), labels())
    assert x_NCHW.shape == (NUM_IMAGES, 1, 28, 28)
    assert x_NCHW.abs().max() <= 1
    (x_NCHW * images()).sum().backward()
    assert_alive(generator)


@every_generator
def test_the_label_decides_what_conditional_generators_draw_and_only_there(
    make: Callable[[], nn.Module], labelled: bool
) -> None:
    generator = fresh(make).eval()
    one, other = (generator(drawn(LATENT_SIZE), y_N) for y_N in (labels(), labels() + 1))
    changed_N = (one != other).flatten(1).any(dim=1)
    assert changed_N.all() if labelled else not changed_N.any()


@every_discriminator
def test_a_discriminator_gives_a_logit_for_every_pack_and_reaches_every_parameter(
    make: Callable[[], nn.Module], labelled: bool, packing: int
) -> None:
    discriminator = fresh(make)
    critique = discriminator(images(), labels())
    assert critique.real_logit_N.shape == (NUM_IMAGES // packing,)
    said = critique.real_logit_N.exp().sum()
    if critique.class_logits_NK is not None:
        said = said + critique.class_logits_NK.exp().sum()
    said.backward()
    assert_alive(discriminator)


@every_discriminator
def test_the_label_changes_what_conditional_discriminators_say_and_only_there(
    make: Callable[[], nn.Module], labelled: bool, packing: int
) -> None:
    """A label of any image of a pack counts for that pack and for no other, in evaluation."""
    discriminator = fresh(make).eval()
    said_N = discriminator(images(), labels()).real_logit_N
    for index in range(NUM_IMAGES):
        y_N = labels()
        y_N[index] = 9
        changed_N = (discriminator(images(), y_N).real_logit_N - said_N).abs() > 1e-7
        assert changed_N.nonzero().flatten().tolist() == ([index // packing] if labelled else [])


@every_discriminator
def test_every_image_of_a_pack_counts_for_its_logit_and_no_other_image_in_evaluation(
    make: Callable[[], nn.Module], labelled: bool, packing: int
) -> None:
    discriminator = fresh(make).eval()
    x_NCHW = images().requires_grad_()
    discriminator(x_NCHW, labels()).real_logit_N[1].backward()
    seen_N = x_NCHW.grad.flatten(1).any(dim=1)
    assert seen_N.nonzero().flatten().tolist() == list(range(packing, 2 * packing))


@pytest.mark.parametrize("name", [name for name, (_, _, packing) in DISCRIMINATORS.items() if packing == 2])
def test_a_batch_that_does_not_fill_its_packs_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="packs of 2"):
        fresh(DISCRIMINATORS[name][0])(images(7), labels(7))


@pytest.mark.parametrize(("make", "labelled", "packing"), SMOOTH.values(), ids=SMOOTH)
def test_a_gradient_penalty_reaches_the_weights(
    make: Callable[[], nn.Module], labelled: bool, packing: int
) -> None:
    """Double backward, against the change of the penalty along a step of every weight at once."""
    discriminator = fresh(make).double()

    def penalty() -> Tensor:
        x_NCHW = images().double().requires_grad_()
        said = discriminator(x_NCHW, labels()).real_logit_N.sum()
        (slope_NCHW,) = torch.autograd.grad(said, x_NCHW, create_graph=True)
        return slope_NCHW.square().sum()

    parameters = list(discriminator.parameters())
    grads = torch.autograd.grad(penalty(), parameters, allow_unused=True)
    generator = torch.Generator().manual_seed(2)
    steps = [torch.randn(p.shape, generator=generator, dtype=p.dtype) for p in parameters]
    foreseen = sum((g * s).sum().item() for g, s in zip(grads, steps, strict=True) if g is not None)

    def after(size: float) -> float:
        with torch.no_grad():
            for parameter, step in zip(parameters, steps, strict=True):
                parameter.add_(step, alpha=size)
        found = penalty().item()
        with torch.no_grad():
            for parameter, step in zip(parameters, steps, strict=True):
                parameter.sub_(step, alpha=size)
        return found

    size = 1e-9  # so small that no unit crosses the kink of its activation
    assert foreseen != 0
    assert (after(size) - after(-size)) / (2 * size) == pytest.approx(foreseen, rel=1e-3)


def test_an_upsampled_convolution_is_upsampling_and_a_5x5_convolution() -> None:
    torch.manual_seed(0)
    layer = UpsampledConv2d(3, 4)
    ours_NCHW = torch.randn(2, 3, 4, 5, requires_grad=True)
    theirs_NCHW = ours_NCHW.detach().clone().requires_grad_()
    weight, bias = (p.detach().clone().requires_grad_() for p in (layer.weight, layer.bias))
    ours = layer(ours_NCHW)
    theirs = F.conv2d(F.interpolate(theirs_NCHW, scale_factor=2), weight, bias, padding=2)
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)
    cotangent = torch.randn_like(theirs)
    ours.backward(cotangent)
    theirs.backward(cotangent)
    for mine, other in ((layer.weight, weight), (layer.bias, bias), (ours_NCHW, theirs_NCHW)):
        torch.testing.assert_close(mine.grad, other.grad, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("bias", [True, False])
def test_an_upsampled_convolution_starts_as_a_5x5_convolution_of_torchs(bias: bool) -> None:
    ours = fresh(partial(UpsampledConv2d, 3, 4, bias=bias)).state_dict()
    theirs = fresh(partial(nn.Conv2d, 3, 4, 5, bias=bias)).state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def kinds(network: nn.Module) -> list[str]:
    return [type(module).__name__ for module in network.modules() if not list(module.children())]


def test_dcgan_generator_follows_the_rules_of_qin2021() -> None:
    generator = DcganGenerator(100, 64, "batch")
    assert kinds(generator) == ["ConvTranspose2d", "BatchNorm", "ReLU"] * 2 + ["ConvTranspose2d"]
    z_NCHW, shapes = torch.zeros(2, 100, 1, 1), []
    for layer in generator.layers:
        z_NCHW = layer(z_NCHW)
        shapes += [tuple(z_NCHW.shape[1:])] if isinstance(layer, nn.ConvTranspose2d) else []
    assert shapes == [(128, 7, 7), (64, 14, 14), (1, 28, 28)]


def test_dcgan_discriminator_follows_the_rules_of_qin2021() -> None:
    discriminator = DcganDiscriminator(64, "batch")
    assert kinds(discriminator) == ["Conv2d", "LeakyReLU", "Conv2d", "BatchNorm", "LeakyReLU", "Conv2d"]
    x_NCHW, shapes = images(2), []
    for layer in discriminator.layers:
        x_NCHW = layer(x_NCHW)
        shapes += [tuple(x_NCHW.shape[1:])] if isinstance(layer, nn.Conv2d) else []
        assert getattr(layer, "negative_slope", 0.2) == 0.2
    assert shapes == [(64, 14, 14), (128, 7, 7), (1, 1, 1)]


@pytest.mark.parametrize(
    "make", [partial(DcganGenerator, 100, 64, "none"), partial(DcganDiscriminator, 64, "none")]
)
def test_dcgan_weights_start_from_a_normal_distribution_of_two_hundredths(
    make: Callable[[], nn.Module],
) -> None:
    for name, parameter in fresh(make).named_parameters():
        if name.endswith("bias"):
            assert not parameter.any()
            continue
        num = parameter.numel()
        assert parameter.std().item() == pytest.approx(0.02, rel=4 / (2 * num) ** 0.5)
        assert abs(parameter.mean().item()) < 4 * 0.02 / num**0.5
        share = (parameter.abs() < 0.02).float().mean().item()
        assert share == pytest.approx(0.6827, abs=4 * (0.22 / num) ** 0.5)


@pytest.mark.parametrize("conditional", [False, True])
@pytest.mark.parametrize("normalisation", NORMALISATIONS)
def test_rzayev2021_has_about_7_million_and_310_thousand_parameters(
    conditional: bool, normalisation: str
) -> None:
    generator = RzayevGenerator(100, NUM_CLASSES, 1, normalisation, conditional)
    discriminator = RzayevDiscriminator(NUM_CLASSES, 1, 1, normalisation, conditional)
    print(f"{conditional=} {normalisation=}", num_parameters(generator), num_parameters(discriminator))
    assert num_parameters(generator) == pytest.approx(7e6, rel=0.05)
    assert num_parameters(discriminator) == pytest.approx(310e3, rel=0.05)


def test_rzayev_generator_is_built_in_the_order_of_the_document() -> None:
    generator = RzayevGenerator(100, NUM_CLASSES, 1, "batch", conditional=False)
    stage = ["BatchNorm", "ReLU"]
    assert kinds(generator) == [
        *["Linear", *stage, "Linear", *stage, "Unflatten"],
        *["UpsampledConv2d", *stage, "UpsampledConv2d"],
    ]


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_rzayev_discriminator_is_built_in_the_order_of_the_document(depth: int) -> None:
    discriminator = RzayevDiscriminator(NUM_CLASSES, 1, depth, "batch", conditional=False)
    convolutions = ["Conv2d", "BatchNorm", "ELU"] * (1 + depth)
    assert kinds(discriminator) == [*convolutions, "MaxPool2d", "Flatten", "Linear", "ELU", "Linear"]


@pytest.mark.parametrize("capacity", [1, 2, 3])
def test_capacity_multiplies_every_channel(capacity: int) -> None:
    generator = RzayevGenerator(9, NUM_CLASSES, capacity, "batch", conditional=False)
    discriminator = RzayevDiscriminator(NUM_CLASSES, capacity, 2, "batch", conditional=False)
    maps = [m.in_channels for m in generator.modules() if isinstance(m, nn.Conv2d)]
    assert maps == [128 * capacity, 64 * capacity]
    maps = [m.out_channels for m in discriminator.modules() if isinstance(m, nn.Conv2d)]
    assert maps == [64 * capacity, 128 * capacity, 128 * capacity]
    units = [m.out_features for m in discriminator.modules() if isinstance(m, nn.Linear)]
    assert units == [88 * capacity, 1]


def test_rzayev_discriminator_sees_the_label_as_an_image_of_784_nodes() -> None:
    discriminator = RzayevDiscriminator(NUM_CLASSES, 1, 1, "none", conditional=True).eval()
    seen: list[Tensor] = []
    discriminator.layers[0].register_forward_pre_hook(lambda layer, inputs: seen.append(inputs[0]))
    discriminator(images(3), torch.tensor([4, 0, 4]))
    assert seen[0].shape == (3, 2, 28, 28)
    assert torch.equal(seen[0][:, :1], images(3))
    layer = discriminator.label_image
    for n, k in enumerate((4, 0, 4)):
        expected = (layer.weight[:, k] + layer.bias).view(28, 28)
        torch.testing.assert_close(seen[0][n, 1], expected)


@pytest.mark.parametrize("normalisation", NORMALISATIONS)
def test_a_layer_before_a_normalisation_has_no_bias_and_every_other_has(normalisation: str) -> None:
    for network in (
        DcganGenerator(9, 4, normalisation),
        DcganDiscriminator(4, normalisation),
        RzayevGenerator(9, NUM_CLASSES, 1, normalisation, conditional=True),
        RzayevDiscriminator(NUM_CLASSES, 1, 2, normalisation, conditional=True),
    ):
        layers = list(network.layers)
        for layer, following in zip(layers, [*layers[1:], None], strict=True):
            if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
                normed = "Norm" in type(following).__name__
                assert (layer.bias is None) is normed


def test_only_reference_normalisation_wraps_a_network_with_a_reference() -> None:
    for name, case in (GENERATORS | DISCRIMINATORS).items():
        assert isinstance(case[0](), Referenced) is ("reference" in name), name


def test_cgan_starts_by_xaviers_method_where_it_is_asked_to() -> None:
    torch.manual_seed(0)
    for network in (
        CganGenerator(100, NUM_CLASSES, (256, 512), 0.3, xavier=True),
        CganDiscriminator(NUM_CLASSES, (512, 256), 0.3, xavier=True),
    ):
        for layer in network.modules():
            if isinstance(layer, nn.Linear):
                limit = (6 / (layer.in_features + layer.out_features)) ** 0.5
                assert 0.95 * limit < layer.weight.abs().max() <= limit
                assert not layer.bias.any()
    plain = CganGenerator(100, NUM_CLASSES, (256, 512), 0.3, xavier=False)
    assert plain.layers[0].bias.any()


def test_cgan_joins_the_label_to_the_latent_and_to_the_pixels() -> None:
    generator = CganGenerator(LATENT_SIZE, 3, (5,), 0.0, xavier=True)
    weight_FN = generator.layers[0].weight
    seen: list[Tensor] = []
    generator.layers[0].register_forward_hook(lambda layer, inputs, output: seen.append(output.clone()))
    generator(drawn(LATENT_SIZE, 2), torch.tensor([2, 0]))
    for n, k in enumerate((2, 0)):
        expected = weight_FN[:, :LATENT_SIZE] @ drawn(LATENT_SIZE, 2)[n] + weight_FN[:, LATENT_SIZE + k]
        torch.testing.assert_close(seen[0][:, n], expected)
    discriminator = CganDiscriminator(3, (5,), 0.0, xavier=True, packing=2)
    seen.clear()
    discriminator.layers[0].register_forward_hook(lambda layer, inputs, output: seen.append(inputs[0]))
    discriminator(images(2), torch.tensor([2, 0]))
    assert torch.equal(seen[0][: 2 * 784, 0], images(2).flatten())
    assert seen[0][2 * 784 :, 0].tolist() == [0, 0, 1, 1, 0, 0]


def test_the_options_of_the_dense_discriminator_cost_what_they_join() -> None:
    plain = DenseDiscriminator((1024, 512, 256), 0.3)
    packed = DenseDiscriminator((1024, 512, 256), 0.3, packing=3)
    spread = DenseDiscriminator((1024, 512, 256), 0.3, minibatch_stddev=True)
    assert num_parameters(packed) == num_parameters(plain) + 2 * 784 * 1024
    assert num_parameters(spread) == num_parameters(plain) + 1


def test_the_stddev_of_the_dense_discriminator_is_that_of_its_last_features() -> None:
    discriminator = fresh(partial(DenseDiscriminator, **dense, minibatch_stddev=True))
    *hidden, stddev, head = discriminator.layers
    features_NF = nn.Sequential(*hidden)(images().flatten(1).t()).t()
    joined_NF = MinibatchStddev()(features_NF)
    expected_N = joined_NF @ head.weight[0] + head.bias
    torch.testing.assert_close(discriminator(images(), labels()).real_logit_N, expected_N)
    assert isinstance(stddev, MinibatchStddev)


def test_only_networks_that_were_asked_to_see_the_spread_of_the_batch() -> None:
    for name, (make, *_) in DISCRIMINATORS.items():
        network = make()
        network(images(), labels())
        spreads = [module for module in network.modules() if isinstance(module, MinibatchStddev)]
        assert len(spreads) == name.endswith("True"), name
        assert all(spread.running_stddev != 1 for spread in spreads), f"{name} leaves it out"


@pytest.mark.parametrize(
    "make",
    [
        partial(dcgan_discriminator, NUM_CLASSES, 4, "reference"),
        partial(rzayev_discriminator, NUM_CLASSES, 1, 1, "reference", conditional=True),
    ],
)
@pytest.mark.parametrize("packing", [1, 2])
def test_the_spread_of_the_batch_leaves_out_the_reference(
    make: Callable[..., nn.Module], packing: int
) -> None:
    discriminator = fresh(partial(make, packing=packing, minibatch_stddev=True))
    same_x_NCHW, same_y_N = images(packing).repeat(4, 1, 1, 1), labels(packing).repeat(4)
    spread = next(module for module in discriminator.modules() if isinstance(module, MinibatchStddev))
    discriminator(same_x_NCHW, same_y_N)
    assert spread.running_stddev.item() == pytest.approx(0.9, abs=1e-4)  # a tenth of the way from 1 to 0


def acgan_discriminator(conditioning: str, **options: Any) -> AcganDiscriminator:
    torch.manual_seed(0)
    return AcganDiscriminator(**{**acgan, **options}, conditioning=conditioning)


def test_an_auxiliary_classifier_says_k_logits_and_adc_2k_of_the_same_features() -> None:
    critiques = {name: acgan_discriminator(name)(images(), labels()) for name in ("auxiliary", "adc")}
    assert critiques["auxiliary"].class_logits_NK.shape == (NUM_IMAGES, NUM_CLASSES)
    assert critiques["adc"].class_logits_NK.shape == (NUM_IMAGES, 2 * NUM_CLASSES)
    assert torch.equal(critiques["auxiliary"].real_logit_N, critiques["adc"].real_logit_N)


def test_projection_adds_the_inner_product_of_class_vector_and_features() -> None:
    network, plain = acgan_discriminator("projection"), acgan_discriminator("auxiliary")
    seen: list[Tensor] = []
    network.real_head.register_forward_pre_hook(lambda layer, inputs: seen.append(inputs[0]))
    critique = network(images(), labels())
    assert critique.class_logits_NK is None
    vectors_NF = network.class_head.weight[labels()]
    expected_N = plain(images(), labels()).real_logit_N + (vectors_NF * seen[0]).sum(1)
    torch.testing.assert_close(critique.real_logit_N, expected_N)


def test_projection_vectors_are_held_to_a_spectrum_too() -> None:
    network = acgan_discriminator("projection", spectral_norm=True)
    for _ in range(200):
        network(images(), labels())
    assert torch.linalg.matrix_norm(network.class_head.weight, ord=2).item() == pytest.approx(1, abs=1e-4)


def test_an_unknown_conditioning_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'concat'"):
        acgan_discriminator("concat")


def test_hu2024s_networks_keep_their_layers() -> None:
    """Names and order decide the first weights of published runs."""
    assert AcganGenerator(LATENT_SIZE, NUM_CLASSES, 4, attention=False).latent_size == LATENT_SIZE
    assert [name for name, _ in acgan_discriminator("auxiliary").named_parameters()] == [
        f"{layer}.{kind}"
        for layer in ("conv14", "conv7", "dense", "real_head", "class_head")
        for kind in ("weight", "bias")
    ]
