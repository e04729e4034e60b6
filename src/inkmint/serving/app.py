"""Puts the parts of the interface together."""

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from inkmint import __version__
from inkmint.serving import digits_api, generator_api, health_api, runs_api, studies_api
from inkmint.serving.context import Context
from inkmint.serving.engines import Engines
from inkmint.serving.limits import BodyLimit, RateLimit, TokenBuckets
from inkmint.serving.pages_api import page_router
from inkmint.serving.refusals import install_refusals
from inkmint.serving.security import HostCheck, SecurityHeaders, TokenCheck
from inkmint.serving.settings import Settings
from inkmint.serving.workers import Workers

_ABOUT = "Reads and mints handwritten digits, and shows what was trained."


class _StrictApp(FastAPI):
    """An application whose every answer has the headers that keep a browser strict, those to its own faults too."""

    def build_middleware_stack(self) -> ASGIApp:
        """The application with all that is around it."""
        return SecurityHeaders(super().build_middleware_stack())


def create_app(settings: Settings, engines: Engines) -> FastAPI:
    """The application; whoever serves it sets `state.context.ending` and closes its `workers` in the end.

    Args:
        settings: What it is told.
        engines: The networks.
    """
    app = _StrictApp(
        title="inkmint",
        version=__version__,
        description=_ABOUT,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        middleware=_guards(settings),
    )
    app.state.context = Context(settings, engines, Workers(settings.threads, settings.max_waiting))
    install_refusals(app)
    for part in (digits_api, generator_api, runs_api, studies_api, health_api):
        app.include_router(part.router)
    app.include_router(page_router())
    return app


def _guards(settings: Settings) -> list[Middleware]:
    """What a request passes before it is served, in this order."""
    guards = [
        Middleware(HostCheck, host=settings.host),
        Middleware(RateLimit, buckets=TokenBuckets(settings.rate, settings.burst)),
        Middleware(
            BodyLimit,
            max_bytes=settings.max_upload_bytes,
            max_uploads=settings.max_uploads,
            upload_sec=settings.upload_sec,
        ),
    ]
    if settings.token:
        guards.insert(2, Middleware(TokenCheck, token=settings.token))
    return guards
