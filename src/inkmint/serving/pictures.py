"""Pictures that come in and go out: uploads as grey pages, pixels as `data:` addresses.

Shape suffixes: H height, W width.
"""

import base64
import io
import threading
import warnings
from contextlib import nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inkmint.errors import DataError
from inkmint.reading.pages import MOST_PIXELS, Page, decode_pages
from inkmint.serving.pdf import first_page
from inkmint.serving.refusals import Refusal

NAME = "The upload"
LEAST_SIDE_PX = 8
PDF = "application/pdf"
MOST_SHOWN_PX = 1600
"""Longer side of an annotated page in an answer."""

_FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}
_BEGINNINGS = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff", PDF: b"%PDF"}
_SCAN = b"\xff\xda"
_MOST_SCANS = 100
"""Every scan of a JPEG passes over all its pixels, however short it is; usual pictures have ten or fewer."""

_LARGE_PIXELS = 16_000_000
_ONE_LARGE_PICTURE = threading.Lock()
"""A picture of very many pixels takes hundreds of megabytes while it is decoded: one at a time."""

PICTURE_TYPES = tuple(_FORMATS)
PAGE_TYPES = (*PICTURE_TYPES, PDF)


def page_of(content: bytes, content_type: str, accepted: tuple[str, ...]) -> Page:
    """An upload as a grey page.

    Args:
        content: The body.
        content_type: As the client says; the body must be what it says.
        accepted: Content types.

    Raises:
        Refusal: 400 if it is empty, 413 if it has too many pixels, 415 if it is of another type, 422 if it is damaged,
            animated or too small.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in accepted:
        told = f"not {kind!r}" if kind else "and say so in Content-Type"
        raise Refusal(415, f"Send {_in_words(accepted)}, {told}.")
    if not content:
        raise Refusal(400, "The upload is empty; send a picture.")
    if _kind_of(content) != kind:
        raise Refusal(
            415, f"The upload is no {_short(kind)}, which its Content-Type says; {_advice(content)}."
        )
    if kind == PDF:
        return first_page(content, NAME)
    num_pixels = _checked_pixels(content, kind)
    with _ONE_LARGE_PICTURE if num_pixels > _LARGE_PIXELS else nullcontext():
        return _decoded(content)


def png_uri(picture: NDArray[np.uint8] | Image.Image) -> str:
    """Pixels, uint8 (H, W) or (H, W, 3), or a PIL image, as a `data:` address of a PNG."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def mask_uri(mask_HW: NDArray[Any]) -> str:
    """A mask of any range as grey pixels, its smallest value black and its largest white."""
    lowest, range_ = float(mask_HW.min()), float(np.ptp(mask_HW))
    return png_uri(np.rint((mask_HW - lowest) * (255 / max(range_, 1e-12))).astype(np.uint8))


def reduced(image: Image.Image) -> Image.Image:
    """The image, or a smaller one whose longer side is `MOST_SHOWN_PX`."""
    if max(image.size) <= MOST_SHOWN_PX:
        return image
    smaller = image.copy()
    smaller.thumbnail((MOST_SHOWN_PX, MOST_SHOWN_PX), Image.Resampling.BOX)
    return smaller


def _kind_of(content: bytes) -> str:
    """The content type of an upload by its first bytes; empty if it is none of ours."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for kind, start in _BEGINNINGS.items() if content.startswith(start)), "")


def _advice(content: bytes) -> str:
    kind = _kind_of(content)
    if kind:
        return f"it is {_short(kind)}, so say {kind}"
    if b"<svg" in content[:1024].lower():
        return "it is an SVG drawing, which has no pixels, so export it as PNG"
    return "save it anew as PNG or JPEG"


def _checked_pixels(content: bytes, kind: str) -> int:
    """The number of pixels; what need not be decoded to see that it is not wanted is refused."""
    if kind == "image/jpeg" and content.count(_SCAN) > _MOST_SCANS:
        raise Refusal(422, f"{NAME} is a JPEG of more than {_MOST_SCANS} scans; save the picture anew.")
    formats = [_FORMATS[kind], "MPO"] if kind == "image/jpeg" else [_FORMATS[kind]]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=formats) as image:
                width, height = image.size
                num_frames = 1 if image.format == "MPO" else int(getattr(image, "n_frames", 1))
    except Image.DecompressionBombError as error:
        raise _too_many_pixels() from error
    except Exception as error:  # decoders raise many types on foreign bytes
        raise Refusal(422, f"{NAME} is a damaged {_short(kind)}; save the picture anew.") from error
    if width * height > MOST_PIXELS:
        raise _too_many_pixels()
    if min(width, height) < LEAST_SIDE_PX:
        raise Refusal(
            422,
            f"{NAME} has {width}x{height} pixels; send a picture of at least {LEAST_SIDE_PX}x{LEAST_SIDE_PX}.",
        )
    if num_frames > 1:
        raise Refusal(422, f"{NAME} is an animation of {num_frames} frames; send a single picture.")
    return width * height


def _decoded(content: bytes) -> Page:
    try:
        return next(decode_pages(io.BytesIO(content), NAME))
    except DataError as error:
        raise Refusal(422, str(error)) from error


def _too_many_pixels() -> Refusal:
    return Refusal(413, f"{NAME} has too many pixels; reduce it to {MOST_PIXELS // 10**6} million or fewer.")


def _short(kind: str) -> str:
    return {PDF: "PDF", "image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WebP"}[kind]


def _in_words(kinds: tuple[str, ...]) -> str:
    *most, last = (_short(kind) for kind in kinds)
    return f"{', '.join(most)} or {last}"
