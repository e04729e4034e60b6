"""Pictures of many digits: grids for training samples, contact sheets for people."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from inkmint.data.digits import DigitSet
from inkmint.errors import SettingsError
from inkmint.files import atomic_path

Pixels = NDArray[np.uint8]

_SEPARATOR = 64
_MARGIN_PX = 8
_FONT_PX = 16
_MOST_ROWS = 50


def grid(images: Pixels, columns: int, *, paper: bool = False) -> Pixels:
    """Lay images out row by row, with separators one pixel thin.

    Args:
        images: uint8 (N, H, W), or (N, 3, H, W) in colour, ink bright on dark; N may be no multiple of `columns`.
        columns: Images per row.
        paper: Whether to turn it into dark ink on white.

    Returns:
        uint8 (rows * (H + 1) + 1, columns * (W + 1) + 1), with a last axis of 3 in colour.

    Raises:
        SettingsError: There is no image, or no column to put it into.
    """
    if images.ndim == 4:
        channels = [grid(images[:, channel], columns, paper=paper) for channel in range(images.shape[1])]
        return np.stack(channels, axis=-1)
    num_images, height, width = images.shape
    if columns < 1 or num_images < 1:
        raise SettingsError(
            f"A grid of {num_images} images in {columns} columns is empty; give at least one of each."
        )
    rows = -(-num_images // columns)
    cells = np.full((rows * columns, height + 1, width + 1), _SEPARATOR, dtype=np.uint8)
    cells[:num_images, 1:, 1:] = images
    cells[num_images:, 1:, 1:] = 0
    sheet = np.full((rows * (height + 1) + 1, columns * (width + 1) + 1), _SEPARATOR, dtype=np.uint8)
    sheet[:-1, :-1] = (
        cells.reshape(rows, columns, height + 1, width + 1)
        .swapaxes(1, 2)
        .reshape(sheet.shape[0] - 1, sheet.shape[1] - 1)
    )
    return np.bitwise_not(sheet) if paper else sheet


def contact_sheet(
    digits: DigitSet, per_class: int = 10, *, seed: int = 0, paper: bool = False, scale: int = 2
) -> Image.Image:
    """Draw a random sample with one row per class and the class name at the left.

    Of more than 50 classes, 50 that are evenly spaced have a row.

    Args:
        digits: What to sample from; a class with fewer images leaves cells blank.
        per_class: Images per row.
        seed: Of the sample.
        paper: Whether to draw dark ink on white.
        scale: Screen pixels per image pixel.

    Returns:
        A picture, in colour if the images are.

    Raises:
        SettingsError: `per_class` or `scale` is less than one.
    """
    if per_class < 1 or scale < 1:
        raise SettingsError(
            f"A sheet of {per_class} images per class at scale {scale} is empty; give at least 1 of each."
        )
    shown = shown_classes(digits.num_classes)
    names = [digits.class_names[label] for label in shown]
    body = grid(_sample_rows(digits, shown, per_class, seed), per_class, paper=paper)
    body = body.repeat(scale, axis=0).repeat(scale, axis=1)
    font = ImageFont.load_default(size=_FONT_PX)
    label_width = int(max(font.getlength(name) for name in names)) + 2 * _MARGIN_PX
    background, ink = (255, 0) if paper else (0, 255)
    picture = Image.fromarray(body)
    sheet = Image.new("L", (label_width + body.shape[1], body.shape[0]), background).convert(picture.mode)
    sheet.paste(picture, (label_width, 0))
    draw = ImageDraw.Draw(sheet)
    row_height = body.shape[0] / len(names)
    for row, name in enumerate(names):
        anchor = (label_width - _MARGIN_PX, (row + 0.5) * row_height)
        draw.text(anchor, name, fill=ink if sheet.mode == "L" else (ink,) * 3, font=font, anchor="rm")
    return sheet


def shown_classes(num_classes: int, most: int = _MOST_ROWS) -> list[int]:
    """Classes that a picture has room for: all, or `most` that are evenly spaced, the first and the last too."""
    if num_classes <= most:
        return list(range(num_classes))
    return [round(place * (num_classes - 1) / (most - 1)) for place in range(most)]


def save_png(picture: Pixels | Image.Image, path: Path) -> None:
    """Write a picture as PNG, atomically.

    Raises:
        StorageError: The file cannot be written; an earlier one is untouched.
    """
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    with atomic_path(path) as temporary:
        image.save(temporary, format="PNG")


def _sample_rows(digits: DigitSet, labels: Sequence[int], per_class: int, seed: int) -> Pixels:
    """One row of images per label, uint8 (labels * per_class, ...); what is lacking stays dark."""
    generator = torch.Generator().manual_seed(seed)
    rows = np.zeros((len(labels), per_class, *digits.images.shape[1:]), dtype=np.uint8)
    for row, label in enumerate(labels):
        members = torch.nonzero(digits.labels == label).flatten()
        chosen = members[torch.randperm(len(members), generator=generator)[:per_class]]
        rows[row, : len(chosen)] = digits.images[chosen].numpy()
    return rows.reshape(-1, *rows.shape[2:])
