"""What a document claims of its arms, as data that is held against what was measured, and the numbers that it prints.

Differences between arms are paired by seed and judged by Student's 95 % interval; a single seed decides nothing, unless
what is measured has no random part.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np

from inkmint.evaluation.distributions import mean_interval
from inkmint.evaluation.metrics import CONFIDENCE
from inkmint.studies.plot import Unit
from inkmint.studies.reproduction.shown import (
    Judged,
    Outcome,
    Shown,
    Table,
    Values,
    difference_in_words,
    ends_in_words,
    in_words,
)

NEAR_SHARE = 0.005
"""A share that differs from the document's by no more counts as the same."""

NEAR_RATIO = 0.05
"""The same of all other numbers, relative to the document's."""


class Claim(Protocol):
    """Something that a document says of its arms."""

    @property
    def text(self) -> str:
        """The claim in our words, a clause."""

    def judge(self, table: Table) -> Judged | None:
        """Hold it against what was measured; None as long as something lacks."""


@dataclass(frozen=True)
class _Difference:
    """One arm's values less those of another, over the seeds that both have.

    Attributes:
        differences: One for each of these seeds.
        over: What they are by.
        confidence: Of the interval.
    """

    differences: tuple[float, ...]
    over: str
    confidence: float = CONFIDENCE

    @property
    def mean(self) -> float:
        """Over the seeds, without the last digits, which rounding fills."""
        return round(float(np.mean(self.differences)), 12)

    @property
    def ends(self) -> tuple[float, float] | None:
        """Student's interval; None of a single seed."""
        if len(self.differences) < 2:
            return None
        return mean_interval(np.array(self.differences), self.confidence)

    def at(self, confidence: float) -> "_Difference":
        """The same with another interval."""
        return replace(self, confidence=confidence)

    def least(self, sign: int) -> float:
        """The lower end of the interval of `sign` times the difference; without bound of a single seed."""
        return -np.inf if self.ends is None else min(sign * end for end in self.ends)


def _paired(first: Values, second: Values) -> _Difference | None:
    """None if no seed is common to both; what has no random part is the same for all seeds."""
    if first.fixed != second.fixed and first.by_seed and second.by_seed:
        seeds = set((second if first.fixed else first).by_seed)
    else:
        seeds = first.by_seed.keys() & second.by_seed.keys()
    if not seeds:
        return None
    return _Difference(tuple(first.at(seed) - second.at(seed) for seed in sorted(seeds)), first.over)


@dataclass(frozen=True)
class Above:
    """One arm has more of something than another, or than itself in another column.

    Runs that never came to have a value are not left out of the comparison: where there are any, nothing is decided.

    Attributes:
        text: The claim in our words, a clause.
        column: What is compared.
        arm: Which is said to be above.
        than: The other arm.
        than_column: Its column; empty for the same.
        lower: Whether the claim is that it has less.
    """

    text: str
    column: str
    arm: str
    than: str
    than_column: str = ""
    lower: bool = False

    def judge(self, table: Table) -> Judged | None:
        """Hold it against what was measured; None as long as something lacks."""
        unit = table.unit(self.column)
        first, second = table.at(self.arm, self.column), table.at(self.than, self.than_column or self.column)
        name, other = self._names()
        if first.num_measured and second.num_measured and (first.num_without or second.num_without):
            came = " and ".join(
                f"{len(each.by_seed)} of {each.num_measured} runs of {whose}"
                for each, whose in ((first, name), (second, other))
            )
            return Judged("open", f"The document: {self.text}. It cannot be told: {came} came to it.")
        found = _paired(first, second)
        if found is None:
            return None
        sign = -1 if self.lower else 1
        outcome: Outcome = "open"
        if found.ends is not None and (found.ends[0] > 0 or found.ends[1] < 0):
            outcome = "holds" if sign * found.mean > 0 else "fails"
        return Judged(outcome, _sentence(self.text, outcome, name, other, found, unit))

    def _names(self) -> tuple[str, str]:
        if not self.than_column:
            return self.arm, self.than
        if self.than == self.arm:
            return f"{self.column} of {self.arm}", self.than_column
        return f"{self.column} of {self.arm}", f"{self.than_column} of {self.than}"


@dataclass(frozen=True)
class Level:
    """Two arms have about the same, or the first no more than that above the second.

    Attributes:
        text: The claim in our words, a clause.
        column: What is compared.
        arm: One arm.
        than: The other.
        within: How far apart still counts as the same, in the column's unit.
        one_sided: Whether the first may lie as far below as it likes.
    """

    text: str
    column: str
    arm: str
    than: str
    within: float
    one_sided: bool = False

    def judge(self, table: Table) -> Judged | None:
        """Hold it against what was measured; None as long as something lacks."""
        unit = table.unit(self.column)
        found = _paired(table.at(self.arm, self.column), table.at(self.than, self.column))
        if found is None:
            return None
        outcome: Outcome = "open"
        if found.ends is not None:
            low = -np.inf if self.one_sided else -self.within
            if low <= found.ends[0] and found.ends[1] <= self.within:
                outcome = "holds"
            elif found.ends[0] > self.within or found.ends[1] < low:
                outcome = "fails"
        bound = f"; as the same counts up to {difference_in_words(self.within, unit)}"
        sentence = _sentence(self.text, outcome, self.arm, self.than, found, unit)
        return Judged(outcome, f"{sentence[:-1]}{bound}.")


@dataclass(frozen=True)
class Best:
    """One arm has most, or least, of something.

    It holds if it is told apart from every other, and fails if any other is told apart from it: for the latter the
    interval is corrected for the number of others (Bonferroni), of which one is chosen after looking at them.

    Attributes:
        text: The claim in our words, a clause.
        column: What is compared.
        arm: Which is said to be best.
        lower: Whether the least is best, or the claim is that it is worst.
    """

    text: str
    column: str
    arm: str
    lower: bool = False

    def judge(self, table: Table) -> Judged | None:
        """Hold it against what was measured; None as long as an arm lacks; one that broke down is no rival."""
        others = {row.name: row.values[self.column] for row in table.rows if self.column in row.values}
        own = others.pop(self.arm, Values({}))
        if not all(values.by_seed or values.num_broken for values in others.values()):
            return None
        pairs = {name: _paired(own, values) for name, values in others.items() if values.by_seed}
        found = {name: pair for name, pair in pairs.items() if pair is not None}
        if not found or len(found) < len(pairs):
            return None
        outcome, rival, decisive = self._decided(found)
        sentence = _sentence(self.text, outcome, self.arm, rival, decisive, table.unit(self.column))
        return Judged(outcome, f"{sentence[:-1]}; held against {len(found)} in all.")

    def _decided(self, found: Mapping[str, _Difference]) -> tuple[Outcome, str, _Difference]:
        """What follows, and the other arm by which it does: the one that is hardest to tell apart from this one."""
        sign = -1 if self.lower else 1
        corrected = 1 - (1 - CONFIDENCE) / len(found)
        strict = {name: pair.at(corrected) for name, pair in found.items()}
        above = [name for name, pair in strict.items() if pair.least(-sign) > 0]
        if above:
            rival = min(above, key=lambda name: sign * strict[name].mean)
            return "fails", rival, strict[rival]
        rival = min(found, key=lambda name: (found[name].least(sign), sign * found[name].mean))
        return "holds" if found[rival].least(sign) > 0 else "open", rival, found[rival]


def _sentence(text: str, outcome: Outcome, name: str, other: str, difference: _Difference, unit: Unit) -> str:
    mean, ends = difference.mean, difference.ends
    if ends is None:
        over = "a single seed, which tells nothing of the spread"
    else:
        direction = -1 if mean < 0 else 1
        signed = [
            ("-" if end < 0 else "") + difference_in_words(end, unit)
            for end in sorted(direction * end for end in ends)
        ]
        over = f"{signed[0]} to {signed[1]} over {len(difference.differences)} {difference.over}"
    verdict = {"holds": "It holds", "fails": "It does not hold", "open": "It cannot be told"}[outcome]
    size = difference_in_words(mean, unit)
    lies = "equals" if mean == 0 else f"lies {size} {'above' if mean > 0 else 'below'}"
    return f"The document: {text}. {verdict}: {name} {lies} {other} ({over})."


@dataclass(frozen=True)
class Compared:
    """A number of the document beside ours.

    Attributes:
        arm: The row.
        column: The column.
        agrees: Whether ours lies near the document's number; None where it does not and something else may
            be why: the interval is so wide that it holds that number all the same, a single seed leaves the spread
            unknown, a share is lower after less training than the document's, or another recipe took its place.
        sentence: Both numbers and how they differ.
    """

    arm: str
    column: str
    agrees: bool | None
    sentence: str


def compared(table: Table) -> Iterator[Compared]:
    """Every number that the document prints and that was measured, in the order of the table."""
    for row in table.rows:
        for column in table.columns:
            values = row.values.get(column.name)
            if values is None or values.says is None:
                continue
            mean = values.mean
            if mean is None:
                continue
            unit, says = column.unit, values.says
            ends = values.interval(unit)
            near = NEAR_SHARE if unit == "share" else NEAR_RATIO * abs(says)
            num_seeds = len(values.by_seed)
            is_single = num_seeds == 1 and not values.fixed
            is_near = abs(mean - says) <= near
            reason = "" if is_near else _other_reason(values, mean, says, unit)
            agrees = True if is_near else None if reason else False
            rests = "" if values.fixed else "one seed" if is_single else f"{num_seeds} {values.over}"
            notes = ", ".join(filter(None, [ends_in_words(ends, unit) if ends else "", rests]))
            spread = f" ({notes})" if notes else ""
            relation = "above" if mean > says else "below"
            told = "the same" if agrees else f"{difference_in_words(mean - says, unit)} {relation}{reason}"
            sentence = (
                f"{row.name}, {column.name}: the document has {in_words(says, unit)}, here it is "
                f"{in_words(mean, unit)}{spread}, {told}."
            )
            yield Compared(row.name, column.name, agrees, sentence)


def _other_reason(values: Values, mean: float, says: float, unit: Unit) -> str:
    """Why ours may lie apart from the document's number without contradicting it, in a clause; empty if nothing is."""
    ends = values.interval(unit)
    if len(values.by_seed) == 1 and not values.fixed:
        return ", which a single seed cannot tell from it"
    if ends is not None and ends[0] <= says <= ends[1]:
        return ", which the spread cannot tell from it"
    if values.protocol == "other":
        return ", by another recipe than the document's"
    if values.protocol == "less" and unit == "share" and mean < says:
        return ", which less training than the document's may explain"
    return ""


Status = Literal["reproduced", "differs", "open", "shown", "in part", "not run", "not reproducible"]

STATUS_IN_WORDS: dict[Status, str] = {
    "reproduced": "reproduced",
    "differs": "differs",
    "open": "cannot be told yet",
    "shown": "reproduced, to be looked at",
    "in part": "measured in part",
    "not run": "not run yet",
    "not reproducible": "not reproducible from the text",
}


@dataclass(frozen=True)
class Verdict:
    """What became of an item.

    Attributes:
        status: All together.
        numbers: The document's numbers beside ours.
        claims: Its claims.
    """

    status: Status
    numbers: tuple[Compared, ...] = ()
    claims: tuple[Judged, ...] = ()

    @property
    def differences(self) -> list[str]:
        """Sentences on all that differs."""
        return [
            *(each.sentence for each in self.numbers if each.agrees is False),
            *(each.sentence for each in self.claims if each.outcome == "fails"),
        ]

    @property
    def untold(self) -> list[str]:
        """Sentences on all that cannot be told yet, claims first."""
        return [
            *(each.sentence for each in self.claims if each.outcome == "open"),
            *(each.sentence for each in self.numbers if each.agrees is None),
        ]


def judged(shown: Shown, claims: Sequence[Claim], complete: bool) -> Verdict:
    """Hold everything that a document says of an item against what was measured.

    Args:
        shown: What was measured.
        claims: Of the document.
        complete: Whether all is measured that is to be.
    """
    table = shown.table
    numbers = tuple(compared(table)) if table else ()
    found = [(claim, claim.judge(table) if table else None) for claim in claims]
    if not complete:
        return Verdict("in part", numbers, (*(each for _, each in found if each), *shown.checked))
    told = (*(each or _left_out(claim) for claim, each in found), *shown.checked)
    verdict = Verdict("reproduced", numbers, told)
    if verdict.differences:
        return replace(verdict, status="differs")
    if verdict.untold:
        return replace(verdict, status="open")
    return verdict if numbers or told else replace(verdict, status="shown")


def _left_out(claim: Claim) -> Judged:
    return Judged(
        "open", f"The document: {claim.text}. It cannot be told: not all that it speaks of was measured."
    )
