"""Every row of the zoo keeps the promises that the engine, the models and the command line build on."""

import copy
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from inkmint.data.digits import Splits
from inkmint.data.pixels import to_network
from inkmint.data.stacked import stack_splits
from inkmint.errors import Interrupted, SettingsError
from inkmint.nets.blocks import SelfAttention
from inkmint.objectives import ADVERSARIAL
from inkmint.options import Real, Whole
from inkmint.specs import FittedSpec, GanSpec, LatentFlowSpec, Spec
from inkmint.training.build import build_task
from inkmint.training.engine import Engine, initialise
from inkmint.training.recipe import Recipe
from inkmint.training.tasks import Batch, Draws, Stage, Task
from inkmint.training.weights import ModelConfig, load_model, save_model
from inkmint.zoo import ZOO

NUM_CLASSES = 10
CPU = torch.device("cpu")

# Values that show what an option does, where its default leaves it off.
TELLING = {"packing": 2, "attention": 2}
# Wide networks are tested narrow: a contract does not depend on the width.
NARROW = {"width": 0.125}
# Rows whose options change the same parts as another row's.
SAME_PARTS = {"dcgan-dense": "ccgan", "mggan": "gan", "acgan": "acgan-sa"}


def cases() -> Iterator[tuple[str, Spec, dict[str, Any]]]:
    """Every row as it is, and once more for every value that changes its networks."""
    for name, spec in ZOO.items():
        narrow = {option: value for option, value in NARROW.items() if option in spec.options}
        yield name, spec, narrow
        if name in SAME_PARTS:
            continue
        for option, kind in spec.options.items():
            values = (TELLING[option],) if option in TELLING else kind.examples
            for value in values:
                if value != kind.default and option != "loss":
                    yield f"{name}-{option}-{value}", spec, narrow | {option: value}


CASES = {name: (spec, options) for name, spec, options in cases()}
GANS = {name: case for name, case in CASES.items() if isinstance(case[0], GanSpec)}
FITTED = {name: case for name, case in CASES.items() if isinstance(case[0], FittedSpec)}
TRAINED = {name: case for name, case in CASES.items() if name not in FITTED}
GENERATORS = {name: case for name, case in CASES.items() if case[0].kind == "generator"}
RECOGNISERS = {name: case for name, case in CASES.items() if name not in GENERATORS}


def over(table: Mapping[str, tuple[Spec, dict[str, Any]]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("spec", "options"), table.values(), ids=table)


every_model, every_trained, every_gan = over(CASES), over(TRAINED), over(GANS)
every_generator, every_recogniser, every_fitted = over(GENERATORS), over(RECOGNISERS), over(FITTED)


def coloured_cases() -> Iterator[tuple[str, Spec, dict[str, Any]]]:
    """Every generator that learns, and GANs with what joins images or keeps some by them; narrow, to be quick."""
    for name, spec in ZOO.items():
        if isinstance(spec, GanSpec | LatentFlowSpec):
            narrow = {option: 8 for option in ("num_channels", "code_size") if option in spec.options}
            yield name, spec, narrow
            for option, value in (("packing", 2), ("normalisation", "reference")):
                if option in spec.options and name not in SAME_PARTS:
                    yield f"{name}-{option}", spec, narrow | {option: value}


COLOURED = {name: (spec, options) for name, spec, options in coloured_cases()}


def build(spec: Spec, options: dict[str, Any], seed: int = 0, num_classes: int = 10) -> dict[str, nn.Module]:
    initialise(seed)
    return spec.build(options, num_classes)


def ready(spec: Spec, options: dict[str, Any], splits: Splits) -> dict[str, nn.Module]:
    """Built, and fitted if that is how the row learns."""
    networks = build(spec, options)
    if isinstance(spec, FittedSpec):
        networks[spec.kind].fit(splits.train.images, splits.train.labels)
    return networks


def small(spec: Spec, options: dict[str, Any]) -> dict[str, Any]:
    """Options that 20 images per class can be fitted with."""
    return options | ({"num_components": 8} if "num_components" in spec.options else {})


def packing(spec: Spec, options: dict[str, Any]) -> int:
    return spec.settle(options).get("packing", 1)


def latents(generator: nn.Module, num: int = 12) -> Tensor:
    return torch.randn(num, generator.latent_size, generator=torch.Generator().manual_seed(1))


def labels(num: int = 12) -> Tensor:
    return torch.arange(num) % NUM_CLASSES


def pictures(num: int = 12) -> Tensor:
    return torch.rand(num, 1, 28, 28, generator=torch.Generator().manual_seed(2)) * 2 - 1


def outputs(networks: Mapping[str, nn.Module], part: slice = slice(None)) -> dict[str, Tensor]:
    """What every network of a row says of the same twelve inputs, or a part of them."""
    x_NCHW, y_N, said = pictures()[part], labels()[part], {}
    for role, network in networks.items():
        match role:
            case "generator":
                said[role] = network(latents(network)[part], y_N)
            case "recogniser" | "encoder" | "autoencoder":
                said[role] = network(x_NCHW)
            case "guide":
                said[role] = network(networks["encoder"].encode(x_NCHW), y_N).real_logit_N
            case "discriminator":
                said[role], class_logits_NK = network(x_NCHW, y_N)
                if class_logits_NK is not None:
                    said["class"] = class_logits_NK
    return said


def owned(networks: Mapping[str, nn.Module]) -> dict[str, dict[str, nn.Parameter]]:
    """The parameters of each network that no later one has: what its phases have to reach."""
    remaining: set[nn.Parameter] = set()
    found = {}
    for role, network in reversed(networks.items()):
        named = dict(network.named_parameters())
        found[role] = {name: parameter for name, parameter in named.items() if parameter not in remaining}
        remaining |= set(named.values())
    return found


def task_of(recipe: Recipe, splits: Splits) -> Task:
    initialise(0)
    return build_task(recipe, splits.validation)


@every_generator
def test_a_generator_draws_28x28_images_between_minus_one_and_one(
    spec: Spec, options: dict[str, Any], few: Splits
) -> None:
    generator = ready(spec, small(spec, options), few)["generator"]
    x_NCHW = generator(latents(generator) * 10, labels())
    assert x_NCHW.shape == (12, 1, 28, 28)
    assert x_NCHW.dtype == torch.float32
    assert x_NCHW.abs().max() <= 1


@every_gan
def test_a_discriminator_gives_a_logit_per_judgement_and_class_logits_only_for_a_class_term(
    spec: GanSpec, options: dict[str, Any]
) -> None:
    critique = build(spec, options)["discriminator"](pictures(), labels())
    assert critique.real_logit_N.shape == (12 // packing(spec, options),)
    widths = {"auxiliary": (12, NUM_CLASSES), "adc": (12, 2 * NUM_CLASSES)}
    expected = widths.get(spec.build_objective(options).conditioning)
    found = critique.class_logits_NK
    assert (found if found is None else tuple(found.shape)) == expected


@pytest.fixture(scope="module")
def colours(few: Splits) -> Splits:
    return stack_splits(few, (40, 20, 20), "colours")


@over(COLOURED)
def test_a_generator_learns_from_images_of_three_channels_and_is_loaded_as_it_was_saved(
    spec: Spec, options: dict[str, Any], recipe_of: Callable[..., Recipe], colours: Splits, tmp_path: Path
) -> None:
    task = task_of(recipe_of(spec.name, **options), colours)
    task.begin(colours.train, Draws(torch.Generator().manual_seed(0), 20, CPU))
    batch = Batch(to_network(colours.train.images[:20]), colours.train.labels[:20])
    assert batch.x_NCHW.shape == (20, 3, 28, 28)
    for phase in task.phases:
        parameters = owned(task.networks)[phase.trains].values()
        task.networks[phase.trains].zero_grad()
        losses = phase.losses(phase.sees(batch), Draws(torch.Generator().manual_seed(0), 20, CPU))
        sum(losses.values()).backward()
        assert all(torch.isfinite(parameter.grad).all() for parameter in parameters)
    if isinstance(spec, GanSpec):
        critique = task.networks["discriminator"](batch.x_NCHW, batch.y_N)
        assert critique.real_logit_N.shape == (20 // packing(spec, options),)
    generator = task.networks["generator"].eval()
    x_NCHW = generator(latents(generator), labels())
    assert x_NCHW.shape == (12, 3, 28, 28)
    config = ModelConfig(
        kind="generator",
        model=spec.name,
        options=options,
        class_names=colours.train.class_names,
        image_channels=3,
        recipe="a test",
        data="colours",
        seed=0,
    )
    saved = save_model(tmp_path, generator, config)
    loaded, found = load_model(tmp_path)
    assert found == saved
    assert torch.equal(loaded(latents(generator), labels()), x_NCHW)


@pytest.mark.parametrize("name", [name for name in ZOO if name not in COLOURED])
def test_a_model_of_grey_images_refuses_others(
    name: str, recipe_of: Callable[..., Recipe], colours: Splits
) -> None:
    with pytest.raises(SettingsError, match=f"{name}' takes grey images, and these have 3 channels"):
        task_of(recipe_of(name), colours)


@every_recogniser
@pytest.mark.parametrize("num_classes", [2, 10, 26])
def test_a_recogniser_gives_a_logit_per_class_and_features(
    spec: Spec, options: dict[str, Any], num_classes: int, few: Splits
) -> None:
    recogniser = build(spec, options, num_classes=num_classes)["recogniser"]
    if isinstance(spec, FittedSpec):
        recogniser.fit(few.train.images, torch.arange(len(few.train)) % num_classes)
    assert recogniser(pictures()).shape == (12, num_classes)
    features_ND = recogniser.features(pictures())
    assert features_ND.dim() == 2
    assert len(features_ND) == 12


@over({name: case for name, case in TRAINED.items() if name in RECOGNISERS or name in GANS})
def test_networks_return_logits_and_not_probabilities(spec: Spec, options: dict[str, Any]) -> None:
    network = build(spec, options)["recogniser" if spec.kind == "recogniser" else "discriminator"].eval()
    glaring_NCHW = 1e4 * pictures()
    said = network(glaring_NCHW, labels()) if isinstance(spec, GanSpec) else [network(glaring_NCHW)]
    for logits in said:
        assert logits is None or logits.abs().max() > 1


@every_trained
def test_every_phase_reaches_every_parameter_of_its_network_with_a_finite_gradient(
    spec: Spec, options: dict[str, Any], recipe_of: Callable[..., Recipe], few: Splits
) -> None:
    """What two networks have in common is the later one's."""
    task = task_of(recipe_of(spec.name, **options), few)
    assert {phase.trains for phase in task.phases} == set(spec.trained)
    batch = Batch(to_network(few.train.images[:20]), few.train.labels[:20])
    for phase in task.phases:
        for role, network in task.networks.items():
            network.requires_grad_(role == phase.trains)
        losses = phase.losses(phase.sees(batch), Draws(torch.Generator().manual_seed(0), 20, CPU))
        sum(losses.values()).backward()
        for role, parameters in owned(task.networks).items():
            for name, parameter in parameters.items():
                if role == phase.trains:
                    assert parameter.grad is not None, f"{role}.{name}"
                    assert torch.isfinite(parameter.grad).all(), f"{role}.{name}"
                else:
                    assert parameter.grad is None, f"{role}.{name} in the phase of {phase.trains}"
        for network in task.networks.values():
            network.zero_grad(set_to_none=True)


@every_trained
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
        losses = phase.losses(phase.sees(batch), Draws(torch.Generator().manual_seed(0), 20, CPU))
        sum(losses.values()).backward()
        parameters = owned(task.networks)[phase.trains]
        dead = [name for name, parameter in parameters.items() if not parameter.grad.any()]
        assert not dead


@every_model
def test_the_same_seed_gives_the_same_weights_and_outputs(
    spec: Spec, options: dict[str, Any], few: Splits
) -> None:
    said = []
    for _ in range(2):
        networks = ready(spec, small(spec, options), few)
        torch.manual_seed(0)
        said.append(outputs(networks))
    for name in said[0]:
        assert torch.equal(said[0][name], said[1][name]), name


@every_trained
def test_another_seed_gives_other_weights(spec: Spec, options: dict[str, Any]) -> None:
    first, other = build(spec, options), build(spec, options, seed=1)
    for role, network in first.items():
        assert not all(map(torch.equal, network.parameters(), other[role].parameters()))


@every_model
def test_in_evaluation_an_output_does_not_depend_on_the_other_images_of_the_batch(
    spec: Spec, options: dict[str, Any], few: Splits
) -> None:
    networks = ready(spec, small(spec, options), few)
    outputs(networks)  # gathers batch statistics, so that evaluation has some
    for network in networks.values():
        network.eval()
    together = outputs(networks)
    step = packing(spec, options)
    for start in range(0, 12, step):
        alone = outputs(networks, slice(start, start + step))
        for name in together:
            packed = step if name == "discriminator" else 1
            expected = together[name][start // packed : (start + step) // packed]
            torch.testing.assert_close(alone[name], expected, rtol=1e-4, atol=2e-5, msg=name)


@every_model
def test_evaluation_leaves_no_trace_in_the_network(spec: Spec, options: dict[str, Any], few: Splits) -> None:
    networks = {role: network.eval() for role, network in ready(spec, small(spec, options), few).items()}
    before = {role: {k: v.clone() for k, v in n.state_dict().items()} for role, n in networks.items()}
    outputs(networks)
    for role, network in networks.items():
        assert all(torch.equal(before[role][name], value) for name, value in network.state_dict().items())


def trained(recipe: Recipe, splits: Splits) -> Task:
    task = task_of(recipe, splits)
    Engine(recipe, task, splits.train, seed=0, device=CPU).train()
    return task


@every_generator
def test_the_label_asked_for_decides_what_a_conditional_generator_draws_and_only_there(
    spec: Spec, options: dict[str, Any], recipe_of: Callable[..., Recipe], few: Splits
) -> None:
    """After a few steps, as the class may enter through weights that start equal for all classes."""
    task = trained(recipe_of(spec.name, **small(spec, options)), few)
    generator = task.networks["generator"].eval()
    z_NZ, y_N = latents(generator), labels()
    same = torch.equal(generator(z_NZ, y_N), generator(z_NZ, (y_N + 1) % NUM_CLASSES))
    assert same is not spec.conditional


@every_trained
def test_a_phase_moves_its_own_network_and_leaves_the_weights_of_the_others_alone(
    spec: Spec, options: dict[str, Any], recipe_of: Callable[..., Recipe], few: Splits
) -> None:
    recipe = recipe_of(spec.name, **options)
    for index in range(len(spec.trained)):
        task = task_of(recipe, few)
        task.phases = [task.phases[index]._replace(first_step=0, end_step=None, stage=Stage())]
        parameters = {role: list(own.values()) for role, own in owned(task.networks).items()}
        before = {role: [weight.detach().clone() for weight in own] for role, own in parameters.items()}
        Engine(recipe, task, few.train, seed=0, device=CPU).train()
        for role, own in parameters.items():
            unmoved = all(map(torch.equal, before[role], own))
            assert unmoved is (role != task.phases[0].trains), (role, task.phases[0].trains)


@every_model
def test_a_saved_model_says_the_same_when_it_is_loaded(
    spec: Spec, options: dict[str, Any], few: Splits, tmp_path: Path
) -> None:
    options = small(spec, options)
    network = ready(spec, options, few)[spec.kind].eval()
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
    said, said_again = outputs({spec.kind: network}), outputs({spec.kind: loaded})
    assert torch.equal(said[spec.kind], said_again[spec.kind])


@every_model
def test_the_product_is_the_first_role_and_the_kind_of_the_row(
    spec: Spec, options: dict[str, Any], recipe_of: Callable[..., Recipe], few: Splits
) -> None:
    task = task_of(recipe_of(spec.name, **options), few)
    assert task.product == spec.kind == next(iter(spec.networks)) == next(iter(task.networks))


@over({name: case for name, case in CASES.items() if name in ZOO or name.startswith("dcgan-")})
def test_a_stopped_and_resumed_run_ends_as_the_undisturbed_one(
    spec: Spec, options: dict[str, Any], recipe_of: Callable[..., Recipe], few: Splits
) -> None:
    recipe = recipe_of(spec.name, **small(spec, options)).derive(batch_size=50)
    undisturbed = trained(recipe, few)
    first, again = (Engine(recipe, task_of(recipe, few), few.train, seed=0, device=CPU) for _ in range(2))
    first.stop_requested = True
    with pytest.raises(Interrupted):
        first.train()
    again.load_state_dict(copy.deepcopy(first.state_dict()))
    again.train()
    for role, network in undisturbed.networks.items():
        for name, value in network.state_dict().items():
            assert torch.equal(value, again.task.networks[role].state_dict()[name]), f"{role}.{name}"


@pytest.mark.parametrize("loss", ADVERSARIAL)
@pytest.mark.parametrize("name", ["gan", "acgan", "mggan"])
@pytest.mark.parametrize("penalty", ["none", "gradient_penalty", "r1", "r2"])
def test_every_loss_and_penalty_trains(
    name: str, loss: str, penalty: str, recipe_of: Callable[..., Recipe], few: Splits
) -> None:
    options = {"loss": loss} | ({} if penalty == "none" else {penalty: 0.1})
    task = trained(recipe_of(name, **options).derive(batch_size=50), few)
    for network in task.networks.values():
        assert all(torch.isfinite(value).all() for value in network.state_dict().values())


def test_more_discriminator_steps_and_a_head_start_hold_the_generator_back(
    recipe_of: Callable[..., Recipe], few: Splits
) -> None:
    task = task_of(recipe_of("gan", discriminator_steps=3, pretrain_steps=2), few)
    roles = [[phase.trains for phase in task.phases if phase.takes_part(step, 8)] for step in range(8)]
    both = ["discriminator", "generator"]
    assert roles == [both if step in (2, 5) else both[:1] for step in range(8)]


def test_the_encoder_learns_before_everything_else(recipe_of: Callable[..., Recipe], few: Splits) -> None:
    task = task_of(recipe_of("mggan", encoder_steps=2, pretrain_steps=1), few)
    roles = [[phase.trains for phase in task.phases if phase.takes_part(step, 4)] for step in range(4)]
    judging = ["discriminator", "guide"]
    assert roles == [["encoder"], ["encoder"], judging, [*judging, "generator"]]


def test_the_autoencoder_learns_before_the_flow(recipe_of: Callable[..., Recipe], few: Splits) -> None:
    task = task_of(recipe_of("house", autoencoder_share=0.3), few)
    roles = [phase.trains for step in range(10) for phase in task.phases if phase.takes_part(step, 10)]
    assert roles == ["perception", "autoencoder"] * 3 + ["generator"] * 7


def test_a_reference_batch_is_of_real_images(recipe_of: Callable[..., Recipe], few: Splits) -> None:
    task = trained(recipe_of("dcgan", normalisation="reference"), few)
    discriminator = task.networks["discriminator"]
    real_NF = to_network(few.train.images).flatten(1)
    for x_CHW, label in zip(discriminator.reference_inputs, discriminator.reference_labels, strict=True):
        same_N = (real_NF == x_CHW.flatten()).all(dim=1)
        assert same_N.any()
        assert label in few.train.labels[same_N]


@pytest.mark.parametrize("name", ZOO)
def test_an_option_that_a_row_does_not_have_is_refused_by_name(
    name: str, recipe_of: Callable[..., Recipe]
) -> None:
    with pytest.raises(SettingsError, match="no option 'wings'"):
        recipe_of(name, wings=2)


OPTIONS = [(name, option) for name, spec in ZOO.items() for option in spec.options]


@pytest.mark.parametrize(("name", "option"), OPTIONS)
def test_an_option_of_another_type_or_out_of_range_is_refused_by_name(
    name: str, option: str, recipe_of: Callable[..., Recipe]
) -> None:
    kind = ZOO[name].options[option]
    outside = [kind.low - 1, kind.high + 1] if isinstance(kind, Whole | Real) else []
    for wrong in (None, [1], "many", 1.5 if isinstance(kind, Whole) else "no", *outside):
        with pytest.raises(SettingsError, match=option):
            recipe_of(name, **{option: wrong})


@pytest.mark.parametrize(
    ("name", "option"),
    [(name, option) for name, option in OPTIONS if isinstance(ZOO[name].options[option], Whole)],
)
def test_the_smallest_size_still_makes_a_network_that_trains(
    name: str, option: str, recipe_of: Callable[..., Recipe], few: Splits
) -> None:
    spec = ZOO[name]
    narrow = {key: value for key, value in NARROW.items() if key in spec.options}
    trained(recipe_of(name, **small(spec, narrow) | {option: spec.options[option].low}), few)


def refusal(recipe_of: Callable[..., Recipe], name: str, batch_size: int = 20, **options: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        recipe_of(name, **options).derive(batch_size=batch_size)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "batch_size", "options", "words"),
    [
        ("ccgan", 20, {"capacity": 4}, "a whole number from 1 to 3"),
        ("dcgan-dense", 20, {"depth": 0}, "a whole number from 1 to 3"),
        ("ccgan", 0, {}, "greater than or equal to 1"),
        ("ccgan", 1, {"normalisation": "half-batch"}, "set batch_size to 4 or more"),
        ("dcgan", 1, {}, "set batch_size to 2 or more"),
        ("house", 1, {}, "set batch_size to 2 or more"),
        ("house", 20, {"autoencoder_share": 1.0}, "a number from 0 to 0.95"),
        ("gan", 20, {"loss": "hinge", "label_smoothing": 0.1}, "no targets that label_smoothing"),
        ("lenet", 20, {"label_smoothing": 0.1}, "no option 'label_smoothing'"),
        ("gan", 20, {"packing": 3}, "cannot be packed by 3"),
        ("dcgan", 20, {"gradient_penalty": 10.0}, "looks at single images"),
        ("gan", 20, {"minibatch_stddev": True, "r1": 1.0}, "looks at single images"),
        ("gan", 20, {"loss": "hing"}, "one of non-saturating, minimax"),
    ],
)
def test_settings_that_cannot_be_trained_are_refused_with_what_to_do(
    name: str,
    batch_size: int,
    options: dict[str, Any],
    words: str,
    recipe_of: Callable[..., Recipe],
) -> None:
    assert words in refusal(recipe_of, name, batch_size, **options)


def test_attention_on_a_feature_map_that_is_too_small_is_refused(
    recipe_of: Callable[..., Recipe], few: Splits
) -> None:
    with pytest.raises(SettingsError, match=r"1x1.*2x2"):
        task_of(recipe_of("vgg16", attention=5, width=0.125), few)


@pytest.mark.parametrize("name", ZOO)
def test_a_row_says_where_it_comes_from_and_what_it_is(name: str) -> None:
    assert ZOO[name].name == name
    assert ZOO[name].paper
    assert ZOO[name].about
    assert all(option.about for option in ZOO[name].options.values())


@pytest.mark.parametrize("name", [name for name, spec in ZOO.items() if spec.printed_parameters])
def test_parameters_are_within_five_per_cent_of_the_documents(name: str) -> None:
    networks = build(ZOO[name], {})
    for role, printed in ZOO[name].printed_parameters.items():
        assert sum(p.numel() for p in networks[role].parameters()) == pytest.approx(printed, rel=0.05)
