"""A sweep from its first command to its last trial: what `inkmint sweep` does."""

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from inkmint.data.digits import Splits
from inkmint.errors import SettingsError
from inkmint.evaluation.judge import JUDGE, load_judge
from inkmint.recipes import find_recipe
from inkmint.runtime import Workers, resolve_device
from inkmint.sweeping.objective import metric_of
from inkmint.sweeping.plan import Plan
from inkmint.sweeping.processes import Place, make_bench, work_here, work_in_processes
from inkmint.sweeping.space import parse_settings
from inkmint.sweeping.storage import is_server, open_store
from inkmint.sweeping.study import Sweep

JOURNAL_NAME = "sweep.journal"


def folder_of(name: str, runs: Path) -> Path:
    """The folder of a sweep: `runs/sweeps/NAME`.

    Raises:
        SettingsError: The name is none for a folder.
    """
    if not re.fullmatch(r"\w[\w.+-]*", name):
        raise SettingsError(
            f"{name!r} is no name for a sweep; take letters, digits, dots, hyphens and underscores."
        )
    return runs / "sweeps" / name


def open_sweep(name: str, runs: Path, storage: str | None = None) -> Sweep:
    """A sweep that is there already.

    Raises:
        RunError: It is not.
        SettingsError, StorageError: The storage cannot be used.
    """
    folder = folder_of(name, runs)
    if storage is None or not is_server(storage):
        path = Path(storage or folder / JOURNAL_NAME)
        if not path.is_file():
            raise SettingsError(
                f"There is no sweep {name!r}: {path} is missing; begin it with: inkmint sweep RECIPE {name} --set "
                "FIELD=LOW..HIGH, or say where it is with --storage and --runs."
            )
    sweep = Sweep(open_store(storage or str(folder / JOURNAL_NAME)), name, folder)
    _ = sweep.plan
    return sweep


def make_plan(
    recipe: str,
    settings: Iterable[str],
    splits: Splits,
    *,
    data: str,
    epochs: int | None = None,
    is_grid: bool = False,
    metric: str | None = None,
    judge: str = JUDGE,
    num_seeds: int = 1,
    seed: int = 0,
) -> Plan:
    """What to try, if it can be tried.

    Args:
        recipe: A name, or the path of a file.
        settings: As `parse_settings` takes them.
        splits: The digits.
        data: What they were loaded by.
        epochs: Of every trial; None for the recipe's.
        is_grid: Whether every combination is tried, and not a search.
        metric: One of `objective.METRICS`; None for that of the recipe's kind.
        judge: Measures generators.
        num_seeds: Runs of a trial.
        seed: Of the search.

    Raises:
        SettingsError: Something does not fit, or nothing is varied.
        DataError: The judge does not fit the digits.
    """
    base = find_recipe(recipe)
    fixed, axes = parse_settings(settings, base)
    if epochs is not None:
        fixed["epochs"] = epochs
    if any(axis.field in fixed for axis in axes):
        raise SettingsError("--set varies the epochs and --epochs fixes them; give one of them.")
    if not axes:
        raise SettingsError(
            "Nothing is varied; give a field several values as in --set batch_size=64,128, or a range as in --set "
            "average=0.9..0.999."
        )
    chosen = metric_of(base, metric)
    referee = load_judge(judge) if chosen.kind == "generator" else None
    plan = Plan(
        recipe=base.derive(**fixed),
        recipe_given=recipe,
        fixed=fixed,
        axes=axes,
        is_grid=is_grid,
        metric=chosen.name,
        judge=None if referee is None else judge,
        judge_sha256=referee and referee.weights_sha256,
        data=data,
        data_fingerprint=splits.train.fingerprint,
        validation_fingerprint=splits.validation.fingerprint,
        num_seeds=num_seeds,
        seed=seed,
    )
    make_bench(plan, splits, referee, "cpu", 1)
    return plan


def begin_sweep(plan: Plan, name: str, runs: Path, storage: str | None, num_trials: int | None) -> Sweep:
    """Begin a sweep, or join it with the same plan.

    Raises:
        SettingsError, RunError: As `Sweep.begin`.
        StorageError: The storage cannot be used.
    """
    folder = folder_of(name, runs)
    sweep = Sweep(open_store(storage or str(folder / JOURNAL_NAME)), name, folder)
    sweep.begin(plan, num_trials)
    return sweep


def run_workers(
    sweep: Sweep,
    storage: str | None,
    *,
    data: str | None = None,
    judge: str | None = None,
    num_workers: int = 1,
    device: str = "auto",
    threads: int | None = None,
    look: Callable[[], None] = lambda: None,
) -> int:
    """Work on a sweep until all its trials have ended.

    Args:
        sweep: The sweep.
        storage: As it was opened with.
        data: Where this machine has the digits; None for what the sweep was begun with.
        judge: Where this machine has the judge; likewise.
        num_workers: Processes; 1 works here.
        device: Where to compute.
        threads: CPU threads of each trial; None shares the cores among the workers.
        look: Called every second while several work.

    Returns:
        How many of the workers were killed; the others have done their work.

    Raises:
        Interrupted: Ctrl-C; the same call goes on.
        InkmintError: What ends the work otherwise.
    """
    if Workers.join().count > 1:
        raise SettingsError(
            "A sweep is not started by torchrun; give --workers, or the same command several times."
        )
    resolve_device(device)
    plan = sweep.plan
    place = Place(
        store=storage or str(sweep.folder / JOURNAL_NAME),
        name=sweep.name,
        folder=sweep.folder,
        data=data or plan.data,
        judge=None if plan.judge is None else judge or plan.judge,
        device=device,
        threads=threads or max(1, num_cores() // num_workers),
    )
    if num_workers == 1:
        work_here(place)
        return 0
    return work_in_processes(place, num_workers, look)


def num_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
