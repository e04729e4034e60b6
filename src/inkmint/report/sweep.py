"""Turns a sweep into one HTML page that needs nothing else."""

from dataclasses import dataclass
from pathlib import Path

from inkmint.evaluation.figure import value_in_words
from inkmint.files import write_text
from inkmint.report.page import REPORT_NAME
from inkmint.report.pictures import Picture, chart_picture
from inkmint.report.sweep_figures import history_chart, importance_chart, parallel_chart, short_names
from inkmint.report.templates import filled
from inkmint.sweeping.importance import ABOUT, importances
from inkmint.sweeping.plan import train_command
from inkmint.sweeping.space import value_text
from inkmint.sweeping.study import NUM_STARTUP_TRIALS, Sweep
from inkmint.sweeping.trial import Trial, best_of


@dataclass(frozen=True)
class TrialRow:
    """A trial in words."""

    number: int
    settings: tuple[str, ...]
    value: str
    spread: str
    seconds: str
    note: str
    is_best: bool


def write_sweep(sweep: Sweep) -> Path:
    """Write `report.html` into the sweep's folder, also while it goes on.

    Returns:
        The file.

    Raises:
        StorageError: The page cannot be written, or the storage does not answer; an earlier page is untouched.
    """
    path = sweep.folder / REPORT_NAME
    write_text(path, render_sweep(sweep))
    return path


def render_sweep(sweep: Sweep) -> str:
    """The page as HTML."""
    plan, metric, trials = sweep.plan, sweep.metric, sweep.trials()
    best = best_of(trials, metric)
    names = short_names([axis.field for axis in plan.axes])
    return filled(
        "sweep.html",
        name=sweep.name,
        plan=plan,
        metric=metric,
        fields=[names[axis.field] for axis in plan.axes],
        axes=[str(axis) for axis in plan.axes],
        num_startup=NUM_STARTUP_TRIALS,
        num_trials=sweep.num_trials,
        num_ended=sum(trial.state in ("done", "broken") for trial in trials),
        rows=[_row(trial, sweep, trial == best) for trial in _ranked(trials, metric.better == "higher")],
        best=best,
        best_value=best and value_in_words(best.value or 0.0, metric.unit),
        command=best and train_command(plan, best.settings),
        pictures=_pictures(sweep, trials),
        about_importance=ABOUT,
    )


def _ranked(trials: list[Trial], higher: bool) -> list[Trial]:
    """The best first, then those without a value."""
    sign = -1 if higher else 1
    return sorted(
        trials,
        key=lambda trial: (trial.value is None, sign * (trial.value or 0.0), trial.number),
    )


def _row(trial: Trial, sweep: Sweep, is_best: bool) -> TrialRow:
    unit, values = sweep.metric.unit, trial.values
    spread = ""
    if len(values) > 1:
        spread = f"{value_in_words(min(values), unit)} to {value_in_words(max(values), unit)}"
    settings = (trial.settings.get(axis.field) for axis in sweep.plan.axes)
    return TrialRow(
        number=trial.number,
        settings=tuple(
            "" if value is None else f"{value:.4g}" if isinstance(value, float) else value_text(value)
            for value in settings
        ),
        value="" if trial.value is None else value_in_words(trial.value, unit),
        spread=spread,
        seconds="" if trial.seconds is None else f"{trial.seconds:,.0f} s",
        note=trial.error or ("" if trial.state == "done" else trial.state),
        is_best=is_best,
    )


def _pictures(sweep: Sweep, trials: list[Trial]) -> dict[str, Picture]:
    done = [trial for trial in trials if trial.state == "done"]
    if len(done) < 2:
        return {}
    charts = {
        "history": history_chart(done, sweep.metric),
        "parallel": parallel_chart(done, sweep.plan.axes, sweep.metric),
    }
    if shares := importances(sweep):
        charts["importance"] = importance_chart(shares)
    return {name: chart_picture(chart) for name, chart in charts.items()}
