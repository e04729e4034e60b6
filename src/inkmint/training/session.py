"""One training run from start or resume to the saved model, alone or under `torchrun`."""

import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import torch

from inkmint import __version__
from inkmint.data.digits import Splits
from inkmint.errors import InkmintError, Interrupted, ModelError, SettingsError, StorageError
from inkmint.runtime import Workers, resolve_device, set_threads
from inkmint.training.build import build_task
from inkmint.training.engine import Engine, Observer, initialise
from inkmint.training.recipe import Recipe
from inkmint.training.recorder import CHECKPOINT_EVERY_SEC, Recorder
from inkmint.training.runs import Run, RunConfig, differences
from inkmint.training.tasks import Task
from inkmint.training.views import Judge
from inkmint.training.weights import ModelConfig, load_model, save_model


def train(
    recipe: Recipe,
    splits: Splits,
    parent: Path,
    *,
    name: str | None = None,
    seed: int = 0,
    device: str = "auto",
    threads: int | None = None,
    judge: Judge | None = None,
    observers: Sequence[Observer] = (),
    init_from: Path | None = None,
    checkpoint_every_sec: float = CHECKPOINT_EVERY_SEC,
) -> Run:
    """Train a recipe in a new run folder and save the model there.

    Args:
        recipe: What to do.
        splits: Trains on `train`, measures progress on `validation`; `test` is not touched.
        parent: Folder of run folders.
        name: Of the new run folder; None numbers one after recipe and seed.
        seed: Of everything that is drawn.
        device: One of `runtime.DEVICES`.
        threads: CPU threads; None for torch's choice.
        judge: Measures a generator's label agreement on the way.
        observers: Told of every event, on the first worker.
        init_from: Run or model folder whose weights to start from (transfer).
        checkpoint_every_sec: Longest time between two checkpoints.

    Returns:
        The run, finished.

    Raises:
        Interrupted: The user asked to stop; the run can be resumed.
        InkmintError: Anything else that ends it; the message says what to do.
    """
    workers = Workers.join()
    config = RunConfig(
        recipe=recipe,
        data=splits.source,
        data_fingerprint=splits.train.fingerprint,
        class_names=splits.train.class_names,
        image_channels=splits.train.image_channels,
        seed=seed,
        device=resolve_device(device).type,
        threads=set_threads(threads),
        workers=workers.count,
    )
    _require_same(workers, config, splits)
    engine = _engine(config, splits, workers, judge)
    if init_from is not None:
        _transfer(engine.task, init_from)
    run = Run(workers.broadcast(_new_run(parent, name, config).path if workers.is_first else None))
    with _held(run, workers):
        if workers.is_first:
            run.write_config(config)
        _run(run, config, engine, observers, checkpoint_every_sec)
    return run


def resume(
    run: Run,
    splits: Splits,
    *,
    asked: Mapping[str, Any] | None = None,
    judge: Judge | None = None,
    observers: Sequence[Observer] = (),
    checkpoint_every_sec: float = CHECKPOINT_EVERY_SEC,
) -> Run:
    """Go on with a run from its last checkpoint, to the same weights as if it had never stopped.

    Args:
        run: An existing run folder.
        splits: The data of the run.
        asked: Fields of the configuration that the user gives anew; they must equal the run's.
        judge: As in `train`.
        observers: As in `train`.
        checkpoint_every_sec: As in `train`.

    Raises:
        SettingsError: The data, the number of workers or something in `asked` differs; the message names the field.
    """
    config = run.read_config()
    workers = Workers.join()
    _require_same(workers, config, splits)
    given = {**(asked or {}), "data_fingerprint": splits.train.fingerprint, "workers": workers.count}
    recorded = {name: value for name, value in config.model_dump(mode="json").items() if name in given}
    for name, value, before in differences(given, recorded):
        raise SettingsError(
            f"The field {name!r} differs: the run has {before!r}, you gave {value!r}; "
            "leave it as it was, or start a new run with --init-from."
        )
    set_threads(config.threads)
    engine = _engine(config, splits, workers, judge)
    with _held(run, workers):
        state = workers.broadcast(run.load_checkpoint() if workers.is_first else None)
        if state is not None:
            engine.load_state_dict(state)
        if workers.is_first:
            run.sweep()
            run.forget_after(engine.step)
        _run(run, config, engine, observers, checkpoint_every_sec)
    return run


def _require_same(workers: Workers, config: RunConfig, splits: Splits) -> None:
    """Refuse to train one model of several recipes, data or versions."""
    recipe = config.recipe.model_dump(mode="json")
    workers.require_same(
        {
            "version of inkmint": __version__,
            "version of torch": torch.__version__.partition("+")[0],
            **{f"recipe's {name}": value for name, value in recipe.items()},
            "seed": config.seed,
            "data's fingerprint": splits.train.fingerprint,
            "classes": config.class_names,
        }
    )


def _new_run(parent: Path, name: str | None, config: RunConfig) -> Run:
    if name is not None:
        return Run.create(parent / name)
    return Run.create_numbered(parent, f"{config.recipe.name.replace('/', '-')}-s{config.seed}")


def _engine(config: RunConfig, splits: Splits, workers: Workers, judge: Judge | None) -> Engine:
    splits.train.require_every_class()
    with torch.random.fork_rng(devices=[]):
        initialise(config.seed)
        task = build_task(config.recipe, splits.validation, judge)
    device = resolve_device(config.device)
    return Engine(config.recipe, task, splits.train, seed=config.seed, device=device, workers=workers)


def _held(run: Run, workers: Workers) -> AbstractContextManager[None]:
    """Only the first worker writes into the folder, so only it holds the lock."""
    return run.locked() if workers.is_first else nullcontext()


def _run(
    run: Run, config: RunConfig, engine: Engine, observers: Sequence[Observer], checkpoint_every_sec: float
) -> None:
    first = engine.workers.is_first
    engine.observers = (Recorder(run, checkpoint_every_sec), *observers) if first else ()
    try:
        with _signals_stop(engine):
            engine.train()
        if first:
            _save(run, config, engine)
    except Interrupted as error:
        raise Interrupted(
            f"Stopped at step {engine.step}; go on with: inkmint train --resume {run.path}"
        ) from error
    except InkmintError as error:
        if first:
            with suppress(StorageError):
                run.write_status("failed", step=engine.step, error=str(error))
        raise


@contextmanager
def _signals_stop(engine: Engine) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM finish the step and keep its result; a second one ends the process at once."""

    def ask_to_stop(signum: int, _frame: object) -> None:
        engine.stop_requested = True
        signal.signal(signum, earlier[signum])

    signals = (signal.SIGINT, signal.SIGTERM)
    earlier: dict[int, Any] = {signum: signal.getsignal(signum) for signum in signals}
    try:
        for chosen in signals:
            signal.signal(chosen, ask_to_stop)
    except ValueError:  # Not the main thread: the caller decides when to stop.
        earlier = {}
    try:
        yield
    finally:
        for signum, handler in earlier.items():
            signal.signal(signum, handler)


def _save(run: Run, config: RunConfig, engine: Engine) -> None:
    recipe = config.recipe
    save_model(
        run.model_path,
        engine.finished_product(),
        ModelConfig(
            kind=engine.task.product,
            model=recipe.model,
            options=recipe.options,
            class_names=config.class_names,
            image_channels=config.image_channels,
            recipe=recipe.name,
            data=config.data,
            seed=config.seed,
            background=recipe.background,
        ),
    )


def _transfer(task: Task, path: Path) -> None:
    """Start the task's networks from a run's (all of them) or from a saved model (the product alone)."""
    if not path.exists():
        raise ModelError(f"There is no run or model at {path} to start from; check the path.")
    state = Run(path).load_checkpoint()
    if state is not None:
        weights = state["networks"]
    else:
        network, _ = load_model(path / "model" if (path / "model").is_dir() else path)
        weights = {task.product: network.state_dict()}
    try:
        for role, values in weights.items():
            task.networks[role].load_state_dict(values)
    except (KeyError, RuntimeError) as error:
        raise ModelError(
            f"The weights of {path} do not fit this recipe's networks; start from a run of the same model and options."
        ) from error
