"""How much a client may ask for: requests per second, bytes of a body, and the time in which it must have come."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inkmint.serving.refusals import Refusal, refused

_MOST_CLIENTS = 4096
_DISCARDED_TIMES = 4
"""A body may be so many times too large and still be read to its end, so that the client hears why it is refused."""


class TokenBuckets:
    """For every client a bucket that fills steadily and gives a token for each request.

    Args:
        rate: Tokens per second; 0 for no limit.
        burst: What a bucket holds.
        clock: Seconds.
    """

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, float(max(1, burst)), clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_sec(self, client: str) -> float:
        """Take a token: 0, or the seconds until there is one."""
        if not self._rate:
            return 0.0
        now = self._clock()
        tokens, then = self._buckets.pop(client, (self._burst, now))
        tokens = min(self._burst, tokens + (now - then) * self._rate)
        wait_sec = 0.0 if tokens >= 1 else (1 - tokens) / self._rate
        self._buckets[client] = (tokens - 1 if tokens >= 1 else tokens, now)
        if len(self._buckets) > _MOST_CLIENTS:
            self._buckets.popitem(last=False)
        return wait_sec


class RateLimit:
    """Turns away clients that send more than their share, with 429."""

    def __init__(self, app: ASGIApp, buckets: TokenBuckets) -> None:
        self._app, self._buckets = app, buckets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            client = scope.get("client")
            wait_sec = self._buckets.wait_sec(client[0] if client else "")
            if wait_sec:
                seconds = max(1, round(wait_sec + 0.5))
                refusal = Refusal(
                    429, "Too many requests at once; send fewer per second.", {"Retry-After": str(seconds)}
                )
                await refused(refusal)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class BodyLimit:
    """Reads bodies before the application sees them: small enough, in time, and not too many at once.

    Args:
        app: It.
        max_bytes: Of a body; a larger one is refused with 413.
        max_uploads: Bodies that may be on their way; one more is refused with 503.
        upload_sec: In which a body must have come, else 408.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, max_uploads: int, upload_sec: float) -> None:
        self._app, self._max_bytes = app, max_bytes
        self._max_uploads, self._upload_sec = max_uploads, upload_sec
        self._num_uploads = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not _has_body(scope):
            await self._app(scope, receive, send)
            return
        try:
            body = await self._body(scope, receive)
        except Refusal as refusal:
            await refused(refusal)(scope, receive, send)
            return
        if body is not None:
            await self._app(scope, _Replay(body, receive), send)

    async def _body(self, scope: Scope, receive: Receive) -> bytes | None:
        """The whole body; None if the client is gone."""
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdigit() and int(declared) > _DISCARDED_TIMES * self._max_bytes:
            raise self._too_large({"Connection": "close"})
        if self._num_uploads >= self._max_uploads:
            raise Refusal(503, "Too many uploads at once; try again in a moment.", {"Retry-After": "1"})
        self._num_uploads += 1
        try:
            async with asyncio.timeout(self._upload_sec):
                return await self._received(receive)
        except TimeoutError as error:
            raise Refusal(
                408,
                f"The upload took longer than {self._upload_sec:g} seconds; send a smaller picture.",
                {"Connection": "close"},
            ) from error
        finally:
            self._num_uploads -= 1

    async def _received(self, receive: Receive) -> bytes | None:
        parts: list[bytes] = []
        num_bytes = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            part = message.get("body", b"")
            num_bytes += len(part)
            if num_bytes > _DISCARDED_TIMES * self._max_bytes:
                raise self._too_large({"Connection": "close"})
            if num_bytes > self._max_bytes:
                parts.clear()
            else:
                parts.append(part)
            if not message.get("more_body", False):
                break
        if num_bytes > self._max_bytes:
            raise self._too_large()
        return b"".join(parts)

    def _too_large(self, headers: dict[str, str] | None = None) -> Refusal:
        return Refusal(
            413,
            f"The upload has more than {self._max_bytes / 2**20:g} MiB; send a smaller picture.",
            headers,
        )


def _has_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


class _Replay:
    """Gives a body that was read already, then what comes after it."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}
