"""The work on a sweep: one trial after another, each an ordinary run folder, or one for each seed."""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from inkmint.data.digits import Splits
from inkmint.errors import RunError, SettingsError, StorageError, TrainingError
from inkmint.runtime import resolve_device
from inkmint.sweeping.objective import Objective
from inkmint.sweeping.study import BEAT_SEC, Claim, Sweep
from inkmint.sweeping.trial import run_name
from inkmint.training import session
from inkmint.training.engine import Event
from inkmint.training.recipe import Recipe
from inkmint.training.runs import Run
from inkmint.training.views import Judge


class TrialLost(Exception):
    """Another worker has taken the trial over; its run folder is not ours any more."""


@dataclass(frozen=True, eq=False)
class Bench:
    """What a worker works with.

    Attributes:
        splits: The digits.
        objective: Measures a finished run.
        judge: Watches generators learn, as in `inkmint train`; or None.
        device: Where to compute.
        threads: CPU threads of a trial.
    """

    splits: Splits
    objective: Objective
    judge: Judge | None
    device: str
    threads: int


def work(sweep: Sweep, bench: Bench, pause: Callable[[], None]) -> None:
    """Work on trials until all have ended, whoever ends them.

    Args:
        sweep: The sweep.
        bench: What to work with; its digits are the plan's.
        pause: Called to wait a moment while all that is left is other workers'.

    Raises:
        Interrupted: The user or the system asked to stop; the trial at work can be gone on with.
        StorageError: The storage does not answer, or a folder cannot be written; likewise.
    """
    resolve_device(bench.device)
    while not sweep.is_done():
        with sweep.next_claim() as claim:
            if claim is not None:
                _work_on(sweep, claim, bench)
        if claim is None:
            pause()


def _work_on(sweep: Sweep, claim: Claim, bench: Bench) -> None:
    try:
        with _Beats(sweep, claim) as beats:
            try:
                values, seconds = _carry_out(sweep, claim, bench, beats)
            except (TrainingError, SettingsError) as error:
                sweep.finish(claim, (), None, str(error))
            else:
                sweep.finish(claim, values, seconds)
    except TrialLost:
        return
    except BaseException:
        sweep.give_up(claim)
        raise


def _carry_out(sweep: Sweep, claim: Claim, bench: Bench, beats: "_Beats") -> tuple[tuple[float, ...], float]:
    """The metric's value for each seed, and the seconds of training.

    Raises:
        TrainingError: Training broke down.
        SettingsError: The settings do not fit together.
    """
    plan = sweep.plan
    recipe = plan.recipe.derive(**claim.settings)
    values: list[float] = []
    seconds = 0.0
    for seed in range(plan.num_seeds):
        with beats.part(seed, plan.num_seeds):
            run = _trained(
                sweep.folder / run_name(claim.number, seed, plan.num_seeds), recipe, seed, bench, beats
            )
            values.append(bench.objective.measure(run))
        seconds += float(run.read_status().get("seconds", 0.0))
    return tuple(values), seconds


def _trained(path: Path, recipe: Recipe, seed: int, bench: Bench, beats: "_Beats") -> Run:
    """The finished run at `path`: gone on with where another worker left it, else begun."""
    run = Run(path)
    if _can_go_on(run, bench):
        if run.read_status().get("state") == "finished" and (run.model_path / "config.json").is_file():
            return run
        asked = {"recipe": recipe.model_dump(mode="json"), "seed": seed}
        return session.resume(run, bench.splits, asked=asked, judge=bench.judge, observers=[beats])
    if path.exists():
        shutil.rmtree(path, ignore_errors=True)
    return session.train(
        recipe,
        bench.splits,
        path.parent,
        name=path.name,
        seed=seed,
        device=bench.device,
        threads=bench.threads,
        judge=bench.judge,
        observers=[beats],
    )


def _can_go_on(run: Run, bench: Bench) -> bool:
    """Whether there is a run, whole, of a device that this worker has too."""
    try:
        config = run.read_config()
        run.load_checkpoint()
    except RunError:
        return False
    return config.device == resolve_device(bench.device).type


class _Beats:
    """Tells others every few seconds that a trial is at work, and stops it when they have taken it over."""

    def __init__(self, sweep: Sweep, claim: Claim) -> None:
        self._sweep, self._claim = sweep, claim
        self._part = (0, 1)
        self._share = 0.0
        self._is_lost = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def __call__(self, event: Event) -> None:
        """Observe training."""
        engine = event.engine
        self._note(engine.step / engine.num_steps)

    @contextmanager
    def part(self, number: int, count: int) -> Iterator[None]:
        """What is done herein is so much of the trial."""
        self._part = (number, count)
        self._note(0.0)
        yield
        self._note(1.0)

    def _note(self, share: float) -> None:
        if self._is_lost:
            raise TrialLost
        number, count = self._part
        self._share = (number + share) / count

    def _beat(self) -> None:
        count = 0
        while not self._is_lost:
            with suppress(StorageError):  # If it does not come back, the end of the trial says so.
                self._is_lost = not self._sweep.beat(self._claim, count, self._share)
            count += 1
            if self._ended.wait(BEAT_SEC):
                return
