"""A picture with what was read in it."""

from PIL import Image, ImageDraw, ImageFont

from inkmint.reading.reader import REJECTED, ReadDigit, Reading

_READ, _REJECTED = (0, 120, 60), (200, 30, 30)
_LABEL_SHARE = 0.03  # of the longer side
_LEAST_LABEL_PX, _MOST_LABEL_PX = 11, 36
_SMALL_PX = 320


def annotated(reading: Reading) -> Image.Image:
    """The page in colour, with a box around each place and the digit above it; what was rejected is red.

    A small page is enlarged, so that there is room for the labels.
    """
    grey = reading.page.grey
    factor = max(1, round(_SMALL_PX / max(grey.shape)))
    size = grey.shape[1] * factor, grey.shape[0] * factor
    picture = Image.fromarray(grey).convert("RGB").resize(size, Image.Resampling.NEAREST)
    draw = ImageDraw.Draw(picture)
    label_px = min(max(_LABEL_SHARE * max(size), _LEAST_LABEL_PX), _MOST_LABEL_PX)
    font = ImageFont.load_default(size=label_px)
    for digit in reading.digits:
        left, top, right, bottom = digit.box.scaled(factor / reading.page.scale)
        colour = _REJECTED if digit.digit is None else _READ
        draw.rectangle((left - 2, top - 2, right + 1, bottom + 1), outline=colour, width=2)
        text = _label(digit)
        width = draw.textlength(text, font=font) + 4
        x = min(max(0, left - 2), max(0, size[0] - width))
        y = (
            top - 2 - label_px * 1.25
            if top - 2 >= label_px * 1.25
            else min(bottom + 2, size[1] - label_px * 1.25)
        )
        draw.rectangle((x, y, x + width, y + label_px * 1.25), fill=colour)
        draw.text((x + 2, y), text, fill=(255, 255, 255), font=font)
    return picture


def _label(digit: ReadDigit) -> str:
    if digit.digit is None:
        return f"{REJECTED} {digit.guess}"
    return f"{digit.digit} {digit.confidence:.2f}" if digit.confidence < 0.995 else digit.digit
