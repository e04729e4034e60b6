"""The trials of a sweep, and who is at work on which.

A worker holds the sweep's lock while it begins a trial, takes one over or ends one. What tells others that it is at
work are a lock on a file, which goes with its process and is believed by those on the same machine who see the same
folder, and a beat in the storage every few seconds, for all others. No clocks are compared: a worker that takes a trial
over has seen no beat for a minute of its own clock. One that lost its trial in this way, because it was asleep or
cut off, finds that out when it comes back, and its result does not count.
"""

import os
import platform
import socket
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from inkmint.errors import RunError, SettingsError
from inkmint.files import make_folder, storage_errors, write_text
from inkmint.options import Value
from inkmint.runtime import seed_of
from inkmint.sweeping.objective import METRICS, Metric
from inkmint.sweeping.plan import Plan, parse_plan, require_same
from inkmint.sweeping.space import grid
from inkmint.sweeping.storage import Store
from inkmint.sweeping.trial import BEAT, ERROR, HOLDER, SECONDS, VALUES, Trial, trial_of

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial

BEAT_SEC = 10.0
SILENCE_SEC = 60.0
"""Without a beat for so long a trial is taken over from a machine whose locks cannot be seen."""

DEFAULT_TRIALS = 20
NUM_STARTUP_TRIALS = 10
"""Trials of a search that are drawn at random, before it learns from results."""

_PLAN, _WANTED, _READY = "inkmint:plan", "inkmint:trials", "inkmint:ready"  # beside Optuna's own records


@dataclass(frozen=True)
class Claim:
    """A trial that is this worker's to work on.

    Attributes:
        number: Of the trial.
        settings: The values of the axes.
        taken_over: Whether another worker had begun it.
    """

    number: int
    settings: Mapping[str, Value]
    taken_over: bool


class Sweep:
    """A sweep, as one worker or onlooker sees it.

    Args:
        store: Where it is kept.
        name: Its name there.
        folder: Its folder on this machine, with the run folders of the trials.
    """

    def __init__(self, store: Store, name: str, folder: Path) -> None:
        self._store, self.name, self.folder = store, name, folder
        self.worker = uuid.uuid4().hex
        self._seen: dict[int, tuple[object, float]] = {}

    def begin(self, plan: Plan, num_trials: int | None) -> None:
        """Begin the sweep, or join it if it is there with the same plan.

        Args:
            plan: What to try.
            num_trials: Of a search; more than it has extends it, fewer do not count. None for its own number.

        Raises:
            SettingsError: It was begun with another plan, or the number of trials is the grid's.
            RunError: Another program's study has the name, or the folder holds trials of an earlier sweep.
            StorageError: The storage does not answer.
        """
        import optuna

        if plan.is_grid and num_trials is not None:
            raise SettingsError("A grid has as many trials as cells; leave out --trials or --grid.")
        cells = grid(plan.axes) if plan.is_grid else []
        with self._store.locked(self.name):
            is_new = not self._exists()
            if is_new:
                self._require_fresh_folder()
            study = optuna.create_study(
                storage=self._store.trials,
                study_name=self.name,
                direction="maximize" if METRICS[plan.metric].better == "higher" else "minimize",
                load_if_exists=True,
            )
            kept = study.user_attrs
            if _PLAN in kept:
                require_same(self.name, parse_plan(self.name, kept[_PLAN]), plan)
            elif study.get_trials(deepcopy=False):
                raise RunError(
                    f"{self._store.place} has a study {self.name!r} of another program; choose another name."
                )
            else:
                study.set_user_attr(_PLAN, plan.model_dump(mode="json"))
            if not kept.get(_READY):  # also what one who was killed here did not get to
                for cell in cells[len(study.get_trials(deepcopy=False)) :]:
                    study.enqueue_trial(cell)
                study.set_user_attr(_READY, True)
            wanted = len(cells) or max(kept.get(_WANTED, 0), num_trials or 0) or DEFAULT_TRIALS
            if wanted != kept.get(_WANTED):
                study.set_user_attr(_WANTED, wanted)

    def close(self) -> None:
        """Give back connections to the storage."""
        self._store.close()

    @property
    def plan(self) -> Plan:
        """What it tries.

        Raises:
            RunError: There is no such sweep.
        """
        return parse_plan(self.name, self._attributes().get(_PLAN))

    @property
    def metric(self) -> Metric:
        """What it goes after."""
        return METRICS[self.plan.metric]

    @property
    def num_trials(self) -> int:
        """How many trials there are to be."""
        return int(self._attributes().get(_WANTED, 0))

    def trials(self) -> list[Trial]:
        """All trials that have begun or are laid out, in order."""
        with self._store.refusals():
            return [trial_of(frozen) for frozen in self._study().get_trials(deepcopy=False)]

    def study(self) -> "optuna.Study":
        """The same for Optuna's own tools."""
        with self._store.refusals():
            return self._study()

    @contextmanager
    def next_claim(self) -> Iterator[Claim | None]:
        """Hold a trial for work: one that its worker left, else one that waits, else a new one.

        Yields:
            The trial; or None if all that is left is other workers' at this time.
        """
        claimed = self._claim()
        try:
            yield claimed and claimed[0]
        finally:
            if claimed:
                claimed[1].release()

    def is_done(self) -> bool:
        """Whether all trials have ended."""
        ended = [trial for trial in self.trials() if trial.state in ("done", "broken")]
        return len(ended) >= self.num_trials

    def beat(self, claim: Claim, count: int, share: float) -> bool:
        """Tell others that this worker is still at work.

        Args:
            claim: On what.
            count: Differs from that of the last beat.
            share: Of the work that is done.

        Returns:
            False if another worker has taken the trial over.
        """
        with self._store.refusals():
            if not self._holds(claim):
                return False
            beat = {"worker": self.worker, "count": count, "share": round(share, 3)}
            self._store.trials.set_trial_user_attr(self._id(claim.number), BEAT, beat)
            return True

    def give_up(self, claim: Claim) -> None:
        """Leave a trial to whoever comes next."""
        with self._store.locked(self.name):
            if self._holds(claim):
                self._keep(claim.number, HOLDER, None)

    def finish(self, claim: Claim, values: tuple[float, ...], seconds: float | None, error: str = "") -> bool:
        """Write down what came of a trial.

        Args:
            claim: What it was.
            values: Of the metric, for each seed; empty if the trial broke.
            seconds: Of training.
            error: Why it broke.

        Returns:
            False if another worker has taken the trial over, and nothing was written.
        """
        from optuna.trial import TrialState

        with self._store.locked(self.name):
            if not self._holds(claim):
                return False
            for name, value in ((VALUES, values), (SECONDS, seconds), (ERROR, error)):
                if value:
                    self._keep(claim.number, name, value)
            if (
                error
            ):  # Optuna's search keeps away from where trials were pruned, and forgets those that failed
                self._study().tell(claim.number, state=TrialState.PRUNED)
            else:
                self._study().tell(claim.number, sum(values) / len(values))
            return True

    def _claim(self) -> tuple[Claim, FileLock] | None:
        from optuna.trial import TrialState

        with self._store.locked(self.name):
            study = self._study()
            trials = study.get_trials(deepcopy=False)
            for frozen in trials:
                if frozen.state is TrialState.RUNNING and (lock := self._lock_if_left(frozen)):
                    return self._take(study, frozen.number, lock, taken_over=True)
            waiting = any(frozen.state is TrialState.WAITING for frozen in trials)
            if not waiting and len(trials) >= self.num_trials:
                return None
            plan = self.plan
            study.sampler = _sampler(plan.seed, len(trials))
            number = study.ask().number
            lock = self._trial_lock(number)
            with storage_errors(self.folder):
                lock.acquire()
            return self._take(study, number, lock, taken_over=False)

    def _take(
        self, study: "optuna.Study", number: int, lock: FileLock, *, taken_over: bool
    ) -> tuple[Claim, FileLock]:
        import optuna

        self._keep(number, HOLDER, {"worker": self.worker, "place": self._place, "machine": _machine()})
        # One who was killed as it began the trial may have left it without some of its settings.
        trial = optuna.trial.Trial(study, self._id(number))
        settings = {axis.field: axis.suggest(trial) for axis in self.plan.axes}
        return Claim(number, settings, taken_over), lock

    def _lock_if_left(self, frozen: "FrozenTrial") -> FileLock | None:
        """The trial's lock on this machine, if nobody is at work on the trial."""
        holder = frozen.user_attrs.get(HOLDER)
        beat = frozen.user_attrs.get(BEAT)
        sign = (holder, beat if holder and beat and beat["worker"] == holder["worker"] else None)
        since = self._seen.get(frozen.number)
        if since is None or since[0] != sign:
            since = self._seen[frozen.number] = sign, time.monotonic()
        is_silent = time.monotonic() - since[1] > SILENCE_SEC
        if holder and holder["place"] != self._place and not is_silent:
            return None
        lock = self._trial_lock(frozen.number)
        with storage_errors(self.folder), suppress(Timeout):
            lock.acquire(timeout=0)
            return lock
        return None

    def _trial_lock(self, number: int) -> FileLock:
        return FileLock(make_folder(self.folder / ".locks") / f"trial-{number:04d}.lock")

    @property
    def _place(self) -> str:
        """The same for workers that see each other's locks: one system, one folder."""
        mark = self.folder / ".locks" / "place"
        if not mark.is_file():
            with FileLock(make_folder(mark.parent) / "place.lock"):
                if not mark.is_file():
                    write_text(mark, uuid.uuid4().hex)
        return f"{_system()}/{mark.read_text(encoding='utf-8')}"

    def _holds(self, claim: Claim) -> bool:
        frozen = self._store.trials.get_trial(self._id(claim.number))
        holder = frozen.user_attrs.get(HOLDER)
        return holder is not None and holder["worker"] == self.worker and not frozen.state.is_finished()

    def _keep(self, number: int, name: str, value: Any) -> None:
        self._store.trials.set_trial_user_attr(self._id(number), name, value)

    def _id(self, number: int) -> int:
        trials = self._store.trials
        return trials.get_trial_id_from_study_id_trial_number(
            trials.get_study_id_from_name(self.name), number
        )

    def _exists(self) -> bool:
        try:
            self._store.trials.get_study_id_from_name(self.name)
        except KeyError:
            return False
        return True

    def _attributes(self) -> dict[str, Any]:
        with self._store.refusals():
            if not self._exists():
                raise RunError(
                    f"There is no sweep {self.name!r} in {self._store.place}; begin it with: inkmint sweep RECIPE "
                    f"{self.name} --set FIELD=LOW..HIGH"
                )
            return self._study().user_attrs

    def _study(self) -> "optuna.Study":
        import optuna

        return optuna.load_study(storage=self._store.trials, study_name=self.name)

    def _require_fresh_folder(self) -> None:
        if any(self.folder.glob("trial-*")):
            raise RunError(
                f"{self.folder} holds trials of an earlier sweep that {self._store.place} does not know; "
                "choose another name, or delete the folder."
            )


def _sampler(seed: int, number: int) -> "optuna.samplers.BaseSampler":
    """Of one trial: what it tries depends on the seed, its number, and the results there are by then."""
    import optuna

    return optuna.samplers.TPESampler(
        n_startup_trials=NUM_STARTUP_TRIALS, constant_liar=True, seed=seed_of(seed, number) % 2**32
    )


def _machine() -> str:
    """What tables call a worker."""
    return f"{socket.gethostname()}:{os.getpid()}"


@cache
def _system() -> str:
    """The running system; a clone of the machine, or the same one after it was started again, is another."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    return f"{platform.node()}-{uuid.getnode():x}-{os.name}"
