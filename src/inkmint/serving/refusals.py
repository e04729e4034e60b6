"""How a request is refused: one sentence as JSON, with the status that says of what kind it is."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from inkmint.errors import InkmintError, ModelError
from inkmint.serving.answers import Error

_SENTENCES = {
    404: "There is nothing at this address; see /docs for what there is.",
    405: "This address takes another method; see /docs.",
}


class Refusal(InkmintError):
    """A request that is not served.

    Args:
        status: Of HTTP.
        message: One sentence.
        headers: To send along.
    """

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.headers = status, dict(headers or {})


def refused(refusal: Refusal) -> JSONResponse:
    """The answer to a refused request."""
    return JSONResponse({"error": str(refusal)}, refusal.status, refusal.headers)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These refusals, for OpenAPI."""
    return {status: {"model": Error} for status in statuses}


def install_refusals(app: FastAPI) -> None:
    """Have every error of the application answered as `{"error": "one sentence"}`."""

    async def of_refusal(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, Refusal)
        return refused(error)

    async def of_inkmint(_request: Request, error: Exception) -> JSONResponse:
        return refused(Refusal(503 if isinstance(error, ModelError) else 422, str(error)))

    async def of_http(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        sentence = _SENTENCES.get(error.status_code, f"{error.detail}.")
        return refused(Refusal(error.status_code, sentence, error.headers))

    async def of_validation(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return refused(Refusal(422, _validation_sentence(error)))

    async def of_anything(_request: Request, _error: Exception) -> JSONResponse:
        return refused(
            Refusal(500, "inkmint failed on this request; its terminal says how, so please report that.")
        )

    app.add_exception_handler(Refusal, of_refusal)
    app.add_exception_handler(InkmintError, of_inkmint)
    app.add_exception_handler(HTTPException, of_http)
    app.add_exception_handler(RequestValidationError, of_validation)
    app.add_exception_handler(Exception, of_anything)


def _validation_sentence(error: RequestValidationError) -> str:
    """The first thing that does not fit, such as `count: Input should be less than or equal to 100`."""
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return "The body is no JSON; see /docs for what to send."
    place = ".".join(str(part) for part in first["loc"] if part not in ("body", "query"))
    message = str(first["msg"]).removeprefix("Value error, ")
    return f"{place}: {message}." if place else f"The request does not fit: {message}; see /docs."
