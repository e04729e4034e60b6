"""Feed spoiled pictures, IDX and NPZ files to everything that reads them, and report what is not refused in a sentence.

    python scripts/fuzz_readers.py [--minutes 10] [--seed 0] [--keep FOLDER]
    python scripts/fuzz_readers.py --replay FOLDER/picture-0123456789ab.bin

Small whole files are spoiled at random, the same way for the same seed, and read in a process of its own. A finding is
an exception that is no InkmintError, a reading of more than 5 seconds, more than 1 GB of memory, or a process that
dies. Every finding is kept as a file, one for each kind, with what happened beside it; the exit code is then 1.
"""

import hashlib
import multiprocessing
import random
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click
from fuzz_targets import TARGETS, work
from mutations import mutated, seeds

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

MOST_SEC = 5.0
MOST_MB = 1024.0
_TOLD_EVERY_SEC = 10.0
_START_SEC = 60.0  # to import what is read with
_FINE = ("accepted", "refused")


class Victim:
    """A process that reads files; it is started again when it hangs, dies or has grown."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None

    def reads(self, target: str, content: bytes) -> tuple[str, str]:
        """What came of it: `accepted`, `refused`, or what went wrong; and details."""
        fresh = self._connection is None
        if self._connection is None:
            self._connection, other = self._context.Pipe()
            self._process = self._context.Process(target=work, args=(other,), daemon=True)
            self._process.start()
            other.close()
        self._connection.send((target, content))
        started = time.monotonic()
        if not self._connection.poll(MOST_SEC + _START_SEC * fresh):
            self.stop()
            return f"more than {MOST_SEC:g} seconds", f"killed after {time.monotonic() - started:.1f} seconds"
        try:
            outcome, details, peak_mb = self._connection.recv()
        except (EOFError, ConnectionError):
            self.stop()
            return "the process died", ""
        if peak_mb > MOST_MB:
            self.stop()
            return f"more than {MOST_MB:g} MB", f"{peak_mb:,.0f} MB at its peak, then: {outcome} {details}"
        return outcome, details

    def stop(self) -> None:
        """End the process."""
        if self._process and self._connection:
            self._process.kill()
            self._process.join()
            self._connection.close()
        self._process = self._connection = None


class Findings:
    """Keeps the first file of every kind of finding.

    Args:
        folder: Where to.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.counts: Counter[str] = Counter()

    def add(self, target: str, content: bytes, outcome: str, details: str) -> None:
        where = next((line.strip() for line in reversed(details.splitlines()) if "inkmint" in line), "")
        kind = f"{target}: {outcome} {where}".strip()
        self.counts[kind] += 1
        if self.counts[kind] > 1:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{target}-{hashlib.sha256(content).hexdigest()[:12]}.bin"
        path.write_bytes(content)
        path.with_suffix(".txt").write_text(f"{kind}\n{details}\n", encoding="utf-8")
        click.echo(f"found: {kind}\n  kept as {path}")


def fuzz(seconds: float, seed: int, findings: Findings) -> Counter[tuple[str, str]]:
    """Feed spoiled files for so long; how often which outcome came of which target."""
    corpus, random_, victim = seeds(), random.Random(seed), Victim()
    outcomes: Counter[tuple[str, str]] = Counter()
    started = told = time.monotonic()
    try:
        while time.monotonic() - started < seconds:
            target = random_.choices(list(TARGETS), weights=(6, 2, 2))[0]
            content = mutated(random_.choice(corpus[target]), corpus[target], random_)
            outcome, details = victim.reads(target, content)
            outcomes[target, outcome if outcome in _FINE else "found"] += 1
            if outcome not in _FINE:
                findings.add(target, content, outcome, details)
            if time.monotonic() - told > _TOLD_EVERY_SEC:
                told = time.monotonic()
                passed = f"{told - started:.0f} of {seconds:.0f} s"
                click.echo(
                    f"{passed}, {outcomes.total():,} files, {len(findings.counts)} kinds of findings",
                    err=True,
                )
    finally:
        victim.stop()
    return outcomes


def replay(path: Path) -> None:
    """Feed one kept file again and print what comes of it."""
    target = path.name.split("-")[0]
    if target not in TARGETS:
        raise click.ClickException(
            f"{path} is no kept file; its name begins with one of {', '.join(TARGETS)}."
        )
    victim = Victim()
    outcome, details = victim.reads(target, path.read_bytes())
    victim.stop()
    click.echo(f"{outcome}\n{details}")
    sys.exit(outcome not in _FINE)


@click.command()
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), default=10.0, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "--keep", type=click.Path(path_type=Path), default=Path("runs/fuzz-findings"), show_default=True
)
@click.option("--replay", "replayed", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(minutes: float, seed: int, keep: Path, replayed: Path | None) -> None:
    """Feed spoiled files to everything that reads them."""
    if replayed:
        replay(replayed)
    findings = Findings(keep)
    outcomes = fuzz(60 * minutes, seed, findings)
    for target in TARGETS:
        counted = ", ".join(f"{outcomes[target, one]:,} {one}" for one in (*_FINE, "found"))
        click.echo(f"{target:<8} {counted}")
    for kind, number in findings.counts.most_common():
        click.echo(f"{number:>6} times {kind}")
    sys.exit(bool(findings.counts))


if __name__ == "__main__":
    main()
