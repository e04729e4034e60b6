"""Several generators or several recognisers, measured alike and laid side by side."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from inkmint.data.digits import Splits
from inkmint.errors import DataError, SettingsError
from inkmint.evaluation.comparisons import mcnemar
from inkmint.evaluation.figure import Figure, Unit, require_same_protocol, short_count
from inkmint.evaluation.protocols import evaluate_recogniser
from inkmint.evaluation.readings import Judge, OnceAsked, seen_classes
from inkmint.evaluation.record import Evaluation
from inkmint.evaluation.subjects import evaluate_subject, holds_digits
from inkmint.models import Recogniser, find_model
from inkmint.training.weights import read_config

_BOLD = (
    "Bold and starred: the best value of a row, and only where its 95 % interval parts from every other's."
)
_OVER_IMAGES = "Intervals are over images; training again with another seed may move a figure further."
_OVER_SEEDS = (
    "Columns of several seeds: the mean over training runs, with Student's interval over these; contact sheets show "
    "the first. All other intervals are over images, and training again with another seed may move a figure further."
)


@dataclass(frozen=True, eq=False)
class Subject:
    """What is compared.

    Attributes:
        name: A short name that no other subject has.
        source: The path or model name it was given as.
        evaluation: What was measured of it.
        members: Runs of one recipe from several seeds that it stands for; empty for a single subject.
    """

    name: str
    source: str
    evaluation: Evaluation
    members: tuple["Subject", ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain data: every figure, of every member too."""
        return {
            "name": self.name,
            "source": self.source,
            "figures": [figure.model_dump(mode="json") for figure in self.evaluation.figures],
            "notes": list(self.evaluation.notes),
            "members": [member.as_json() for member in self.members],
        }


@dataclass(frozen=True)
class Row:
    """One protocol, measured of the subjects.

    Attributes:
        name: Of the protocol.
        figures: In the order of the subjects; None of a subject that has no such figure.
        best: Place of the subject that is best beyond its interval; None if there is none.
    """

    name: str
    figures: tuple[Figure | None, ...]
    best: int | None

    @property
    def example(self) -> Figure:
        """The first figure; all of a row share their protocol, unit, reference and number of images."""
        return next(figure for figure in self.figures if figure)


@dataclass(frozen=True)
class PairTest:
    """McNemar's exact test of two recognisers on the same test images.

    Attributes:
        first: Name of a subject.
        second: Name of another.
        only_first: Images that only the first reads correctly.
        only_second: Images that only the second does.
        p_value: Of the hypothesis that both err equally often, not corrected for the number of pairs.
    """

    first: str
    second: str
    only_first: int
    only_second: int
    p_value: float


@dataclass(frozen=True)
class PairedSeeds:
    """A figure of two recipes, trained from the same seeds.

    Attributes:
        first: Name of a subject.
        second: Name of another.
        figure: Name of the protocol.
        unit: Of the figure.
        seeds: That both were trained from.
        difference: Mean over the seeds of the first's value less the second's.
        interval: Student's 95 % interval; the recipes differ if it does not hold 0, not corrected for the
            number of pairs and figures.
    """

    first: str
    second: str
    figure: str
    unit: Unit
    seeds: tuple[int, ...]
    difference: float
    interval: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Subjects side by side.

    Attributes:
        subjects: What is compared.
        rows: One for each protocol.
        data: Name of the real digits.
        seed: Of the minted digits; None if none were minted.
        tests: Of each pair of recognisers.
        paired: Of each pair of recipes with several seeds, every figure.
    """

    subjects: tuple[Subject, ...]
    rows: tuple[Row, ...]
    data: str
    seed: int | None = None
    tests: tuple[PairTest, ...] = ()
    paired: tuple[PairedSeeds, ...] = ()

    @property
    def rule(self) -> str:
        """What stands in bold, and what the intervals are over."""
        if not any(subject.members for subject in self.subjects):
            return f"{_BOLD} {_OVER_IMAGES}"
        return f"{_BOLD} {_OVER_SEEDS}"

    def as_json(self) -> dict[str, Any]:
        """Plain data: every figure of every subject, who is best at what, and the tests."""
        return {
            "data": self.data,
            "seed": self.seed,
            "subjects": [subject.as_json() for subject in self.subjects],
            "best": [
                {"figure": row.name, "subject": self.subjects[row.best].name}
                for row in self.rows
                if row.best is not None
            ],
            "tests": [asdict(test) for test in self.tests],
            "paired_seeds": [asdict(test) for test in self.paired],
        }


def compare(
    sources: Sequence[str],
    splits: Splits,
    judge: Callable[[], Judge],
    *,
    num_minted: int | None,
    seed: int,
    second: Callable[[], Judge | None] | None = None,
) -> Comparison:
    """Measure every subject in the same way, and say which is best at what.

    Args:
        sources: At least two of what `evaluate_subject` takes: all recognisers, or none.
        splits: Real digits of the same classes.
        judge: Gives the judge of digits; called only if one is needed.
        num_minted: How many digits every generator mints; None as in `evaluate_subject`.
        seed: Of the minted digits.
        second: Gives another judge for cross-checking, or None.

    Raises:
        SettingsError: There are fewer than two subjects, or recognisers among others.
        DataError, ModelError: A subject is missing, damaged, or of other classes, or no figure is shared.
    """
    if len(sources) < 2:
        raise SettingsError("A comparison needs at least two subjects; name another one.")
    kinds = {source: _kind(source) for source in sources}
    if len(set(kinds.values())) > 1:
        told = ", ".join(f"{source} ({kind})" for source, kind in kinds.items())
        raise SettingsError(
            f"Recognisers and digits share no figure: {told}; compare recognisers alone, or generators and digits."
        )
    names = unique_names(sources)
    if "recogniser" in kinds.values():
        return _compare_recognisers(names, sources, splits)
    evaluations = [
        evaluate_subject(source, splits, judge, num_minted=num_minted, seed=seed, second=second)
        for source in sources
    ]
    subjects = tuple(map(Subject, names, sources, evaluations))
    rows = rows_of(names, [evaluation.figures for evaluation in evaluations])
    return Comparison(subjects, rows, splits.source, seed)


def _kind(source: str) -> str:
    """`recogniser`, or `digits` for whatever mints or holds them; nothing is measured yet."""
    if holds_digits(source):
        if not Path(source).exists():
            raise DataError(f"There is no file {source}; check the path.")
        return "digits"
    return "recogniser" if read_config(find_model(source)).kind == "recogniser" else "digits"


def _compare_recognisers(names: Sequence[str], sources: Sequence[str], splits: Splits) -> Comparison:
    labels_N = splits.test.labels.numpy()
    subjects, right = [], []
    for name, source in zip(names, sources, strict=True):
        recogniser = OnceAsked(Recogniser.from_pretrained(source))
        seeds = (read_config(find_model(source)).seed,)
        subjects.append(Subject(name, source, evaluate_recogniser(recogniser, splits.test, seeds=seeds)))
        right.append(np.equal(seen_classes(recogniser, splits.test), labels_N))
    figures = [tuple(map(_of_any_recogniser, subject.evaluation.figures)) for subject in subjects]
    tests = tuple(
        PairTest(names[first], names[second], *mcnemar(right[first], right[second]))
        for first, second in combinations(range(len(names)), 2)
    )
    return Comparison(tuple(subjects), rows_of(names, figures), splits.source, tests=tests)


def _of_any_recogniser(figure: Figure) -> Figure:
    """The figure under a name without the recogniser's own, which is what is measured and judges nothing."""
    name = f"test_accuracy_{short_count(figure.num_images)}"
    return figure.model_copy(update={"name": name, "judge_sha256": None})


def rows_of(names: Sequence[str], figures: Sequence[Sequence[Figure]]) -> tuple[Row, ...]:
    """One row for each protocol: same name, judges and number of images.

    A figure by a judge that was never saved has a row of its own, for nobody can tell which network it was.

    Args:
        names: Of the subjects.
        figures: Of each subject.

    Raises:
        DataError: No protocol was measured of two subjects; if that is for their judges, they are named.
    """
    found: dict[tuple[object, ...], list[Figure | None]] = {}
    for place, own in enumerate(figures):
        for figure in own:
            judges = (figure.judge_sha256, figure.second_judge_sha256)
            key = (figure.name, figure.num_images, *judges, place if "" in judges else None)
            found.setdefault(key, [None] * len(names))[place] = figure
    rows = tuple(Row(str(key[0]), tuple(row), best_of(row)) for key, row in found.items())
    if not any(len([figure for figure in row.figures if figure]) > 1 for row in rows):
        _refuse_other_judges(figures)
        raise DataError(
            f"No figure of {', '.join(names)} can be compared, because each is of another protocol or another number "
            "of images; compare digits of equal number, measured alike."
        )
    return rows


def _refuse_other_judges(figures: Sequence[Sequence[Figure]]) -> None:
    """Name the judges if they are why no figure is shared."""
    for ours, theirs in combinations(figures, 2):
        alike = {
            (figure.protocol, figure.num_images): figure
            for figure in theirs
            if figure.judge_sha256 is not None
        }
        for figure in ours:
            if other := alike.get((figure.protocol, figure.num_images)):
                require_same_protocol(figure, other)


def best_of(figures: Sequence[Figure | None]) -> int | None:
    """Place of the figure whose 95 % interval lies on the better side of every other's; None if there is none.

    Where the reference is the best value, intervals of the distance to it are held against each other: a
    value as far above as another is below is no better.

    Args:
        figures: Of one protocol; None for what was not measured.

    Raises:
        DataError: They are of different protocols or judges.
    """
    require_same_protocol(*filter(None, figures))
    known = [place for place, figure in enumerate(figures) if figure]
    losses = {place: _loss(figure) for place, figure in enumerate(figures) if figure}
    for place in known:
        others = [losses[other] for other in known if other != place]
        own = losses[place]
        if own and others and all(other and own[1] < other[0] for other in others):
            return place
    return None


def _loss(figure: Figure) -> tuple[float, float] | None:
    """Both ends of the interval of what should be small; None if it is not known."""
    if figure.interval is None:
        return None
    low, high = figure.interval
    if figure.better == "lower":
        return low, high
    if figure.better == "higher":
        return -high, -low
    if figure.reference is None:
        return None
    above, below = high - figure.reference, figure.reference - low
    return max(0.0, -above, -below), max(above, below)


def unique_names(sources: Sequence[str]) -> tuple[str, ...]:
    """The last parts of every path, as few as tell them apart; the same path given twice is numbered."""
    parts = [Path(source).parts or (source,) for source in sources]
    names: list[str] = []
    for depth in range(1, max(map(len, parts), default=0) + 1):
        names = [Path(*path[-depth:]).as_posix() for path in parts]
        if len(set(names)) == len(set(sources)):
            break
    taken = Counter(names)
    seen: Counter[str] = Counter()
    for place, name in enumerate(names):
        seen[name] += 1
        if taken[name] > 1:
            names[place] = f"{name} #{seen[name]}"
    return tuple(names)
