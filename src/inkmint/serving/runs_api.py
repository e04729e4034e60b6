"""Run folders over HTTP: their list, one of them, its curves and its sample pictures, and several compared."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from fastapi.responses import FileResponse, StreamingResponse

from inkmint.serving.answers import Curves, Difference, RunComparison, RunDetails, RunSummary
from inkmint.serving.context import Context, InContext
from inkmint.serving.curves import curves_of, read_records
from inkmint.serving.events import stream_of
from inkmint.serving.refusals import Refusal, documented
from inkmint.serving.run_folders import RunFolder, find_runs
from inkmint.serving.run_names import folder_of, no_such_run

MOST_COMPARED = 12

router = APIRouter(prefix="/api", tags=["runs"])
_REFUSALS = documented(404, 429, 503)


@router.get("/runs", responses=documented(429, 503))
async def runs(context: InContext) -> list[RunSummary]:
    """All runs, the one that wrote last first."""
    return await context.workers.run(_summaries, context.settings.runs)


@router.get("/runs/{name}", responses=_REFUSALS)
async def run(name: str, context: InContext) -> RunDetails:
    """One run."""
    return await context.workers.run(lambda: _found(context, name).details())


@router.get("/runs/{name}/metrics", responses=_REFUSALS)
async def metrics(name: str, context: InContext) -> Curves:
    """The curves of a run, thinned out to 500 points."""
    return await context.workers.run(lambda: _curves(_found(context, name)))


@router.get("/runs/{name}/samples", responses=_REFUSALS)
async def samples(name: str, context: InContext) -> list[str]:
    """Names of the sample pictures of a run, the oldest first."""
    return await context.workers.run(lambda: _found(context, name).samples())


@router.get(
    "/runs/{name}/samples/{file}",
    response_class=FileResponse,
    responses={**_REFUSALS, 200: {"content": {"image/png": {}}}},
)
async def sample(name: str, file: str, context: InContext) -> FileResponse:
    """A sample picture."""
    path = await context.workers.run(lambda: _found(context, name).sample(file))
    if path is None:
        raise Refusal(404, f"The run {name!r} has no sample {file[:200]!r}; see its samples for their names.")
    return FileResponse(path, media_type="image/png")


@router.get(
    "/runs/{name}/events",
    response_class=StreamingResponse,
    responses={**_REFUSALS, 200: {"content": {"text/event-stream": {}}}},
)
async def events(
    name: str,
    context: InContext,
    after: Annotated[int | None, Query(ge=0)] = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> StreamingResponse:
    """What a run writes, as it writes it, until it ends.

    Server-sent events: `metrics` with a record of metrics.jsonl, `sample` with the name of a new picture, `status`
    with the run's, at first and when it changes, and `end` with the last status when nothing more will come or the
    run's records were written anew. The id of an event is the place in metrics.jsonl, from which a stream that was cut
    off goes on.

    Args:
        name: The run.
        context: Of the server.
        after: Place in metrics.jsonl, from the `offset` of its curves; records before it are not sent. Without it,
            those that are there already are not sent.
        last_event_id: The id of the last event before the stream was cut off, as browsers send it; before `after`.
    """
    if last_event_id and last_event_id.isdecimal():
        after = int(last_event_id)
    found = await context.workers.run(_found, context, name)
    return stream_of(found, context, after)


@router.get("/compare", responses=documented(404, 422, 429, 503))
async def compare(
    runs: Annotated[list[str], Query(min_length=1, max_length=MOST_COMPARED)], context: InContext
) -> RunComparison:
    """Runs side by side: in which settings they differ, their curves, and their last figures."""
    return await context.workers.run(lambda: _compared([_found(context, name) for name in runs]))


def _found(context: Context, name: str) -> RunFolder:
    root = context.settings.runs
    found = RunFolder(root, folder_of(root, name))
    if not found.config():
        raise no_such_run(name)
    return found


def _summaries(root: Path) -> list[RunSummary]:
    return sorted((run.summary() for run in find_runs(root)), key=lambda one: one.changed, reverse=True)


def _curves(run: RunFolder) -> Curves:
    return curves_of(*read_records(run.metrics_path))


def _compared(runs: list[RunFolder]) -> RunComparison:
    settings = [dict(_flat(run.config())) for run in runs]
    names = sorted(set().union(*settings))
    columns = {name: [one.get(name) for one in settings] for name in names}
    return RunComparison(
        runs=[run.summary() for run in runs],
        differences=[
            Difference(field=name, values=values)
            for name, values in columns.items()
            if len({json.dumps(value, sort_keys=True) for value in values}) > 1
        ],
        curves=[_curves(run) for run in runs],
    )


def _flat(settings: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
