"""Threads that compute, no more of them than there are cores, and no more waiting than can be served soon."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from inkmint.serving.refusals import Refusal

P = ParamSpec("P")
T = TypeVar("T")

RETRY_AFTER_SEC = 1


class Workers:
    """A bounded pool.

    Args:
        threads: That compute at a time.
        most: Calls that may compute or wait.
    """

    def __init__(self, threads: int, most: int) -> None:
        self.threads, self._most = threads, most
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="inkmint-worker")
        self._lock = threading.Lock()
        self._num_pending = 0

    @property
    def num_pending(self) -> int:
        """Calls that compute or wait."""
        return self._num_pending

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What the function returns, computed in a thread.

        Raises:
            Refusal: 503, as too many wait already.
        """
        return await asyncio.wrap_future(self.submit(function, *args, **kwargs))

    def submit(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have the function computed; it raises as `run`."""
        with self._lock:
            if self._num_pending >= self._most:
                raise Refusal(
                    503,
                    f"{self._num_pending} requests wait already; try again in a moment.",
                    {"Retry-After": str(RETRY_AFTER_SEC)},
                )
            self._num_pending += 1
        try:
            future = self._pool.submit(function, *args, **kwargs)
        except RuntimeError as error:
            self._one_less()
            raise Refusal(503, "inkmint is shutting down; start it again.") from error
        future.add_done_callback(lambda _: self._one_less())
        return future

    def _one_less(self) -> None:
        with self._lock:
            self._num_pending -= 1

    def close(self) -> bool:
        """Give up what waits, do not wait for what is computed.

        Returns:
            Whether all is done, so that the process can end by itself.
        """
        self._pool.shutdown(wait=False, cancel_futures=True)
        return self._num_pending == 0
