"""The one loop: batches, averages, events, and training that breaks down."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch
from torch import nn

from inkmint.data.digits import Splits
from inkmint.errors import Interrupted, SettingsError, StorageError, TrainingError
from inkmint.models import Recogniser
from inkmint.training import session
from inkmint.training.build import build_task
from inkmint.training.engine import (
    Engine,
    EpochEnded,
    Event,
    Finished,
    Logged,
    Observer,
    Started,
    Stopped,
    initialise,
)
from inkmint.training.recipe import Recipe
from inkmint.training.runs import Run
from inkmint.training.tasks import Batch, Draws, Phase, Task

CPU = torch.device("cpu")
MakeRecipe = Callable[..., Recipe]


def engine_of(recipe: Recipe, splits: Splits, observers: Sequence[Observer] = ()) -> Engine:
    initialise(0)
    task = build_task(recipe, splits.validation)
    return Engine(recipe, task, splits.train, seed=0, device=CPU, observers=observers)


def seen_labels(task: Task) -> list[int]:
    """Make a task note the labels of every batch that its first phase sees."""
    seen: list[int] = []
    phase = task.phases[0]

    def noting(batch: Batch, draws: Draws) -> dict[str, torch.Tensor]:
        seen.extend(batch.y_N.tolist())
        return phase.losses(batch, draws)

    task.phases = (phase._replace(losses=noting), *task.phases[1:])
    return seen


@pytest.mark.parametrize(("batch_size", "steps_per_epoch"), [(200, 1), (101, 1), (66, 3), (40, 5)])
def test_an_epoch_is_as_many_whole_batches_as_there_are_and_the_rest_is_dropped(
    batch_size: int, steps_per_epoch: int, short: MakeRecipe, few: Splits
) -> None:
    engine = engine_of(short("hao2020/lenet", batch_size=batch_size, epochs=3), few)
    seen = seen_labels(engine.task)
    engine.train()
    assert engine.steps_per_epoch == steps_per_epoch
    assert engine.step == engine.num_steps == 3 * steps_per_epoch
    assert len(seen) == 3 * steps_per_epoch * batch_size


def test_every_epoch_sees_every_image_once_in_another_order(short: MakeRecipe, few: Splits) -> None:
    engine = engine_of(short("hao2020/lenet"), few)
    seen = seen_labels(engine.task)
    engine.train()
    first, second = seen[:200], seen[200:]
    assert sorted(first) == sorted(second) == sorted(few.train.labels.tolist())
    assert first != second


def test_in_every_phase_only_the_network_that_it_trains_takes_gradients(
    short: MakeRecipe, few: Splits
) -> None:
    engine = engine_of(short("hu2024/acgan-sa", epochs=1, batch_size=200), few)
    task, seen = engine.task, dict[str, set[str]]()

    def watched(phase: Phase) -> Phase:
        def losses(batch: Batch, draws: Draws) -> dict[str, torch.Tensor]:
            seen[phase.trains] = {
                role
                for role, network in task.networks.items()
                if any(parameter.requires_grad for parameter in network.parameters())
            }
            return phase.losses(batch, draws)

        return phase._replace(losses=losses)

    task.phases = tuple(map(watched, task.phases))
    engine.train()
    assert seen == {"discriminator": {"discriminator"}, "generator": {"generator"}}


def test_a_batch_larger_than_the_data_is_refused_with_the_largest_that_fits(
    short: MakeRecipe, few: Splits
) -> None:
    with pytest.raises(SettingsError, match="set batch_size to 200"):
        engine_of(short("hao2020/lenet", batch_size=201), few)


def test_events_come_in_order_and_once_per_epoch(short: MakeRecipe, few: Splits) -> None:
    events: list[Event] = []
    engine_of(short("hao2020/lenet", epochs=2), few, [events.append]).train()
    names = [type(event) for event in events]
    one_epoch = [Logged] * 5 + [EpochEnded]
    assert names == [Started, *one_epoch, *one_epoch, Finished]


def test_losses_are_means_over_the_steps_since_the_last_report(short: MakeRecipe, few: Splits) -> None:
    def losses(every: int) -> list[float]:
        logged: list[float] = []

        def note(event: Event) -> None:
            if isinstance(event, Logged):
                logged.append(event.losses["recogniser/cross_entropy"])

        engine = engine_of(short("hao2020/lenet", epochs=1), few, [note])
        engine.log_every_steps = every
        engine.train()
        return logged

    each = losses(1)
    assert losses(2) == pytest.approx([sum(each[:2]) / 2, sum(each[2:4]) / 2, each[4]])


def test_observers_see_the_same_pictures_of_the_same_weights_and_do_not_change_training(
    short: MakeRecipe, few: Splits
) -> None:
    recipe = short("hu2024/acgan-sa-quick")
    pictures: list[torch.Tensor] = []

    def note(event: Event) -> None:
        torch.rand(7)  # a careless observer
        if isinstance(event, EpochEnded):
            assert event.pictures_MHW is not None
            pictures.append(event.pictures_MHW)

    watched, alone = engine_of(recipe, few, [note]), engine_of(recipe, few)
    watched.train()
    alone.train()
    assert pictures[0].shape == (80, 28, 28)
    assert pictures[0].dtype == torch.uint8
    assert not torch.equal(*pictures)
    assert_same_weights(watched.task.networks["generator"], alone.task.networks["generator"])


def test_training_leaves_the_callers_random_numbers_alone(short: MakeRecipe, few: Splits) -> None:
    engine = engine_of(short("hao2020/lenet", epochs=1), few)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    engine.train()
    assert torch.equal(torch.rand(3), expected)


def assert_same_weights(one: nn.Module, other: nn.Module) -> None:
    for (name, weight), same in zip(one.state_dict().items(), other.state_dict().values(), strict=True):
        assert torch.equal(weight, same), name


@pytest.mark.parametrize("name", ["hu2024/acgan-sa-quick", "raza2021/gan-quick"])
def test_averaging_changes_the_product_and_not_what_is_trained(
    name: str, short: MakeRecipe, few: Splits
) -> None:
    averaged, plain = engine_of(short(name, average=0.9), few), engine_of(short(name, average=0.0), few)
    for engine in (averaged, plain):
        engine.train()
    raw = averaged.task.networks["generator"]
    assert_same_weights(raw, plain.task.networks["generator"])
    weights = [list(engine.finished_product().parameters()) for engine in (averaged, plain)]
    assert all(map(torch.equal, weights[1], raw.parameters()))
    assert not any(torch.equal(one, other) for one, other in zip(*weights, strict=True) if one.numel() > 1)


def test_the_average_is_the_running_mean_of_the_weights(short: MakeRecipe, few: Splits) -> None:
    """`decay_t = min(0.9, (1 + t) / (10 + t))`, from the initial weights on."""
    engine = engine_of(short("hao2020/lenet", average=0.9, epochs=3), few)
    network = engine.task.networks["recogniser"]
    expected = [parameter.detach().clone() for parameter in network.parameters()]

    def follow(event: Event) -> None:
        if isinstance(event, Logged):
            decay = min(0.9, (1 + engine.step) / (10 + engine.step))
            for mean, parameter in zip(expected, network.parameters(), strict=True):
                mean.mul_(decay).add_(parameter.detach(), alpha=1 - decay)

    engine.observers = [follow]
    engine.log_every_steps = 1
    engine.train()
    for mean, parameter in zip(expected, engine.finished_product().parameters(), strict=True):
        torch.testing.assert_close(parameter, mean, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["hu2024/acgan-sa-quick", "hu2024/acgan-sa", "hao2020/lenet"])
def test_a_product_is_a_frozen_copy_in_evaluation_mode(name: str, short: MakeRecipe, few: Splits) -> None:
    engine = engine_of(short(name, epochs=1), few)
    engine.train()
    product = engine.finished_product()
    assert not product.training
    assert not any(parameter.requires_grad for parameter in product.parameters())
    assert_same_weights(product, engine.finished_product())
    assert engine.task.networks[engine.task.product].training


def stop_at(step: int) -> Observer:
    def observe(event: Event) -> None:
        event.engine.stop_requested = event.engine.step == step

    return observe


def test_a_stop_is_told_after_the_step_is_finished(short: MakeRecipe, few: Splits) -> None:
    events: list[Event] = []
    engine = engine_of(short("hao2020/lenet"), few, [stop_at(3), events.append])
    with pytest.raises(Interrupted):
        engine.train()
    assert isinstance(events[-1], Stopped)
    assert engine.step == 3


def poison_at(step: int) -> Observer:
    """Makes one weight infinite after a step, as a division by zero would."""

    def observe(event: Event) -> None:
        if isinstance(event, Logged) and event.engine.step == step:
            next(iter(event.engine.task.networks.values())).get_parameter("conv1.bias").data[0] = torch.inf

    return observe


def test_a_loss_that_is_no_number_ends_the_run_and_names_itself(
    short: MakeRecipe, few: Splits, tmp_path: Path
) -> None:
    """Poisoned in its second epoch, so that the first epoch's checkpoint must stay."""
    with pytest.raises(TrainingError, match=r"step \d+ \(epoch 2\): the loss recogniser/cross_entropy"):
        session.train(short("hao2020/lenet"), few, tmp_path, name="run", observers=[poison_at(7)])
    run = Run(tmp_path / "run")
    status = run.read_status()
    assert status["state"] == "failed"
    assert "recogniser/cross_entropy" in status["error"]
    state = run.load_checkpoint()
    assert state is not None
    assert state["step"] == 5
    assert all(torch.isfinite(weight).all() for weight in state["networks"]["recogniser"].values())
    assert all("NaN" not in line for line in run.metrics_path.read_text().splitlines())
    assert not run.model_path.exists()


def test_a_weight_that_is_no_number_is_never_written_into_a_checkpoint(
    short: MakeRecipe, few: Splits, tmp_path: Path
) -> None:
    """Poisoned after the epoch's last loss was computed: no loss has seen it."""
    with pytest.raises(TrainingError, match=r"weight conv1\.bias of the recogniser"):
        session.train(short("hao2020/lenet"), few, tmp_path, name="run", observers=[poison_at(10)])
    state = Run(tmp_path / "run").load_checkpoint()
    assert state is not None
    assert state["step"] == 5


def test_too_high_a_learning_rate_ends_in_a_sentence(short: MakeRecipe, few: Splits, tmp_path: Path) -> None:
    too_high = {"optimisers.recogniser.learning_rate": 10.0, "optimisers.recogniser.weight_decay": 1e3}
    recipe = short("hao2020/lenet", **too_high)
    with pytest.raises(TrainingError, match="lower the learning rate"):
        session.train(recipe, few, tmp_path, name="run")
    assert Run(tmp_path / "run").read_status()["state"] == "failed"


def test_a_resumed_run_that_broke_down_starts_from_the_good_checkpoint(
    short: MakeRecipe, few: Splits, tmp_path: Path
) -> None:
    recipe = short("hao2020/lenet")
    with pytest.raises(TrainingError):
        session.train(recipe, few, tmp_path, name="broken", observers=[poison_at(7)])
    broken = session.resume(Run(tmp_path / "broken"), few)
    whole = session.train(recipe, few, tmp_path, name="whole")
    names = [run.model_path / "model.safetensors" for run in (broken, whole)]
    assert names[0].read_bytes() == names[1].read_bytes()


def test_a_model_that_cannot_be_saved_makes_a_failed_run_and_resume_saves_it(
    short: MakeRecipe, few: Splits, tmp_path: Path
) -> None:
    def occupy(event: Event) -> None:
        if isinstance(event, Finished):
            (tmp_path / "run" / "model").write_text("in the way")

    with pytest.raises(StorageError, match="in the way"):
        session.train(short("hao2020/lenet"), few, tmp_path, name="run", observers=[occupy])
    run = Run(tmp_path / "run")
    assert run.read_status()["state"] == "failed"
    run.model_path.unlink()
    session.resume(run, few)
    assert run.read_status()["state"] == "finished"
    assert (run.model_path / "model.safetensors").is_file()


def test_a_run_folder_holds_all_that_it_promises(short: MakeRecipe, few: Splits, tmp_path: Path) -> None:
    judge = Recogniser(epochs=1, threads=1).fit(few.train.images.numpy(), few.train.labels.numpy()).judge
    run = session.train(short("hu2024/acgan-sa-quick"), few, tmp_path, judge=judge, threads=1)
    assert run.path.name == "hu2024-acgan-sa-quick-s0-0001"
    files = {str(path.relative_to(run.path)) for path in run.path.rglob("*") if path.is_file()}
    assert files - {"run.lock"} == {
        "config.json",
        "environment.json",
        "metrics.jsonl",
        "status.json",
        "samples/epoch_0001.png",
        "samples/epoch_0002.png",
        "checkpoints/last.pt",
        "model/config.json",
        "model/model.safetensors",
    }
    config = json.loads((run.path / "config.json").read_text())
    assert config["recipe"] == short("hu2024/acgan-sa-quick").model_dump(mode="json")
    assert (config["seed"], config["threads"], config["device"]) == (
        0,
        1,
        session.resolve_device("auto").type,
    )
    figures = [record["figures"] for record in run.read_metrics() if "figures" in record]
    assert len(figures) == 2
    judged = {"classes_present", "smallest_class", "label_agreement", "diversity"}
    assert all(figure.keys() == judged | {"background", "contrast"} for figure in figures)


def test_data_that_lacks_a_class_is_refused(short: MakeRecipe, few: Splits, tmp_path: Path) -> None:
    lacking = few.train.subset(torch.nonzero(few.train.labels != 3).flatten())
    splits = Splits(lacking, few.validation, few.test, "lacking")
    with pytest.raises(ValueError, match="no image of class 3"):
        session.train(short("hao2020/lenet"), splits, tmp_path)
    assert not list(tmp_path.iterdir())
