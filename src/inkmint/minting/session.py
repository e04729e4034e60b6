"""A minting job from beginning to end: what `inkmint mint` does."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from inkmint.data.parquet import require_pyarrow
from inkmint.data.plan import FormatName, Plan
from inkmint.data.shards import FORMATS
from inkmint.errors import Interrupted, SettingsError
from inkmint.evaluation.judge import JUDGE, NamedJudge
from inkmint.minting.card import Totals, totals_of, write_summary
from inkmint.minting.job import Job
from inkmint.minting.work import POLL_SEC, Sources, work, work_in_processes
from inkmint.models import Generator

SHARD_SIZE = 10_000

_LOOK_SEC = 1.0  # between looks at what other processes have completed

Progress = Callable[[int, int], None]
"""Called with how many images of the whole, or of this part, are done, and how many there are."""


@dataclass(frozen=True)
class Minted:
    """What a call of `mint` came to.

    Attributes:
        job: The folder.
        num_minted: Images that this call itself minted.
        seconds: That it took for them, with the starting of processes and the writing.
        num_lost: Processes that it started and that were killed.
        totals: Of the whole job; None while shards of other parts are missing.
    """

    job: Job
    num_minted: int
    seconds: float
    num_lost: int
    totals: Totals | None


def mint(
    generator: str | Path,
    path: str | Path,
    counts: Sequence[int],
    *,
    seed: int = 0,
    shard_size: int = SHARD_SIZE,
    file_format: FormatName = "npz",
    judge: str | None = JUDGE,
    min_confidence: float | None = None,
    num_processes: int = 1,
    part: tuple[int, int] = (1, 1),
    progress: Progress = lambda *_: None,
) -> Minted:
    """Mint a labelled set into a folder, or go on with it; any number of calls may share the folder at a time.

    Args:
        generator: As `Generator.from_pretrained` takes it.
        path: The folder.
        counts: Images per class, in label order.
        seed: The same seed gives the same files.
        shard_size: Images per shard.
        file_format: One of `data.shards.FORMATS`.
        judge: As `load_judge` takes it; None for no confidences and no filter, which is faster.
        min_confidence: The least confidence of the judge in the label of an image that is kept.
        num_processes: Started for this work; 1 does it here. A script that asks for more guards its own beginning by
            `if __name__ == "__main__":`, as for any use of Python's multiprocessing.
        part: (i, n) sees to every n-th shard from the i-th on, counted from 1; where a folder is not shared.
        progress: Told how far it is.

    Raises:
        SettingsError: What is asked for is out of range, or does not fit the generator or the judge.
        ModelError: A network is missing, damaged or of the wrong kind.
        RunError: The folder is another job's, or all processes were lost.
        StorageError: The folder cannot be written.
        Interrupted: Ctrl-C; all complete shards are kept, and the same call goes on.
    """
    begun = time.perf_counter()
    if not 1 <= part[0] <= part[1]:
        raise SettingsError(f"{part[0]}/{part[1]} is no part of a job; the second of four is 2/4.")
    path = Path(path)
    sources = Sources(generator, judge)
    networks = sources.load()
    plan = make_plan(
        *networks,
        counts,
        seed=seed,
        shard_size=shard_size,
        file_format=file_format,
        min_confidence=min_confidence,
    )
    job = Job.open(path, plan)
    shards = range(plan.num_shards)[part[0] - 1 :: part[1]]
    tally = _Tally(job, shards, progress)
    num_processes = min(num_processes, len(tally.missing))
    num_lost = 0
    try:
        if num_processes > 1:
            num_lost = work_in_processes(job, sources, shards, num_processes, tally.report, tally.look)
        else:
            work(job, *networks, shards, tally.report, tally.pause)
        finished = all(job.is_complete(shard) for shard in range(plan.num_shards))
        if finished:
            write_summary(job, networks[0].config)
    except KeyboardInterrupt as error:
        num_complete = sum(job.is_complete(shard) for shard in range(plan.num_shards))
        raise Interrupted(
            f"Stopped with {num_complete:,} of {plan.num_shards:,} shards complete; the same command goes on."
        ) from error
    seconds = time.perf_counter() - begun
    return Minted(job, tally.num_minted, seconds, num_lost, totals_of(job) if finished else None)


def make_plan(
    generator: Generator,
    judge: NamedJudge | None,
    counts: Sequence[int],
    *,
    seed: int = 0,
    shard_size: int = SHARD_SIZE,
    file_format: FormatName = "npz",
    min_confidence: float | None = None,
) -> Plan:
    """The plan of a job, if it can be carried out; see `mint`.

    Raises:
        SettingsError: It cannot; the message says why.
    """
    name, classes = generator.name, generator.class_names
    try:
        plan = Plan(
            generator=name,
            generator_sha256=generator.weights_sha256,
            class_names=classes,
            counts=tuple(counts),
            seed=seed,
            shard_size=shard_size,
            format=file_format,
            judge=judge and judge.name,
            judge_sha256=judge and judge.weights_sha256,
            min_confidence=min_confidence,
        )
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        reason = first["msg"][0].lower() + first["msg"][1:]
        raise SettingsError(f"The job's {field} is {first['input']!r}: {reason}.") from error
    if not generator.conditional:
        raise SettingsError(
            f"The generator {name!r} knows no classes, so its digits have no labels; take a conditional one such as "
            "'house'."
        )
    if generator.config.image_channels > 1:
        raise SettingsError(
            f"The generator {name!r} draws images of {generator.config.image_channels} channels; "
            "take one of single digits such as 'house'."
        )
    if len(counts) != len(classes) or min(counts) < 0 or sum(counts) < 1:
        raise SettingsError(
            f"The counts {tuple(counts)} do not fit {len(classes)} classes; "
            "give a number for each, and one image at least."
        )
    if judge is not None and judge.class_names != classes:
        raise SettingsError(
            f"The judge {judge.name!r} knows other classes than the generator {name!r}; name one that was trained on "
            "them with --judge, or --judge none."
        )
    if min_confidence is not None and judge is None:
        raise SettingsError(
            "Without a judge there is no confidence to filter by; leave out --min-confidence."
        )
    most_classes = FORMATS[file_format].most_classes
    if most_classes and len(classes) > most_classes:
        raise SettingsError(
            f"The format {file_format} tells {most_classes} classes apart, the generator {name!r} knows "
            f"{len(classes):,}; choose npz."
        )
    if file_format == "parquet":
        require_pyarrow()
    return plan


class _Tally:
    """Counts images: those of complete shards, whoever minted them, and those at work here.

    Attributes:
        missing: Shards that were not complete at the last look.
    """

    def __init__(self, job: Job, shards: Sequence[int], progress: Progress) -> None:
        plan = job.plan
        self._job, self._progress = job, progress
        self._sizes = {shard: plan.first_image(shard + 1) - plan.first_image(shard) for shard in shards}
        self._at_work: dict[int, int] = {}
        self._minted_here: set[int] = set()
        self.missing = set(shards)
        self.look()

    @property
    def num_minted(self) -> int:
        """Images of the shards that were minted here."""
        return sum(self._sizes[shard] for shard in self._minted_here)

    def report(self, shard: int, num_done: int) -> None:
        """Take note of how far a shard is that is at work here."""
        self._at_work[shard] = num_done
        if num_done == self._sizes[shard]:
            self._minted_here.add(shard)
        if time.monotonic() > self._next_look_sec:
            self.look()
        self._tell()

    def pause(self) -> None:
        """Wait for other processes' shards."""
        time.sleep(POLL_SEC)
        self.look()

    def look(self) -> None:
        """See which shards are complete by now."""
        self.missing = {shard for shard in self.missing if not self._job.is_complete(shard)}
        self._next_look_sec = time.monotonic() + _LOOK_SEC
        self._tell()

    def _tell(self) -> None:
        num_missing = sum(self._sizes[shard] - self._at_work.get(shard, 0) for shard in self.missing)
        num_all = sum(self._sizes.values())
        self._progress(num_all - num_missing, num_all)
