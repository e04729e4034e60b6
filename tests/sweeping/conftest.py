"""Sweeps of a small recogniser on few digits, by real commands that can be killed."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from inkmint.data.digits import Splits
from inkmint.sweeping import session
from inkmint.sweeping.plan import Plan
from inkmint.sweeping.storage import Store, open_store
from inkmint.sweeping.study import Sweep
from inkmint.sweeping.trial import Trial

pytest.importorskip("optuna")

NAME = "sizes"
LEARNING_RATE = "optimisers.recogniser.learning_rate"


@pytest.fixture
def make_plan(few: Splits) -> Callable[..., Plan]:
    def make(*settings: str, recipe: str = "lenet-quick", **options: Any) -> Plan:
        chosen = settings or ("batch_size=20,40", f"{LEARNING_RATE}=0.01..0.1:log:2")
        return session.make_plan(recipe, chosen, few, data="few", **{"epochs": 2} | options)

    return make


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "sweep.journal"))


class Workers:
    """Commands that work on one sweep, each in a process of its own, as on several terminals."""

    def __init__(self, folder: Path, data: Path, storage: str | None) -> None:
        self.folder, self.storage = folder, storage
        self._data = data
        self._processes: list[subprocess.Popen[str]] = []

    def start(self, *settings: str) -> subprocess.Popen[str]:
        """Start one more."""
        command = [sys.executable, "-m", "inkmint", "sweep", "lenet-quick", NAME, "--data", str(self._data)]
        command += [*settings, "--threads", "1", "--runs", str(self.folder)]
        command += ["--storage", self.storage] if self.storage else []
        process = subprocess.Popen(
            command,
            env={**os.environ, "INKMINT_OFFLINE": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._processes.append(process)
        return process

    @cached_property
    def sweep(self) -> Sweep:
        """The sweep, for looking on."""
        return session.open_sweep(NAME, self.folder, self.storage)

    def wait_for_trial_in_its_midst(self, but_of: tuple[int, ...] = ()) -> tuple[Trial, int]:
        """A trial that has trained an epoch and not yet ended, and the process that is at work on it."""
        while True:
            assert any(process.poll() is None for process in self._processes), self.said()
            if (self.folder / "sweeps" / NAME / "trial-0000").exists():
                for trial in self.sweep.trials():
                    run = self.folder / "sweeps" / NAME / f"trial-{trial.number:04d}"
                    pid = int(trial.machine.rpartition(":")[2] or 0)
                    is_at_work = trial.state == "running" and pid not in (0, *but_of)
                    if is_at_work and (run / "checkpoints" / "last.pt").exists():
                        return trial, pid
            time.sleep(0.05)

    def kill(self, pid: int) -> None:
        """Kill one outright."""
        process = next(process for process in self._processes if process.pid == pid)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL

    def begun_at(self, trial: Trial) -> int:
        """When the trial's run folder was begun; it is another time if it is begun anew."""
        return (
            (self.folder / "sweeps" / NAME / f"trial-{trial.number:04d}" / "config.json").stat().st_mtime_ns
        )

    def finish(self) -> list[str]:
        """Wait for those that are left; what each printed."""
        said = []
        for process in self._processes:
            if process.returncode is None:
                out, errors = process.communicate(timeout=600)
                assert process.returncode == 0, errors
                said.append(out)
        return said

    def said(self) -> str:
        """What has gone wrong, by those that ended of themselves."""
        return "\n".join(
            process.communicate()[1]
            for process in self._processes
            if process.poll() is not None and process.stderr and not process.stderr.closed
        )

    def require_every_trial_once(self, num_trials: int) -> list[Trial]:
        """Fail unless there are so many different trials, each trained and ended once."""
        trials = self.sweep.trials()
        assert [(trial.number, trial.state) for trial in trials] == [(n, "done") for n in range(num_trials)]
        assert len({json.dumps(trial.settings) for trial in trials}) == num_trials
        assert self.sweep.num_trials == num_trials
        for trial in trials:
            run = self.folder / "sweeps" / NAME / f"trial-{trial.number:04d}"
            records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
            told = Counter((record["step"], "losses" in record) for record in records)
            assert set(told.values()) == {1}, f"{run} was trained twice"
            figures = [record["figures"] for record in records if "figures" in record]
            assert trial.value == figures[-1]["validation_accuracy"]
        return trials

    def stop(self) -> None:
        """End what is left, also of a test that failed."""
        if "sweep" in vars(self):
            self.sweep.close()
        for process in self._processes:
            if process.poll() is None:
                process.kill()
                process.communicate()


@pytest.fixture
def workers_on(few_path: Path, tmp_path: Path) -> Iterator[Callable[[str | None], Workers]]:
    made: list[Workers] = []

    def make(storage: str | None = None) -> Workers:
        made.append(Workers(tmp_path / "runs", few_path, storage))
        return made[-1]

    yield make
    for workers in made:
        workers.stop()


def _postgresql(program: str) -> str | None:
    known = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))
    return shutil.which(program) or (str(known[-1]) if known else None)


@pytest.fixture
def postgresql(postgresql_server: str) -> str:
    """The address of a database with nothing in it."""
    import psycopg

    name = f"of_{uuid4().hex}"
    with psycopg.connect(f"{postgresql_server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return f"{postgresql_server}/{name}"


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The address of a PostgreSQL server that is started for these tests and gone after them."""
    pytest.importorskip("psycopg")
    import psycopg

    programs = {name: _postgresql(name) for name in ("initdb", "postgres")}
    if None in programs.values():
        pytest.skip(
            "PostgreSQL's initdb and postgres are not installed; on Debian: apt-get install postgresql"
        )
    folder = Path(tempfile.mkdtemp(prefix="inkmint-postgresql-"))
    as_user: dict[str, Any] = {}
    if os.getuid() == 0:  # which the server refuses to be
        try:
            shutil.chown(folder, "postgres")
        except LookupError:
            pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
        as_user = {"user": "postgres"}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quiet: dict[str, Any] = {
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.PIPE,
        "cwd": folder,
        **as_user,
    }
    prepare = [programs["initdb"], "-D", str(folder / "data"), "-A", "trust", "-U", "inkmint", "--no-sync"]
    subprocess.run([str(word) for word in prepare], check=True, **quiet)
    options = [
        "-D",
        str(folder / "data"),
        "-k",
        str(folder),
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
        "-c",
        "fsync=off",
    ]
    server = subprocess.Popen([str(programs["postgres"]), *options], **quiet | {"stderr": subprocess.DEVNULL})
    address = f"postgresql://inkmint@127.0.0.1:{port}"
    try:
        while True:
            assert server.poll() is None, "the server ended"
            try:
                psycopg.connect(f"{address}/postgres").close()
                break
            except psycopg.OperationalError:
                time.sleep(0.1)
        yield address
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(60)
        shutil.rmtree(folder, ignore_errors=True)
