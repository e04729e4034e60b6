"""Several workers in processes of their own."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import cast

from inkmint.data.digits import Splits
from inkmint.data.sources import load_splits
from inkmint.errors import DataError, InkmintError, Interrupted, RunError
from inkmint.evaluation.judge import NamedJudge, load_judge
from inkmint.sweeping.objective import METRICS, Objective
from inkmint.sweeping.plan import Plan
from inkmint.sweeping.storage import open_store
from inkmint.sweeping.study import Sweep
from inkmint.sweeping.work import Bench, work

POLL_SEC = 1.0
STOP_SEC = 60.0
"""How long a worker that was asked to stop has for its last step and the checkpoint."""


@dataclass(frozen=True)
class Place:
    """Where a worker finds what it needs.

    Attributes:
        store: As `open_store` takes it.
        name: Of the sweep.
        folder: Of the sweep on this machine.
        data: As `load_splits` takes it.
        judge: As `load_judge` takes it, or None.
        device: Where to compute.
        threads: CPU threads of a trial.
    """

    store: str
    name: str
    folder: Path
    data: str
    judge: str | None
    device: str
    threads: int

    def sweep(self) -> Sweep:
        """The sweep, over a connection of its own."""
        return Sweep(open_store(self.store), self.name, self.folder)

    def bench(self, plan: Plan) -> Bench:
        """Load digits and judge, and see that they are the plan's."""
        splits = load_splits(self.data)
        judge = None if self.judge is None else load_judge(self.judge)
        return make_bench(plan, splits, judge, self.device, self.threads)


def make_bench(plan: Plan, splits: Splits, judge: NamedJudge | None, device: str, threads: int) -> Bench:
    """What a worker works with.

    Raises:
        DataError: The digits are not the plan's, or the judge knows other classes.
        RunError: The judge is not the plan's.
    """
    found = (splits.train.fingerprint, splits.validation.fingerprint)
    if found != (plan.data_fingerprint, plan.validation_fingerprint):
        raise DataError(
            f"The digits in {splits.source} are not those that the sweep was begun with; give the same with --data."
        )
    if (judge and judge.weights_sha256) != plan.judge_sha256:
        raise RunError("The judge is not the one that the sweep was begun with; give the same with --judge.")
    objective = Objective(METRICS[plan.metric], splits, judge)
    watching = None if judge is None else judge.recogniser.judge
    return Bench(splits, objective, watching, device, threads)


def work_here(place: Place) -> None:
    """Work in this process, its main thread.

    Raises:
        Interrupted: Ctrl-C or SIGTERM.
        InkmintError: As `work`.
    """
    sweep = place.sweep()
    try:
        work(sweep, place.bench(sweep.plan), lambda: time.sleep(POLL_SEC))
    except (Interrupted, KeyboardInterrupt) as error:
        raise _stopped(sweep) from error
    finally:
        sweep.close()


def work_in_processes(place: Place, num_workers: int, look: Callable[[], None] = lambda: None) -> int:
    """Work in several processes that this one starts.

    Args:
        place: Where they find what they need.
        num_workers: How many to start.
        look: Called every second.

    Returns:
        How many of them were lost; the others have done their work.

    Raises:
        Interrupted: Ctrl-C; what was at work can be gone on with.
        RunError: All were lost.
        InkmintError: What one of them raised; the others are stopped.
    """
    context = multiprocessing.get_context("spawn")
    workers: dict[Connection, BaseProcess] = {}
    sweep = place.sweep()
    try:
        for _ in range(num_workers):
            ours, theirs = context.Pipe()
            process: BaseProcess = context.Process(target=_serve, args=(theirs, place), daemon=True)
            process.start()
            theirs.close()
            workers[ours] = process
        return _listen(sweep, workers, look)
    except (Interrupted, KeyboardInterrupt) as error:
        raise _stopped(sweep) from error
    finally:
        _stop(workers)
        sweep.close()


def _listen(sweep: Sweep, workers: dict[Connection, BaseProcess], look: Callable[[], None]) -> int:
    talking = set(workers)
    num_lost = 0
    while talking:
        for connection in cast("list[Connection]", wait(talking, timeout=POLL_SEC)):
            talking.discard(connection)
            try:
                message = connection.recv()
            except (EOFError, OSError):
                workers[connection].join()
                num_lost += workers[connection].exitcode != 0
                continue
            raise message
        look()
    if not sweep.is_done():
        raise RunError(
            f"All {len(workers)} workers ended before their work, perhaps for want of memory; the same command goes "
            "on, with fewer --workers if need be."
        )
    return num_lost


def _serve(connection: Connection, place: Place) -> None:
    """What a worker process does. It stops when the process that started it ends, as if that had asked it to."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches it too; who started it says what to do
    signal.signal(signal.SIGTERM, _stop_at_once)
    threading.Thread(target=_stop_with_parent, args=(connection,), daemon=True).start()
    try:
        sweep = place.sweep()
        work(sweep, place.bench(sweep.plan), lambda: time.sleep(POLL_SEC))
    except (Interrupted, KeyboardInterrupt):
        return
    except InkmintError as error:
        with suppress(OSError):
            connection.send(error)


def _stop_at_once(signum: int, frame: object) -> None:  # noqa: ARG001
    raise KeyboardInterrupt  # outside training, where a step would be finished first


def _stop_with_parent(connection: Connection) -> None:
    with suppress(EOFError, OSError):
        connection.recv()
    os.kill(os.getpid(), signal.SIGTERM)


def _stop(workers: dict[Connection, BaseProcess]) -> None:
    try:
        for process in workers.values():
            process.terminate()
        for process in workers.values():
            process.join(STOP_SEC)
    finally:
        for connection, process in workers.items():
            process.kill()
            process.join()
            connection.close()


def _stopped(sweep: Sweep) -> Interrupted:
    trials = sweep.trials()
    num_ended = sum(trial.state in ("done", "broken") for trial in trials)
    return Interrupted(
        f"Stopped with {num_ended:,} of {sweep.num_trials:,} trials done; the same command goes on."
    )
