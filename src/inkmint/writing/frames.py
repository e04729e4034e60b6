"""Morphs as pictures: an animated GIF, or a strip of all frames side by side.

Shape suffixes: F frames, H height, W width.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inkmint.data.digits import IMAGE_SIZE
from inkmint.files import atomic_path
from inkmint.writing.colours import INK_COLOUR, PAPER_COLOUR, palette
from inkmint.writing.ink import enlarged, outlined
from inkmint.writing.page import HEIGHT_PX

FRAME_MSEC, HOLD_MSEC = 40, 600
_DIGIT_PX = 20  # of a 28x28 image


def frame_covers(images_FHW: NDArray[np.uint8], height_px: int = HEIGHT_PX) -> NDArray[np.uint8]:
    """How much of each pixel ink covers, at another size, uint8 (F, H, W); the ink stays where it is from 28x28.

    Args:
        images_FHW: uint8 (F, 28, 28), ink bright on dark.
        height_px: Of a digit; a frame is 28/20 as high and wide.
    """
    scale = height_px / _DIGIT_PX
    side = round(IMAGE_SIZE * scale)
    corner = 0.5 / scale - 0.5
    covers = [enlarged(outlined(image), scale, (side, side), (corner, corner)) for image in images_FHW]
    return np.stack(covers)


def save_gif(
    covers_FHW: NDArray[np.uint8],
    path: Path,
    stops: set[int],
    *,
    ink_colour: str = INK_COLOUR,
    paper_colour: str = PAPER_COLOUR,
) -> None:
    """Write a film that goes there and back for ever.

    Args:
        covers_FHW: From the first to the last, as `frame_covers` gives them.
        path: Where; an earlier file is replaced.
        stops: Frames that are shown for longer.
        ink_colour: A name or #rrggbb.
        paper_colour: Likewise.

    Raises:
        SettingsError: There is no such colour.
        StorageError: It cannot be written.
    """
    colours = palette(ink_colour, paper_colour).tobytes()
    places = [*range(len(covers_FHW)), *range(len(covers_FHW) - 2, 0, -1)]
    frames = [Image.fromarray(covers_FHW[place]) for place in places]
    for frame in frames:
        frame.putpalette(colours)
    durations = [HOLD_MSEC if place in stops else FRAME_MSEC for place in places]
    with atomic_path(path) as temporary:
        frames[0].save(
            temporary,
            format="GIF",
            save_all=True,
            append_images=frames[1:],
            duration=durations,
            loop=0,
            optimize=False,
        )


def strip(covers_FHW: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """All frames from left to right, uint8 (H, F * W)."""
    return np.concatenate(list(covers_FHW), axis=1)
