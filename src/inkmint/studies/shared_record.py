"""What a study has found so far, in a file that several processes may add to.

results.json   format: of the file; protocol: what decides every result; cells: one for each result
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock

from inkmint.errors import RunError, SettingsError
from inkmint.files import make_folder, read_json, storage_errors, write_json

FILE_NAME = "results.json"


class SharedRecord:
    """The results in a folder, as plain data by name.

    Args:
        folder: Of the study.
        protocol: What decides every result, as plain data.
        format: Of the file.

    Raises:
        SettingsError: The folder holds results of another protocol.
        RunError: They are damaged.
    """

    def __init__(self, folder: Path, protocol: Mapping[str, Any], format: int) -> None:
        self._path, self._protocol, self._format = make_folder(folder) / FILE_NAME, dict(protocol), format
        with self._lock():
            self._write(self.read())

    def read(self) -> dict[str, dict[str, Any]]:
        """What is there by now."""
        if not self._path.exists():
            return {}
        try:
            data = read_json(self._path)
            found, protocol, cells = data["format"], data["protocol"], dict(data["cells"])
            other = [name for name in self._protocol if protocol.get(name) != self._protocol[name]]
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise self.damaged() from error
        if found != self._format:
            raise RunError(
                f"{self._path} is of another version of inkmint; give another folder with --output."
            )
        if other:
            raise SettingsError(
                f"{self._path.parent} was begun with another {other[0].replace('_', ' ')}; give the same settings as "
                "before, or another folder with --output."
            )
        return cells

    def put(self, name: str, cell: Mapping[str, Any]) -> None:
        """Write one more at once, beside those that other processes have added."""
        with self._lock():
            self._write(self.read() | {name: dict(cell)})

    def damaged(self) -> RunError:
        """What to raise where the file makes no sense."""
        return RunError(f"{self._path} is damaged; delete it, or give another folder with --output.")

    def _lock(self) -> FileLock:
        with storage_errors(self._path):
            return FileLock(self._path.with_suffix(".lock"))

    def _write(self, cells: Mapping[str, Any]) -> None:
        write_json(self._path, {"format": self._format, "protocol": self._protocol, "cells": dict(cells)})
