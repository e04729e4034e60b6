"""Clients, pictures and run folders for the tests of the server."""

import asyncio
import base64
import io
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from fastapi import FastAPI
from PIL import Image, ImageDraw

from inkmint.serving.addresses import listen
from inkmint.serving.server import Server

HOST = "http://127.0.0.1:8765"


class Client:
    """Asks an application, each time in an event loop of its own."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app

    def request(
        self, method: str, path: str, client: str = "127.0.0.1", base: str = HOST, **options: Any
    ) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=(client, 50000))
            async with httpx.AsyncClient(transport=transport, base_url=base) as asking:
                return await asking.request(method, path, **options)

        return asyncio.run(ask())

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)

    def upload(self, path: str, content: bytes, kind: str = "image/png", **options: Any) -> httpx.Response:
        return self.post(path, content=content, headers={"Content-Type": kind}, **options)

    def refusal(self, response: httpx.Response, status: int) -> str:
        """The sentence of a refusal with this status."""
        assert response.status_code == status, response.text[:500]
        (sentence,) = [response.json()["error"]]
        assert list(response.json()) == ["error"]
        assert "\n" not in sentence
        assert sentence.endswith(".")
        return str(sentence)


@contextmanager
def running(app: FastAPI) -> Iterator[str]:
    """A server on a free loopback port; its address."""
    listening = listen("127.0.0.1", 0)
    server = Server(app)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        deadline = time.monotonic() + 20
        while not server.started:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        listening.close()
        assert not thread.is_alive()


def png(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def pixels(uri: str) -> np.ndarray:
    """A `data:` address as pixels."""
    head, content = uri.split(",")
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))


def drawing(shape: str = "one") -> Image.Image:
    """Black on white: an upright stroke, a seven, or nothing."""
    image = Image.new("L", (320, 240), 255)
    draw = ImageDraw.Draw(image)
    if shape == "one":
        draw.line([(160, 50), (160, 190)], fill=0, width=14)
    elif shape == "seven":
        draw.line([(110, 60), (200, 60), (140, 190)], fill=0, width=14, joint="curve")
    return image


def make_run(path: Path, state: str = "finished", records: int = 20, **changes: Any) -> Path:
    """A run folder as training leaves it, without torch."""
    path.mkdir(parents=True)
    recipe = {
        "name": "raza2021/gan-quick",
        "model": "gan",
        "epochs": 4,
        "batch_size": 64,
        "options": {"loss": "minimax"},
    }
    (path / "config.json").write_text(
        json.dumps({"format": 2, "recipe": recipe | changes, "seed": 0, "data": "starter"})
    )
    (path / "environment.json").write_text(json.dumps({"python": "3.11", "versions": {"torch": "2"}}))
    (path / "status.json").write_text(json.dumps({"state": state, "pid": 1, "time": 0.0}))
    write_records(path, range(1, records + 1))
    (path / "samples").mkdir()
    Image.new("L", (29, 29), 9).save(path / "samples" / "epoch_0001.png")
    return path


def write_records(path: Path, steps: Any) -> None:
    """Add records as the recorder does: losses at every step, figures at every tenth."""
    with (path / "metrics.jsonl").open("a") as file:
        for step in steps:
            place = {"step": step, "epoch": step / 10, "seconds": 0.5 * step}
            losses = {**place, "losses": {"generator/adversarial": 1 / step}, "images_per_sec": 100.0}
            file.write(json.dumps(losses) + "\n")
            if step % 10 == 0:
                figures = {**place, "figures": {"label_agreement": 0.5}, "findings": ["It is blurred."]}
                file.write(json.dumps(figures) + "\n")
