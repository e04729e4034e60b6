"""The work on a job: by one process, and by several that share it through the folder alone.

A process takes any shard that is neither complete nor claimed. Who is killed loses his claims, and another takes them
over; so a process ends when all shards are complete, not when none is left to begin.
"""

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import cast

import torch

from inkmint.errors import InkmintError, ModelError, RunError
from inkmint.evaluation.judge import NamedJudge, load_judge
from inkmint.minting.draw import draw_shard
from inkmint.minting.job import Job
from inkmint.models import Generator, find_model

POLL_SEC = 0.5

Report = Callable[[int, int], None]
"""Called with a shard's number and how many of its images are done by this process and those that it started."""


@dataclass(frozen=True)
class Sources:
    """Where the networks of a plan are to be loaded from, by path or by name; no judge is None."""

    generator: str | Path
    judge: str | Path | None

    def absolute(self) -> "Sources":
        """The same as folders that a process finds wherever it begins."""
        judge = None if self.judge is None else find_model(self.judge).absolute()
        return Sources(find_model(self.generator).absolute(), judge)

    def load(self) -> tuple[Generator, NamedJudge | None]:
        """Load them.

        Raises:
            ModelError: One is missing, damaged or of the wrong kind.
        """
        generator = Generator.from_pretrained(self.generator)
        return generator, None if self.judge is None else load_judge(self.judge)


def work(
    job: Job,
    generator: Generator,
    judge: NamedJudge | None,
    shards: Sequence[int],
    report: Report,
    pause: Callable[[], None],
) -> None:
    """Mint shards in this process, on one thread, until all of them are complete, whoever completes them.

    Args:
        job: The folder.
        generator: The plan's.
        judge: The plan's.
        shards: The numbers of those to see to.
        report: Told how far it is.
        pause: Called to wait a moment when all that is missing is other processes' work.

    Raises:
        ModelError: The networks are not the plan's.
        SettingsError, DataError: As `draw_shard`.
        StorageError: A shard cannot be written.
    """
    _require_planned(job, generator, judge)
    with _one_thread():
        while missing := [shard for shard in shards if not job.is_complete(shard)]:
            claimed_any = False
            for shard in missing:
                if job.is_complete(shard):
                    continue
                with job.claimed(shard) as is_ours:
                    if is_ours and not job.is_complete(shard):
                        claimed_any = True
                        told = partial(report, shard)
                        job.save(draw_shard(job.plan, shard, generator, judge, told))
            if not claimed_any:
                pause()


def work_in_processes(
    job: Job,
    sources: Sources,
    shards: Sequence[int],
    num_processes: int,
    report: Report,
    look: Callable[[], None],
) -> int:
    """Mint shards in several processes that this one starts.

    Args:
        job: The folder.
        sources: Of the plan's networks.
        shards: The numbers of those to see to.
        num_processes: How many to start.
        report: Told how far they are.
        look: Called every moment while they have nothing to report.

    Returns:
        How many of them were lost; the others have done their work.

    Raises:
        InkmintError: What one of them raised; the others are stopped.
        RunError: All were lost.
    """
    context = multiprocessing.get_context("spawn")
    theirs_to_do = (Job(job.path.absolute(), job.plan), sources.absolute(), shards)
    workers: dict[Connection, BaseProcess] = {}
    try:
        with _interrupts_ignored():
            for _ in range(num_processes):
                ours, theirs = context.Pipe()
                process: BaseProcess = context.Process(
                    target=_serve, args=(theirs, *theirs_to_do), daemon=True
                )
                process.start()
                theirs.close()
                workers[ours] = process
        return _listen(job, workers, shards, report, look)
    finally:
        for connection, process in workers.items():
            process.terminate()
            process.join()
            connection.close()


def _listen(
    job: Job,
    workers: dict[Connection, BaseProcess],
    shards: Sequence[int],
    report: Report,
    look: Callable[[], None],
) -> int:
    """Pass on what workers say until all have ended; the number of those that were lost."""
    talking = set(workers)
    num_lost = 0
    while talking:
        speaking = cast("list[Connection]", wait(talking, timeout=POLL_SEC))
        if not speaking:
            look()
        for connection in speaking:
            try:
                message = connection.recv()
            except (EOFError, OSError):
                talking.discard(connection)
                workers[connection].join()
                num_lost += workers[connection].exitcode != 0
                continue
            if isinstance(message, InkmintError):
                raise message
            report(*message)
    if not all(job.is_complete(shard) for shard in shards):
        raise RunError(
            f"All {len(workers)} processes ended before their work, perhaps for want of memory; the same command goes "
            "on, with fewer --processes if need be."
        )
    return num_lost


def _serve(connection: Connection, job: Job, sources: Sources, shards: Sequence[int]) -> None:
    """What a worker does. It ends when the process that started it does, at its next word to it."""

    def pause() -> None:
        if connection.poll(POLL_SEC):
            raise EOFError

    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        try:
            work(job, *sources.load(), shards, lambda *place: connection.send(place), pause)
        except InkmintError as error:
            connection.send(error)


def _require_planned(job: Job, generator: Generator, judge: NamedJudge | None) -> None:
    found = (generator.weights_sha256, judge and judge.weights_sha256)
    if found != (job.plan.generator_sha256, job.plan.judge_sha256):
        raise ModelError(
            f"The generator or the judge was replaced since {job.path} was begun; put it back, or choose a new folder."
        )


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums are rounded differently on other numbers of threads, and the bytes may not depend on them."""
    earlier = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(earlier)


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Workers started herein leave Ctrl-C, which reaches them too, to the process that started them."""
    try:
        earlier = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:  # Not the main thread, which Ctrl-C does not reach.
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, earlier)
