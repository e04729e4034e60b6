"""A run that is stopped anywhere and resumed ends with the weights of one that was not, bit for bit."""

import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from inkmint.data.digits import Splits
from inkmint.errors import Interrupted, ModelError, RunError, SettingsError
from inkmint.training import session
from inkmint.training.engine import Event, Logged, Observer, Started
from inkmint.training.recipe import Recipe
from inkmint.training.runs import Run

MakeRecipe = Callable[..., Recipe]
BOTH = pytest.mark.parametrize("name", ["hu2024/acgan-sa-quick", "hao2020/lenet-attention-quick"])


def stop_at(step: int) -> Observer:
    def observe(event: Event) -> None:
        event.engine.stop_requested = event.engine.step == step

    return observe


def interrupted(recipe: Recipe, splits: Splits, path: Path, step: int, **settings: Any) -> Run:
    with pytest.raises(Interrupted, match=f"Stopped at step {step}; .* --resume {path}"):
        session.train(
            recipe, splits, path.parent, name=path.name, observers=[stop_at(step)], threads=1, **settings
        )
    return Run(path)


def everything(run: Run) -> dict[str, Any]:
    """All that a run computed: weights, optimisers, average, product, and records but for their times."""
    state = run.load_checkpoint()
    assert state is not None
    del state["seconds"]
    timed = ("seconds", "images_per_sec")
    records = [
        {name: value for name, value in record.items() if name not in timed} for record in run.read_metrics()
    ]
    pictures = {path.name: path.read_bytes() for path in sorted((run.path / "samples").glob("*.png"))}
    model = (run.model_path / "model.safetensors").read_bytes()
    return {"state": state, "records": records, "pictures": pictures, "model": model}


def assert_equal(one: Any, other: Any, place: str = "") -> None:
    assert type(one) is type(other), place
    if isinstance(one, dict):
        assert one.keys() == other.keys(), place
        for key in one:
            assert_equal(one[key], other[key], f"{place}/{key}")
    elif isinstance(one, list):
        assert len(one) == len(other), place
        for index, pair in enumerate(zip(one, other, strict=True)):
            assert_equal(*pair, f"{place}/{index}")
    elif isinstance(one, torch.Tensor):
        assert torch.equal(one, other), place
    else:
        assert one == other, place


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("hu2024/acgan-sa-quick", range(1, 10, 2)),
        ("hao2020/lenet-attention-quick", range(1, 10)),
        ("raza2021/gan-quick", (4,)),  # has dropout
        ("inkmint/house-quick", (1, 2, 5)),  # in its first stage, where the second begins, and in that
    ],
)
def test_stopped_after_any_step_and_resumed_a_run_ends_the_same(
    name: str, steps: Sequence[int], short: MakeRecipe, few: Splits, tmp_path: Path
) -> None:
    slim = {"options.num_channels": 8} if "acgan" in name or name == "inkmint/house-quick" else {}
    recipe = short(name, **slim)
    whole = everything(session.train(recipe, few, tmp_path, name="whole", threads=1))
    assert len(whole["records"]) == 12
    for step in steps:
        run = interrupted(recipe, few, tmp_path / f"stopped-{step}", step)
        assert run.read_status()["state"] == "interrupted"
        assert_equal(everything(session.resume(run, few)), whole, f"stopped at {step}")
        assert run.read_status()["state"] == "finished"


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_finishes_the_step_and_keeps_it_and_the_users_handlers_come_back(
    signum: signal.Signals, short: MakeRecipe, few: Splits, tmp_path: Path
) -> None:
    def press(event: Event) -> None:
        if isinstance(event, Logged) and event.engine.step == 3:
            signal.raise_signal(signum)

    handlers = [signal.getsignal(chosen) for chosen in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(Interrupted, match=r"Stopped at step 3; .* --resume"):
        session.train(short("hao2020/lenet"), few, tmp_path, name="run", observers=[press])
    assert [signal.getsignal(chosen) for chosen in (signal.SIGINT, signal.SIGTERM)] == handlers
    state = Run(tmp_path / "run").load_checkpoint()
    assert state is not None
    assert state["step"] == 3


@pytest.fixture
def ctrl_c_ends() -> Iterator[None]:
    """As Python has it, but in a process that a shell started in the background, where Ctrl-C is ignored."""
    earlier = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, earlier)


@pytest.mark.usefixtures("ctrl_c_ends")
def test_a_second_ctrl_c_ends_at_once(short: MakeRecipe, few: Splits, tmp_path: Path) -> None:
    def press_twice(event: Event) -> None:
        if isinstance(event, Logged):
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        session.train(short("hao2020/lenet"), few, tmp_path, name="run", observers=[press_twice])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@BOTH
def test_stopped_after_every_step_in_turn_a_run_ends_the_same(
    name: str, short: MakeRecipe, few: Splits, tmp_path: Path
) -> None:
    recipe = short(name, epochs=1)
    whole = everything(session.train(recipe, few, tmp_path, name="whole", threads=1))
    run = interrupted(recipe, few, tmp_path / "stopped", 1)
    for step in range(2, 5):
        with pytest.raises(Interrupted):
            session.resume(run, few, observers=[stop_at(step)])
    assert_equal(everything(session.resume(run, few)), whole)


def test_means_of_losses_survive_a_stop_between_two_reports(
    short: MakeRecipe, few: Splits, tmp_path: Path
) -> None:
    def reports_every_4_steps(event: Event) -> None:
        event.engine.log_every_steps = 4

    recipe = short("hao2020/lenet-quick", batch_size=20)
    watch = [reports_every_4_steps]
    whole = session.train(recipe, few, tmp_path, name="whole", threads=1, observers=watch)
    with pytest.raises(Interrupted):
        session.train(
            recipe, few, tmp_path, name="stopped", threads=1, observers=[*watch, stop_soon_after(4)]
        )
    stopped = Run(tmp_path / "stopped")
    state = stopped.load_checkpoint()
    assert state is not None
    assert (state["step"], state["num_logged"]) == (6, 2)
    assert_equal(everything(session.resume(stopped, few, observers=watch)), everything(whole))


def stop_soon_after(step: int) -> Observer:
    """Stop two steps after a report, where no event comes: the task asks for it."""

    def observe(event: Event) -> None:
        if isinstance(event, Logged) and event.engine.step == step:
            engine = event.engine
            phase = engine.task.phases[0]

            def losses(batch: Any, draws: Any) -> Any:
                engine.stop_requested = engine.step == step + 1
                return phase.losses(batch, draws)

            engine.task.phases = (phase._replace(losses=losses),)

    return observe


def test_records_and_weights_after_the_last_checkpoint_are_computed_again(
    short: MakeRecipe, few: Splits, tmp_path: Path
) -> None:
    """As after `kill -9`: the records are ahead of the checkpoint, and the last line is torn."""

    class Killed(BaseException):
        pass

    def kill_at_8(event: Event) -> None:
        if event.engine.step == 8:
            raise Killed

    recipe = short("hu2024/acgan-sa-quick")
    whole = session.train(recipe, few, tmp_path, name="whole", threads=1)
    with pytest.raises(Killed):
        session.train(recipe, few, tmp_path, name="killed", threads=1, observers=[kill_at_8])
    run = Run(tmp_path / "killed")
    state = run.load_checkpoint()
    assert state is not None
    assert state["step"] == 5
    assert run.read_metrics()[-1]["step"] == 8
    with run.metrics_path.open("a") as file:
        file.write('{"step": 9, "los')
    assert_equal(everything(session.resume(run, few)), everything(whole))


def test_a_checkpoint_that_is_due_is_written_within_an_epoch(
    short: MakeRecipe, few: Splits, tmp_path: Path
) -> None:
    class Killed(BaseException):
        pass

    def kill_at_3(event: Event) -> None:
        if event.engine.step == 3:
            raise Killed

    recipe = short("hao2020/lenet-quick")
    with pytest.raises(Killed):
        session.train(
            recipe, few, tmp_path, name="a", threads=1, observers=[kill_at_3], checkpoint_every_sec=0
        )
    state = Run(tmp_path / "a").load_checkpoint()
    assert state is not None
    assert state["step"] == 3


def test_a_run_without_a_checkpoint_is_resumed_from_its_start(
    short: MakeRecipe, few: Splits, tmp_path: Path
) -> None:
    recipe = short("hao2020/lenet-quick", epochs=1)
    whole = everything(session.train(recipe, few, tmp_path, name="whole", threads=1))
    run = interrupted(recipe, few, tmp_path / "stopped", 2)
    run.checkpoint_path.unlink()
    assert_equal(everything(session.resume(run, few)), whole)


def test_a_run_is_resumed_with_its_own_number_of_threads(
    short: MakeRecipe, few: Splits, tmp_path: Path
) -> None:
    found: list[int] = []
    run = interrupted(short("hao2020/lenet-quick"), few, tmp_path / "stopped", 2)
    torch.set_num_threads(2)
    try:
        session.resume(run, few, observers=[lambda _: found.append(torch.get_num_threads())])
    finally:
        torch.set_num_threads(1)
    assert set(found) == {1}


def test_a_finished_run_can_be_resumed_and_stays_as_it_is(
    short: MakeRecipe, few: Splits, tmp_path: Path
) -> None:
    run = session.train(short("hu2024/acgan-sa-quick", epochs=1), few, tmp_path, name="whole", threads=1)
    before = everything(run)
    assert_equal(everything(session.resume(run, few)), before)


@pytest.fixture(scope="module")
def stopped(short: MakeRecipe, few: Splits, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return interrupted(short("hao2020/lenet"), few, tmp_path_factory.mktemp("runs") / "stopped", 2)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"seed": 1}, "seed"),
        ({"device": "cuda"}, "device"),
        ({"threads": 2}, "threads"),
        ({"recipe": {"epochs": 9}}, "recipe.epochs"),
        ({"recipe": {"optimisers": {"recogniser": {"learning_rate": 0.5}}}}, "learning_rate"),
    ],
)
def test_a_field_that_differs_from_the_runs_is_refused_by_name(
    asked: dict[str, Any], field: str, stopped: Run, few: Splits
) -> None:
    recorded = stopped.read_config().model_dump(mode="json")
    wanted = {name: merged(recorded[name], value) for name, value in asked.items()}
    with pytest.raises(SettingsError, match=field):
        session.resume(stopped, few, asked=wanted)


def merged(recorded: Any, change: Any) -> Any:
    if not isinstance(change, dict):
        return change
    return {**recorded, **{name: merged(recorded[name], value) for name, value in change.items()}}


def test_other_data_are_refused(stopped: Run, few: Splits, starter: Splits) -> None:
    with pytest.raises(SettingsError, match="data_fingerprint"):
        session.resume(stopped, starter)


def test_a_run_that_is_in_use_is_not_resumed(stopped: Run, few: Splits) -> None:
    with stopped.locked(), pytest.raises(RunError, match="in use"):
        session.resume(stopped, few)


def test_a_damaged_checkpoint_is_not_resumed_from(short: MakeRecipe, few: Splits, tmp_path: Path) -> None:
    run = interrupted(short("hao2020/lenet"), few, tmp_path / "stopped", 2)
    content = bytearray(run.checkpoint_path.read_bytes())
    content[len(content) // 2] ^= 1
    run.checkpoint_path.write_bytes(content)
    with pytest.raises(RunError, match="damaged"):
        session.resume(run, few)


def initial_weights(note: dict[str, Any]) -> Observer:
    def observe(event: Event) -> None:
        if isinstance(event, Started):
            for role, network in event.engine.task.networks.items():
                note[role] = {name: value.clone() for name, value in network.state_dict().items()}

    return observe


@BOTH
def test_a_new_run_starts_from_the_weights_of_another_run(
    name: str, short: MakeRecipe, few: Splits, tmp_path: Path
) -> None:
    source = session.train(short(name, epochs=1), few, tmp_path, name="source")
    state = source.load_checkpoint()
    assert state is not None
    found: dict[str, Any] = {}
    session.train(
        short(name, epochs=1),
        few,
        tmp_path,
        name="target",
        seed=1,
        init_from=source.path,
        observers=[initial_weights(found)],
    )
    assert_equal(found, {role: dict(weights) for role, weights in state["networks"].items()})


def test_a_new_run_starts_from_a_saved_model(short: MakeRecipe, few: Splits, tmp_path: Path) -> None:
    source = session.train(short("hu2024/acgan-sa-quick", epochs=1), few, tmp_path, name="source")
    found: dict[str, Any] = {}
    fresh: dict[str, Any] = {}
    for path, note in ((source.model_path, found), (None, fresh)):
        session.train(
            short("hu2024/acgan-sa-quick", epochs=1),
            few,
            tmp_path,
            init_from=path,
            observers=[initial_weights(note)],
        )
    product, _ = session.load_model(source.model_path)
    assert_equal(found["generator"], dict(product.state_dict()))
    assert_equal(found["discriminator"], fresh["discriminator"])


def test_weights_of_another_model_or_of_nothing_are_refused(
    short: MakeRecipe, few: Splits, tmp_path: Path
) -> None:
    source = session.train(short("hao2020/lenet", epochs=1), few, tmp_path, name="source")
    for name in ("hao2020/lenet-attention", "hu2024/acgan-sa"):
        for path in (source.path, source.model_path):
            with pytest.raises(ModelError, match="do not fit"):
                session.train(short(name, epochs=1), few, tmp_path, init_from=path)
    for path in (tmp_path / "absent", tmp_path):
        with pytest.raises(ModelError):
            session.train(short("hao2020/lenet", epochs=1), few, tmp_path, init_from=path)
    assert [path.name for path in tmp_path.iterdir()] == ["source"]
