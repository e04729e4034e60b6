"""Pictures of a sweep: how it went on, what mattered, and which settings go with which results."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from inkmint.evaluation.figure import Unit, value_in_words
from inkmint.options import Value
from inkmint.report.figures import GRID, INK, SERIES, STYLE, Chart, svg_of
from inkmint.sweeping.objective import Metric
from inkmint.sweeping.space import Axis, value_text
from inkmint.sweeping.trial import Trial

_WIDE_INCHES = (7.6, 3.1)
_PALEST, _DARKEST = 0.13, 0.9


def history_chart(trials: Sequence[Trial], metric: Metric) -> Chart:
    """Every trial's value, and the best so far.

    Args:
        trials: Those that are done, at least one, in order.
        metric: What was measured.
    """
    numbers = [trial.number for trial in trials]
    values = [_value(trial) for trial in trials]
    best = list(accumulate(values, max if metric.better == "higher" else min))
    with matplotlib.rc_context(STYLE):
        canvas = Canvas(figsize=_WIDE_INCHES, layout="constrained")
        axes = canvas.add_subplot()
        axes.step(numbers, best, where="post", color=SERIES[1], linewidth=1.4, label=" best so far")
        axes.plot(numbers, values, "o", color=SERIES[0], markersize=4, label=" trial")
        _dress(axes)
        axes.set_xlabel("trial", color=INK)
        axes.xaxis.set_major_locator(MaxNLocator(10, integer=True))
        axes.yaxis.set_major_formatter(lambda value, _: _short(value, metric.unit))
        axes.legend(frameon=False, labelcolor=INK, loc="best")
        told = value_in_words(best[-1], metric.unit)
        return Chart(
            "How it went on",
            f"{metric.name} of {len(trials)} trials in their order; the best has {told}.",
            svg_of(canvas),
        )


def importance_chart(shares: Mapping[str, float]) -> Chart:
    """What each field accounts for.

    Args:
        shares: Of the variance, in [0, 1], the greatest first; at least one.
    """
    names = short_names(list(shares))
    places = np.arange(len(shares))[::-1]
    with matplotlib.rc_context(STYLE):
        canvas = Canvas(figsize=(_WIDE_INCHES[0], 0.6 + 0.32 * len(shares)), layout="constrained")
        axes = canvas.add_subplot()
        axes.barh(places, list(shares.values()), height=0.6, color=SERIES[0])
        for place, share in zip(places, shares.values(), strict=True):
            axes.text(share + 0.01, place, f"{share:.0%}", va="center", color=INK)
        axes.set_yticks(places, [names[field] for field in shares])
        axes.set_xlim(0, 1.08)
        axes.set_xticks([])
        _dress(axes)
        axes.grid(visible=False)
        told = ", ".join(f"{field} {share:.0%}" for field, share in shares.items())
        return Chart("What mattered", f"Share of the variance by field: {told}.", svg_of(canvas))


def parallel_chart(trials: Sequence[Trial], axes_of_plan: Sequence[Axis], metric: Metric) -> Chart:
    """One line for each trial through its settings to its value: the better, the darker; the best in another colour.

    Args:
        trials: Those that are done, at least one.
        axes_of_plan: What was varied.
        metric: What was measured.
    """
    values_T = np.array([_value(trial) for trial in trials])
    sign = 1.0 if metric.better == "higher" else -1.0
    order_T = (sign * values_T).argsort(kind="stable")
    heights = [_heights(axis, [trial.settings[axis.field] for trial in trials]) for axis in axes_of_plan]
    low, high = float(values_T.min()), float(values_T.max())
    heights.append((values_T - low) / (high - low) if high > low else np.full(len(trials), 0.5))
    lines_TA = np.stack(heights, axis=1)
    names = short_names([axis.field for axis in axes_of_plan])
    places = np.arange(lines_TA.shape[1])
    with matplotlib.rc_context(STYLE):
        canvas = Canvas(figsize=_WIDE_INCHES, layout="constrained")
        axes = canvas.add_subplot()
        axes.vlines(places, 0, 1, color=GRID, linewidth=1.2)
        for rank, trial in enumerate(order_T):
            is_best = rank == len(order_T) - 1
            strength = _PALEST + (_DARKEST - _PALEST) * (rank / max(1, len(order_T) - 1)) ** 2
            axes.plot(
                places,
                lines_TA[trial],
                color=SERIES[1] if is_best else SERIES[0],
                alpha=1.0 if is_best else strength,
                linewidth=2.0 if is_best else 1.0,
                solid_joinstyle="round",
            )
        ends = [(0.0, _short(low, metric.unit)), (1.0, _short(high, metric.unit))]
        for place, marks in enumerate([*map(_marks, axes_of_plan), ends]):
            for height, text in marks:
                beyond = -0.03 if height == 0 else 0.03  # off the lines that meet there
                axes.text(place + 0.015, height + beyond, text, color=INK, va="center", fontsize=6.5)
        axes.set_xticks(places, [*(names[axis.field] for axis in axes_of_plan), metric.name])
        axes.set_yticks([])
        axes.set_xlim(-0.1, places[-1] + 0.22)
        axes.set_ylim(-0.08, 1.08)
        _dress(axes)
        axes.grid(visible=False)
        return Chart(
            "Which settings go with which results",
            f"One line for each of {len(trials)} trials through {', '.join(names.values())} to {metric.name}.",
            svg_of(canvas),
        )


def short_names(fields: Sequence[str]) -> dict[str, str]:
    """The last parts of dotted names, as few as tell them apart."""
    for depth in range(1, max((field.count(".") for field in fields), default=0) + 2):
        names = {field: ".".join(field.split(".")[-depth:]) for field in fields}
        if len(set(names.values())) == len(names):
            return names
    return {field: field for field in fields}


def _value(trial: Trial) -> float:
    assert trial.value is not None
    return trial.value


def _short(value: float, unit: Unit) -> str:
    return f"{value:.4g}" if unit != "share" else f"{100 * value:.4g}%"


def _heights(axis: Axis, settings: Sequence[Value]) -> NDArray[np.float64]:
    """Where an axis shows the trials' settings, in [0, 1]."""
    if axis.choices:
        top = max(1, len(axis.choices) - 1)
        return np.array([axis.choices.index(value) / top for value in settings])
    ends = np.array([axis.low, axis.high], dtype=np.float64)
    numbers = np.array([float(value) for value in settings])
    if axis.log:
        ends, numbers = np.log(ends), np.log(numbers)
    shares: NDArray[np.float64] = (numbers - ends[0]) / (ends[1] - ends[0])
    return shares


def _marks(axis: Axis) -> list[tuple[float, str]]:
    """Heights on an axis and what stands there: every choice, or both ends."""
    if axis.choices:
        heights = _heights(axis, axis.choices)
        return list(zip(heights.tolist(), map(value_text, axis.choices), strict=True))
    return [(0.0, f"{axis.low:g}"), (1.0, f"{axis.high:g}")]


def _dress(axes: Axes) -> None:
    settings: dict[str, Any] = {"colors": INK, "length": 0}
    axes.tick_params(**settings)
    axes.grid(color=GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)
