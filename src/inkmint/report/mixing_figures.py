"""Learning curves of a mixing experiment, with their intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import MaxNLocator

from inkmint.report.figures import GRID, INK, LINES, SERIES, STYLE, Chart, svg_of
from inkmint.studies.mixing import Findings
from inkmint.studies.mixing_verdict import Point, Verdict

_SIZE_INCHES = (4.6, 2.9)
_OFFSET = 0.06  # between the bars of two curves, of the way from one place to the next
_KINDS = {False: "as they are", True: "with augmentation"}


@dataclass(frozen=True)
class _Curve:
    """One line: a name, and a point or None at each place of the axis; its place fixes colour and dashes."""

    name: str
    points: Sequence[Point | None]
    style: int


def mixing_charts(findings: Findings, verdict: Verdict) -> list[Chart]:
    """One chart over the numbers of real digits, if there are several, then one for each number.

    Args:
        findings: What was measured.
        verdict: Of the same.
    """
    by_pool = [_pool_chart(findings, verdict, pool) for pool in findings.plan.pools]
    return [_overview(findings, verdict), *by_pool] if len(by_pool) > 1 else by_pool


def _pool_chart(findings: Findings, verdict: Verdict, pool: int) -> Chart:
    """Accuracy over the mixtures of one number of real digits."""
    points = [point for point in verdict.points if point.mixture.pool == pool]
    common = [point for point in points if point.mixture.kind == "common"]
    levels = sorted({point.mixture.level for point in common})
    curves = [
        _Curve(
            _KINDS[augmented], _at(levels, [p for p in common if p.augmented == augmented]), int(augmented)
        )
        for augmented in findings.settings.kinds
    ]
    curves += [
        _Curve(
            f"by hand, {_KINDS[augmented]}",
            _at(levels, [p for p in points if p.mixture.kind == "by hand" and p.augmented == augmented]),
            2 * augmented + 1,
        )
        for augmented in findings.settings.kinds
    ]
    if findings.plan.mode == "counts":
        title, label = f"{pool:,} real digits per class", "minted digits per class"
        names = [f"{level:,.0f}" for level in levels]
    else:
        title, label = f"{pool:,} digits per class in all", "share of real digits, %"
        names = [f"{level:g}" for level in levels]
    return _chart(title, label, names, curves)


def _overview(findings: Findings, verdict: Verdict) -> Chart:
    """Accuracy over the numbers of real digits, with none and with as many minted ones as validation images chose."""
    pools, curves = findings.plan.pools, []
    for augmented in findings.settings.kinds:
        points = [p for p in verdict.points if p.augmented == augmented and p.mixture.kind == "common"]
        own = [[p for p in points if p.mixture.pool == pool] for pool in pools]
        alone = [next(p for p in found if p.mixture.is_real_alone) for found in own]
        minted = [[p for p in found if not p.mixture.is_real_alone] for found in own]
        best = [max(found, key=lambda point: point.validation, default=None) for found in minted]
        curves += [
            _Curve(f"real, {_KINDS[augmented]}", alone, 2 * augmented),
            _Curve(f"real and minted, {_KINDS[augmented]}", best, 2 * augmented + 1),
        ]
    return _chart(
        "Real digits alone and with minted ones",
        "real digits per class",
        [f"{pool:,}" for pool in pools],
        curves,
    )


def _at(levels: Sequence[float], points: Sequence[Point]) -> list[Point | None]:
    by_level = {point.mixture.level: point for point in points}
    return [by_level.get(level) for level in levels]


def _chart(title: str, label: str, names: Sequence[str], curves: Sequence[_Curve]) -> Chart:
    curves = [curve for curve in curves if any(curve.points)]
    with matplotlib.rc_context(STYLE):
        canvas = Canvas(figsize=_SIZE_INCHES, layout="constrained")
        axes = canvas.add_subplot()
        for place, curve in enumerate(curves):
            _draw(axes, curve, (place - (len(curves) - 1) / 2) * _OFFSET)
        _dress(axes, label, names)
        return Chart(title, f"{title}: {'; '.join(map(_in_words, curves))}.", svg_of(canvas))


def _draw(axes: Axes, curve: _Curve, offset: float) -> None:
    known = [(place, point) for place, point in enumerate(curve.points) if point]
    values = [100 * point.test for _, point in known]
    ends = [point.interval or (point.test, point.test) for _, point in known]
    below = [value - 100 * low for value, (low, _) in zip(values, ends, strict=True)]
    above = [100 * high - value for value, (_, high) in zip(values, ends, strict=True)]
    axes.errorbar(
        [place + offset for place, _ in known],
        values,
        yerr=[below, above],
        color=SERIES[curve.style],
        linestyle=LINES[curve.style],
        linewidth=1.4,
        marker="o",
        markersize=3.2,
        elinewidth=0.8,
        capsize=2,
        label=curve.name,
    )


def _dress(axes: Axes, label: str, names: Sequence[str]) -> None:
    axes.set_xlabel(label, color=INK)
    axes.set_ylabel("test accuracy, %", color=INK)
    axes.set_xticks(range(len(names)), names)
    axes.tick_params(colors=INK, length=0)
    axes.grid(color=GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)
    axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.legend(frameon=False, labelcolor=INK, handlelength=2.2, loc="best")


def _in_words(curve: _Curve) -> str:
    known = [point for point in curve.points if point]
    return f"{curve.name} from {known[0].test:.1%} to {known[-1].test:.1%}"
