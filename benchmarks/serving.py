"""`inkmint serve` under load: errors, seconds per answer and memory with many clients at once.

    python benchmarks/serving.py [--seconds 60] [--clients 32] [--threads N] [--model NAME] [--generator NAME]

The server runs in a process of its own, on this machine and without a rate limit. Every client asks again as soon as it
is answered: of ten requests six look at a drawing, two read a page of six digits and two mint ten digits. The clients
compute here too, so on few cores they slow the server. Memory is the server's resident set.
"""

import argparse
import asyncio
import io
import itertools
import subprocess
import sys
import sysconfig
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import resources
from importlib.metadata import version
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

from inkmint.runtime import environment

MIX = ("look", "look", "read", "look", "generate", "look", "look", "read", "look", "generate")
EARLY_SEC = 10.0
PACKAGES = ("fastapi", "uvicorn", "onnxruntime", "numpy", "pillow")


@dataclass
class Counts:
    """What the clients saw."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: dict[str, int] = field(default_factory=lambda: defaultdict(int))


def pictures() -> tuple[list[bytes], list[bytes]]:
    """Drawings of one digit and pages of six, as PNG, from the validation images of the starter set."""
    starter = Path(str(resources.files("inkmint"))) / "data" / "starter" / "starter.npz"
    with np.load(starter) as arrays:
        digits = 255 - arrays["validation_images"][:60]
    drawings = [_png(np.pad(digit, 6, constant_values=255), 8) for digit in digits]
    rows = [
        np.hstack([np.pad(digit, 8, constant_values=255) for digit in six])
        for six in digits.reshape(10, 6, 28, 28)
    ]
    return drawings, [_png(row, 4) for row in rows]


def _png(pixels: np.ndarray, times: int) -> bytes:
    stream = io.BytesIO()
    size = pixels.shape[1] * times, pixels.shape[0] * times
    Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC).save(stream, "PNG")
    return stream.getvalue()


@contextmanager
def server(arguments: argparse.Namespace) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The server's process and its address."""
    command = [
        str(Path(sysconfig.get_path("scripts")) / "inkmint"),
        "serve",
        "--no-open",
        "--port",
        "0",
        "--rate",
        "0",
    ]
    for name in ("threads", "model", "generator"):
        if getattr(arguments, name):
            command += [f"--{name}", str(getattr(arguments, name))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                sys.exit("The server did not start; it says why above.")
            yield process, line.split()[-1]
        finally:
            process.terminate()


def memory_mb(process: subprocess.Popen[str]) -> float:
    """Resident set of the server; NaN where the system does not tell."""
    try:
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    except OSError:
        return float("nan")
    return next(
        (int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS")),
        float("nan"),
    )


async def ask(
    client: httpx.AsyncClient, kind: str, number: int, drawings: list[bytes], pages: list[bytes]
) -> httpx.Response:
    """One request of a kind."""
    if kind == "generate":
        return await client.post("api/generate", json={"digits": list(range(10)), "seed": number})
    content = (drawings if kind == "look" else pages)[number % (60 if kind == "look" else 10)]
    return await client.post(f"api/{kind}", content=content, headers={"Content-Type": "image/png"})


async def work(
    address: str, place: int, until: float, counts: Counts, drawings: list[bytes], pages: list[bytes]
) -> None:
    """One client, until the time is over."""
    async with httpx.AsyncClient(base_url=address, timeout=60) as client:
        for number in itertools.count(place):
            started = time.perf_counter()
            if started >= until:
                return
            kind = MIX[number % len(MIX)]
            try:
                response = await ask(client, kind, number, drawings, pages)
            except httpx.HTTPError as error:
                counts.errors[f"{kind}: {type(error).__name__}"] += 1
                continue
            if response.status_code == 200:
                counts.seconds[kind].append(time.perf_counter() - started)
            else:
                counts.errors[f"{kind}: status {response.status_code}"] += 1


async def load(
    address: str, process: subprocess.Popen[str], arguments: argparse.Namespace
) -> tuple[Counts, float, float]:
    """All clients at once; what they saw, for how long, and the server's memory after the first seconds."""
    counts, (drawings, pages) = Counts(), pictures()
    started = time.perf_counter()
    until = started + arguments.seconds
    early: list[float] = []

    async def look_early() -> None:
        await asyncio.sleep(min(EARLY_SEC, arguments.seconds / 2))
        early.append(memory_mb(process))

    clients = [work(address, place, until, counts, drawings, pages) for place in range(arguments.clients)]
    await asyncio.gather(look_early(), *clients)
    return counts, time.perf_counter() - started, early[0]


def warmed(address: str) -> None:
    """Wait until every kind of request is answered."""
    drawings, pages = pictures()

    async def each_once() -> None:
        async with httpx.AsyncClient(base_url=address, timeout=60) as client:
            for kind in dict.fromkeys(MIX):
                response = await ask(client, kind, 0, drawings, pages)
                if response.status_code != 200:
                    sys.exit(f"{kind} is refused: {response.text}")

    asyncio.run(each_once())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--model", default="")
    parser.add_argument("--generator", default="")
    arguments = parser.parse_args()
    machine = environment()
    with server(arguments) as (process, address):
        warmed(address)
        before = memory_mb(process)
        counts, seconds, early = asyncio.run(load(address, process, arguments))
        after = memory_mb(process)
        alive = process.poll() is None and httpx.get(f"{address}api/health", timeout=10).status_code == 200

    answered = sum(len(each) for each in counts.seconds.values())
    print(f"command   python {' '.join(sys.argv)}")
    print(f"machine   {machine['processor']}, {machine['num_cpus']} CPUs")
    print(f"versions  Python {machine['python']}, { ({name: version(name) for name in PACKAGES}) }")
    print(
        f"{arguments.clients} clients for {seconds:.1f} s: {answered:,} answers, {answered / seconds:.1f} a second"
    )
    for kind in dict.fromkeys(MIX):
        values = np.array(counts.seconds[kind] or [float("nan")])
        middle, high = 1000 * np.percentile(values, [50, 99])
        print(
            f"  {kind:<9} {len(counts.seconds[kind]):>6,} answers  p50 {middle:>7.1f} ms  p99 {high:>7.1f} ms"
        )
    print(f"errors    {sum(counts.errors.values())}  {dict(counts.errors) or ''}".rstrip())
    print(f"memory    {before:.0f} MB at the start, {early:.0f} MB early, {after:.0f} MB at the end")
    print(f"the server {'goes on' if alive else 'HAS STOPPED'}")
    sys.exit(bool(counts.errors) or not alive)


if __name__ == "__main__":
    main()
