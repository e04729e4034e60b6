"""What a run writes, as server-sent events."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

from fastapi.responses import StreamingResponse

from inkmint.serving.context import Context
from inkmint.serving.curves import read_records
from inkmint.serving.refusals import Refusal
from inkmint.serving.run_folders import RunFolder

if TYPE_CHECKING:
    from inkmint.serving.answers import RunState

_MOST_BYTES = 2**20
_HEADERS = {"X-Accel-Buffering": "no"}
_ALIVE = b": still here\n\n"


class Watcher:
    """Tells what is new in a run folder since the last look.

    Args:
        run: It.
        after: Place in metrics.jsonl; None for its end.
    """

    def __init__(self, run: RunFolder, after: int | None) -> None:
        self._run = run
        self._file, size = self._stat()
        self._offset = size if after is None else min(after, size)
        self._samples = set(run.samples())
        self._state: RunState | None = None
        self.ended = False

    def news(self) -> Iterator[bytes]:
        """The events since the last look; at the end of the run, or of the file as it was, it has `ended`."""
        state = self._run.state()  # before the records, so that none is missed when it ends
        records, self._offset = read_records(self._run.metrics_path, self._offset, _MOST_BYTES)
        for number, record in enumerate(records, 1):
            yield _event("metrics", record, self._offset if number == len(records) else None)
        for name in self._run.samples():
            if name not in self._samples:
                self._samples.add(name)
                yield _event("sample", {"name": name})
        if state != self._state:
            self._state = state
            yield _event("status", {"status": state})
        self.ended = not records and (state != "running" or self._is_another_file())
        if self.ended:
            yield _event("end", {"status": state})

    def _is_another_file(self) -> bool:
        """Whether the run was resumed, which writes metrics.jsonl anew without what will be computed again."""
        file, size = self._stat()
        before, self._file = self._file, file
        return (before is not None and file != before) or size < self._offset

    def _stat(self) -> tuple[int | None, int]:
        """What the system calls the file, None if it is not there, and its size."""
        try:
            found = self._run.metrics_path.stat()
        except OSError:
            return None, 0
        return found.st_ino, found.st_size


def stream_of(run: RunFolder, context: Context, after: int | None) -> StreamingResponse:
    """The stream of a run's events.

    Raises:
        Refusal: 503, as too many are open already.
    """
    if context.num_streams >= context.settings.max_streams:
        raise Refusal(
            503, f"{context.num_streams} runs are followed already; close some pages.", {"Retry-After": "10"}
        )
    return StreamingResponse(_followed(run, context, after), media_type="text/event-stream", headers=_HEADERS)


async def _followed(run: RunFolder, context: Context, after: int | None) -> AsyncIterator[bytes]:
    settings = context.settings
    context.num_streams += 1
    try:
        watcher = await asyncio.to_thread(Watcher, run, after)
        told_at = time.monotonic()
        while True:
            events = await asyncio.to_thread(lambda: list(watcher.news()))
            if not events and time.monotonic() - told_at >= settings.heartbeat_sec:
                events = [_ALIVE]
            if events:
                told_at = time.monotonic()
                yield b"".join(events)
            if watcher.ended or await _ends_within(context.ending, settings.poll_sec):
                return
    finally:
        context.num_streams -= 1


async def _ends_within(ending: asyncio.Event, seconds: float) -> bool:
    """Wait so long, or less if the server ends; whether it does."""
    try:
        await asyncio.wait_for(ending.wait(), seconds)
    except TimeoutError:
        return False
    return True


def _event(kind: str, data: dict[str, Any], place: int | None = None) -> bytes:
    told = "" if place is None else f"id: {place}\n"
    try:
        return f"event: {kind}\n{told}data: {json.dumps(data, allow_nan=False)}\n\n".encode()
    except ValueError:  # an infinite number, which is no JSON
        return b""
