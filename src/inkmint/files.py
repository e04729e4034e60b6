"""Files that are either whole or absent: atomic writes, JSON, and hashes."""

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from inkmint.errors import StorageError

UNFINISHED = ".unfinished-"
"""How the names of files begin that are still being written; what a killed process leaves may be deleted."""

_CAUSES = {
    errno.ENOSPC: "the disk is full; free some room and try again",
    errno.EDQUOT: "your disk quota is used up; free some room and try again",
    errno.EACCES: "permission is denied; choose a folder you may write to",
    errno.EPERM: "permission is denied; choose a folder you may write to",
    errno.EROFS: "the file system is read-only; choose a folder you may write to",
    errno.ENOTDIR: "a part of the path is a file, not a folder; choose another path",
    errno.EISDIR: "it is a folder, not a file; choose another path",
    errno.EEXIST: "a file of that name is in the way; choose another path",
    errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
}


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn the system's refusals to write `path` into a `StorageError` that names the cause."""
    try:
        yield
    except OSError as error:
        cause = _CAUSES.get(error.errno or 0, f"the system says: {error.strerror or error}")
        raise StorageError(f"Cannot write {path}: {cause}.") from error


def make_folder(path: Path) -> Path:
    """Create a folder and its parents; an existing one is fine.

    Raises:
        StorageError: It cannot be created; the message says why.
    """
    with storage_errors(path):
        path.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it replaces `path`, on failure it is removed.

    A reader sees the earlier file or the whole new one, never a part, also after a power cut.

    Raises:
        StorageError: The folder is not writable or the disk is full; the earlier file is untouched.
    """
    make_folder(path.parent)
    with storage_errors(path):
        handle, name = tempfile.mkstemp(
            dir=path.parent, prefix=f"{UNFINISHED}{path.name}.", suffix=path.suffix
        )
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
            temporary.chmod(0o666 & ~_umask())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path, *, replace: bool = False) -> Iterator[Path]:
    """Yield an empty temporary folder beside `path`; on success it becomes `path`, on failure it is removed.

    Args:
        path: Where it is to be.
        replace: Whether a folder that is there gives way, with all that it holds, once the new one is whole.

    Raises:
        StorageError: `path` exists and is not empty, or cannot be written.
    """
    with storage_errors(path):
        if path.exists() and (not path.is_dir() or (any(path.iterdir()) and not replace)):
            raise StorageError(f"{path} exists already; choose a new or empty folder.")
        make_folder(path.parent)
        temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f"{UNFINISHED}{path.name}."))
        retired = temporary.with_name(f"{temporary.name}.replaced")
        try:
            yield temporary
            temporary.chmod(make_folder(path).stat().st_mode)
            path.rename(retired) if replace else path.rmdir()
            temporary.rename(path)
        finally:
            if retired.exists() and not path.exists():
                retired.rename(path)
            for remains in (temporary, retired):
                shutil.rmtree(remains, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically, in UTF-8."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file atomically. Infinite and undefined numbers are refused, being no JSON."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file. Raises `OSError` or `ValueError`, for the caller to explain."""
    return json.loads(path.read_text(encoding="utf-8"))


def sha256_bytes(content: bytes | bytearray | memoryview) -> str:
    """SHA-256 of a byte string, as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's bytes, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
