"""Curves over seeds, as SVG that follows the reader's scheme for pages, and as PNG for documents."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from inkmint.evaluation.distributions import mean_interval
from inkmint.report.figures import GRID, INK, LINES, SERIES, STYLE, Chart, svg_of
from inkmint.studies.plot import Line, Plot
from inkmint.studies.reproduction.shown import in_words

_SIZE_INCHES = (4.6, 2.9)
_DPI = 110
_ASIDE = 0.06
"""Between the bars of two curves, of the way from one place to the next."""


@dataclass(frozen=True)
class _Palette:
    """Colours: those that stand in for roles, or real ones on white."""

    ink: str
    grid: str
    series: tuple[str, ...]


_ROLES = _Palette(INK, GRID, SERIES)
_ON_WHITE = _Palette("#5a6068", "#e3e1da", ("#0b6e62", "#b04a22", "#3b5bb5", "#7a3f98"))


def plot_chart(plot: Plot) -> Chart:
    """The curves as an SVG picture."""
    with matplotlib.rc_context(STYLE):
        return Chart(plot.title, f"{plot.title}: {'; '.join(_told(plot))}.", svg_of(_drawn(plot, _ROLES)))


def plot_png(plot: Plot) -> bytes:
    """The curves as a PNG picture on white."""
    buffer = io.BytesIO()
    with matplotlib.rc_context(STYLE):
        canvas = _drawn(plot, _ON_WHITE)
        FigureCanvasAgg(canvas)
        canvas.savefig(buffer, format="png", dpi=_DPI, facecolor="white", metadata={"Software": None})
    return buffer.getvalue()


def _told(plot: Plot) -> list[str]:
    found = []
    for line in plot.lines[: len(SERIES)]:
        values_SP = _values(line)
        first, last = values_SP.mean(axis=0)[[0, -1]]
        found.append(f"{line.name} from {in_words(first, plot.unit)} to {in_words(last, plot.unit)}")
    more = len(plot.lines) - len(found)
    return [*found, f"and {more} others"] if more > 0 else found


def _drawn(plot: Plot, palette: _Palette) -> Canvas:
    canvas = Canvas(figsize=_SIZE_INCHES, layout="constrained")
    axes = canvas.add_subplot()
    places = sorted({x for line in plot.lines for x in _places(line)})
    for place, line in enumerate(plot.lines):
        own = _places(line)
        aside = _ASIDE * (place - (len(plot.lines) - 1) / 2)
        at = [places.index(x) + aside for x in own] if plot.by_place else list(own)
        _draw(axes, line, at, place, palette, plot)
    if plot.by_place:
        axes.set_xticks(range(len(places)), [f"{x:,.10g}" for x in places])
    _dress(axes, plot, palette)
    return canvas


def _draw(axes: Axes, line: Line, at: Sequence[float], place: int, palette: _Palette, plot: Plot) -> None:
    """The mean over seeds; in colour the first few, with the range of the seeds, or the interval at single places."""
    values_SP = _values(line)
    mean_P: NDArray[Any] = values_SP.mean(axis=0)
    if place >= len(SERIES):
        axes.plot(at, mean_P, color=palette.ink, linewidth=0.7, alpha=0.45, zorder=2)
        return
    style: Any = {"color": palette.series[place], "linestyle": LINES[place], "linewidth": 1.4}
    label = f" {line.name}"  # a leading underscore would hide it
    if not plot.by_place:
        axes.plot(at, mean_P, label=label, zorder=3 - place / 10, **style)
        if len(values_SP) > 1:
            low_P, high_P = values_SP.min(axis=0), values_SP.max(axis=0)
            axes.fill_between(at, low_P, high_P, color=palette.series[place], alpha=0.15, linewidth=0)
        return
    ends_2P = np.zeros((2, len(at)))
    if len(values_SP) > 1:
        low_P, high_P = np.array([mean_interval(column) for column in values_SP.T]).T
        if plot.unit == "share":
            low_P, high_P = low_P.clip(0), high_P.clip(max=1)
        ends_2P = np.stack([mean_P - low_P, high_P - mean_P])
    dots: Any = {"marker": "o", "markersize": 3.2, "elinewidth": 0.8, "capsize": 2}
    axes.errorbar(at, mean_P, yerr=ends_2P, label=label, zorder=3 - place / 10, **dots, **style)


def _dress(axes: Axes, plot: Plot, palette: _Palette) -> None:
    axes.set_xlabel(plot.x_label, color=palette.ink)
    axes.tick_params(colors=palette.ink, length=0)
    axes.grid(color=palette.grid, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)
    if not plot.by_place:
        axes.xaxis.set_major_locator(MaxNLocator(6))
        axes.ticklabel_format(axis="x", useOffset=False)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(lambda value, _: _short(value, plot))
    if len(plot.lines) > 1:
        axes.legend(frameon=False, labelcolor=palette.ink, handlelength=2.2, loc="best")


def _short(value: float, plot: Plot) -> str:
    return f"{100 * value:.4g} %" if plot.unit == "share" else f"{value:.4g}"


def _places(line: Line) -> tuple[float, ...]:
    """As far as all seeds go."""
    return tuple(x for x, _ in min(line.by_seed.values(), key=len))


def _values(line: Line) -> NDArray[np.float64]:
    """One row for each seed, as far as all go."""
    length = len(_places(line))
    return np.array([[y for _, y in points[:length]] for points in line.by_seed.values()], dtype=np.float64)
