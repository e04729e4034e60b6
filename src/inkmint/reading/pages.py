"""Pictures from outside as grey pages: photographs, scans, drawings, and the pages of a PDF.

Shape suffixes: H height, W width, C channels.
"""

import io
import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageOps

from inkmint.data.reading import reading
from inkmint.errors import DataError, SettingsError

Grey = NDArray[np.uint8]

SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm", ".pbm", ".pdf"}
)
"""How the files of a folder that are read are named; a file that is named by itself is told by its content."""

MOST_PIXELS = 100_000_000
"""Of a picture as it is stored; a larger one is refused before a pixel of it is decoded."""

WORKING_PIXELS = 4_000_000
"""What a larger picture is reduced to before digits are looked for."""

WORKING_SIDE_PX = 12_000
"""Its longer side then, at most: what evens out the light of a much longer strip would take many seconds."""

MOST_PAGES = 500
_MOST_BYTES = 2**29
_PDF_DOTS_PER_POINT = 200 / 72
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
_HEAD_BYTES = 1024
_ORIENTATION = 0x112  # in Exif
_STRIP_PIXELS = 2**22


@dataclass(frozen=True, eq=False)
class Page:
    """A grey picture to look for digits on.

    Attributes:
        grey: uint8 (H, W), 0 black and 255 white.
        name: What it is called in messages.
        scale: Pixels of the stored picture for each of `grey`, at least 1.
        note: What of the file was not read, such as all but the first frame; else empty.
    """

    grey: Grey
    name: str = "The picture"
    scale: float = 1.0
    note: str = ""


def open_pages(path: Path) -> Iterator[Page]:
    """The pages of a file: one of a picture, several of a PDF or a TIFF of several.

    Raises:
        DataError: It is missing, damaged, too large, or no picture that can be read.
        SettingsError: It is a PDF, and the package that reads it is not installed.
    """
    with reading(path, "a picture"), path.open("rb") as file:
        yield from decode_pages(file, str(path))


def decode_pages(file: IO[bytes], name: str) -> Iterator[Page]:
    """The pages of an open file that can be rewound; `name` opens the error messages. It raises as `open_pages`."""
    with reading(name, "a picture"):
        head = file.read(_HEAD_BYTES)
        file.seek(0)
        if not head:
            raise DataError(f"{name} is empty; replace it.")
        if head.lstrip().startswith(b"%PDF"):
            yield from _pdf_pages(file, name)
        elif b"<svg" in head.lower():
            raise DataError(f"{name} is an SVG drawing, which has no pixels; export it as PNG.")
        elif head[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypavif"):
            raise DataError(f"{name} is a HEIC or AVIF picture, which is not read; save it as JPEG.")
        else:
            yield from _picture_pages(file, name)


def stream_pages(stream: IO[bytes], name: str) -> Iterator[Page]:
    """The pages of what comes through a pipe. It raises as `open_pages`."""
    with reading(name, "a picture"):
        content = stream.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise DataError(f"{name} has more than {_MOST_BYTES // 2**20} MiB; give a smaller picture.")
    yield from decode_pages(io.BytesIO(content), name)


def as_page(image: "ArrayLike | Image.Image", name: str = "The picture") -> Page:
    """A picture in memory as a page.

    Args:
        image: A PIL image, or an array (H, W) of greys or (H, W, C) in colour with C of 1, 3 or 4, integers in
            0..255 or floats in 0..1.
        name: It opens the error messages.

    Raises:
        DataError: The array has another shape, no pixels, too many, or values out of range.
    """
    if isinstance(image, Image.Image):
        _require_size(image.size, name)
        return _page(image, name)
    array = np.asarray(image)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    fits = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))
    if not fits or array.dtype.kind not in "buif":
        raise DataError(
            f"{name} is an array of {array.dtype} of shape {array.shape}; give (H, W) or (H, W, 3) of integers in "
            "0..255 or floats in 0..1."
        )
    _require_size((array.shape[1], array.shape[0]), name)
    if not np.isfinite(array).all() or array.min() < 0 or array.max() > 255:
        raise DataError(f"{name} has values outside 0..255; give integers in 0..255 or floats in 0..1.")
    if array.dtype.kind == "b" or (array.dtype.kind == "f" and array.max() <= 1):
        array = array * np.float64(255)
    return _page(Image.fromarray(np.rint(array).astype(np.uint8)), name)


def _require_size(size: tuple[int, int], name: str) -> None:
    width, height = size
    if not width * height:
        raise DataError(f"{name} has no pixels; give a picture.")
    if width * height > MOST_PIXELS:
        raise DataError(
            f"{name} has {width:,}x{height:,} pixels; reduce it to {MOST_PIXELS // 10**6} million or fewer."
        )


def _picture_pages(file: IO[bytes], name: str) -> Iterator[Page]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # sizes are checked below, oddities of metadata do no harm
            with Image.open(file, formats=_FORMATS) as image:
                _require_size(image.size, name)
                num_frames = int(getattr(image, "n_frames", 1))
                if image.format == "TIFF" and num_frames > 1:
                    for number in range(_checked_pages(num_frames, name)):
                        image.seek(number)
                        _require_size(image.size, name)
                        yield _page(image, f"{name}, page {number + 1}")
                    return
                animated = num_frames > 1 and image.format != "MPO"
                note = f"only the first of its {num_frames} frames is read" if animated else ""
                stored = max(image.size)
                image.draft("L", _reduced_size(image.size))
                yield _page(image, name, stored / max(image.size), note)
    except Image.DecompressionBombError as error:
        raise DataError(
            f"{name} has too many pixels; reduce it to {MOST_PIXELS // 10**6} million or fewer."
        ) from error


def _checked_pages(num_pages: int, name: str) -> int:
    if num_pages > MOST_PAGES:
        raise DataError(f"{name} has {num_pages:,} pages; split it into parts of {MOST_PAGES} or fewer.")
    return num_pages


def _pdf_pages(file: IO[bytes], name: str) -> Iterator[Page]:
    try:
        import pypdfium2
    except ImportError as error:
        raise SettingsError(
            f"{name} is a PDF, which needs pypdfium2; install it by: pip install 'inkmint[pdf]'"
        ) from error
    with reading(name, "a PDF without a password"):
        document = pypdfium2.PdfDocument(file)
        try:
            num_pages = _checked_pages(len(document), name)
            for number in range(num_pages):
                page = document[number]
                width, height = page.get_size()
                dots = min(_PDF_DOTS_PER_POINT, math.sqrt(WORKING_PIXELS / (width * height)))
                bitmap = page.render(scale=dots, grayscale=True)
                picture = bitmap.to_pil().copy()
                bitmap.close()
                page.close()
                yield _page(picture, f"{name}, page {number + 1}" if num_pages > 1 else name)
        finally:
            document.close()


def _reduced_size(size: tuple[int, int]) -> tuple[int, int]:
    """The size, or a smaller one of the same shape with `WORKING_PIXELS` and sides of `WORKING_SIDE_PX` at most."""
    width, height = size
    factor = min(1.0, math.sqrt(WORKING_PIXELS / (width * height)), WORKING_SIDE_PX / max(size))
    return max(1, round(width * factor)), max(1, round(height * factor))


def _page(image: Image.Image, name: str, scale: float = 1.0, note: str = "") -> Page:
    # Of the largest pictures no copy is made that can be spared: each takes hundreds of megabytes.
    upright = image if image.getexif().get(_ORIENTATION, 1) == 1 else ImageOps.exif_transpose(image)
    size = _reduced_size(upright.size)
    scale *= max(upright.size) / max(size)
    grey = _grey(upright)
    return Page(np.array(_resized(grey, size)), name, scale, note)


def _resized(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    return image if image.size == size else image.resize(size, Image.Resampling.BOX)


def _grey(image: Image.Image) -> Image.Image:
    """8-bit grey: deep greys are stretched over it, what is transparent is laid on a sheet that it stands out from.

    What is transparent comes out in its reduced size.
    """
    if image.mode.startswith(("I", "F")):
        return Image.fromarray(_stretched(np.asarray(image)))
    if "transparency" in image.info or image.mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        whole = image if image.mode in ("LA", "RGBA") else image.convert("RGBA")
        return _flattened(_resized(whole, _reduced_size(whole.size)).convert("RGBA"))
    if image.mode in ("1", "L"):
        return image.convert("L")
    return (image if image.mode == "RGB" else image.convert("RGB")).convert("L")


def _stretched(values_HW: NDArray[Any]) -> Grey:
    def finite(strip: NDArray[Any]) -> NDArray[np.float64]:
        numbers: NDArray[np.float64] = np.nan_to_num(strip.astype(np.float64))
        return numbers

    strips = np.array_split(values_HW, max(1, min(len(values_HW), values_HW.size // _STRIP_PIXELS)))
    lowest = min(float(finite(strip).min()) for strip in strips)
    factor = 255 / max(max(float(finite(strip).max()) for strip in strips) - lowest, 1e-12)
    return np.concatenate([np.rint((finite(strip) - lowest) * factor).astype(np.uint8) for strip in strips])


def _flattened(image: Image.Image) -> Image.Image:
    grey, alpha = image.convert("RGB").convert("L"), image.getchannel("A")
    weights = np.asarray(alpha, dtype=np.float64)
    brightness = float(np.average(np.asarray(grey), weights=weights)) if weights.any() else 0.0
    sheet = Image.new("L", image.size, 255 if brightness < 128 else 0)
    sheet.paste(grey, mask=alpha)
    return sheet
