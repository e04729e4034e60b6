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
from inkmint.evaluation.figure import Figure, short_count
from inkmint.evaluation.protocols import evaluate_recogniser
from inkmint.evaluation.readings import OnceAsked, seen_classes
from inkmint.evaluation.record import Evaluation
from inkmint.evaluation.subjects import evaluate_subject, holds_digits
from inkmint.models import Recogniser, find_model
from inkmint.training.weights import read_config

RULE = (
    "Bold and starred: the best value of a row, and only where its 95 % interval parts from every other's. "
    "Intervals are over images; training again with another seed may move a figure further."
)


@dataclass(frozen=True, eq=False)
class Subject:
    """What is compared.

    Attributes:
        name: A short name that no other subject has.
        source: The path or model name it was given as.
        evaluation: What was measured of it.
    """

    name: str
    source: str
    evaluation: Evaluation


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


@dataclass(frozen=True, eq=False)
class Comparison:
    """Subjects side by side.

    Attributes:
        subjects: What is compared.
        rows: One for each protocol.
        data: Name of the real digits.
        seed: Of the minted digits; None if none were minted.
        tests: Of each pair of recognisers.
    """

    subjects: tuple[Subject, ...]
    rows: tuple[Row, ...]
    data: str
    seed: int | None = None
    tests: tuple[PairTest, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain data: every figure of every subject, who is best at what, and the tests."""
        return {
            "data": self.data,
            "seed": self.seed,
            "subjects": [
                {
                    "name": subject.name,
                    "source": subject.source,
                    "figures": [figure.model_dump(mode="json") for figure in subject.evaluation.figures],
                    "notes": list(subject.evaluation.notes),
                }
                for subject in self.subjects
            ],
            "best": [
                {"figure": row.name, "subject": self.subjects[row.best].name}
                for row in self.rows
                if row.best is not None
            ],
            "tests": [asdict(test) for test in self.tests],
        }


def compare(
    sources: Sequence[str],
    splits: Splits,
    judge: Callable[[], Recogniser],
    *,
    num_minted: int,
    seed: int,
) -> Comparison:
    """Measure every subject in the same way, and say which is best at what.

    Args:
        sources: At least two of what `evaluate_subject` takes: all recognisers, or none.
        splits: Real digits of the same classes.
        judge: Gives the recogniser that judges digits; called only if one is needed.
        num_minted: How many digits every generator mints.
        seed: Of the minted digits.

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
        evaluate_subject(source, splits, judge, num_minted=num_minted, seed=seed) for source in sources
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

    Args:
        names: Of the subjects.
        figures: Of each subject.

    Raises:
        DataError: No protocol was measured of two subjects.
    """
    found: dict[tuple[object, ...], list[Figure | None]] = {}
    for place, own in enumerate(figures):
        for figure in own:
            key = (figure.name, figure.num_images, figure.judge_sha256, figure.second_judge_sha256)
            found.setdefault(key, [None] * len(names))[place] = figure
    rows = tuple(Row(str(key[0]), tuple(row), best_of(row)) for key, row in found.items())
    if not any(len([figure for figure in row.figures if figure]) > 1 for row in rows):
        raise DataError(
            f"No figure of {', '.join(names)} can be compared, because each rests on another judge or another number "
            "of images; compare digits of equal number, by one judge."
        )
    return rows


def best_of(figures: Sequence[Figure | None]) -> int | None:
    """Place of the figure whose 95 % interval lies on the better side of every other's; None if there is none.

    Where the reference is the best value, intervals of the distance to it are held against each other: a
    value as far above as another is below is no better.

    Args:
        figures: Of one protocol; None for what was not measured.
    """
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
