"""Do minted digits help a recogniser that has few real ones? Learning curves over mixtures of both.

runs/mix-starter/
  results.json          every finished learner, written at once
  generators/real-10-seed-0/ ...     run folders, where a recipe was given
  minted/real-10.png    what the generator of seed 0 mints
  report.html

Everything that is held against each other has the same seed, the same real digits, the same first weights and the same
number of steps; every lesson has equally many images of every class. A generator learns from the real digits of its
pool alone. Validation images choose, and test images are read once by each finished learner. Real digits without
and with augmentation are always among the contenders.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from inkmint.data.augment import Augment
from inkmint.data.digits import DigitSet, Splits
from inkmint.data.sheet import contact_sheet, save_png
from inkmint.errors import DataError, Interrupted, SettingsError
from inkmint.files import make_folder
from inkmint.models import FEWEST_STEPS, Recogniser
from inkmint.recipes import find_recipe
from inkmint.runtime import environment, machine_in_words
from inkmint.studies.minters import Minter
from inkmint.studies.mixing_record import Cell, Record, Series, cell_key, series_of
from inkmint.studies.mixtures import Mixture, Plan, chosen_mixture, lesson
from inkmint.studies.synthetic import require_recogniser
from inkmint.training.recipe import Recipe

LEARNER = find_recipe("inkmint/few-labels-only")
AUGMENT = Augment(shift_px=2, rotate_deg=10, scale=0.1, shear=0.1)
"""Of a learner whose recipe changes nothing at random."""
LEAST_REAL = 0.5
"""With ten real digits per class and 500 minted ones by `pca` or `house-minute`, a point better on the starter set's
validation images than mixing them as they come, in a trial of one seed and 500 steps."""
SEEDS = 5


@dataclass(frozen=True)
class Advance:
    """How far the experiment is.

    Attributes:
        num_done: Finished learners, those of earlier calls and other processes too.
        num_learners: All there are to be.
        seconds_left: Expected; None before anything was timed.
        doing: What is being done, in words.
    """

    num_done: int
    num_learners: int
    seconds_left: float | None
    doing: str


@dataclass(frozen=True)
class Settings:
    """What decides a result, apart from data, mixtures and seeds.

    Attributes:
        learner: A recogniser's recipe; its epochs do not count.
        num_steps: Of every learner's training.
        augment: Random changes of the contenders with augmentation; None takes the recipe's, or `AUGMENT`.
        least_real: Real digits are repeated until they are this share of a lesson by counts; 0: never.
        with_plain: Whether contenders without augmentation are trained too.
    """

    learner: Recipe = LEARNER
    num_steps: int = FEWEST_STEPS
    augment: Augment | None = None
    least_real: float = LEAST_REAL
    with_plain: bool = True

    def __post_init__(self) -> None:
        require_recogniser(self.learner)
        if not self.learner.optimisers:
            raise SettingsError(
                f"The recipe {self.learner.name!r} is fitted at once and makes no steps, so budgets cannot be equal; "
                "name one that is trained, such as lenet-quick."
            )

    @property
    def augmentation(self) -> Augment:
        """The random changes."""
        if self.augment is not None:
            return self.augment
        return self.learner.augment if self.learner.augment != Augment() else AUGMENT

    @property
    def kinds(self) -> tuple[bool, ...]:
        """Whether images are changed at random, for every kind of contender."""
        return (False, True) if self.with_plain else (True,)

    def recipe(self, augmented: bool) -> Recipe:
        """The learner's recipe for one pass over a lesson."""
        return self.learner.derive(
            augment=self.augmentation.model_dump() if augmented else Augment().model_dump(),
            epochs=1,
            labels_per_class=0,
            images_per_epoch=0,
            labelled_share=0.0,
        )


@dataclass(frozen=True)
class Findings:
    """Everything that was measured, for verdict and page.

    Attributes:
        path: The folder.
        splits: Real digits.
        plan: Every mixture, the chosen ones too.
        settings: Of the learners.
        about_minter: What mints, and what it had learned from.
        warning: What it may know beyond the learner's digits, or empty.
        seeds: Of the experiment.
        cells: By name.
        seconds: That all learners took together.
    """

    path: Path
    splits: Splits
    plan: Plan
    settings: Settings
    about_minter: str
    warning: str
    seeds: tuple[int, ...]
    cells: dict[str, Cell]

    @property
    def seconds(self) -> float:
        """Of all learners together."""
        return sum(cell.seconds for cell in self.cells.values())

    @property
    def machines(self) -> list[str]:
        """Where they were trained."""
        return sorted({cell.machine for cell in self.cells.values()})

    def series(self, pool: int, augmented: bool, *kinds: str) -> list[Series]:
        """Of a pool, by level."""
        mixtures = [
            mixture for mixture in self.plan.mixtures if mixture.pool == pool and mixture.kind in kinds
        ]
        return series_of(mixtures, augmented, self.seeds, self.cells)


@dataclass
class Mixing:
    """One experiment in its own folder; what is there already is not done again.

    The same call in several processes at once shares the work.

    Args:
        path: The folder.
        splits: Real digits.
        plan: The mixtures.
        minter: Gives the minted digits.
        settings: Of the learners.
        seeds: Every one draws other real digits, minted digits and first weights, the same for all contenders.
        device: One of `runtime.DEVICES`.
        threads: CPU threads; None for torch's choice.
        told: Told how far it is.
    """

    path: Path
    splits: Splits
    plan: Plan
    minter: Minter
    settings: Settings = field(default_factory=Settings)
    seeds: Sequence[int] = tuple(range(SEEDS))
    device: str = "auto"
    threads: int | None = None
    told: Callable[[Advance], None] = lambda _: None
    _seconds: list[float] = field(default_factory=list)
    _overhead: list[float] = field(default_factory=list)
    _has_chosen: bool = False

    def run(self) -> Findings:
        """Train every learner that is not trained yet.

        Raises:
            DataError: There are too few real or minted digits of a class.
            SettingsError: The folder was begun with other settings.
            Interrupted: The user asked to stop; what is finished is kept.
        """
        train = self._checked_train()
        record = Record(self.path, self._protocol(train))
        try:
            for pool, seed in self._units(record, "common", "by hand"):
                self._do(record, train, pool, seed, self._lessons(pool, "common", "by hand"))
            if self.plan.chooses:
                self.plan = replace(self.plan, mixtures=(*self.plan.mixtures, *self._chosen(record)))
                self._has_chosen = True
                for pool, seed in self._units(record, "chosen"):
                    self._do(record, train, pool, seed, self._lessons(pool, "chosen"))
        except (KeyboardInterrupt, Interrupted) as error:
            done = self._num_done(record)
            raise Interrupted(
                f"Stopped after {done:,} of {self._num_learners:,} learners; the same command goes on from there."
            ) from error
        return Findings(
            self.path,
            self.splits,
            self.plan,
            self.settings,
            self.minter.about,
            self.minter.warning,
            tuple(self.seeds),
            record.cells(),
        )

    def _checked_train(self) -> DigitSet:
        """The labelled training digits.

        Raises:
            DataError: A class has too few.
        """
        train = self.splits.train.labelled().require_one_channel("mixing takes single digits")
        for name, count in zip(train.class_names, train.counts(), strict=True):
            if count < max(self.plan.pools):
                raise DataError(
                    f"{train.name} has {count:,} images of class {name} to train on, and "
                    f"{max(self.plan.pools):,} real ones of every class were asked for; ask for {count:,} or fewer."
                )
        self.splits.validation.require_every_class()
        self.splits.test.require_every_class()
        return train

    def _protocol(self, train: DigitSet) -> dict[str, Any]:
        settings = self.settings
        return {
            "mode": self.plan.mode,
            "data": {
                name: digits.fingerprint
                for name, digits in (
                    ("train", train),
                    ("validation", self.splits.validation),
                    ("test", self.splits.test),
                )
            },
            "learner": {**settings.recipe(True).deciding(), "steps": settings.num_steps},
            "generator": self.minter.deciding(),
            "share_of_real_digits": settings.least_real,
        }

    def _lessons(self, pool: int, *kinds: str) -> list[tuple[Mixture, bool]]:
        """Mixtures of a pool, and whether images are changed."""
        return [
            (mixture, augmented)
            for mixture in self.plan.mixtures
            if mixture.pool == pool and mixture.kind in kinds
            for augmented in self.settings.kinds
        ]

    def _units(self, record: Record, *kinds: str) -> Iterator[tuple[int, int]]:
        """Pools and seeds that lack a learner, each held by this process alone; those that another holds come last."""
        for patience in (0, -1):
            for seed, pool in product(self.seeds, self.plan.pools):
                if self._missing(record, pool, seed, kinds):
                    with suppress(Timeout), self._lock(pool, seed).acquire(timeout=patience):
                        yield pool, seed

    def _lock(self, pool: int, seed: int) -> FileLock:
        return FileLock(make_folder(self.path / "locks") / f"real-{pool}-seed-{seed}.lock")

    def _missing(self, record: Record, pool: int, seed: int, kinds: Sequence[str]) -> bool:
        known = record.cells()
        return any(
            cell_key(mixture.key, augmented, seed) not in known
            for mixture, augmented in self._lessons(pool, *kinds)
        )

    def _do(
        self, record: Record, train: DigitSet, pool: int, seed: int, lessons: list[tuple[Mixture, bool]]
    ) -> None:
        """All learners of a pool and a seed."""
        known = record.cells()
        due = [
            (mixture, augmented)
            for mixture, augmented in lessons
            if cell_key(mixture.key, augmented, seed) not in known
        ]
        if not due:
            return
        place = f"seed {seed}, {pool:,} real per class"
        real = train.sample_per_class(pool, seed)
        with self._timed(self._overhead):
            minted = self.minter.mint(
                real, self.plan.most_minted(pool), seed, lambda doing: self._tell(record, f"{place}: {doing}")
            )
        if seed == self.seeds[0] and len(minted):
            save_png(contact_sheet(minted, seed=0), self.path / "minted" / f"real-{pool}.png")
        for mixture, augmented in due:
            counts = f"{min(mixture.real):,} real and {max(mixture.minted):,} minted per class"
            self._tell(record, f"seed {seed}: {counts}{', augmented' if augmented else ''}")
            with self._timed(self._seconds):
                record.add(self._learned(mixture, augmented, seed, real, minted))
        self._tell(record, place)

    def _learned(
        self, mixture: Mixture, augmented: bool, seed: int, real: DigitSet, minted: DigitSet
    ) -> Cell:
        recipe, start = self.settings.recipe(augmented), time.perf_counter()
        num_images = self.settings.num_steps * recipe.batch_size
        least_real = self.settings.least_real if self.plan.mode == "counts" else 0.0
        digits = lesson(mixture, real, minted, num_images, least_real)
        recogniser = Recogniser(recipe, epochs=1, seed=seed, device=self.device, threads=self.threads)
        recogniser.fit(digits.images.numpy(), digits.labels.numpy())
        validation, test = (
            _right(recogniser, part) for part in (self.splits.validation.labelled(), self.splits.test)
        )
        return Cell(
            lesson=mixture.key,
            augmented=augmented,
            seed=seed,
            validation=_recall(validation, self.splits.validation.labelled()),
            test=_recall(test, self.splits.test),
            validation_accuracy=float(validation.mean()),
            test_accuracy=float(test.mean()),
            seconds=time.perf_counter() - start,
            machine=machine_in_words(environment()),
        )

    def _chosen(self, record: Record) -> Iterator[Mixture]:
        """For every pool the mixture that serves each class best; one that all classes share is there already."""
        for pool in self.plan.pools:
            mixtures = sorted(self.plan.of(pool, "common"), key=lambda mixture: sum(mixture.minted))
            series = series_of(mixtures, True, self.seeds, record.cells())
            chosen = chosen_mixture(mixtures, np.stack([each.validation_recall for each in series]))
            if chosen.key not in {mixture.key for mixture in self.plan.mixtures}:
                yield chosen

    @property
    def _num_learners(self) -> int:
        still_to_choose = self.plan.chooses and not self._has_chosen
        num_mixtures = len(self.plan.mixtures) + len(self.plan.pools) * still_to_choose
        return num_mixtures * len(self.settings.kinds) * len(self.seeds)

    def _num_done(self, record: Record) -> int:
        known = record.cells()
        keys = {
            cell_key(mixture.key, augmented, seed)
            for mixture in self.plan.mixtures
            for augmented in self.settings.kinds
            for seed in self.seeds
        }
        return len(keys & known.keys())

    def _tell(self, record: Record, doing: str) -> None:
        done, left = self._num_done(record), None
        if self._seconds:
            num_units = len(self.plan.pools) * len(self.seeds)
            share_left = 1 - done / self._num_learners
            left = float(np.mean(self._seconds)) * (self._num_learners - done)
            left += float(np.mean(self._overhead)) * num_units * share_left if self._overhead else 0.0
        self.told(Advance(done, self._num_learners, left, doing))

    @contextmanager
    def _timed(self, seconds: list[float]) -> Iterator[None]:
        start = time.perf_counter()
        yield
        seconds.append(time.perf_counter() - start)


def _right(recogniser: Recogniser, digits: DigitSet) -> NDArray[np.bool_]:
    right_N: NDArray[np.bool_] = np.equal(
        recogniser.predict_indices(digits.images.numpy()), digits.labels.numpy()
    )
    return right_N


def _recall(right_N: NDArray[np.bool_], digits: DigitSet) -> tuple[float, ...]:
    labels_N = digits.labels.numpy()
    return tuple(float(right_N[labels_N == label].mean()) for label in range(digits.num_classes))
