"""Every row of the zoo keeps the promises that the engine, the models and the command line build on."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from inkmint.data.digits import Splits
from inkmint.errors import SettingsError
from inkmint.nets.blocks import SelfAttention
from inkmint.training.engine import Engine, initialise
from inkmint.training.recipe import Recipe
from inkmint.training.tasks import Batch, Draws, Task, build_task, to_network
from inkmint.training.weights import ModelConfig, load_model, save_model
from inkmint.zoo import ZOO, GanSpec, Spec

NUM_CLASSES = 10
CPU = torch.device("cpu")

# Every row as it is, and once more for every switch that it has, turned over.
CASES: Mapping[str, tuple[Spec, dict[str, Any]]] = {name: (spec, {}) for name, spec in ZOO.items()} | {
    f"{name}-{option}": (spec, {option: not value})
    for name, spec in ZOO.items()
    for option, value in spec.options.items()
    if isinstance(value, bool)
}
GANS = {name: case for name, case in CASES.items() if isinstance(case[0], GanSpec)}
RECOGNISERS = {name: case for name, case in CASES.items() if name not in GANS}

every_model = pytest.mark.parametrize(("spec", "options"), CASES.values(), ids=CASES)
every_gan = pytest.mark.parametrize(("spec", "options"), GANS.values(), ids=GANS)
every_recogniser = pytest.mark.parametrize(("spec", "options"), RECOGNISERS.values(), ids=RECOGNISERS)


def build(spec: Spec, options: dict[str, Any], seed: int = 0) -> dict[str, nn.Module]:
    initialise(seed)
    return spec.build(options, NUM_CLASSES)


def latents(spec: GanSpec, num: int = 12) -> Tensor:
    return torch.randn(num, spec.latent_size, generator=torch.Generator().manual_seed(1))


def labels(num: int = 12) -> Tensor:
    return torch.arange(num) % NUM_CLASSES


def pictures(num: int = 12) -> Tensor:
    return torch.rand(num, 1, 28, 28, generator=torch.Generator().manual_seed(2)) * 2 - 1


def outputs(spec: Spec, networks: Mapping[str, nn.Module], part: slice = slice(None)) -> dict[str, Tensor]:
    """What every network of a row says of the same twelve inputs, or a part of them."""
    x_NCHW, y_N = pictures()[part], labels()[part]
    if not isinstance(spec, GanSpec):
        return {"recogniser": networks["recogniser"](x_NCHW)}
    critique = networks["discriminator"](x_NCHW, y_N)
    said = {"generator": networks["generator"](latents(spec)[part], y_N), "real": critique.real_logit_N}
    return said if critique.class_logits_NK is None else said | {"class": critique.class_logits_NK}


def task_of(recipe: Recipe, splits: Splits) -> Task:
    initialise(0)
    return build_task(recipe, splits.validation)


@every_gan
def test_a_generator_draws_28x28_images_between_minus_one_and_one(
    spec: GanSpec, options: dict[str, Any]
) -> None:
    x_NCHW = build(spec, options)["generator"](latents(spec) * 10, labels())
    assert x_NCHW.shape == (12, 1, 28, 28)
    assert x_NCHW.dtype == torch.float32
    assert x_NCHW.abs().max() <= 1


@every_gan
def test_a_discriminator_gives_a_logit_per_image_and_class_logits_only_for_a_class_term(
    spec: GanSpec, options: dict[str, Any]
) -> None:
    critique = build(spec, options)["discriminator"](pictures(), labels())
    assert critique.real_logit_N.shape == (12,)
    if spec.objective.class_weight:
        assert critique.class_logits_NK.shape == (12, NUM_CLASSES)
    else:
        assert critique.class_logits_NK is None


@every_recogniser
@pytest.mark.parametrize("num_classes", [2, 10, 26])
def test_a_recogniser_gives_a_logit_per_class(spec: Spec, options: dict[str, Any], num_classes: int) -> None:
    logits_NK = spec.build(options, num_classes)["recogniser"](pictures())
    assert logits_NK.shape == (12, num_classes)


@every_model
def test_networks_return_logits_and_not_probabilities(spec: Spec, options: dict[str, Any]) -> None:
    network = build(spec, options)[spec.roles[-1]]
    glaring_NCHW = 1e4 * pictures()
    said = network(glaring_NCHW, labels()) if isinstance(spec, GanSpec) else [network(glaring_NCHW)]
    for logits in said:
        assert logits is None or logits.abs().max() > 1


@every_model
def test_every_phase_reaches_every_parameter_of_its_network_with_a_finite_gradient(
    spec: Spec, options: dict[str, Any], recipe_of: Callable[..., Recipe], few: Splits
) -> None:
    task = task_of(recipe_of(spec.name, **options), few)
    assert {phase.trains for phase in task.phases} == set(spec.roles)
    batch = Batch(to_network(few.train.images[:20]), few.train.labels[:20])
    for phase in task.phases:
        for role, network in task.networks.items():
            network.requires_grad_(role == phase.trains)
        losses = phase.losses(batch, Draws(torch.Generator().manual_seed(0), 20, CPU))
        sum(losses.values()).backward()
        for role, network in task.networks.items():
            for name, parameter in network.named_parameters():
                if role == phase.trains:
                    assert parameter.grad is not None, f"{role}.{name}"
                    assert torch.isfinite(parameter.grad).all(), f"{role}.{name}"
                else:
                    assert parameter.grad is None, f"{role}.{name} in the phase of {phase.trains}"
            network.zero_grad(set_to_none=True)


@every_model
def test_no_parameter_is_dead_once_attention_is_open(
    spec: Spec, options: dict[str, Any], recipe_of: Callable[..., Recipe], few: Splits
) -> None:
    """Attention starts closed (gamma 0), and then its other weights have zero gradients by design."""
    task = task_of(recipe_of(spec.name, **options), few)
    for network in task.networks.values():
        for module in network.modules():
            if isinstance(module, SelfAttention):
                nn.init.constant_(module.gamma, 0.5)
    batch = Batch(to_network(few.train.images[:20]), few.train.labels[:20])
    for phase in task.phases:
        network = task.networks[phase.trains]
        network.zero_grad()
        losses = phase.losses(batch, Draws(torch.Generator().manual_seed(0), 20, CPU))
        sum(losses.values()).backward()
        dead = [name for name, parameter in network.named_parameters() if not parameter.grad.any()]
        assert not dead


@every_model
def test_the_same_seed_gives_the_same_weights_and_outputs_and_another_seed_others(
    spec: Spec, options: dict[str, Any]
) -> None:
    first, again, other = build(spec, options), build(spec, options), build(spec, options, seed=1)
    for role, network in first.items():
        weights = [parameter.clone() for parameter in network.parameters()]
        assert all(map(torch.equal, weights, again[role].parameters()))
        assert not all(map(torch.equal, weights, other[role].parameters()))
    torch.manual_seed(0)
    said = outputs(spec, first)
    torch.manual_seed(0)
    said_again = outputs(spec, again)
    for name in said:
        assert torch.equal(said[name], said_again[name]), name


@every_model
def test_in_evaluation_an_output_does_not_depend_on_the_other_images_of_the_batch(
    spec: Spec, options: dict[str, Any]
) -> None:
    networks = build(spec, options)
    outputs(spec, networks)  # gathers batch statistics, so that evaluation has some
    for network in networks.values():
        network.eval()
    together = outputs(spec, networks)
    for index in range(12):
        alone = outputs(spec, networks, slice(index, index + 1))
        for name in together:
            torch.testing.assert_close(
                alone[name], together[name][index : index + 1], rtol=1e-5, atol=2e-6, msg=name
            )


@every_model
def test_evaluation_leaves_no_trace_in_the_network(spec: Spec, options: dict[str, Any]) -> None:
    networks = {role: network.eval() for role, network in build(spec, options).items()}
    before = {role: {k: v.clone() for k, v in n.state_dict().items()} for role, n in networks.items()}
    outputs(spec, networks)
    for role, network in networks.items():
        assert all(torch.equal(before[role][name], value) for name, value in network.state_dict().items())


def trained(spec: Spec, options: dict[str, Any], recipe: Recipe, splits: Splits) -> Task:
    task = task_of(recipe, splits)
    Engine(recipe, task, splits.train, seed=0, device=CPU).train()
    return task


@every_gan
def test_the_label_asked_for_decides_what_a_conditional_generator_draws_and_only_there(
    spec: GanSpec, options: dict[str, Any], recipe_of: Callable[..., Recipe], few: Splits
) -> None:
    """After a few steps, as the class enters through weights that start equal for all classes."""
    generator = trained(spec, options, recipe_of(spec.name, **options), few).networks["generator"].eval()
    z_NZ, y_N = latents(spec), labels()
    same = torch.equal(generator(z_NZ, y_N), generator(z_NZ, (y_N + 1) % NUM_CLASSES))
    assert same is not spec.conditional


@every_model
def test_a_phase_moves_its_own_network_and_leaves_the_weights_of_the_others_alone(
    spec: Spec, options: dict[str, Any], recipe_of: Callable[..., Recipe], few: Splits
) -> None:
    recipe = recipe_of(spec.name, **options)
    for index in range(len(spec.roles)):
        task = task_of(recipe, few)
        task.phases = task.phases[index : index + 1]
        before = {
            role: [parameter.detach().clone() for parameter in network.parameters()]
            for role, network in task.networks.items()
        }
        Engine(recipe, task, few.train, seed=0, device=CPU).train()
        for role, network in task.networks.items():
            unmoved = all(map(torch.equal, before[role], network.parameters()))
            assert unmoved is (role != task.phases[0].trains), (role, task.phases[0].trains)


@every_model
def test_a_saved_model_says_the_same_when_it_is_loaded(
    spec: Spec, options: dict[str, Any], recipe_of: Callable[..., Recipe], few: Splits, tmp_path: Path
) -> None:
    task = trained(spec, options, recipe_of(spec.name, **options), few)
    network = task.networks[task.product].eval()
    config = ModelConfig(
        kind=spec.kind,
        model=spec.name,
        options=options,
        class_names=few.train.class_names,
        recipe="a test",
        data="few",
        seed=0,
    )
    saved = save_model(tmp_path, network, config)
    loaded, found = load_model(tmp_path)
    assert found == saved
    inputs = (latents(spec), labels()) if isinstance(spec, GanSpec) else (pictures(),)
    assert torch.equal(loaded(*inputs), network(*inputs))


@every_model
def test_the_product_is_the_first_role_and_the_kind_of_the_row(
    spec: Spec, options: dict[str, Any], recipe_of: Callable[..., Recipe], few: Splits
) -> None:
    assert task_of(recipe_of(spec.name, **options), few).product == spec.roles[0] == spec.kind


@pytest.mark.parametrize("name", ZOO)
def test_an_option_that_a_row_does_not_have_is_refused_by_name(
    name: str, recipe_of: Callable[..., Recipe]
) -> None:
    with pytest.raises(SettingsError, match="no option 'wings'"):
        recipe_of(name, wings=2)


OPTIONS = [(name, option) for name, spec in ZOO.items() for option in spec.options]


@pytest.mark.parametrize(("name", "option"), OPTIONS)
def test_an_option_of_another_type_is_refused_by_name(
    name: str, option: str, recipe_of: Callable[..., Recipe]
) -> None:
    wrong = True if type(ZOO[name].options[option]) is int else "many"
    with pytest.raises(SettingsError, match=option):
        recipe_of(name, **{option: wrong})


@pytest.mark.parametrize(("name", "option"), OPTIONS)
def test_an_option_out_of_range_is_refused_before_anything_is_trained(
    name: str, option: str, recipe_of: Callable[..., Recipe], few: Splits
) -> None:
    default = ZOO[name].options[option]
    if isinstance(default, bool):
        pytest.skip("a switch has no range")
    for value in (-1, 0) if isinstance(default, int) else (-0.5, 1.5):
        with pytest.raises(SettingsError, match=option):
            task_of(recipe_of(name, **{option: value}), few)


@pytest.mark.parametrize(
    ("name", "option"), [(name, option) for name, option in OPTIONS if type(ZOO[name].options[option]) is int]
)
def test_a_size_of_one_still_makes_a_network_that_trains(
    name: str, option: str, recipe_of: Callable[..., Recipe], few: Splits
) -> None:
    trained(ZOO[name], {}, recipe_of(name, **{option: 1}), few)


@pytest.mark.parametrize("name", ZOO)
def test_a_row_says_where_it_comes_from_and_what_it_is(name: str) -> None:
    assert ZOO[name].name == name
    assert ZOO[name].paper
    assert ZOO[name].about
