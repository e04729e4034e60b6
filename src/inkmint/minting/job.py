"""The folder of a job: its plan, its shards, and who is at work on which.

digits/
  mint.json               the plan
  data/shard-00000.npz    ... as many as it takes; of other formats, other names
  records/shard-00000.json ...  counts and hashes, written after the shard: it is complete then
  .locks/                 who is at work
  README.md  samples.png  manifest.json    once all shards are complete; the last of them is written last
"""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, ValidationError

from inkmint.data.plan import PLAN_NAME, Plan, holds_minted, read_plan
from inkmint.data.shards import FORMATS
from inkmint.errors import RunError, StorageError
from inkmint.files import UNFINISHED, make_folder, read_json, sha256_file, storage_errors, write_json
from inkmint.minting.draw import Drawn

MANIFEST_NAME = "manifest.json"

_LOCKS = ".locks"


class ShardRecord(BaseModel):
    """What the job keeps of a complete shard; of every list, one value per class in label order.

    Attributes:
        shard: Its number.
        counts: Images.
        rejected: Images that the filter rejected.
        confidence: Sum of the judge's confidence in the label; empty without a judge.
        read_as_asked: Images that the judge reads as their label; empty without a judge.
        files: SHA-256 of its files by their paths within the job's folder; of a folder, that of its files' names and
            SHA-256, a line each in sorted order.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    shard: int
    counts: tuple[int, ...]
    rejected: tuple[int, ...]
    confidence: tuple[float, ...]
    read_as_asked: tuple[int, ...]
    files: dict[str, str]


class Job:
    """A folder into which digits are minted.

    Args:
        path: The folder.
        plan: What its mint.json says.
    """

    def __init__(self, path: Path, plan: Plan) -> None:
        self.path, self.plan = path, plan
        self.format = FORMATS[plan.format]

    @classmethod
    def open(cls, path: Path, plan: Plan) -> "Job":
        """Begin a job, or go on with one of the same plan.

        Raises:
            RunError: The folder has another plan; the message names where they differ.
            DataError: Its plan is damaged.
            StorageError: The folder holds something else, or cannot be written.
        """
        job = cls(path, plan)
        with storage_errors(path):
            if path.exists() and not holds_minted(path) and not path.is_dir():
                raise StorageError(f"{path} is a file; choose a new or empty folder.")
            if path.exists() and not holds_minted(path) and any(map(_is_foreign, path.iterdir())):
                raise StorageError(f"{path} holds other files; choose a new or empty folder.")
        with job.locked():
            if holds_minted(path):
                _require_same(path, read_plan(path), plan)
            else:
                write_json(path / PLAN_NAME, plan.model_dump(mode="json"))
        return job

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the whole folder for a moment, for what all shards have in common."""
        with storage_errors(self.path), FileLock(make_folder(self.path / _LOCKS) / "job.lock"):
            yield

    @contextmanager
    def claimed(self, shard: int) -> Iterator[bool]:
        """Hold a shard while working on it, unless another process does; the claim goes with its process.

        Yields:
            Whether the shard is this process's. Two that both had it would write the same bytes.
        """
        path = make_folder(self.path / _LOCKS) / f"shard-{shard:05d}.lock"
        lock = FileLock(path, timeout=0)
        with storage_errors(path):
            try:
                lock.acquire()
            except Timeout:
                yield False
                return
        try:
            yield True
        finally:
            lock.release()

    @property
    def is_finished(self) -> bool:
        """Whether the data card and all else is written, which comes after the shards."""
        return (self.path / MANIFEST_NAME).is_file()

    def is_complete(self, shard: int) -> bool:
        """Whether a shard needs no more work."""
        return self._record_path(shard).is_file() and all(path.exists() for path in self._files(shard))

    def save(self, drawn: Drawn) -> None:
        """Write a shard and then its record, over what a killed process may have left.

        Raises:
            StorageError: They cannot be written; the shard is not complete then.
        """
        number = drawn.shard.number
        files = self._files(number)
        for path in (*files, self._record_path(number)):
            _remove(*path.parent.glob(f"{UNFINISHED}{path.name}.*"))
        _remove(*(path for path in files if path.is_dir()))
        self.format.write(drawn.shard, files)
        write_json(self._record_path(number), self._describe(drawn).model_dump(mode="json"))

    def read_record(self, shard: int) -> ShardRecord:
        """What is known of a complete shard.

        Raises:
            RunError: Its record is damaged.
        """
        path = self._record_path(shard)
        try:
            return ShardRecord.model_validate(read_json(path))
        except (OSError, ValueError, ValidationError) as error:
            raise RunError(
                f"{path} is damaged; delete it, and the same command mints its shard again."
            ) from error

    def clear_up(self) -> None:
        """Remove the shards' locks and what killed processes left; for one who has `locked` a job with all shards."""
        folders = [self.path, *(path for path in self.path.iterdir() if path.is_dir())]
        _remove(*(path for folder in folders for path in folder.glob(f"{UNFINISHED}*")))
        _remove(*(self.path / _LOCKS).glob("shard-*.lock"))

    def _files(self, shard: int) -> tuple[Path, ...]:
        return self.format.paths(self.path, shard)

    def _record_path(self, shard: int) -> Path:
        return self.path / "records" / f"shard-{shard:05d}.json"

    def _describe(self, drawn: Drawn) -> ShardRecord:
        shard, num_classes = drawn.shard, len(self.plan.class_names)
        labels = shard.digits.labels.numpy()
        confidence: tuple[float, ...] = ()
        read_as_asked: tuple[int, ...] = ()
        if shard.confidence is not None and shard.read is not None:
            sums = np.bincount(labels, shard.confidence.astype(np.float64), minlength=num_classes)
            confidence = tuple(sums.tolist())
            read_as_asked = tuple(np.bincount(labels[shard.read == labels], minlength=num_classes).tolist())
        return ShardRecord(
            shard=shard.number,
            counts=tuple(shard.digits.counts()),
            rejected=tuple(drawn.rejected.tolist()),
            confidence=confidence,
            read_as_asked=read_as_asked,
            files={
                str(path.relative_to(self.path).as_posix()): _sha256(path)
                for path in self._files(shard.number)
            },
        )


def _is_foreign(path: Path) -> bool:
    return path.name != _LOCKS and not path.name.startswith(UNFINISHED)


def _require_same(path: Path, found: Plan, asked: Plan) -> None:
    for field, value in found.model_dump().items():
        if (wanted := getattr(asked, field)) != value:
            raise RunError(
                f"{path} is a job whose {field} is {_in_words(value)}, not {_in_words(wanted)}; "
                "ask for the same to go on with it, or choose another folder."
            )


def _in_words(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}..."


def _remove(*paths: Path) -> None:
    for path in paths:
        with storage_errors(path):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _sha256(path: Path) -> str:
    if path.is_file():
        return sha256_file(path)
    files = sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())
    lines = hashlib.sha256()
    for file in files:
        lines.update(f"{sha256_file(path / file)}  {file}\n".encode())
    return lines.hexdigest()
