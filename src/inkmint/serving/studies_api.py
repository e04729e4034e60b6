"""The pages that commands write below the folder of runs: their list, and each in a sandbox."""

import html
import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import FileResponse

from inkmint.serving.answers import Study, StudyKind
from inkmint.serving.context import InContext
from inkmint.serving.refusals import Refusal, documented
from inkmint.serving.run_folders import REPORT_NAME
from inkmint.serving.run_names import inside

MOST_STUDIES = 2000
_DEEPEST = 6
_HEAD_BYTES = 8192
_TITLE = re.compile(r"<title>(.*?)</title>", re.IGNORECASE | re.DOTALL)

POLICY = (
    "sandbox allow-popups; default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'"
)
"""Content security policy of a page: it shows itself, runs nothing, loads nothing, and is of no origin."""

router = APIRouter(tags=["studies"])


@router.get("/api/studies", responses=documented(429, 503))
async def studies(context: InContext) -> list[Study]:
    """All pages below the folder of runs, the newest first."""
    return await context.workers.run(_listed, context.settings.runs)


@router.get(
    "/studies/{path:path}",
    response_class=FileResponse,
    responses={**documented(404, 429, 503), 200: {"content": {"text/html": {}}}},
)
async def study(path: str, context: InContext) -> FileResponse:
    """A page, sandboxed."""
    file = await context.workers.run(_page, context.settings.runs, path)
    if file is None:
        raise Refusal(404, f"There is no page {path[:200]!r}; see api/studies for their addresses.")
    return FileResponse(
        file, media_type="text/html; charset=utf-8", headers={"Content-Security-Policy": POLICY}
    )


def _page(root: Path, address: str) -> Path | None:
    parts = address.split("/")
    if not parts[-1].endswith(".html") or any(part.startswith(".") for part in parts):
        return None
    path = inside(root, parts)
    return path if path and path.is_file() else None


def _listed(root: Path) -> list[Study]:
    found = []
    for path in _pages(root, 0):
        if inside(root, list(path.relative_to(root).parts)):
            found.append(_study(root, path))
        if len(found) == MOST_STUDIES:
            break
    return sorted(found, key=lambda one: one.changed, reverse=True)


def _pages(folder: Path, depth: int) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            if depth < _DEEPEST:
                yield from _pages(Path(entry.path), depth + 1)
        elif entry.name.endswith(".html") and entry.is_file():
            yield Path(entry.path)


def _study(root: Path, path: Path) -> Study:
    relative = path.relative_to(root)
    return Study(
        title=_title(path) or relative.as_posix(),
        kind=_kind(path, relative),
        folder=relative.parent.as_posix(),
        url=f"studies/{quote(relative.as_posix())}",
        changed=path.stat().st_mtime,
    )


def _title(path: Path) -> str:
    try:
        with path.open("rb") as file:
            found = _TITLE.search(file.read(_HEAD_BYTES).decode("utf-8", "replace"))
    except OSError:
        return ""
    return html.unescape(found[1]).strip().removesuffix(" · inkmint")[:200] if found else ""


def _kind(path: Path, relative: Path) -> StudyKind:
    """What wrote the page, by where it lies and by what lies beside it."""
    if path.name != REPORT_NAME:
        return "page"
    if (path.parent / "config.json").is_file():
        return "run"
    if (path.parent / "demo.json").is_file():
        return "demo"
    if "reproduce" in relative.parts:
        return "reproduction"
    if path.parent.parent.name == "sweeps":
        return "sweep"
    return "mix" if (path.parent / "results.json").is_file() else "page"
