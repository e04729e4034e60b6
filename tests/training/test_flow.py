"""Training in stages: each with its own schedule, an average of the product's own stage, and what is shared."""

import copy
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from inkmint import Generator
from inkmint.data.digits import Splits
from inkmint.data.pixels import to_network
from inkmint.errors import Interrupted
from inkmint.flow_matching import perceptual_loss
from inkmint.training import session
from inkmint.training.build import build_task
from inkmint.training.engine import Engine, Event, Logged, initialise
from inkmint.training.recipe import Recipe, Schedule
from inkmint.training.tasks import Batch, Draws, Stage

CPU = torch.device("cpu")
MakeRecipe = Callable[..., Recipe]
SLIM = {"latent_size": 6, "num_channels": 8, "flow_width": 16, "flow_depth": 1, "autoencoder_share": 0.4}


def engine_of(recipe: Recipe, splits: Splits) -> Engine:
    initialise(0)
    return Engine(recipe, build_task(recipe, splits.validation), splits.train, seed=0, device=CPU)


@pytest.fixture
def recipe(short: MakeRecipe) -> Recipe:
    """Ten steps, four of them the autoencoder's."""
    return short("inkmint/house-quick", options=SLIM)


def decoder_of(engine: Engine) -> list[Tensor]:
    return [
        parameter.detach().clone() for parameter in engine.task.networks["generator"].decoder.parameters()
    ]


def velocity_of(engine: Engine) -> list[Tensor]:
    return [
        parameter.detach().clone() for parameter in engine.task.networks["generator"].velocity.parameters()
    ]


@pytest.mark.parametrize("num_steps", [1, 2, 7, 390, 7020])
@pytest.mark.parametrize("turn", [0.0, 1 / 6, 0.3, 0.95])
def test_stages_that_meet_share_a_run_without_gap_or_overlap(num_steps: int, turn: float) -> None:
    first, second = Stage(end=turn), Stage(begin=turn)
    assert [*first.steps(num_steps), *second.steps(num_steps)] == list(range(num_steps))
    for stage in (first, second):
        progress = [stage.progress(step, num_steps) for step in stage.steps(num_steps)]
        assert progress == sorted(progress)
        assert not progress or progress[0] == 0 <= progress[-1] < 1


def test_the_whole_run_is_the_stage_of_a_phase_that_names_none() -> None:
    assert [Stage().progress(step, 7) for step in range(7)] == [step / 7 for step in range(7)]


def test_each_stage_passes_through_the_whole_schedule(recipe: Recipe, few: Splits) -> None:
    recipe = recipe.derive(schedule=Schedule(kind="linear-decay"))
    engine = engine_of(recipe, few)
    rates: list[float] = []

    def note(event: Event) -> None:
        if isinstance(event, Logged):
            roles = {name.partition("/")[0] for name in event.losses}
            (rate,) = {engine._optimisers[role].param_groups[0]["lr"] for role in roles}
            rates.append(rate)

    engine.observers, engine.log_every_steps = [note], 1
    engine.train()
    assert rates == pytest.approx(
        [2e-3 * left / 4 for left in (4, 3, 2, 1)] + [2e-3 * left / 6 for left in range(6, 0, -1)]
    )


def test_the_decoder_learns_in_the_first_stage_and_the_velocity_in_the_second(
    recipe: Recipe, few: Splits
) -> None:
    engine = engine_of(recipe, few)
    seen = [(decoder_of(engine), velocity_of(engine))]

    def note(event: Event) -> None:
        if isinstance(event, Logged):
            seen.append((decoder_of(engine), velocity_of(engine)))

    engine.observers, engine.log_every_steps = [note], 1
    engine.train()
    moved = [
        tuple(not all(map(torch.equal, old, new)) for old, new in zip(before, after, strict=True))
        for before, after in pairwise(seen)
    ]
    assert moved == [(True, False)] * 4 + [(False, True)] * 6


def test_the_average_begins_anew_where_the_generator_begins_to_learn(recipe: Recipe, few: Splits) -> None:
    """`decay = min(0.9, (1 + t) / (10 + t))`, t counting the generator's own steps."""
    engine = engine_of(recipe.derive(average=0.9), few)
    expected = decoder_of(engine) + velocity_of(engine)

    def follow(event: Event) -> None:
        if isinstance(event, Logged):
            age = max(0, engine.step - 4)
            decay = min(0.9, (1 + age) / (10 + age))
            for mean, weight in zip(expected, decoder_of(engine) + velocity_of(engine), strict=True):
                mean.mul_(decay).add_(weight, alpha=1 - decay)

    engine.observers, engine.log_every_steps = [follow], 1
    engine.train()
    product = engine.finished_product()
    found = [*product.decoder.parameters(), *product.velocity.parameters()]
    for mean, weight in zip(expected, found, strict=True):
        torch.testing.assert_close(weight, mean, rtol=1e-4, atol=1e-6)
    for mean, weight in zip(product.decoder.parameters(), decoder_of(engine), strict=True):
        torch.testing.assert_close(mean, weight, rtol=1e-3, atol=1e-4)


def test_an_autoencoder_share_of_nothing_trains_the_flow_alone(recipe: Recipe, few: Splits) -> None:
    engine = engine_of(recipe.derive(**{"options.autoencoder_share": 0.0}), few)
    before = decoder_of(engine)
    engine.train()
    assert all(map(torch.equal, before, decoder_of(engine)))


def test_the_flow_sees_codes_that_do_not_depend_on_the_batch_and_leaves_the_encoder_as_it_was(
    recipe: Recipe, few: Splits
) -> None:
    task = build_task(recipe, few.validation)
    encoder = task.networks["autoencoder"].encoder
    x_NCHW = to_network(few.train.images[:20])
    encoder(x_NCHW)  # gathers statistics
    state, seen = copy.deepcopy(encoder.state_dict()), []
    encoder.register_forward_hook(lambda _module, _inputs, code_NZ: seen.append(code_NZ))
    flow = next(phase for phase in task.phases if phase.trains == "generator")
    for part in (slice(0, 20), slice(0, 2)):
        batch = Batch(x_NCHW[part], few.train.labels[:20][part])
        flow.losses(flow.sees(batch), Draws(torch.Generator().manual_seed(0), len(batch.x_NCHW), CPU))
    torch.testing.assert_close(seen[0][:2], seen[1])
    assert encoder.training
    assert all(torch.equal(value, state[name]) for name, value in encoder.state_dict().items())


@pytest.mark.parametrize(("shift_px", "times"), [(0.0, 1), (1.0, 3)])
def test_images_are_encoded_again_only_where_they_change(
    shift_px: float, times: int, recipe: Recipe, few: Splits
) -> None:
    """Three epochs of the flow alone."""
    changes = {"options.autoencoder_share": 0.0, "augment.shift_px": shift_px}
    engine = engine_of(recipe.derive(epochs=3, batch_size=50, **changes), few)
    counts: list[int] = []
    engine.task.networks["autoencoder"].encoder.register_forward_hook(
        lambda _module, _inputs, code_NZ: counts.append(len(code_NZ))
    )
    engine.train()
    assert sum(counts) == times * len(few.train)


def test_a_run_stopped_amid_the_flow_ends_as_the_undisturbed_one(recipe: Recipe, few: Splits) -> None:
    """Its codes are encoded anew, in another epoch, and are the same."""
    undisturbed, first, again = (engine_of(recipe.derive(epochs=4, batch_size=48), few) for _ in range(3))
    undisturbed.train()

    def stop(_event: Event) -> None:
        first.stop_requested = first.step == 11

    first.observers = [stop]
    with pytest.raises(Interrupted):
        first.train()
    again.load_state_dict(copy.deepcopy(first.state_dict()))
    again.train()
    assert again.num_steps == 16
    assert all(map(torch.equal, velocity_of(undisturbed), velocity_of(again)))


def test_the_autoencoder_learns_to_look_right_to_a_perception_that_it_leaves_alone(
    recipe: Recipe, few: Splits
) -> None:
    """The perceptual part is its weight times the distance of features, and moves the autoencoder alone."""
    task = build_task(
        recipe.derive(**{"options.perceptual_weight": 0.5, "options.code_noise": 0.0}), few.validation
    )
    networks, batch = task.networks, Batch(to_network(few.train.images[:20]), few.train.labels[:20])
    phases = {phase.trains: phase for phase in task.phases}
    draws = Draws(torch.Generator().manual_seed(0), 20, CPU)
    losses = phases["autoencoder"].losses(batch, draws)
    drawn_NCHW = torch.tanh(networks["autoencoder"](batch.x_NCHW) / 2)
    features = networks["perception"].eval().features
    expected = 0.5 * perceptual_loss(features(drawn_NCHW), features(batch.x_NCHW))
    torch.testing.assert_close(losses["perceptual"], expected)
    networks["perception"].requires_grad_(False)
    losses["perceptual"].backward()
    assert all(parameter.grad is not None for parameter in networks["autoencoder"].parameters())
    expected = F.cross_entropy(networks["perception"].train()(batch.x_NCHW), batch.y_N)
    torch.testing.assert_close(phases["perception"].losses(batch, draws)["cross_entropy"], expected)


def test_the_code_reader_learns_codes_with_the_noise_that_the_decoder_knew(
    recipe: Recipe, few: Splits
) -> None:
    task = build_task(recipe.derive(**{"options.code_noise": 0.5}), few.validation)
    reader, seen = task.networks["generator"].reader, []
    reader.register_forward_hook(lambda _module, inputs, logits_NK: seen.append((inputs[0], logits_NK)))
    flow = next(phase for phase in task.phases if phase.trains == "generator")
    batch = Batch(to_network(few.train.images[:100]), few.train.labels[:100])
    losses = flow.losses(flow.sees(batch), Draws(torch.Generator().manual_seed(0), 100, CPU))
    ((code_NZ, logits_NK),) = seen
    torch.testing.assert_close(losses["cross_entropy"], F.cross_entropy(logits_NK, batch.y_N))
    exact_NZ = task.networks["autoencoder"].encoder.eval()(batch.x_NCHW)
    assert (code_NZ - exact_NZ).std().item() == pytest.approx(0.5, rel=0.1)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_the_flow_is_not_told_this_share_of_labels(share: float, recipe: Recipe, few: Splits) -> None:
    task = build_task(recipe.derive(**{"options.label_dropout": share}), few.validation)
    velocity, seen = task.networks["generator"].velocity, []
    velocity.register_forward_hook(lambda _module, inputs, _output: seen.append(inputs[2]))
    flow = next(phase for phase in task.phases if phase.trains == "generator")
    batch = Batch(to_network(few.train.images[:100]), few.train.labels[:100])
    flow.losses(flow.sees(batch), Draws(torch.Generator().manual_seed(0), 100, CPU))
    (label_N,) = seen
    told_N = label_N != velocity.any_class
    assert 1 - told_N.float().mean().item() == pytest.approx(share, abs=0.06)
    assert torch.equal(label_N[told_N], batch.y_N.repeat_interleave(4)[told_N])


def test_another_run_starts_from_the_networks_or_from_the_model_alone(
    recipe: Recipe, few: Splits, tmp_path: Path
) -> None:
    first = session.train(recipe, few, tmp_path, name="first", threads=1)
    flow_alone = recipe.derive(**{"options.autoencoder_share": 0.0, "average": 0.0})
    product = Generator.from_pretrained(first.path).network
    for source, name in ((first.path, "from-run"), (first.model_path, "from-model")):
        again = session.train(flow_alone, few, tmp_path, name=name, threads=1, init_from=source)
        decoder = Generator.from_pretrained(again.path).network.decoder
        state = first.load_checkpoint()
        assert state is not None
        raw = {
            key[8:]: value for key, value in state["networks"]["generator"].items() if key[:8] == "decoder."
        }
        given = raw if source == first.path else product.decoder.state_dict()
        assert all(torch.equal(value, given[key]) for key, value in decoder.state_dict().items())
