"""The page, its files, and the page that describes the interface."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

from inkmint.serving.refusals import Refusal

FOLDER = Path(__file__).parent / "page"

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}
_CACHE = {"Cache-Control": "no-cache"}


def page_router() -> APIRouter:
    """The routes of the page; its files are those that lie there now, and no other."""
    files = {path.name: path for path in FOLDER.iterdir() if path.suffix in _TYPES and path.is_file()}
    router = APIRouter(include_in_schema=False)

    def served(name: str) -> FileResponse:
        if name not in files:
            raise Refusal(404, f"The page has no file {name[:200]!r}; reload it.")
        return FileResponse(files[name], media_type=_TYPES[files[name].suffix], headers=_CACHE)

    @router.get("/")
    async def page() -> FileResponse:
        return served("index.html")

    @router.get("/docs")
    async def documentation() -> FileResponse:
        return served("docs.html")

    @router.get("/static/{file}")
    async def static(file: str) -> FileResponse:
        return served(file)

    return router
