"""`inkmint serve`: the page and the interface for other programs."""

import os
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inkmint.cli.options import given, runs_option
from inkmint.reading import DEFAULT_MODEL
from inkmint.serving.settings import (
    BURST_SEC,
    DEFAULT_HOST,
    DEFAULT_PORT,
    DEFAULT_RATE,
    DEFAULT_UPLOAD_MB,
    Settings,
    num_cores,
)

if TYPE_CHECKING:
    from socket import socket


@click.command()
@click.option(
    "--host",
    default=DEFAULT_HOST,
    show_default=True,
    help="Address to listen on; 0.0.0.0 lets other machines in, who need the token of the printed address.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="Port to listen on; without it the next free one will do. 0: any free one.",
)
@runs_option
@click.option(
    "--model",
    default=DEFAULT_MODEL,
    show_default=True,
    metavar="NAME|FOLDER",
    help="Reads digits: one that comes with inkmint, or a folder with model.onnx.",
)
@click.option(
    "--generator",
    default="house",
    show_default=True,
    metavar="NAME|FOLDER",
    help="Mints digits: one that comes with inkmint, or a folder with model.onnx.",
)
@click.option(
    "--open/--no-open",
    "opens",
    default=None,
    help="Open the page in a browser.  [default: in a terminal on a desktop]",
)
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    help="Requests that are computed at a time; default: one per core.",
)
@click.option(
    "--max-upload-mb",
    type=click.FloatRange(min=0.01, max=512),
    default=DEFAULT_UPLOAD_MB,
    show_default=True,
    help="Largest picture that is taken, in MiB.",
)
@click.option(
    "--rate",
    type=click.FloatRange(min=0),
    default=DEFAULT_RATE,
    show_default=True,
    help="Requests per second and client, twice as many at once; 0: no limit.",
)
@click.pass_context
def serve(
    context: click.Context,
    host: str,
    port: int,
    runs: Path,
    model: str,
    generator: str,
    opens: bool | None,
    threads: int | None,
    max_upload_mb: float,
    rate: float,
) -> None:
    """Draw, read and mint digits in a browser, watch runs train, and compare them; needs no torch and no network.

    \b
    inkmint serve
    inkmint serve --runs runs --port 9000
    curl --data-binary @digit.png -H 'Content-Type: image/png' http://127.0.0.1:8765/api/look

    What other programs can ask is described at /docs. Ctrl-C ends it.
    """  # noqa: D301 - click reads the character \b
    from inkmint.inference.folders import find_model
    from inkmint.serving.addresses import is_loopback, listen, new_token, urls

    for name in (model, generator):
        find_model(name)
    settings = Settings(
        host=host,
        runs=runs,
        token="" if is_loopback(host) else new_token(),
        threads=threads or num_cores(),
        max_upload_bytes=int(max_upload_mb * 2**20),
        rate=rate,
        burst=max(1, round(BURST_SEC * rate)),
    )
    with listen(host, port, or_next=not given(context, "port")) as listening:
        first, *others = urls(host, listening.getsockname()[1], settings.token)
        click.echo(f"inkmint serves at {first}")
        for address in others:
            click.echo(f"and for other machines at {address}")
        if opens or (opens is None and _on_a_desktop()):
            threading.Thread(target=_open, args=(first,), daemon=True).start()
        with suppress(KeyboardInterrupt):  # before the server listens to it
            _serve(settings, listening, model, generator)


def _serve(settings: Settings, listening: "socket", model: str, generator: str) -> None:
    from inkmint.serving.app import create_app
    from inkmint.serving.engines import Engines
    from inkmint.serving.server import leave, run

    app = create_app(settings, Engines.named(model, generator))
    try:
        run(app, listening, lambda message: click.echo(f"inkmint: {message}", err=True))
    finally:
        click.echo("Goodbye.")
        leave(app)


def _on_a_desktop() -> bool:
    """Whether there is a browser to be opened, and somebody who sees it."""
    if not sys.stdout.isatty() or os.environ.get("SSH_CONNECTION"):
        return False
    return sys.platform in ("darwin", "win32") or any(
        os.environ.get(n) for n in ("DISPLAY", "WAYLAND_DISPLAY")
    )


def _open(address: str) -> None:
    import webbrowser

    webbrowser.open(address)
