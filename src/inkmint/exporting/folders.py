"""Folders that an export makes: whole or absent, and replaced only where an export made them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from inkmint import __version__
from inkmint.errors import StorageError
from inkmint.files import atomic_folder, write_json

RECORD = "export.json"
"""What was exported, by what, and how far it is from torch."""


@contextmanager
def export_folder(path: Path, *, force: bool, record: Mapping[str, Any]) -> Iterator[Path]:
    """Yield an empty temporary folder that becomes `path` with a record in it, once all is written.

    Args:
        path: Where it is to be.
        force: Whether an earlier export gives way.
        record: What was exported; read when all is written.

    Raises:
        StorageError: Something else is there, an earlier export without `force`, or it cannot be written.
    """
    if path.is_dir() and any(path.iterdir()):
        if not (path / RECORD).is_file():
            raise StorageError(f"{path} holds something that is no export; choose a new or empty folder.")
        if not force:
            raise StorageError(
                f"{path} holds an earlier export; replace it with --force, or choose another folder."
            )
    with atomic_folder(path, replace=force) as folder:
        yield folder
        write_json(folder / RECORD, {"inkmint": __version__, **record})
