"""Runs a plan in its own folder: trains what is not trained yet, measures what is not measured yet.

The same call in several processes at once shares the work.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from inkmint.data.digits import Splits
from inkmint.errors import Interrupted, TrainingError
from inkmint.evaluation.judge import NamedJudge
from inkmint.evaluation.readings import OnceAsked
from inkmint.evaluation.samples import require_judges
from inkmint.files import make_folder
from inkmint.runtime import environment, machine_in_words
from inkmint.studies.reproduction.bench import TRAININGS, Bench, Measurement
from inkmint.studies.reproduction.plan import Plan
from inkmint.studies.reproduction.results import FORMAT, Results, protocol_of
from inkmint.studies.reproduction.rows import BROKEN
from inkmint.studies.reproduction.trainings import Training, has_begun, is_finished, train
from inkmint.studies.reproduction.watching import WATCHERS
from inkmint.studies.shared_record import SharedRecord
from inkmint.training.runs import Run


@dataclass(frozen=True)
class Advance:
    """How far a reproduction is.

    Attributes:
        num_done: Measurements, those of earlier calls and other processes too.
        num_all: All there are to be.
        seconds_left: Expected.
        doing: What is being done, in words.
    """

    num_done: int
    num_all: int
    seconds_left: float
    doing: str


@dataclass
class Reproduction:
    """One paper, or some of its items, at one budget, in its own folder.

    Args:
        path: The folder.
        splits: Real digits.
        plan: What to measure.
        judge: Reads minted digits.
        second: Has to agree with it before a digit counts as recognisable; None if there is no other.
        device: One of `runtime.DEVICES`.
        threads: CPU threads; None for torch's choice.
        told: Told how far it is.
    """

    path: Path
    splits: Splits
    plan: Plan
    judge: NamedJudge
    second: NamedJudge | None = None
    device: str = "auto"
    threads: int | None = None
    told: Callable[[Advance], None] = lambda _: None
    _spent: list[tuple[float, float]] = field(default_factory=list)

    def run(self) -> Results:
        """Train and measure everything that is not there yet.

        Raises:
            DataError: The digits or the judges do not fit.
            SettingsError: The folder was begun with other digits or judges.
            Interrupted: The user asked to stop; what is finished is kept.
        """
        self.splits.train.labelled().require_one_channel("the documents are about single digits")
        self.splits.train.require_every_class()
        require_judges(self.splits.train.class_names, self.splits, *self._judges())
        record = SharedRecord(self.path, protocol_of(self.plan, self.splits, *self._judges()), FORMAT)
        bench = Bench(
            folder=self.path,
            splits=self.splits,
            judge=OnceAsked(self.judge),
            second=OnceAsked(self.second) if self.second else None,
            device=self.device,
            threads=self.threads,
        )
        try:
            for measurement, patience in self._due(record):
                self._do(record, bench, measurement, patience)
        except (KeyboardInterrupt, Interrupted) as error:
            done = self._num_done(record.read())
            raise Interrupted(
                f"Stopped after {done:,} of {len(self.plan.measurements):,} measurements; the same command goes on "
                "from there."
            ) from error
        self._tell(record, "done")
        return Results.read(self.path)

    def _judges(self) -> Iterator[NamedJudge]:
        yield self.judge
        if self.second:
            yield self.second

    def _due(self, record: SharedRecord) -> Iterator[tuple[Measurement, float]]:
        """What is not measured yet; what another process is at comes last."""
        for patience in (0, -1):
            for key, measurement in self.plan.measurements.items():
                if key not in record.read():
                    yield measurement, patience

    def _do(self, record: SharedRecord, bench: Bench, measurement: Measurement, patience: float) -> None:
        """Train what it needs and measure it, unless another process holds any of this and patience is 0."""
        if patience:
            self._tell(record, "waiting for another process")
        with suppress(Timeout), self._held(measurement.key, patience):
            if measurement.key in record.read():
                return
            try:
                for training in measurement.needs:
                    with self._held(training.key, patience):
                        self._train(record, bench, training)
                self._tell(record, f"measuring: {measurement.key}")
                with self._timed(measurement.seconds):
                    found = measurement.measure(bench)
            except TrainingError as error:
                found = {BROKEN: str(error)}
            made = environment()
            machine = f"{machine_in_words(made)}, inkmint {made['versions']['inkmint']}"
            record.put(measurement.key, found | {"machine": machine})
            self._tell(record, f"measured: {measurement.key}")

    @contextmanager
    def _held(self, name: str, patience: float) -> Iterator[None]:
        file_name = re.sub(r"[^\w.-]+", "-", name)
        with FileLock(make_folder(self.path / "locks") / f"{file_name}.lock").acquire(timeout=patience):
            yield

    def _train(self, record: SharedRecord, bench: Bench, training: Training) -> None:
        if is_finished(bench.run(training)):
            return
        splits = training.splits(self.splits)
        folder = bench.run(training).path
        watchers = [WATCHERS[name](folder, splits, self.judge) for name in training.watched]
        with self._timed(0.0 if has_begun(bench.run(training)) else self._expected(training)):
            train(
                training,
                bench.trainings,
                self.splits,
                watchers=watchers,
                judge=self.judge.recogniser.judge,
                device=self.device,
                threads=self.threads,
                told=lambda doing, share: self._tell(
                    record, f"{doing}, {share:.0%}", share * self._expected(training)
                ),
            )

    def _expected(self, training: Training) -> float:
        return training.seconds(len(self.splits.train))

    @contextmanager
    def _timed(self, expected: float) -> Iterator[None]:
        start = time.perf_counter()
        yield
        if expected:
            self._spent.append((time.perf_counter() - start, expected))

    def _tell(self, record: SharedRecord, doing: str, ahead: float = 0.0) -> None:
        found = record.read()
        missing = [each for key, each in self.plan.measurements.items() if key not in found]
        finished = [
            training.key
            for training in _trainings(missing)
            if is_finished(Run(self.path / TRAININGS / training.key))
        ]
        left = self.plan.seconds(missing, finished, len(self.splits.train)) - ahead
        self.told(Advance(self._num_done(found), len(self.plan.measurements), left * self._slowness, doing))

    @property
    def _slowness(self) -> float:
        """Seconds that went by for one that was expected."""
        expected = sum(second for _, second in self._spent)
        return sum(first for first, _ in self._spent) / expected if expected else 1.0

    def _num_done(self, found: Iterable[str]) -> int:
        return len(self.plan.measurements.keys() & set(found))


def _trainings(measurements: Iterable[Measurement]) -> Iterator[Training]:
    for measurement in measurements:
        yield from measurement.needs
