"""Where a sweep's trials are kept: in a journal file, or in a PostgreSQL server for machines that share no folder.

Both have one lock for each sweep. Whoever begins, takes or ends a trial holds it meanwhile, so that what he has read
is still true when he writes. It goes with its process, or with its connection.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from inkmint.errors import SettingsError, StorageError
from inkmint.files import make_folder, storage_errors

if TYPE_CHECKING:
    from optuna.storages import BaseStorage

CONNECT_TIMEOUT_SEC = 10
_SERVER_SETTINGS = {
    # A machine that has lost its power says no goodbye; the server finds out, and frees its lock.
    "tcp_keepalives_idle": 10,
    "tcp_keepalives_interval": 5,
    "tcp_keepalives_count": 3,
}
_TABLES = "inkmint sweep tables"
_BEGINNING = b'{"op_code":'


@dataclass(frozen=True, eq=False)
class Store:
    """A place for sweeps.

    Attributes:
        trials: Optuna's.
        lock_of: The lock of the sweep of that name.
        place: Where it is, for messages; without a password.
        close: Gives back connections.
    """

    trials: "BaseStorage"
    lock_of: Callable[[str], AbstractContextManager[Any]]
    place: str
    close: Callable[[], None] = lambda: None

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """Turn what goes wrong in the storage into a `StorageError`."""
        from optuna.exceptions import StorageInternalError
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with storage_errors(Path(self.place)):
                yield
        except (SQLAlchemyError, StorageInternalError) as error:
            raise StorageError(
                f"The storage {self.place} does not answer ({_first_line(error)}); see to it, then the same command "
                "goes on."
            ) from error

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Hold the sweep of that name.

        Raises:
            StorageError: The storage cannot be reached.
        """
        with self.refusals(), self.lock_of(name):
            yield


def is_server(place: str) -> bool:
    """Whether it is an address, and not a path."""
    return "://" in place


def open_store(place: str) -> Store:
    """Open a journal file, which is made if need be, or connect to `postgresql://user@host/database`.

    Raises:
        SettingsError: Optuna or the driver is not installed, or the address is of another kind of storage.
        StorageError: The file cannot be written, or the server does not answer.
    """
    require_optuna()
    return _open_server(place) if is_server(place) else _open_journal(Path(place))


def require_optuna() -> None:
    """Raise `SettingsError` that says how to install Optuna, unless it is there."""
    try:
        import optuna
    except ImportError as error:
        raise SettingsError(
            "Sweeps need Optuna, which is not installed; run: pip install 'inkmint[sweep]'"
        ) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)


class _JournalLock:
    """The lock of a journal file, as Optuna asks for it; unlike Optuna's own, a killed process does not keep it.

    It also cuts off the half line of a process that was killed as it wrote, which would make the file unreadable.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.file_lock = FileLock(path.with_name(f"{path.name}.lock"))

    def acquire(self) -> bool:
        """Wait for it; a thread that has it may take it again."""
        self.file_lock.acquire()
        try:
            _cut_half_line(self._path)
        except BaseException:
            self.file_lock.release()
            raise
        return True

    def release(self) -> None:
        """Give it back as often as it was taken."""
        self.file_lock.release()


def _cut_half_line(path: Path) -> None:
    with path.open("rb+") as file:
        if not file.seek(0, 2):
            return
        file.seek(-1, 2)
        if file.read(1) != b"\n":
            file.seek(0)
            file.truncate(file.read().rfind(b"\n") + 1)


def _open_journal(path: Path) -> Store:
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    make_folder(path.parent)
    with storage_errors(path):
        path.touch()
        if not path.is_file():
            raise StorageError(f"{path} is a folder; name a file for the journal in it.")
        lock = _JournalLock(path)
        try:
            _require_journal(path)
            with lock.file_lock:
                storage = JournalStorage(JournalFileBackend(str(path), lock_obj=lock))  # type: ignore[arg-type]
        except (ValueError, KeyError, TypeError, AssertionError) as error:
            raise StorageError(
                f"{path} is no journal of a sweep, or it is damaged; name another file, or delete it to begin anew."
            ) from error
    return Store(storage, lambda _: lock.file_lock, str(path))


def _require_journal(path: Path) -> None:
    """Raise `ValueError` unless the file is empty or begins as a journal does."""
    with path.open("rb") as file:
        found = file.read(len(_BEGINNING))
    if found and not _BEGINNING.startswith(found):
        raise ValueError


def _open_server(address: str) -> Store:
    try:
        from sqlalchemy import create_engine, text
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import ArgumentError, SQLAlchemyError

        url = make_url(re.sub(r"^postgres(ql)?(\+psycopg)?://", "postgresql+psycopg://", address))
        if url.drivername != "postgresql+psycopg":
            raise SettingsError(
                f"{url.drivername!r} is no storage for sweeps; name a journal file, or postgresql://user@host/database."
            )
        import psycopg  # noqa: F401
    except ImportError as error:
        raise SettingsError(
            "PostgreSQL needs the driver psycopg, which is not installed; run: pip install 'inkmint[postgres]'"
        ) from error
    except (ArgumentError, ValueError) as error:
        raise SettingsError(
            "The address of the PostgreSQL server cannot be read; write postgresql://user@host:5432/database."
        ) from error
    from optuna.storages import RDBStorage

    place = url.set(drivername="postgresql", query={}).render_as_string()
    options = " ".join(f"-c {name}={value}" for name, value in _SERVER_SETTINGS.items())
    settings = {
        "connect_timeout": CONNECT_TIMEOUT_SEC,
        "options": options,
        "application_name": "inkmint sweep",
    }
    arguments = {name: value for name, value in settings.items() if name not in url.query}
    engine_options: dict[str, Any] = {"pool_pre_ping": True, "connect_args": arguments}
    engine = create_engine(url, **engine_options)

    @contextmanager
    def locked(name: str) -> Iterator[None]:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _key(name)})
            yield

    try:
        with locked(_TABLES):  # else two that come first would both make the tables
            storage = RDBStorage(url.render_as_string(hide_password=False), engine_kwargs=engine_options)
    except SQLAlchemyError as error:
        raise StorageError(
            f"The PostgreSQL server {place} cannot be used ({_first_line(error)}); check that it runs, and the address."
        ) from error
    except RuntimeError as error:
        raise StorageError(
            f"The tables in {place} are of another version of Optuna; upgrade one of both, or name another database."
        ) from error

    def close() -> None:
        storage.remove_session()
        storage.engine.dispose()
        engine.dispose()

    return Store(storage, locked, place, close)


def _key(name: str) -> int:
    digest = hashlib.sha256(f"inkmint sweep {name}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)


def _first_line(error: Exception) -> str:
    cause = error.__cause__ or error
    text = str(getattr(cause, "orig", None) or cause).strip()
    return text.splitlines()[0][:200] if text else type(error).__name__
