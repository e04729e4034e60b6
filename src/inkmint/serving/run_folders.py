"""Run folders as training leaves them, read without the code that trains: a damaged one is shown, not refused."""

import os
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from inkmint.files import read_json
from inkmint.serving.answers import RunDetails, RunState, RunSummary
from inkmint.serving.curves import Record, last_records, row_of
from inkmint.serving.run_names import inside, name_of

REPORT_NAME = "report.html"
MOST_RUNS = 5000
_DEEPEST = 5
_QUIET_SEC = 5.0
"""A run that wrote so lately is alive, which spares looking at its lock."""

_STATES = frozenset({"running", "finished", "interrupted", "failed"})
_OWN_FOLDERS = frozenset({"samples", "checkpoints", "model", "evaluation"})
_SAMPLE = re.compile(r"[A-Za-z0-9_.-]{1,100}\.png")
_one_probe = threading.Lock()


class RunFolder:
    """One run folder.

    Args:
        root: The folder of runs.
        path: The run's, below it.
    """

    def __init__(self, root: Path, path: Path) -> None:
        self.root, self.path = root, path
        self.metrics_path = path / "metrics.jsonl"

    def config(self) -> dict[str, Any]:
        """All that decides what the run computes; empty if it cannot be read."""
        return self._json("config.json")

    def status_record(self) -> dict[str, Any]:
        """What became of it, as it says itself; empty if it cannot be read."""
        return self._json("status.json")

    def state(self) -> RunState:
        """What became of it: a run that says it is running, but whose folder no process holds, is dead."""
        told = self.status_record().get("state")
        if told not in _STATES:
            return "unknown"
        if told == "running" and not self._is_alive():
            return "dead"
        return cast("RunState", told)

    def _is_alive(self) -> bool:
        quiet_sec = time.time() - self.changed()
        return 0 <= quiet_sec < _QUIET_SEC or is_locked(self.path / "run.lock")

    def changed(self) -> float:
        """When it last wrote, in seconds since 1970."""
        return max(_modified(self.path / name) for name in ("config.json", "status.json", "metrics.jsonl"))

    def samples(self) -> list[str]:
        """Names of its sample pictures, the oldest first."""
        try:
            names = [path.name for path in (self.path / "samples").iterdir()]
        except OSError:
            return []
        return sorted(name for name in names if _SAMPLE.fullmatch(name))

    def sample(self, name: str) -> Path | None:
        """The file of a sample picture; None if there is none."""
        if not _SAMPLE.fullmatch(name):
            return None
        path = inside(self.path, ["samples", name])
        return path if path and path.is_file() else None

    def summary(self) -> RunSummary:
        """Its line in the list."""
        return RunSummary(**self._summary(self.config(), last_records(self.metrics_path)))

    def details(self) -> RunDetails:
        """All but its curves."""
        config, records = self.config(), last_records(self.metrics_path)
        measured = [record for record in records if isinstance(record.get("findings"), list)]
        report = self.path.relative_to(self.root) / REPORT_NAME
        return RunDetails(
            **self._summary(config, records),
            config=config,
            environment=self._json("environment.json"),
            findings=[str(text) for text in measured[-1]["findings"]] if measured else [],
            samples=len(self.samples()),
            report=f"studies/{quote(report.as_posix())}" if (self.root / report).is_file() else None,
        )

    def _summary(self, config: dict[str, Any], records: list[Record]) -> dict[str, Any]:
        recipe = config.get("recipe")
        recipe = recipe if isinstance(recipe, dict) else {}
        last = row_of(records[-1]) if records else {}
        epochs = recipe.get("epochs")
        return {
            "name": name_of(self.root, self.path),
            "folder": self.path.relative_to(self.root).as_posix(),
            "recipe": str(recipe.get("name", "unknown")),
            "model": str(recipe.get("model", "unknown")),
            "status": self.state(),
            "step": int(last.get("step") or 0),
            "epoch": last.get("epoch") or 0.0,
            "num_epochs": epochs if isinstance(epochs, int) else None,
            "started": _modified(self.path / "config.json"),
            "changed": self.changed(),
            "seconds": last.get("seconds") or 0.0,
            "losses": _last_of(records, "losses."),
            "figures": _last_of(records, "figures."),
        }

    def _json(self, name: str) -> dict[str, Any]:
        if inside(self.path, [name]) is None:
            return {}
        try:
            value = read_json(self.path / name)
        except (OSError, ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}


def find_runs(root: Path) -> list[RunFolder]:
    """All run folders below the folder of runs, in no order; none if it is not there."""
    found = []
    for path in _folders(root, 0):
        run = RunFolder(root, path)
        if isinstance(run.config().get("recipe"), dict):
            found.append(run)
        if len(found) == MOST_RUNS:
            break
    return found


def _folders(folder: Path, depth: int) -> Iterator[Path]:
    """The folders below that hold a config.json; what lies in those is their own."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if (
            entry.name.startswith(".")
            or entry.name in _OWN_FOLDERS
            or not entry.is_dir(follow_symlinks=False)
        ):
            continue
        path = Path(entry.path)
        if (path / "config.json").is_file():
            yield path
        elif depth < _DEEPEST:
            yield from _folders(path, depth + 1)


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock of a run folder; it goes with the process, however that ends."""
    if not path.is_file():
        return False
    with _one_probe:
        try:
            import fcntl
        except ImportError:  # Windows, where a file that is locked cannot be read
            return _is_locked_for_reading(path)
        try:
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False


def _is_locked_for_reading(path: Path) -> bool:
    try:
        path.read_bytes()
    except PermissionError:
        return True
    except OSError:
        return False
    return False


def _last_of(records: list[Record], prefix: str) -> dict[str, float]:
    """The last numbers of a group, such as `losses.`, without the prefix."""
    for record in reversed(records):
        found = {
            name.removeprefix(prefix): value
            for name, value in row_of(record).items()
            if name.startswith(prefix) and value is not None
        }
        if found:
            return found
    return {}


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
