"""Serves until Ctrl-C, and then ends at once."""

import logging
import os
import socket
import sys
from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI

from inkmint.errors import InkmintError
from inkmint.serving.context import Context

_PATIENCE_SEC = 1
"""For answers that are on their way when the server ends."""


class Server(uvicorn.Server):
    """Ends at the first Ctrl-C: streams are closed, answers on their way have a second, then the process is done.

    Args:
        app: What `create_app` made.
        then: Is called once it listens.
    """

    def __init__(self, app: FastAPI, then: Callable[[], object] = lambda: None) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http="h11",
                ws="none",
                lifespan="off",
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=_PATIENCE_SEC,
            )
        )
        self._context: Context = app.state.context
        self._then = then

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Remember that the user wants to stop; a second time, do not wait for anything."""
        self.force_exit = self.should_exit
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen; the first page is not kept waiting by what is loaded then."""
        await super().startup(sockets)
        self._then()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, close streams, and give up what takes too long."""
        logging.getLogger("uvicorn.error").disabled = True  # it would tell of every request that is given up
        self._context.ending.set()
        await super().shutdown(sockets)


def run(app: FastAPI, listening: socket.socket, complain: Callable[[str], None]) -> None:
    """Serve until Ctrl-C. A computation that then goes on stays behind in its thread; see `leave`.

    Args:
        app: What `create_app` made.
        listening: What `addresses.listen` gave.
        complain: Is told if a model cannot be loaded.
    """
    context: Context = app.state.context
    Server(app, lambda: context.workers.submit(_load, context, complain)).run([listening])


def leave(app: FastAPI) -> None:
    """Close the pool; if a computation goes on, it is given up with the process, which then ends here with code 0."""
    context: Context = app.state.context
    if not context.workers.close():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def _load(context: Context, complain: Callable[[str], None]) -> None:
    try:
        context.engines.load()
    except InkmintError as error:
        complain(str(error))
