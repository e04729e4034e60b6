"""The cache folder: fetched files, verified and unpacked, shared by all processes of the user.

Files appear whole or not at all, so reading needs no lock; a lock per source sees to it that only one
process fetches. Every read is verified, so a damaged file is fetched again and never used.
"""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout

from inkmint.data.catalogue import KnownFile, Source
from inkmint.data.fetch import Progress, fetch_files, verified
from inkmint.errors import DataError, StorageError
from inkmint.files import atomic_path, make_folder


class CacheWarning(UserWarning):
    """The cache is damaged or cannot be written; the work goes on without it."""


def cache_folder() -> Path:
    """The folder of the cache: INKMINT_CACHE, or the platform's own place. It may not exist yet."""
    setting = os.environ.get("INKMINT_CACHE")
    return Path(setting).expanduser() if setting else platformdirs.user_cache_path("inkmint")


def is_cached(source: Source) -> bool:
    """Whether all files of `source` are there with the right size; their content is checked on reading."""
    folder = cache_folder() / source.name
    try:
        return bool(source.files) and all(
            (folder / file.name).stat().st_size == file.num_bytes for file in source.files
        )
    except OSError:
        return False


def load_files(
    source: Source, *, offline: bool = False, progress: Progress | None = None
) -> dict[str, bytes]:
    """Read the files of `source` from the cache, fetching what is missing or damaged.

    If the cache cannot be written, the fetched bytes are used all the same, with a `CacheWarning`.

    Args:
        source: What to load.
        offline: Whether to leave the network alone.
        progress: Told how far a fetch is.

    Returns:
        The verified, unpacked content by file name.

    Raises:
        NotFetchedError: It is not in the cache and could not be fetched.
    """
    folder = cache_folder() / source.name
    contents = _read_sound(folder, source)
    if len(contents) == len(source.files):
        return contents
    with _lock(source, progress):
        contents = _read_sound(folder, source)  # another process may have fetched meanwhile
        missing = [file for file in source.files if file.name not in contents]
        for file in missing:
            _drop_damaged(folder / file.name)
        if missing:
            fetched = fetch_files(source, missing, offline=offline, progress=progress)
            _store(folder, fetched)
            contents |= fetched
    return contents


def _read_sound(folder: Path, source: Source) -> dict[str, bytes]:
    contents = {}
    for file in source.files:
        with suppress(OSError, DataError):
            contents[file.name] = _read(folder / file.name, file)
    return contents


def _read(path: Path, file: KnownFile) -> bytes:
    if path.stat().st_size != file.num_bytes:
        raise DataError(f"{path} has another size than {file.name}; delete it.")
    return verified(path.read_bytes(), file, str(path))


def _drop_damaged(path: Path) -> None:
    if path.exists():
        warnings.warn(f"{path} was damaged, so it is fetched again.", CacheWarning, stacklevel=4)
        with suppress(OSError):
            path.unlink()


def _store(folder: Path, contents: dict[str, bytes]) -> None:
    try:
        for name, content in contents.items():
            with atomic_path(folder / name) as temporary:
                temporary.write_bytes(content)
    except StorageError as error:
        warnings.warn(f"The data is used without being cached: {error}", CacheWarning, stacklevel=4)


@contextmanager
def _lock(source: Source, progress: Progress | None) -> Iterator[None]:
    """Hold the lock of `source`, or none where the cache cannot be written."""
    lock = None
    with suppress(StorageError, OSError, NotImplementedError):
        lock = FileLock(make_folder(cache_folder()) / f"{source.name}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if progress:
                progress(f"waiting for another process that fetches {source.name}", 0, 0)
            lock.acquire()
    try:
        yield
    finally:
        if lock:
            lock.release()
