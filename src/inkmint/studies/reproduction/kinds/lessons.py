"""Recognisers that learn from real and minted digits: by share, by setting, class by class.

Every learner passes over equally many images of every class, whatever they are, and reads the test images once.
Shape suffixes: N images, K classes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from inkmint.data.digits import IMAGE_SIZE, DigitSet
from inkmint.errors import DataError
from inkmint.evaluation import metrics
from inkmint.evaluation.samples import random_rows
from inkmint.files import sha256_bytes
from inkmint.models import Recogniser
from inkmint.recipes import find_recipe
from inkmint.studies.minters import find_minter
from inkmint.studies.mixtures import Mixture, lesson
from inkmint.studies.plot import Line, Plot, Unit
from inkmint.studies.reproduction.bench import Bench, Measurement
from inkmint.studies.reproduction.costs import seconds_of_training, seconds_of_use
from inkmint.studies.reproduction.kinds.confusion import right_of, summed, taken_for
from inkmint.studies.reproduction.plan import Plan
from inkmint.studies.reproduction.rows import BROKEN, BUDGETS, Arm, Budget, Found, Item, Kind
from inkmint.studies.reproduction.shown import Column, Matrix, Row, Shown, Table, Values
from inkmint.studies.reproduction.trainings import Training
from inkmint.training.recipe import Recipe

COLUMNS: Mapping[str, Unit] = {
    "train": "share",
    "test": "share",
    "test loss": "loss",
    "training loss": "loss",
}
_LEAST_PROBABILITY = 1e-12


@dataclass(frozen=True, eq=False)
class Lesson:
    """What a learner learns from.

    Attributes:
        name: Of the row.
        real: Real digits of every class, as a share of what there are to be.
        minted: Minted ones, likewise.
        generator: Who mints them; None if nobody has to.
        own: Shares of real digits that some classes have in place of `real`, by name; what lacks is minted.
        changes: Fields of the learner's recipe with other values.
        place: On the axis of a plot; None to stay out of it.
        line: The curve that it belongs to.
        least: The least budget that has it.
    """

    name: str
    real: float = 1.0
    minted: float = 0.0
    generator: Arm | None = None
    own: Mapping[str, float] = field(default_factory=dict)
    changes: Mapping[str, Any] = field(default_factory=dict)
    place: float | None = None
    line: str = ""
    least: Budget = "quick"

    def mixture(self, per_class: int, class_names: Sequence[str]) -> Mixture:
        """As counts, of so many digits of every class."""
        real = [round(per_class * self.own.get(name, self.real)) for name in class_names]
        minted = [round(per_class * self.minted)] * len(class_names)
        for label, name in enumerate(class_names):
            if name in self.own:
                minted[label] = per_class - real[label]
        return Mixture(per_class, self.real, tuple(real), tuple(minted))


@dataclass(frozen=True, eq=False)
class Taught(Measurement):
    """One learner.

    Attributes:
        lesson: What it learns from.
        recipe: How.
        generator: The training run that mints; None for real digits alone.
        seed: Of the real digits, the minted ones and the learner.
        per_class: Digits of every class that a share of 1 stands for.
        num_images: That it passes over.
        num_read: Images of the lesson on which training accuracy is measured.
    """

    lesson: Lesson
    recipe: Recipe
    generator: Training | None
    seed: int
    per_class: int
    num_images: int
    num_read: int

    @cached_property
    def key(self) -> str:
        """The mixture in words, and a digest of everything that decides the result."""
        each = self.lesson
        generator = self.generator.key if self.generator else ""
        deciding = (
            sorted(self.recipe.deciding().items()),
            (each.real, each.minted, sorted(each.own.items())),
            (generator, self.per_class, self.num_images, self.num_read),
        )
        digest = sha256_bytes(repr(deciding).encode())[:8]
        return f"lesson of {each.real:g} real and {each.minted:g} minted, {digest}, seed {self.seed}"

    @property
    def needs(self) -> tuple[Training, ...]:
        """The generator, if there is one."""
        return (self.generator,) if self.generator else ()

    @property
    def seconds(self) -> float:
        """Expected."""
        learning = seconds_of_training(self.recipe.derive(epochs=1), self.num_images)
        return learning + seconds_of_use(self.recipe, 10_000 + self.num_read)

    def measure(self, bench: Bench) -> dict[str, Any]:
        """Accuracy and loss on the lesson and on all test images, and the confusion matrix of the latter.

        Raises:
            DataError: There are too few real digits of a class.
        """
        digits = self._digits(bench)
        recipe = self.recipe.derive(epochs=1)
        learner = Recogniser(recipe, epochs=1, seed=self.seed, device=bench.device, threads=bench.threads)
        learner.fit(digits.images.numpy(), digits.labels.numpy())
        some = digits.subset(torch.from_numpy(random_rows(digits, min(self.num_read, len(digits)))))
        train_NK, test_NK = (learner.predict_proba(part.images.numpy()) for part in (some, bench.splits.test))
        test = bench.splits.test
        train_right_N, train_loss = _answers(train_NK, some)
        right_N, test_loss = _answers(test_NK, test)
        confusion_KK = metrics.confusion_matrix(test.labels.numpy(), test_NK.argmax(axis=1), test.num_classes)
        return {
            "train": float(train_right_N.mean()),
            "training loss": train_loss,
            "test": float(right_N.mean()),
            "test loss": test_loss,
            "test_interval": metrics.wilson_interval(int(right_N.sum()), len(test)),
            "confusion": confusion_KK.tolist(),
            "class_names": list(test.class_names),
        }

    def _digits(self, bench: Bench) -> DigitSet:
        train = bench.splits.train.labelled()
        per_class = min(self.per_class, *train.counts())
        if per_class < 1:
            raise DataError(f"{train.name} lacks images of a class; give at least one of each.")
        mixture = self.lesson.mixture(per_class, train.class_names)
        real = train.sample_per_class(per_class, self.seed)
        minted = real.subset(torch.arange(0))
        if self.generator and any(mixture.minted):
            path = str(bench.run(self.generator).path)
            minter = find_minter(path, bench.splits, bench.folder)
            minted = minter.mint(real, mixture.minted, self.seed, lambda _: None)
        assert minted.images.shape[1:] == (IMAGE_SIZE, IMAGE_SIZE)
        fewest = len(train.class_names) * max(map(sum, zip(mixture.real, mixture.minted, strict=True)))
        return lesson(mixture, real, minted, max(self.num_images, fewest), 0.0)


def _answers(probabilities_NK: NDArray[np.float32], digits: DigitSet) -> tuple[NDArray[np.bool_], float]:
    """Which images are read correctly, and the mean cross-entropy."""
    labels_N = digits.labels.numpy()
    own_N = probabilities_NK[np.arange(len(labels_N)), labels_N].astype(np.float64)
    right_N: NDArray[np.bool_] = np.equal(probabilities_NK.argmax(axis=1), labels_N)
    return right_N, float(-np.log(np.maximum(own_N, _LEAST_PROBABILITY)).mean())


@dataclass(frozen=True)
class Lessons(Kind):
    """Learners in a table, and as curves where they have a place on an axis.

    Attributes:
        lessons: The rows.
        learner: Name of the recogniser's recipe.
        changes: Fields of it with other values.
        columns: Names of `COLUMNS`, or `recall of CLASS`.
        x_label: Of the plots.
        matrices: Names of the lessons whose confusion matrix is shown.
        about: A class of which is told what it is taken for.
        per_class: Digits of every class; 0 for the budget's.
    """

    lessons: tuple[Lesson, ...]
    learner: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    columns: tuple[str, ...] = ("train", "test")
    x_label: str = ""
    matrices: tuple[str, ...] = ()
    about: str = ""
    per_class: int = 0

    def measurements(self, item: Item, plan: Plan) -> Sequence[Measurement]:  # noqa: ARG002
        """Every learner of every seed."""
        return [each for one in self._lessons(plan) for each in self._taught(plan, one)]

    def _lessons(self, plan: Plan) -> list[Lesson]:
        return [each for each in self.lessons if BUDGETS.index(each.least) <= BUDGETS.index(plan.budget)]

    def _taught(self, plan: Plan, one: Lesson) -> list[Taught]:
        scale = plan.scale
        recipe = find_recipe(self.learner).derive(**{**self.changes, **one.changes})
        runs = plan.trainings(one.generator) if one.generator else ()
        return [
            Taught(
                lesson=one,
                recipe=recipe,
                generator=runs[seed % len(runs)] if runs else None,
                seed=seed,
                per_class=self.per_class or scale.lesson_per_class,
                num_images=scale.lesson_images,
                num_read=scale.num_read,
            )
            for seed in range(scale.learner_seeds)
        ]

    def show(self, item: Item, plan: Plan, found: Found) -> Shown:  # noqa: ARG002
        """The table, curves, matrices, and what was learned from, in words."""
        lessons = self._lessons(plan)
        rows = tuple(
            Row(one.name, {name: self._values(plan, one, found, name) for name in self.columns})
            for one in lessons
        )
        columns = tuple(Column(name, COLUMNS.get(name, "share")) for name in self.columns)
        matrices = [
            each for one in lessons if one.name in self.matrices for each in self._matrix(plan, one, found)
        ]
        return Shown(
            Table(columns, rows),
            plots=tuple(self._plots(plan, lessons, found)),
            matrices=tuple(matrices),
            sentences=(*(words for each in matrices for words in self._about(each)), *self._budget(plan)),
        )

    def _known(self, plan: Plan, one: Lesson, found: Found) -> dict[int, Mapping[str, Any]]:
        known = {each.seed: found.get(each.key) for each in self._taught(plan, one)}
        return {seed: plain for seed, plain in known.items() if plain is not None and BROKEN not in plain}

    def _values(self, plan: Plan, one: Lesson, found: Found, name: str) -> Values:
        known = self._known(plan, one, found)
        ends = next((plain.get(f"{name}_interval") for plain in known.values()), None)
        return Values(
            by_seed={
                seed: value for seed, plain in known.items() if (value := _column(name, plain)) is not None
            },
            over_images=(ends[0], ends[1]) if ends else None,
            num_broken=sum(BROKEN in found.get(each.key, ()) for each in self._taught(plan, one)),
        )

    def _plots(self, plan: Plan, lessons: Sequence[Lesson], found: Found) -> Iterator[Plot]:
        placed = [one for one in lessons if one.place is not None]
        names = list(dict.fromkeys(one.line for one in placed))
        for unit in ("share", "loss"):
            columns = [name for name in self.columns if COLUMNS.get(name) == unit]
            if len(names) > 1:  # a curve for each group, of the last column alone
                columns = columns[-1:]
            lines = []
            for column in columns:
                for name in names:
                    own = [one for one in placed if one.line == name]
                    by_seed = self._points(plan, own, found, column)
                    if by_seed:
                        lines.append(Line(name if len(names) > 1 else _title(column), by_seed))
            if lines:
                kind = "accuracy" if unit == "share" else "loss"
                title = _title(columns[0]) if len(names) > 1 else kind
                yield Plot(title.capitalize(), self.x_label, unit, tuple(lines), by_place=True)

    def _points(
        self, plan: Plan, own: Sequence[Lesson], found: Found, column: str
    ) -> dict[int, list[tuple[float, float]]]:
        """By seed, of the seeds that have all places."""
        known = [(float(one.place or 0), self._known(plan, one, found)) for one in own]
        seeds = sorted(set.intersection(*(set(by_seed) for _, by_seed in known))) if known else []
        return {seed: [(place, float(by_seed[seed][column])) for place, by_seed in known] for seed in seeds}

    def _matrix(self, plan: Plan, one: Lesson, found: Found) -> list[Matrix]:
        matrix = summed(f"{one.name}: test images, all seeds", self._known(plan, one, found).values())
        return [] if matrix is None else [matrix]

    def _about(self, matrix: Matrix) -> list[str]:
        if self.about not in matrix.class_names:
            return []
        other = taken_for(matrix, self.about)
        mistaken = f"is most often taken for {other[0]}, {other[1]:,} times" if other else "is never mistaken"
        share = right_of(matrix)[self.about]
        return [f"{matrix.title}: class {self.about} is read correctly in {share:.2%} and {mistaken}."]

    def _budget(self, plan: Plan) -> list[str]:
        scale = plan.scale
        generators = {one.generator.name: one.generator for one in self._lessons(plan) if one.generator}
        by = "; ".join(f"{name}: {plan.reduced_arm(arm)}" for name, arm in generators.items())
        per_class = self.per_class or scale.lesson_per_class
        return [
            f"Every learner is {self.learner} and passes over {scale.lesson_images:,} images, or each of its own once. "
            f"There are {per_class:,} of a class, or as many as the data have, and as many minted ones where they "
            f"come on top. {scale.learner_seeds} seeds{f'; they share, in turn, who mints: {by}' if by else ''}."
        ]


def _column(name: str, plain: Mapping[str, Any]) -> float | None:
    """None of a class that the data do not have."""
    if not name.startswith("recall of "):
        return float(plain[name])
    matrix = summed("", [plain])
    assert matrix is not None
    return right_of(matrix).get(name.removeprefix("recall of "))


def _title(column: str) -> str:
    return {"train": "training accuracy", "test": "test accuracy"}.get(column, column)
