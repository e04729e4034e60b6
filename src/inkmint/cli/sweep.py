"""`inkmint sweep`: try many settings of a recipe, in any number of processes on any number of machines."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from inkmint.cli.options import device_option, given, json_option, runs_option
from inkmint.errors import SettingsError

if TYPE_CHECKING:
    from inkmint.sweeping.study import Sweep

_OF_THE_PLAN = {
    "assignments": "--set",
    "is_grid": "--grid",
    "metric": "--metric",
    "num_seeds": "--seeds",
    "epochs": "--epochs",
    "seed": "--seed",
}


@click.command()
@click.argument("words", nargs=-1, metavar="[RECIPE] NAME")
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="FIELD=VALUES",
    help="A range as 1e-4..1e-2:log, some values as 64,128, or a fixed one.",
)
@click.option("--grid", "is_grid", is_flag=True, help="Try every combination, and do not search.")
@click.option(
    "--trials",
    type=click.IntRange(min=1),
    show_default="20",
    help="How many a search tries; more than at first extend it.",
)
@click.option(
    "--metric",
    metavar="NAME",
    show_default="validation-accuracy, or frechet for generators",
    help="What is measured, on validation digits; label-agreement is another one.",
)
@click.option(
    "--data",
    show_default="mnist, or the sweep's",
    metavar="NAME|PATH",
    help="Digits: see `inkmint data list`.",
)
@click.option(
    "--seeds",
    "num_seeds",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Runs of each trial; their mean counts.",
)
@click.option("--epochs", type=click.IntRange(min=1), help="The same as --set epochs=N.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the search.")
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Processes that share the trials and the cores.",
)
@click.option(
    "--storage",
    envvar="INKMINT_SWEEP_STORAGE",
    show_default="RUNS/sweeps/NAME/sweep.journal",
    metavar="PATH|postgresql://...",
    help="Where trials are kept.",
)
@click.option(
    "--judge", show_default="judge-v1, or the sweep's", metavar="MODEL", help="Judges what generators mint."
)
@device_option
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    show_default="cores / workers",
    help="CPU threads of each trial.",
)
@runs_option
@click.option("--show", is_flag=True, help="Only show the trials there are.")
@click.option("--report", is_flag=True, help="Only write the report of the trials there are.")
@json_option
@click.pass_context
def sweep(
    context: click.Context,
    words: tuple[str, ...],
    assignments: tuple[str, ...],
    is_grid: bool,
    trials: int | None,
    metric: str | None,
    data: str | None,
    num_seeds: int,
    epochs: int | None,
    seed: int,
    workers: int,
    storage: str | None,
    judge: str | None,
    device: str,
    threads: int | None,
    runs: Path,
    show: bool,
    report: bool,
    as_json: bool,
) -> None:
    """Try many settings of RECIPE under a NAME, and say which are best on validation digits.

    \b
    inkmint sweep lenet-quick rates --set optimisers.recogniser.learning_rate=1e-3..1e-1:log --workers 2
    inkmint sweep acgan-quick sizes --set batch_size=64,128 --set average=0.0,0.99 --grid
    inkmint sweep rates                 join, go on after Ctrl-C or worse; with --trials 40 extend
    inkmint sweep rates --show          what there is so far

    The same command, or just the name, given again on another terminal or machine, joins in: over a shared folder, or
    with --storage postgresql://user@host/database. What a killed worker had begun is taken over and gone on with. Each
    trial is a run folder, RUNS/sweeps/NAME/trial-0000 and so on; report.html beside them shows what mattered.
    """  # noqa: D301 - click reads the character \b
    from inkmint.cli.progress import loaded
    from inkmint.cli.sweep_display import SweepDisplay, print_trials
    from inkmint.sweeping import session
    from inkmint.sweeping.storage import require_optuna

    require_optuna()
    recipe, name = _read_words(words)
    session.folder_of(name, runs)
    if recipe is None or show or report:
        planned = [option for field, option in _OF_THE_PLAN.items() if given(context, field)]
        if recipe is None and planned:
            raise SettingsError(
                f"{planned[0]} is for a new sweep; name its recipe too: inkmint sweep RECIPE {name} {planned[0]} ..."
            )
        found = session.open_sweep(name, runs, storage)
        if not (show or report):
            found.begin(found.plan, trials)
    else:
        splits = loaded(data or "mnist")
        plan = session.make_plan(
            recipe,
            assignments,
            splits,
            data=data or "mnist",
            epochs=epochs,
            is_grid=is_grid,
            metric=metric,
            judge=judge or "judge-v1",
            num_seeds=num_seeds,
            seed=seed,
        )
        found = session.begin_sweep(plan, name, runs, storage, trials)
    num_lost = 0
    if not (show or report):
        loaded(data or found.plan.data)  # fetched here once, behind a bar, if need be
        with SweepDisplay(found):
            num_lost = session.run_workers(
                found,
                storage,
                data=data,
                judge=judge,
                num_workers=workers,
                device=device,
                threads=threads,
            )
    if num_lost:
        click.echo(f"{num_lost} of the workers were lost; the others have done their work.", err=True)
    path = None
    if not show or report:
        from inkmint.report.sweep import write_sweep

        path = write_sweep(found)
    if as_json:
        click.echo(json.dumps(_record(found, path), indent=2))
        return
    if show:
        print_trials(found)
    click.echo(_sentence(found))
    if path:
        click.echo(f"Report: {path}")


def _read_words(words: tuple[str, ...]) -> tuple[str | None, str]:
    if not 1 <= len(words) <= 2:
        raise SettingsError(
            "Name a recipe and the sweep, as in: inkmint sweep lenet-quick rates --set batch_size=64,128; "
            "or a sweep alone that is there already."
        )
    return (words[0] if len(words) == 2 else None), words[-1]


def _record(sweep: "Sweep", report: Path | None) -> dict[str, Any]:
    from dataclasses import asdict

    from inkmint.sweeping.plan import train_command
    from inkmint.sweeping.trial import best_of

    plan, trials = sweep.plan, sweep.trials()
    best = best_of(trials, sweep.metric)
    return {
        "name": sweep.name,
        "folder": str(sweep.folder),
        "recipe": plan.recipe_given,
        "metric": plan.metric,
        "better": sweep.metric.better,
        "num_trials": sweep.num_trials,
        "trials": [asdict(trial) for trial in trials],
        "best": best and {**asdict(best), "command": train_command(plan, best.settings)},
        "report": report and str(report),
    }


def _sentence(sweep: "Sweep") -> str:
    from inkmint.evaluation.figure import value_in_words
    from inkmint.sweeping.plan import train_command
    from inkmint.sweeping.trial import best_of

    plan, trials = sweep.plan, sweep.trials()
    ended = [trial for trial in trials if trial.state in ("done", "broken")]
    counted = f"{sweep.name}: {len(ended):,} of {sweep.num_trials:,} trials done"
    best = best_of(trials, sweep.metric)
    if best is None or best.value is None:
        errors = [trial.error for trial in ended if trial.error]
        return f"{counted}, none with a result{': ' + errors[0] if errors else ''}"
    value = value_in_words(best.value, sweep.metric.unit)
    return (
        f"{counted}; the best is trial {best.number} with {plan.metric} {value}.\n"
        f"Train it again: {train_command(plan, best.settings)}"
    )
