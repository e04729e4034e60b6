"""What a document claims of its arms, as data that is held against what was measured, and the numbers that it prints.

Differences between arms are paired by seed and judged by Student's 95 % interval; a single seed decides nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from inkmint.evaluation.comparisons import paired_difference
from inkmint.studies.reproduction.shown import (
    Judged,
    Outcome,
    Shown,
    Table,
    Unit,
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
class Above:
    """One arm has more of something than another, or than itself in another column.

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
        found = _paired(first, second)
        if found is None:
            return None
        difference, ends = found
        sign = -1 if self.lower else 1
        outcome: Outcome = "open"
        if ends is not None and (ends[0] > 0 or ends[1] < 0):
            outcome = "holds" if sign * difference > 0 else "fails"
        name, other = self._names()
        return Judged(outcome, _sentence(self.text, outcome, name, other, difference, ends, unit, first))

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
        first = table.at(self.arm, self.column)
        found = _paired(first, table.at(self.than, self.column))
        if found is None:
            return None
        difference, ends = found
        outcome: Outcome = "open"
        if ends is not None:
            low = -np.inf if self.one_sided else -self.within
            if low <= ends[0] and ends[1] <= self.within:
                outcome = "holds"
            elif ends[0] > self.within or ends[1] < low:
                outcome = "fails"
        bound = f"; as the same counts up to {difference_in_words(self.within, unit)}"
        sentence = _sentence(self.text, outcome, self.arm, self.than, difference, ends, unit, first)
        return Judged(outcome, f"{sentence[:-1]}{bound}.")


@dataclass(frozen=True)
class Best:
    """One arm has most, or least, of something.

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
        """Hold it against what was measured; None as long as an arm lacks."""
        sign = -1 if self.lower else 1
        own = table.at(self.arm, self.column)
        means = {row.name: row.values[self.column].mean for row in table.rows if self.column in row.values}
        others = {name: mean for name, mean in means.items() if name != self.arm and mean is not None}
        if own.mean is None or not others:
            return None
        unit = table.unit(self.column)
        rival = max(others, key=lambda name: sign * others[name])
        found = _paired(own, table.at(rival, self.column))
        if found is None:
            return None
        difference, ends = found
        outcome: Outcome = "open"
        if ends is not None and (ends[0] > 0 or ends[1] < 0):
            outcome = "holds" if sign * difference > 0 else "fails"
        return Judged(outcome, _sentence(self.text, outcome, self.arm, rival, difference, ends, unit, own))


def _paired(first: Values, second: Values) -> tuple[float, tuple[float, float] | None] | None:
    """The mean difference over the seeds that both have, and its interval if these are several."""
    seeds = sorted(first.by_seed.keys() & second.by_seed.keys())
    if not seeds:
        return None
    ours, others = (np.array([each.by_seed[seed] for seed in seeds]) for each in (first, second))
    if len(seeds) == 1:
        return float(ours[0] - others[0]), None
    return paired_difference(ours, others)


def _sentence(
    text: str,
    outcome: Outcome,
    name: str,
    other: str,
    difference: float,
    ends: tuple[float, float] | None,
    unit: Unit,
    values: Values,
) -> str:
    relation = "above" if difference > 0 else "below"
    size = difference_in_words(difference, unit)
    if ends is None:
        over = "a single seed, which tells nothing of the spread"
    else:
        low, high = sorted(ends, key=lambda end: end * np.sign(difference))
        signed = [
            ("-" if end * difference < 0 else "") + difference_in_words(end, unit) for end in (low, high)
        ]
        over = f"{signed[0]} to {signed[1]} over {len(values.by_seed)} {values.over}"
    verdict = {"holds": "It holds", "fails": "It does not hold", "open": "It cannot be told"}[outcome]
    lies = "equals" if difference == 0 else f"lies {size} {relation}"
    return f"The document: {text}. {verdict}: {name} {lies} {other} ({over})."


@dataclass(frozen=True)
class Compared:
    """A number of the document beside ours.

    Attributes:
        arm: The row.
        column: The column.
        agrees: Whether ours lies near the document's number; None where it does not and the interval is so wide that it
            holds that number all the same.
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
            agrees: bool | None = abs(mean - says) <= near
            if not agrees and ends is not None and ends[0] <= says <= ends[1]:
                agrees = None
            seeds = len(values.by_seed)
            rests = f"{seeds} {values.over}" if seeds > 1 else "one seed"
            spread = f" ({ends_in_words(ends, unit)}, {rests})" if ends else f" ({rests})"
            relation = "above" if mean > says else "below"
            told = "the same" if agrees else f"{difference_in_words(mean - says, unit)} {relation}"
            if agrees is None:
                told += ", which the spread cannot tell from it"
            sentence = (
                f"{row.name}, {column.name}: the document has {in_words(says, unit)}, here it is "
                f"{in_words(mean, unit)}{spread}, {told}."
            )
            yield Compared(row.name, column.name, agrees, sentence)


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


def judged(shown: Shown, claims: Sequence[Claim], complete: bool) -> Verdict:
    """Hold everything that a document says of an item against what was measured.

    Args:
        shown: What was measured.
        claims: Of the document.
        complete: Whether all is measured that is to be.
    """
    table = shown.table
    numbers = tuple(compared(table)) if table else ()
    found = tuple(filter(None, (claim.judge(table) for claim in claims))) if table else ()
    told = (*found, *shown.checked)
    verdict = Verdict("in part", numbers, told)
    if not complete:
        return verdict
    status: Status = "reproduced"
    if verdict.differences:
        status = "differs"
    elif (
        any(each.outcome == "open" for each in told)
        or any(each.agrees is None for each in numbers)
        or (claims and not found)
    ):
        status = "open"
    elif not numbers and not told:
        status = "shown"
    return Verdict(status, numbers, told)
