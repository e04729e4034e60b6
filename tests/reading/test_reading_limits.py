"""Pictures that are large, long or thin: read within reason, and as if they were small."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy import ndimage
from skimage.morphology import disk

from inkmint.reading import normalise as normalising
from inkmint.reading import pages
from inkmint.reading.normalise import normalise
from inkmint.reading.pages import WORKING_SIDE_PX, as_page, decode_pages


@pytest.mark.parametrize("radius", [1, 2, 5, 20])
def test_dilating_row_by_row_is_dilating(radius):
    ink = np.random.default_rng(0).random((37, 29)).astype(np.float32)
    ink = np.pad(ink * (ink > 0.9), radius)
    assert np.array_equal(
        normalising._dilated(ink, radius), ndimage.grey_dilation(ink, footprint=disk(radius))
    )


def seven(size):
    image = Image.new("L", (size, size), 0)
    points = [(size * 0.2, size * 0.1), (size * 0.8, size * 0.1), (size * 0.4, size * 0.9)]
    ImageDraw.Draw(image).line(points, fill=255, width=max(1, size // 400))
    return np.asarray(image) / np.float32(255)


def test_a_huge_thin_digit_is_normalised_as_a_small_one():
    huge, small = (normalise(seven(size)).astype(int) for size in (3000, 400))
    assert np.abs(huge - small).mean() < 6
    assert normalising._small_enough(seven(1000)).shape == (1000, 1000)  # as it is


def test_long_strips_are_reduced_to_what_is_read_soon():
    page = as_page(Image.new("L", (60, 65_536), 255))
    assert max(page.grey.shape) == WORKING_SIDE_PX
    assert page.scale == pytest.approx(65_536 / WORKING_SIDE_PX)


def png(image, **options):
    stream = io.BytesIO()
    image.save(stream, "PNG", **options)
    return stream.getvalue()


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "RGB", "L", "I;16"])
def test_large_pictures_of_every_mode_are_as_small_ones(mode, monkeypatch):
    drawn = Image.new("L", (400, 300), 255)
    drawn.paste(30, (120, 60, 200, 240))
    large = {
        "RGBA": lambda: Image.merge("RGBA", (drawn, drawn, drawn, Image.eval(drawn, lambda v: 255 - v // 2))),
        "LA": lambda: Image.merge("LA", (drawn, Image.eval(drawn, lambda v: 255 - v // 2))),
        "I;16": lambda: Image.fromarray(np.asarray(drawn).astype(np.uint16) * 100),
    }.get(mode, lambda: drawn.convert(mode))()
    content = png(large)
    (whole,) = decode_pages(io.BytesIO(content), "it")
    monkeypatch.setattr(pages, "WORKING_PIXELS", 300 * 400 // 16)
    (reduced,) = decode_pages(io.BytesIO(content), "it")
    assert reduced.grey.shape == (75, 100)
    assert reduced.scale == 4
    assert np.abs(reduced.grey.astype(int) - whole.grey[2::4, 2::4])[5:-5:7, 5:-5:7].max() <= 1


def test_deep_greys_are_stretched_alike_in_strips(monkeypatch):
    values = np.random.default_rng(0).normal(0, 1e6, (50, 30)).astype(np.float32)
    values[3, 4] = np.nan
    whole = pages._stretched(values)
    monkeypatch.setattr(pages, "_STRIP_PIXELS", 100)
    assert np.array_equal(pages._stretched(values), whole)
    assert (whole.min(), whole.max()) == (0, 255)


def test_a_page_that_is_turned_and_large_keeps_its_scale(monkeypatch):
    monkeypatch.setattr(pages, "WORKING_PIXELS", 100 * 50)
    exif = Image.Exif()
    exif[0x112] = 6
    (page,) = decode_pages(io.BytesIO(png(Image.new("L", (800, 400), 90), exif=exif)), "it")
    assert page.grey.shape == (100, 50)
    assert page.scale == 8
