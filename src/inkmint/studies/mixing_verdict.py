"""What a mixing experiment says, in numbers and in words.

The mixture of which a sentence speaks was chosen on validation images; its gain is measured on test images, paired by
seed, with Student's 95 % interval. A difference whose interval holds 0 is called none. Nothing is corrected for the
number of sentences. Shape suffixes: S seeds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from inkmint.evaluation.comparisons import paired_difference
from inkmint.evaluation.distributions import mean_interval
from inkmint.studies.mixing import Findings
from inkmint.studies.mixing_record import Series
from inkmint.studies.mixtures import Mixture

Subject = Literal["minted", "enough", "augmentation", "best", "by hand", "chosen"]
_FINE_FROM = 0.98


@dataclass(frozen=True)
class Point:
    """One mixture over all seeds.

    Attributes:
        mixture: What was learned from.
        augmented: Whether images were changed at random.
        num_seeds: S.
        test: Mean accuracy on the test images.
        interval: Student's over seeds, within [0, 1]; None of a single seed.
        validation: Mean accuracy on the validation images.
        gain: Over real digits alone of the same kind; None of these themselves.
    """

    mixture: Mixture
    augmented: bool
    num_seeds: int
    test: float
    interval: tuple[float, float] | None
    validation: float
    gain: "Gain | None"


@dataclass(frozen=True)
class Gain:
    """What one contender has over another, paired by seed.

    Attributes:
        before: Mean accuracy of the other.
        after: Its own.
        difference: The latter less the former.
        interval: Student's over pairs; None of a single seed.
    """

    before: float
    after: float
    difference: float
    interval: tuple[float, float] | None

    @property
    def direction(self) -> int:
        """1 if it is sure to be better, -1 if worse, 0 if nobody can tell."""
        if self.interval is None or self.interval[0] <= 0 <= self.interval[1]:
            return 0
        return 1 if self.difference > 0 else -1


@dataclass(frozen=True)
class Finding:
    """One sentence of the verdict with the numbers that it is made of.

    Attributes:
        subject: What it is about.
        pool: Real digits of every class.
        augmented: Of which kind of contender; None if of both.
        sentence: In words.
        gain: In numbers.
        level: Of the mixture that it speaks of.
    """

    subject: Subject
    pool: int
    augmented: bool | None
    sentence: str
    gain: Gain | None
    level: float | None = None


@dataclass(frozen=True)
class Verdict:
    """Everything that can be said.

    Attributes:
        points: By pool, without augmentation first, then by level.
        findings: Sentences, by pool.
    """

    points: tuple[Point, ...]
    findings: tuple[Finding, ...]

    def of(self, pool: int) -> list[Finding]:
        """The sentences on a pool."""
        return [finding for finding in self.findings if finding.pool == pool]

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "verdict": [asdict(finding) for finding in self.findings],
            "points": [asdict(point) for point in self.points],
        }


def judge_mixing(findings: Findings) -> Verdict:
    """The verdict on finished learners."""
    points = [
        _point(series, _real_alone(findings, pool, augmented))
        for pool in findings.plan.pools
        for augmented in findings.settings.kinds
        for series in findings.series(pool, augmented, "common", "by hand", "chosen")
    ]
    sentences = [finding for pool in findings.plan.pools for finding in _Pool(findings, pool).findings()]
    return Verdict(tuple(points), tuple(sentences))


def gain_of(after_S: NDArray[Any], before_S: NDArray[Any]) -> Gain:
    """What the first has over the second, seed by seed."""
    interval = None
    if len(after_S) > 1:
        _, interval = paired_difference(after_S, before_S)
    before, after = float(np.mean(before_S)), float(np.mean(after_S))
    return Gain(before, after, float(np.mean(np.subtract(after_S, before_S))), interval)


def enough(series: Sequence[Series]) -> Series:
    """The first from which on nothing changes any more: none up to the last differs surely from the last."""
    place = len(series) - 1
    while place and not gain_of(series[-1].test, series[place - 1].test).direction:
        place -= 1
    return series[place]


def share(value: float, fine: bool = False) -> str:
    """An accuracy in per cent without the sign; fine where it is near 100."""
    return f"{100 * value:.2f}" if fine or value >= _FINE_FROM else f"{100 * value:.1f}"


def points_of(gain: Gain) -> str:
    """A difference in percentage points with its interval: `+1.6 (95 % interval +0.9 to +2.3)`."""
    if gain.interval is None:
        return f"{100 * gain.difference:+.1f}, of one seed, which tells no interval"
    low, high = gain.interval
    digits = 2 if max(gain.before, gain.after) >= _FINE_FROM else 1
    ends = f"{100 * low:+.{digits}f} to {100 * high:+.{digits}f}"
    return f"{100 * gain.difference:+.{digits}f} points, 95 % interval {ends}"


def _point(series: Series, alone: Series | None) -> Point:
    test_S, interval = series.test, None
    if len(test_S) > 1:
        low, high = mean_interval(test_S)
        interval = max(0.0, low), min(1.0, high)
    gain = None if alone is None or alone == series else gain_of(test_S, alone.test)
    return Point(
        series.mixture,
        series.augmented,
        len(test_S),
        float(test_S.mean()),
        interval,
        series.validation,
        gain,
    )


def _real_alone(findings: Findings, pool: int, augmented: bool) -> Series | None:
    found = findings.series(pool, augmented, "common")
    return next((series for series in found if series.mixture.is_real_alone), None)


def _from_to(gain: Gain) -> str:
    """`from 93.1 to 95.4 % (+2.3 points, ...)`."""
    fine = max(gain.before, gain.after) >= _FINE_FROM
    return f"from {share(gain.before, fine)} to {share(gain.after, fine)} % ({points_of(gain)})"


def _does(gain: Gain, raises: str, lowers: str, neither: str) -> str:
    return {1: raises, -1: lowers, 0: neither}[gain.direction]


class _Pool:
    """The sentences on one number of real digits."""

    def __init__(self, findings: Findings, pool: int) -> None:
        self._findings, self._pool = findings, pool
        self._counts = findings.plan.mode == "counts"

    def findings(self) -> Iterator[Finding]:
        for augmented in self._findings.settings.kinds:
            series = self._findings.series(self._pool, augmented, "common")
            yield from (self._minted(series) if self._counts else self._replaced(series))
            yield from self._per_class(augmented)
        yield from self._augmentation()
        yield from self._best()

    def _of(self, mixture: Mixture) -> str:
        """The mixture's level in words."""
        if self._counts:
            return f"{mixture.level:,.0f} minted digits per class"
        return f"{mixture.level:g} % real digits"

    def _with(self, augmented: bool) -> str:
        """How a sentence on a pool begins."""
        kind = " and augmentation" if augmented else ""
        if self._counts:
            return f"With {self._pool:,} real digit{'s' * (self._pool != 1)} per class{kind}"
        return f"Of {self._pool:,} digits per class{', with augmentation' if augmented else ''}"

    def _minted(self, series: Sequence[Series]) -> Iterator[Finding]:
        """What the best number of minted digits does, and from which on more change nothing."""
        alone, *minted = series
        if not minted:
            return
        best = max(minted, key=lambda each: each.validation)
        gain = gain_of(best.test, alone.test)
        count = f"{best.mixture.level:,.0f} minted ones per class"
        if gain.interval is None:
            words = f"{count} take accuracy {_from_to(gain)}"
        else:
            words = f"{count} " + _does(
                gain,
                f"raise accuracy {_from_to(gain)}",
                f"lower accuracy {_from_to(gain)}",
                f"change nothing that {len(best.cells)} seeds can tell: accuracy goes {_from_to(gain)}",
            )
        yield self._finding("minted", best, f"{self._with(best.augmented)}, {words}.", gain)
        last = series[-1]
        if gain.interval is None or len(series) < 3:
            return
        first = enough(series)
        if first is last:
            difference = gain_of(last.test, series[-2].test)
            words = (
                f"{last.mixture.level:,.0f} still change it against {series[-2].mixture.level:,.0f} "
                f"({points_of(difference)})"
            )
        elif first is alone:
            return
        else:
            difference = gain_of(last.test, first.test)
            words = (
                f"Above {first.mixture.level:,.0f} minted ones nothing changes that {len(last.cells)} seeds can tell "
                f"({last.mixture.level:,.0f} against {first.mixture.level:,.0f}: {points_of(difference)})"
            )
        yield self._finding("enough", first, f"{words}.", difference)

    def _replaced(self, series: Sequence[Series]) -> Iterator[Finding]:
        """What minted digits cost in place of real ones, and how far they can replace them."""
        last, others = series[-1], series[:-1]
        if not others:
            return
        least = others[0]
        gain = gain_of(least.test, last.test)
        words = "takes accuracy" if gain.interval is None else "changes accuracy"
        if gain.interval is not None and not gain.direction:
            words = "changes nothing that the seeds can tell: accuracy goes"
        yield self._finding(
            "minted",
            least,
            f"{self._with(last.augmented)}, having {least.mixture.level:g} % real and the others minted in place of "
            f"all real {words} {_from_to(gain)}.",
            gain,
        )
        if gain.interval is None:
            return
        first = enough(series)
        if first is last:
            difference = gain_of(last.test, others[-1].test)
            sentence = (
                f"Real digits cannot be replaced unnoticed: all real against {others[-1].mixture.level:g} % is "
                f"{points_of(difference)}."
            )
        else:
            difference = gain_of(first.test, last.test)
            sentence = (
                f"{first.mixture.level:g} % real digits are enough: against all real they are "
                f"{points_of(difference)}."
            )
        yield self._finding("enough", first, sentence, difference)

    def _per_class(self, augmented: bool) -> Iterator[Finding]:
        """What other mixtures for some classes change, against the common one that they vary or the best."""
        common = self._findings.series(self._pool, augmented, "common")
        for varied in self._findings.series(self._pool, augmented, "by hand"):
            base = next(each for each in common if each.mixture.level == varied.mixture.level)
            yield self._varied("by hand", varied, base)
        for chosen in self._findings.series(self._pool, augmented, "chosen"):
            yield self._varied("chosen", chosen, max(common, key=lambda each: each.validation))

    def _varied(self, subject: Subject, varied: Series, base: Series) -> Finding:
        names = self._findings.splits.train.class_names
        other = [
            label for label in range(len(names)) if varied.mixture.minted[label] != base.mixture.minted[label]
        ]
        counts = varied.mixture.minted if self._counts else varied.mixture.real
        what = "minted" if self._counts else "real"
        named = ", ".join(f"{counts[label]:,} {what} of {names[label]}" for label in other)
        gain = gain_of(varied.test, base.test)
        recall = gain_of(varied.test_recall[:, other].mean(axis=1), base.test_recall[:, other].mean(axis=1))
        chosen = ", chosen class by class on validation images," if subject == "chosen" else ""
        sentence = (
            f"{self._with(varied.augmented)}, {named}{chosen} in place of {self._of(base.mixture)} take accuracy on "
            f"{'these classes' if len(other) > 1 else 'this class'} {_from_to(recall)}, and on all {_from_to(gain)}."
        )
        return self._finding(subject, varied, sentence, gain)

    def _augmentation(self) -> Iterator[Finding]:
        """What augmentation alone does, held against what minted digits alone do."""
        if not self._findings.settings.with_plain:
            return
        plain, augmented = (self._findings.series(self._pool, kind, "common") for kind in (False, True))
        alone, changed = (self._alone(series) for series in (plain, augmented))
        gain = gain_of(changed.test, alone.test)
        does = "takes" if gain.interval is None else _does(gain, "raises", "lowers", "does not surely change")
        change = f"{does} accuracy{'' if gain.direction or gain.interval is None else ','} {_from_to(gain)}"
        sentence = f"{self._with(False)}, augmentation alone {change}"
        if minted := [series for series in plain if not series.mixture.is_real_alone]:
            best = max(minted, key=lambda each: each.validation)
            against = gain_of(changed.test, best.test)
            words = f"what {self._of(best.mixture)} do without it ({points_of(against)})"
            told = _does(against, "more than", "less than", "not to be told from")
            sentence += f"; that is {'beside' if against.interval is None else told} {words}"
        yield self._finding("augmentation", changed, f"{sentence}.", gain)

    def _best(self) -> Iterator[Finding]:
        """What validation images would have one take, and what it reads of the test images."""
        kinds = self._findings.settings.kinds
        every = [
            each
            for kind in kinds
            for each in self._findings.series(self._pool, kind, "common", "by hand", "chosen")
        ]
        if len(every) < 2:
            return
        best = max(every, key=lambda each: each.validation)
        alone = self._alone(self._findings.series(self._pool, True, "common"))
        what = {
            "common": "no minted digits" if best.mixture.is_real_alone else self._of(best.mixture),
            "by hand": "the mixture by hand",
            "chosen": "the mixture chosen class by class",
        }[best.mixture.kind]
        how = f"{what}, {'with' if best.augmented else 'without'} augmentation"
        sentence = f"Best on validation images: {how}. It reads {share(float(best.test.mean()))} % of the test images"
        if best is alone or best == alone:
            yield self._finding("best", best, f"{sentence}.", None)
            return
        gain = gain_of(best.test, alone.test)
        yield self._finding(
            "best", best, f"{sentence}; against real digits with augmentation alone: {points_of(gain)}.", gain
        )

    def _alone(self, series: Sequence[Series]) -> Series:
        return next(each for each in series if each.mixture.is_real_alone)

    def _finding(self, subject: Subject, series: Series, sentence: str, gain: Gain | None) -> Finding:
        augmented = None if subject == "best" else series.augmented
        return Finding(subject, self._pool, augmented, sentence, gain, series.mixture.level)
