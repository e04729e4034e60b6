"""Servers with fake networks; most requests go straight to the application."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from serving_fakes import fake_engines
from serving_support import Client

from inkmint.serving.app import create_app
from inkmint.serving.settings import Settings


@pytest.fixture
def make_client(tmp_path: Path) -> Iterator[Callable[..., Client]]:
    """Makes a client of a server with fake networks; settings may be given."""
    with ExitStack() as stack:

        def make(engines: Any = None, **settings: Any) -> Client:
            given = {"runs": tmp_path / "runs", "threads": 2, "rate": 0} | settings
            app = create_app(Settings(**given), engines or fake_engines())
            stack.callback(app.state.context.workers.close)
            return Client(app)

        yield make


@pytest.fixture
def client(make_client: Callable[..., Client]) -> Client:
    return make_client()
