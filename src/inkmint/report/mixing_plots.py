"""Learning curves of a mixing experiment."""

from collections.abc import Mapping, Sequence

from inkmint.studies.mixing import Findings
from inkmint.studies.mixing_record import Series
from inkmint.studies.plot import Line, Plot

_KINDS = {False: "as they are", True: "with augmentation"}


def mixing_plots(findings: Findings) -> list[Plot]:
    """Accuracy on test images: over the numbers of real digits, if there are several, then for each number."""
    by_pool = [_pool_plot(findings, pool) for pool in findings.plan.pools]
    return [_overview(findings), *by_pool] if len(by_pool) > 1 else by_pool


def _pool_plot(findings: Findings, pool: int) -> Plot:
    """Over the mixtures of one number of real digits."""
    lines = []
    for kind, by_hand in (("common", ""), ("by hand", "by hand, ")):
        for augmented in findings.settings.kinds:
            by_level = {each.mixture.level: each for each in findings.series(pool, augmented, kind)}
            lines.append(_line(f"{by_hand}{_KINDS[augmented]}", by_level, findings))
    if findings.plan.mode == "counts":
        return _plot(f"{pool:,} real digits per class", "minted digits per class", lines)
    return _plot(f"{pool:,} digits per class in all", "share of real digits, %", lines)


def _overview(findings: Findings) -> Plot:
    """Over the numbers of real digits, with none and with as many minted ones as validation images chose."""
    lines = []
    for augmented in findings.settings.kinds:
        alone: dict[float, Series] = {}
        best: dict[float, Series] = {}
        for pool in findings.plan.pools:
            series = findings.series(pool, augmented, "common")
            minted = [each for each in series if not each.mixture.is_real_alone]
            alone[pool] = next(each for each in series if each.mixture.is_real_alone)
            if minted:
                best[pool] = max(minted, key=lambda each: each.validation)
        lines += [
            _line(f"real, {_KINDS[augmented]}", alone, findings),
            _line(f"real and minted, {_KINDS[augmented]}", best, findings),
        ]
    return _plot("Real digits alone and with minted ones", "real digits per class", lines)


def _line(name: str, by_place: Mapping[float, Series], findings: Findings) -> Line:
    return Line(
        name,
        {
            seed: [(place, float(each.test[row])) for place, each in by_place.items()]
            for row, seed in enumerate(findings.seeds)
        },
    )


def _plot(title: str, x_label: str, lines: Sequence[Line]) -> Plot:
    known = tuple(line for line in lines if any(line.by_seed.values()))
    return Plot(f"{title}: accuracy on test images", x_label, "share", known, by_place=True)
