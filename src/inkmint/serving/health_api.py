"""Whether the server is up, and what it serves."""

import time

from fastapi import APIRouter

from inkmint import __version__
from inkmint.serving.answers import Health
from inkmint.serving.context import InContext
from inkmint.serving.refusals import documented

router = APIRouter(prefix="/api", tags=["health"])


@router.get("/health", responses=documented(401, 429))
async def health(context: InContext) -> Health:
    """Say that the server is up. It does not wait for computing."""
    return Health(
        version=__version__,
        uptime_sec=time.monotonic() - context.started_at,
        model=context.engines.model,
        generator=context.engines.generator_name,
        threads=context.workers.threads,
        waiting=context.workers.num_pending,
    )
