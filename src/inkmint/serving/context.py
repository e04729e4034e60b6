"""What every part of the interface needs: settings, engines, the pool of threads, and the end of the server."""

import asyncio
import time
from typing import Annotated

from fastapi import Depends, Request

from inkmint.serving.engines import Engines
from inkmint.serving.settings import Settings
from inkmint.serving.workers import Workers


class Context:
    """Of one server.

    Args:
        settings: What it was told.
        engines: The networks.
        workers: Threads that compute.
    """

    def __init__(self, settings: Settings, engines: Engines, workers: Workers) -> None:
        self.settings, self.engines, self.workers = settings, engines, workers
        self.started_at = time.monotonic()
        self.ending = asyncio.Event()
        self.num_streams = 0


def _of(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


InContext = Annotated[Context, Depends(_of)]
"""A parameter of an endpoint that is given the context."""
