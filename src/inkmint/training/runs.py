"""The run folder: the only thing that passes between training, evaluation, report and serving.

runs/acgan-sa-quick-s0-0003/
  config.json  environment.json  metrics.jsonl  status.json
  samples/epoch_0001.png ...
  checkpoints/last.pt  model/ (safetensors + config.json)
  evaluation/<protocol>.json  report.html
"""

import io
import json
import os
import pickle
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, Literal

import torch
from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, ValidationError

from inkmint import __version__
from inkmint.errors import RunError, SettingsError
from inkmint.files import UNFINISHED, atomic_path, make_folder, read_json, storage_errors, write_json
from inkmint.runtime import environment
from inkmint.training.recipe import Recipe

FORMAT = 2
"""Version of the run folder's layout; another one is refused rather than guessed at."""

State = Literal["running", "finished", "interrupted", "failed"]


class RunConfig(BaseModel):
    """Everything that decides what a run computes, to the last bit on one machine."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = FORMAT
    inkmint: str = __version__
    recipe: Recipe
    data: str
    data_fingerprint: str
    class_names: tuple[str, ...]
    image_channels: int = 1
    seed: int
    device: str
    threads: int
    workers: int


class Run:
    """One run folder.

    Args:
        path: The folder; it need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.metrics_path = path / "metrics.jsonl"
        self.checkpoint_path = path / "checkpoints" / "last.pt"
        self.model_path = path / "model"

    @classmethod
    def create(cls, path: Path) -> "Run":
        """A new, empty folder at `path`.

        Raises:
            StorageError: It is there already or cannot be created.
        """
        make_folder(path.parent)
        with storage_errors(path):
            path.mkdir()
        return cls(path)

    @classmethod
    def create_numbered(cls, parent: Path, stem: str) -> "Run":
        """A new, empty folder `parent/stem-NNNN` with the next free number.

        Raises:
            StorageError: It cannot be created.
        """
        make_folder(parent)
        taken = [int(path.name[-4:]) for path in parent.glob(f"{stem}-[0-9][0-9][0-9][0-9]")]
        for number in count(max(taken, default=0) + 1):
            path = parent / f"{stem}-{number:04d}"
            with storage_errors(path), suppress(FileExistsError):
                path.mkdir()
                return cls(path)
        raise AssertionError("count never ends")

    @classmethod
    def open(cls, path: Path) -> "Run":
        """An existing run folder.

        Raises:
            RunError: There is none at `path`.
        """
        if not (path / "config.json").is_file():
            raise RunError(
                f"{path} is not a run folder: it has no config.json; give a folder that `train` made."
            )
        return cls(path)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for this process; the lock goes with the process, however it ends.

        Raises:
            RunError: Another process holds it.
        """
        lock = FileLock(self.path / "run.lock", timeout=0)
        with storage_errors(self.path):
            try:
                lock.acquire()
            except Timeout as error:
                raise RunError(
                    f"{self.path} is in use by another process; wait until it ends, or start a new run."
                ) from error
        try:
            yield
        finally:
            lock.release()

    def read_config(self) -> RunConfig:
        """The run's configuration.

        Raises:
            RunError: It is damaged or of another version of the layout.
        """
        path = self.path / "config.json"
        try:
            data = read_json(path)
            found = data["format"]
            if found != FORMAT:
                raise RunError(
                    f"{self.path} has layout version {found}, this inkmint ({__version__}) reads version {FORMAT}; "
                    f"use the inkmint that made it ({data.get('inkmint', 'unknown')}), or start a new run."
                )
            return RunConfig.model_validate(data)
        except (
            OSError,
            ValueError,
            ValidationError,
            KeyError,
            TypeError,
            AttributeError,
            SettingsError,
        ) as error:
            raise RunError(f"{path} is damaged and cannot be read; start a new run.") from error

    def write_config(self, config: RunConfig) -> None:
        """Record the configuration and the machine."""
        write_json(self.path / "config.json", config.model_dump(mode="json"))
        write_json(self.path / "environment.json", environment())

    def write_status(self, state: State, **details: Any) -> None:
        """Record what became of the run."""
        status = {"state": state, "pid": os.getpid(), "time": time.time(), **details}
        write_json(self.path / "status.json", status)

    def read_status(self) -> dict[str, Any]:
        """What became of the run; empty if it never began."""
        try:
            status: dict[str, Any] = read_json(self.path / "status.json")
            return status
        except (OSError, ValueError):
            return {}

    def read_environment(self) -> dict[str, Any]:
        """The machine and the versions that the run began on.

        Raises:
            RunError: They are missing or damaged.
        """
        path = self.path / "environment.json"
        try:
            recorded: dict[str, Any] = read_json(path)
            return recorded
        except (OSError, ValueError) as error:
            raise RunError(f"{path} is missing or damaged; train again.") from error

    def append_metrics(self, record: dict[str, Any]) -> None:
        """Add one line to metrics.jsonl."""
        with storage_errors(self.metrics_path), self.metrics_path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record, allow_nan=False) + "\n")

    def read_metrics(self) -> list[dict[str, Any]]:
        """All records; a last line cut off by a crash is left out."""
        records = []
        try:
            for line in self.metrics_path.read_text(encoding="utf-8").splitlines():
                records.append(json.loads(line))
        except (OSError, ValueError):
            pass
        return records

    def sweep(self) -> None:
        """Remove the unfinished files of a process that was killed while it wrote."""
        for leftover in self.path.rglob(f"{UNFINISHED}*"):
            leftover.unlink(missing_ok=True)

    def forget_after(self, step: int) -> None:
        """Drop the records of steps after `step`, which will be computed again."""
        kept = [record for record in self.read_metrics() if record["step"] <= step]
        with atomic_path(self.metrics_path) as temporary:
            temporary.write_text("".join(json.dumps(record) + "\n" for record in kept), encoding="utf-8")

    def save_checkpoint(self, state: dict[str, Any]) -> None:
        """Replace the last checkpoint; until the new one is whole on disk the old one stays."""
        buffer = io.BytesIO()
        torch.save(state, buffer)
        with atomic_path(self.checkpoint_path) as temporary:
            temporary.write_bytes(buffer.getbuffer())

    def load_checkpoint(self) -> dict[str, Any] | None:
        """The last checkpoint, on the CPU; None if none was written yet.

        Raises:
            RunError: The file is damaged.
        """
        if not self.checkpoint_path.exists():
            return None
        try:
            with zipfile.ZipFile(
                self.checkpoint_path
            ) as archive:  # torch.load does not look at the checksums
                if archive.testzip() is not None:
                    raise zipfile.BadZipFile("a checksum does not match")
            state: dict[str, Any] = torch.load(self.checkpoint_path, map_location="cpu", weights_only=True)
            return state
        except (
            OSError,
            RuntimeError,
            EOFError,
            ValueError,
            pickle.UnpicklingError,
            zipfile.BadZipFile,
        ) as error:
            raise RunError(
                f"{self.checkpoint_path} is damaged and cannot be resumed from; "
                "start a new run, with --init-from a run that still has its model."
            ) from error


def differences(
    asked: dict[str, Any], recorded: dict[str, Any], prefix: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """The dotted names of fields that differ, with the value asked for and the one recorded."""
    for name in sorted(asked.keys() | recorded.keys()):
        one, other = asked.get(name), recorded.get(name)
        if isinstance(one, dict) and isinstance(other, dict):
            yield from differences(one, other, f"{prefix}{name}.")
        elif one != other:
            yield f"{prefix}{name}", one, other
