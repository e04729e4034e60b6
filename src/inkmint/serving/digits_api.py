"""Digits in uploads: one drawing, or all on a page.

What takes long to import is imported where it is used, so that the server answers soon after its start.

Shape suffixes: H height, W width; h, w of the mask.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from fastapi import APIRouter, Request
from numpy.typing import NDArray

from inkmint.serving.answers import Digit, FoundDigit, FoundLine, Look, PageRead, SecondGuess
from inkmint.serving.context import InContext
from inkmint.serving.engines import Engines
from inkmint.serving.pictures import PAGE_TYPES, PICTURE_TYPES, mask_uri, page_of, png_uri, reduced
from inkmint.serving.refusals import documented

if TYPE_CHECKING:
    from inkmint.reading.reader import ReadDigit
    from inkmint.serving.engines import DigitRecogniser

T = TypeVar("T")

router = APIRouter(prefix="/api", tags=["digits"])
_REFUSALS = documented(400, 408, 413, 415, 422, 429, 503)
_NOTHING = "there is no ink, or only a texture; write one digit"


def _upload(types: tuple[str, ...]) -> dict[str, Any]:
    """The body, for OpenAPI: the file itself, no form."""
    content = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in types}
    return {"requestBody": {"required": True, "content": content}}


@router.post("/look", responses=_REFUSALS, openapi_extra=_upload(PICTURE_TYPES))
async def look(request: Request, context: InContext) -> Look:
    """Tell which digit one drawing is. The body is the picture itself."""
    return await _computed(request, context, _look, PICTURE_TYPES)


@router.post("/read", responses=_REFUSALS, openapi_extra=_upload(PAGE_TYPES))
async def read(request: Request, context: InContext) -> PageRead:
    """Find and read all digits of a photograph, a scan, or the first page of a PDF. The body is the file itself."""
    return await _computed(request, context, _read, PAGE_TYPES)


async def _computed(
    request: Request,
    context: InContext,
    function: Callable[[Engines, bytes, str, tuple[str, ...]], T],
    types: tuple[str, ...],
) -> T:
    kind = request.headers.get("content-type", "")
    return await context.workers.run(function, context.engines, await request.body(), kind, types)


def _look(engines: Engines, content: bytes, kind: str, types: tuple[str, ...]) -> Look:
    digit = engines.reader().read_drawing(page_of(content, kind, types))
    if digit is None:
        num_classes = len(engines.recogniser().class_names)
        return Look(
            digit=None,
            confidence=0.0,
            probabilities=[0.0] * num_classes,
            seen=png_uri(np.zeros((28, 28), np.uint8)),
            mask=None,
            second=None,
            reason=_NOTHING,
        )
    return Look(
        digit=_digit(digit.digit),
        confidence=digit.confidence,
        probabilities=digit.probabilities_K.tolist(),
        seen=png_uri(digit.image),
        mask=_mask(engines.recogniser(), digit.image),
        second=_second(digit),
        reason=digit.reason or None,
    )


def _mask(recogniser: "DigitRecogniser", image_HW: NDArray[np.uint8]) -> str | None:
    """What of the image counts, bright where it does; None if the recogniser has no mask."""
    area = recogniser.attention_area
    if area is None:
        return None
    return mask_uri(_laid(recogniser.attention(image_HW[None])[0], area, image_HW.shape))


def _laid(
    mask_hw: NDArray[np.float32], area: tuple[float, float, float, float], shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """The mask over the part of the image that it belongs to, bilinear, (H, W); elsewhere its smallest value."""
    from scipy import ndimage

    left, top, right, bottom = area
    edges = ((top, bottom), (left, right))
    centres = [np.arange(size) + 0.5 for size in shape]
    places = [
        (centre - first) / (last - first) * size - 0.5
        for centre, (first, last), size in zip(centres, edges, mask_hw.shape, strict=True)
    ]
    inside = [
        (first < centre) & (centre < last) for centre, (first, last) in zip(centres, edges, strict=True)
    ]
    laid_HW = ndimage.map_coordinates(mask_hw, np.meshgrid(*places, indexing="ij"), order=1, mode="nearest")
    whole_HW: NDArray[np.float32] = np.where(np.logical_and.outer(*inside), laid_HW, mask_hw.min())
    return whole_HW


def _read(engines: Engines, content: bytes, kind: str, types: tuple[str, ...]) -> PageRead:
    from inkmint.reading.annotate import annotated

    reading = engines.reader().read_page(page_of(content, kind, types))
    height, width = reading.page.grey.shape
    scale = reading.page.scale
    return PageRead(
        lines=[
            FoundLine(text=text, digits=[_found(digit) for digit in line])
            for text, line in zip(reading.text.splitlines(), reading.lines, strict=True)
        ],
        size=(round(width * scale), round(height * scale)),
        annotated=png_uri(reduced(annotated(reading))),
        note=reading.note or None,
    )


def _found(digit: "ReadDigit") -> FoundDigit:
    box = digit.box
    return FoundDigit(
        digit=_digit(digit.digit),
        guess=_named(digit.guess),
        confidence=digit.confidence,
        second=_second(digit),
        box=(box.left, box.top, box.width, box.height),
        reason=digit.reason or None,
    )


def _second(digit: "ReadDigit") -> SecondGuess:
    return SecondGuess(digit=_named(digit.second), probability=digit.second_confidence)


def _digit(name: str | None) -> Digit | None:
    return None if name is None else _named(name)


def _named(name: str) -> Digit:
    return int(name) if name.isdecimal() else name
