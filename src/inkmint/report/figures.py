"""Curves of a run's records, as SVG pictures that follow the reader's light or dark scheme."""

import io
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import MaxNLocator

_SIZE_INCHES = (3.7, 2.35)
STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "inkmint",
    "font.family": "DejaVu Sans",
    "font.size": 7.5,
    "axes.linewidth": 0.6,
    "text.parse_math": False,
}
# Colours that stand in for a role while drawing; the stylesheet below gives them their value.
INK, GRID = "#010101", "#020202"
SERIES = ("#0a0000", "#0b0000", "#0c0000", "#0d0000")
LINES = ("-", (0, (4, 1.6)), (0, (1.2, 1.4)), (0, (5, 1.4, 1.2, 1.4)))
_VARIABLES = {INK: "ink", GRID: "grid"} | {colour: f"s{i}" for i, colour in enumerate(SERIES)}
_STYLESHEET = """<style>
:root { --ink: #5a6068; --grid: #e3e1da; --s0: #0b6e62; --s1: #b04a22; --s2: #3b5bb5; --s3: #7a3f98 }
@media (prefers-color-scheme: dark) {
:root { --ink: #a3abb5; --grid: #2b3138; --s0: #4fd1b9; --s1: #f09a6c; --s2: #90abf5; --s3: #cf9ae8 } }
</style>"""


@dataclass(frozen=True)
class Chart:
    """A picture of one or more curves.

    Attributes:
        title: What it shows.
        alt: The same for readers who do not see it, with the last values.
        svg: The picture, a whole SVG document without outside references.
    """

    title: str
    alt: str
    svg: bytes


Curves = Mapping[str, list[tuple[float, float]]]


def loss_charts(records: Iterable[Mapping[str, Any]]) -> list[Chart]:
    """One chart for every phase of training, its losses over the epochs.

    Args:
        records: Lines of a run's metrics.jsonl; losses are named `phase/loss`.
    """
    phases: dict[str, dict[str, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        for name, value in record.get("losses", {}).items():
            phase, _, loss = name.rpartition("/")
            phases[phase or "training"][loss].append((record["epoch"], value))
    return [_chart(f"Losses of the {_words(phase)}", curves) for phase, curves in phases.items()]


def figure_charts(records: Iterable[Mapping[str, Any]]) -> list[Chart]:
    """One chart for every figure that was measured after each epoch.

    Args:
        records: Lines of a run's metrics.jsonl.
    """
    curves: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for record in records:
        for name, value in record.get("figures", {}).items():
            curves[name].append((record["epoch"], value))
    return [_chart(_words(name).capitalize(), {name: points}) for name, points in curves.items()]


def _words(name: str) -> str:
    return name.replace("_", " ")


def _chart(title: str, curves: Curves) -> Chart:
    ends = ", ".join(f"{_words(name)} ends at {points[-1][1]:.3g}" for name, points in curves.items())
    num_epochs = max(points[-1][0] for points in curves.values())
    with matplotlib.rc_context(STYLE):
        canvas = Canvas(figsize=_SIZE_INCHES, layout="constrained")
        axes = canvas.add_subplot()
        for index, (name, points) in enumerate(curves.items()):
            style = index % len(SERIES)
            marker = "o" if len(points) <= 30 and len(curves) == 1 else None
            axes.plot(
                *zip(*points, strict=True),
                color=SERIES[style],
                linestyle=LINES[style],
                linewidth=1.4,
                marker=marker,
                markersize=3,
                label=f" {_words(name)}",  # a leading underscore would hide it
            )
        _dress(axes, with_legend=len(curves) > 1)
        return Chart(title, f"{title} over {num_epochs:g} epochs: {ends}.", svg_of(canvas))


def _dress(axes: Axes, *, with_legend: bool) -> None:
    axes.set_xlabel("epoch", color=INK)
    axes.tick_params(colors=INK, length=0)
    axes.grid(color=GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.ticklabel_format(useOffset=False)
    if with_legend:
        axes.legend(frameon=False, labelcolor=INK, handlelength=2.2, loc="best")


def svg_of(canvas: Canvas) -> bytes:
    """The drawing as an SVG document, with the colours that stand in for roles as variables of the style sheet."""
    buffer = io.BytesIO()
    FigureCanvasSVG(canvas)
    canvas.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue().decode()
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, f"var(--{variable})")
    text = text.replace("'DejaVu Sans'", "system-ui, sans-serif")
    return re.sub(r"(<svg\b[^>]*>)", lambda tag: tag[1] + _STYLESHEET, text, count=1).encode()
