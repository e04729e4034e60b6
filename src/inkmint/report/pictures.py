"""Pictures that travel inside the page, as `data:` addresses."""

import base64
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inkmint.data.digits import IMAGE_SIZE
from inkmint.report.figures import Chart

Pixels = NDArray[np.uint8]

_CELL_PX = IMAGE_SIZE + 1


@dataclass(frozen=True)
class Picture:
    """A picture on the page.

    Attributes:
        uri: The whole picture as a `data:` address.
        caption: What stands beside it.
        alt: What it shows, for readers who do not see it.
    """

    uri: str
    caption: str
    alt: str


def read_pixels(path: Path) -> Pixels | None:
    """A picture, uint8 (H, W), or (H, W, 3) in colour; None if it is missing or damaged."""
    try:
        with Image.open(path) as image:
            return np.asarray(image if image.mode == "RGB" else image.convert("L"))
    except (OSError, SyntaxError):
        return None


def pixel_picture(pixels_HW: Pixels, caption: str, alt: str) -> Picture:
    """Grey pixels as a picture, or coloured ones with a last axis of 3."""
    buffer = io.BytesIO()
    Image.fromarray(pixels_HW).save(buffer, format="PNG", optimize=True)
    return Picture(_data_uri("image/png", buffer.getvalue()), caption, alt)


def chart_picture(chart: Chart) -> Picture:
    """A chart as a picture."""
    return Picture(_data_uri("image/svg+xml", chart.svg), chart.title, chart.alt)


def first_column(grid_HW: Pixels) -> Pixels:
    """The first image of every row of a `data.sheet.grid`, side by side, uint8 (28, rows * 28)."""
    rows = [grid_HW[top + 1 : top + _CELL_PX, 1:_CELL_PX] for top in range(0, len(grid_HW) - 1, _CELL_PX)]
    return np.hstack(rows)


def _data_uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
