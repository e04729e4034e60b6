"""A server with the page and canned answers, so that the page is tested without networks: real digits, made-up runs.

Whatever it answers fits the models in `inkmint.serving.answers`; `test_serving_page.py` checks that.
"""

import asyncio
import base64
import io
import json
import socket
import threading
import time
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import uvicorn
from PIL import Image, ImageDraw
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

import inkmint
from inkmint.serving.security import PAGE_POLICY
from inkmint.serving.studies_api import POLICY as STUDY_POLICY

PACKAGE = Path(inkmint.__file__).parent
PAGE = PACKAGE / "serving" / "page"
LEAST_INK = 0.004  # share of the paper; less is a dot

STUDY = """<!doctype html><html lang="en"><title>A study</title><style>body { font-family: serif }</style>
<main><h1>A study</h1><p>What was measured.</p></main></html>"""


@cache
def digits():
    """4,000 real digits by class, uint8 (n, 28, 28) each."""
    with np.load(PACKAGE / "data" / "starter" / "starter.npz") as file:
        images, labels = file["train_images"], file["train_labels"]
    return [images[labels == label] for label in range(10)]


def encoded(pixels, kind):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def png(pixels):
    return encoded(pixels, "PNG")


def uri(pixels):
    return f"data:image/png;base64,{base64.b64encode(png(pixels)).decode()}"


def grid(labels, seed=0):
    random = np.random.default_rng(seed)
    tiles = [digits()[label][random.integers(len(digits()[label]))] for label in labels]
    return np.vstack([np.hstack(tiles[start : start + 10]) for start in range(0, len(tiles), 10)])


def _picture_of(body):
    return np.asarray(Image.open(io.BytesIO(body)).convert("L"))


def look(body):
    """A 3 if there is enough ink, else a blot."""
    page = _picture_of(body)
    is_digit = (page < 128).mean() > LEAST_INK
    probabilities = [0.001] * 10
    probabilities[3], probabilities[8] = 0.95, 0.042
    y, x = np.mgrid[:28, :28]
    mask = np.exp(-((x - 14) ** 2 + (y - 12) ** 2) / 60)
    return {
        "digit": 3 if is_digit else None,
        "confidence": 0.95 if is_digit else 0.3,
        "probabilities": probabilities,
        "seen": uri(np.asarray(Image.fromarray(255 - page).resize((28, 28), Image.Resampling.BOX))),
        "mask": uri((mask * 255).astype(np.uint8)),
        "second": {"digit": 8, "probability": 0.042},
        "reason": None if is_digit else "not a digit: a blot",
    }


def read(body):
    picture = Image.open(io.BytesIO(body)).convert("RGB")
    ImageDraw.Draw(picture).rectangle((0, 0, picture.width - 1, picture.height - 1), outline=(0, 120, 60))

    def found(digit, place):
        rejected = digit is None
        return {
            "digit": digit,
            "guess": 7 if rejected else digit,
            "confidence": 0.41 if rejected else 0.98,
            "second": {"digit": 1, "probability": 0.01},
            "box": [10 + 30 * place, 10, 20, 28],
            "reason": "not a digit: a blot" if rejected else None,
        }

    lines = [("31 4", [3, 1, 4]), ("2?", [2, None])]
    return {
        "lines": [
            {"text": text, "digits": [found(d, place) for place, d in enumerate(line)]}
            for text, line in lines
        ],
        "size": list(picture.size),
        "annotated": uri(np.asarray(picture)),
        "note": None,
    }


def generator():
    return {
        "name": "house",
        "latent_size": 32,
        "num_classes": 10,
        "class_names": [str(label) for label in range(10)],
        "directions": [
            {"name": str(number), "deviation": 1.0, "explained": 0.3 / number} for number in range(1, 9)
        ],
    }


def mint(wishes):
    count = wishes.get("count") or 1
    labels = wishes.get("digits") or [wishes.get("digit") or 0] * count
    random = np.random.default_rng(wishes["seed"])
    pictures = []
    for label in labels:
        image = digits()[label][random.integers(200)]
        shift = round(sum(wishes.get("sliders", {}).values()))
        image = np.roll(image, shift, axis=1)
        pictures.append(uri(255 - image if wishes.get("paper") else image))
    return {"pictures": pictures, "labels": labels, "seed": wishes["seed"]}


class FakeRun:
    """A run that can be made to grow."""

    def __init__(self, name, status="finished", num_epochs=4, epochs_done=4.0, learning_rate=0.002):
        self.name, self.status, self.num_epochs, self.learning_rate = name, status, num_epochs, learning_rate
        self.records, self.events = [], []
        self.samples = [f"epoch_{epoch:04d}.png" for epoch in range(1, int(epochs_done) + 1)]
        for tenth in range(1, round(10 * epochs_done) + 1):
            self.records.append(self.record(tenth / 10))

    def record(self, epoch):
        wobble = 0.05 * np.sin(9 * epoch + self.learning_rate * 1000)
        record = {
            "step": round(390 * epoch),
            "epoch": epoch,
            "seconds": 30 * epoch,
            "images_per_sec": 1200.0 + epoch,
        }
        record["losses"] = {
            "generator/adversarial": 0.8 + 0.6 / (epoch + 0.4) + wobble,
            "generator/class_cross_entropy": 1.4 / (1 + 2 * epoch),
            "discriminator/real": 0.55 - 0.2 / (epoch + 1) - wobble,
            "discriminator/fake": 0.5 + wobble / 2,
        }
        if epoch == int(epoch):
            record["figures"] = {"label_agreement": 1 - 0.4 * 2.0**-epoch, "diversity": 0.6 + 0.05 * epoch}
            record["findings"] = []
        return record

    def grow(self):
        """Train for a tenth of an epoch."""
        record = self.record(round(self.records[-1]["epoch"] + 0.1, 1))
        self.records.append(record)
        self.events.append(("metrics", record))
        if "figures" in record:
            self.samples.append(f"epoch_{record['epoch']:04.0f}.png")
            self.events.append(("sample", {"name": self.samples[-1]}))

    def become(self, status):
        self.status = status
        self.events.append(("status", {"status": status}))
        if status != "running":
            self.events.append(("end", {"status": status}))

    def summary(self):
        last = self.records[-1]
        figures = next((record["figures"] for record in reversed(self.records) if "figures" in record), {})
        return {
            "name": self.name,
            "folder": self.name.replace(":", "/"),
            "recipe": "hu2024/acgan-sa-quick",
            "model": "acgan-sa",
            "status": self.status,
            "step": last["step"],
            "epoch": last["epoch"],
            "num_epochs": self.num_epochs,
            "started": time.time() - 500,
            "changed": time.time() - 65,
            "seconds": last["seconds"],
            "losses": last["losses"],
            "figures": figures,
        }

    def details(self):
        optimiser = {"kind": "adam", "learning_rate": self.learning_rate, "beta1": 0.5}
        recipe = {
            "name": "hu2024/acgan-sa-quick",
            "epochs": self.num_epochs,
            "optimisers": {"generator": optimiser},
        }
        return self.summary() | {
            "config": {
                "recipe": recipe,
                "data": "starter",
                "seed": 0,
                "device": "cpu",
                "class_names": list("0123"),
            },
            "environment": {"python": "3.11", "cores": 2},
            "findings": ["The discriminator is far ahead."] if self.status == "failed" else [],
            "samples": len(self.samples),
            "report": "studies/demo/report.html" if self.status == "finished" else None,
        }

    def curves(self):
        names = ["step", "epoch", "seconds", "images_per_sec"]
        columns = {name: [record.get(name) for record in self.records] for name in names}
        for kind in ("losses", "figures"):
            for name in {name: None for record in self.records for name in record.get(kind, {})}:
                columns[f"{kind}.{name}"] = [record.get(kind, {}).get(name) for record in self.records]
        return {
            "columns": columns,
            "points": len(self.records),
            "records": len(self.records),
            "offset": len(self.events),
        }


class FakeServer:
    """The page, its contract, and what was asked of it."""

    def __init__(self):
        self.asked = []
        self.refusal = ""
        self.holds = []  # events that the next answers wait for
        self.runs = {
            run.name: run
            for run in (
                FakeRun("acgan-sa-quick-s0-0003", "running", 12, 2.4),
                FakeRun("quality:house-s0", "finished"),
                FakeRun("quality:house-s1", "finished", learning_rate=0.001),
                FakeRun("dcgan-s0-0001", "failed", 8, 1.5),
                FakeRun("lenet-s4-0002", "interrupted", 8, 3.0),
            )
        }
        self.app = Starlette(
            routes=[
                Route("/", self._page),
                Mount("/static", StaticFiles(directory=PAGE)),
                Route("/api/look", self._posted(lambda body: look(body)), methods=["POST"]),
                Route("/api/read", self._posted(lambda body: read(body)), methods=["POST"]),
                Route("/api/generate", self._posted(lambda body: mint(json.loads(body))), methods=["POST"]),
                Route("/api/generator", self._got(lambda _: generator())),
                Route("/api/runs", self._got(lambda _: [run.summary() for run in self.runs.values()])),
                Route("/api/runs/{name}", self._got(lambda run: run.details())),
                Route("/api/runs/{name}/metrics", self._got(lambda run: run.curves())),
                Route("/api/runs/{name}/samples", self._got(lambda run: run.samples)),
                Route("/api/runs/{name}/samples/{file}", self._sample),
                Route("/api/runs/{name}/events", self._events),
                Route("/api/compare", self._compare),
                Route("/api/studies", self._got(lambda _: self.studies())),
                Route("/studies/{path:path}", self._study),
            ],
            middleware=[Middleware(_Strict)],
        )

    def studies(self):
        page = {
            "kind": "demo",
            "folder": "demo",
            "url": "studies/demo/report.html",
            "changed": time.time() - 7200,
        }
        return [
            page | {"title": "demo: a reader and a generator"},
            page | {"title": "House, three seeds", "kind": "run", "folder": "quality/house-s0"},
        ]

    async def _page(self, _request):
        return Response((PAGE / "index.html").read_bytes(), media_type="text/html")

    def _posted(self, answer):
        async def endpoint(request):
            body = await request.body()
            self.asked.append((request.url.path, request.headers["content-type"], body))
            hold = self.holds.pop(0) if self.holds else None
            while hold and not hold.is_set():
                await asyncio.sleep(0.01)
            if self.refusal:
                return JSONResponse({"error": self.refusal}, 422)
            return JSONResponse(answer(body))

        return endpoint

    def _got(self, answer):
        async def endpoint(request):
            name = request.path_params.get("name")
            if name is not None and name not in self.runs:
                return JSONResponse({"error": f"There is no run {name}."}, 404)
            return JSONResponse(answer(self.runs.get(name)))

        return endpoint

    async def _sample(self, request):
        epoch = int(request.path_params["file"][6:10])
        clean = grid([label for label in range(10) for _ in range(10)]).astype(float)
        noise = np.random.default_rng(0).uniform(0, 255, clean.shape)
        share = 0.5**epoch
        return Response(png(((1 - share) * clean + share * noise).astype(np.uint8)), media_type="image/png")

    async def _events(self, request):
        run = self.runs[request.path_params["name"]]

        async def stream(place):
            yield ": still here\n\n"
            while True:
                for name, data in run.events[place:]:
                    yield f"event: {name}\ndata: {json.dumps(data)}\n\n"
                    place += 1
                    if name == "end":
                        return
                await asyncio.sleep(0.02)

        return StreamingResponse(stream(int(request.query_params["after"])), media_type="text/event-stream")

    async def _compare(self, request):
        runs = [self.runs[name] for name in request.query_params.getlist("runs")]
        rates = [run.learning_rate for run in runs]
        return JSONResponse(
            {
                "runs": [run.summary() for run in runs],
                "differences": [{"field": "recipe.optimisers.generator.learning_rate", "values": rates}],
                "curves": [run.curves() for run in runs],
            }
        )

    async def _study(self, _request):
        return HTMLResponse(STUDY, headers={"Content-Security-Policy": STUDY_POLICY})


class _Strict:
    def __init__(self, app):
        self._app = app

    async def __call__(self, scope, receive, send):
        async def strict(message):
            if message["type"] == "http.response.start":
                names = [name for name, _ in message["headers"]]
                if b"content-security-policy" not in names:
                    message["headers"].append((b"content-security-policy", PAGE_POLICY.encode()))
                message["headers"].append((b"cache-control", b"no-store"))
            await send(message)

        await self._app(scope, receive, strict)


@contextmanager
def served(app):
    """The address of an application that runs in a thread."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
