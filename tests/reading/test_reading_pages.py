"""Files of every kind as grey pages, and how the others are refused."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inkmint.errors import DataError
from inkmint.reading import pages
from inkmint.reading.pages import as_page, decode_pages, open_pages


@pytest.fixture
def picture() -> Image.Image:
    grey = np.full((40, 60), 200, np.uint8)
    grey[10:20, 5:15] = 20
    return Image.fromarray(grey)


def saved(picture: Image.Image, path: Path, **options: object) -> Path:
    picture.save(path, **options)
    return path


@pytest.mark.parametrize(
    ("name", "convert"),
    [
        ("a.png", lambda picture: picture),
        ("a.png", lambda picture: picture.convert("RGB")),
        ("a.png", lambda picture: picture.convert("P")),
        ("a.png", lambda picture: picture.convert("LA")),
        ("a.jpg", lambda picture: picture.convert("CMYK")),
        ("a.tif", lambda picture: picture),
        ("a.webp", lambda picture: picture.convert("RGB")),
        ("a.bmp", lambda picture: picture),
        ("a.gif", lambda picture: picture),
    ],
)
def test_modes_and_formats_come_out_as_the_same_grey(
    name: str, convert: Callable[[Image.Image], Image.Image], picture: Image.Image, tmp_path: Path
) -> None:
    (page,) = open_pages(saved(convert(picture), tmp_path / name))
    assert page.grey.shape == (40, 60)
    assert page.scale == 1
    assert np.abs(page.grey[12:18, 7:13].astype(int) - 20).max() < 20
    assert np.abs(page.grey[25:, 25:].astype(int) - 200).max() < 20


def test_sixteen_bits_are_stretched(tmp_path: Path) -> None:
    deep = np.full((9, 9), 4000, np.uint16)
    deep[4] = 1000
    (page,) = open_pages(saved(Image.fromarray(deep), tmp_path / "deep.png"))
    assert (page.grey[4] == 0).all()
    assert (page.grey[0] == 255).all()


def test_a_photograph_is_turned_upright(picture: Image.Image, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x112] = 6  # to be turned by 90 degrees clockwise
    turned = picture.rotate(90, expand=True)
    (page,) = open_pages(saved(turned, tmp_path / "turned.png", exif=exif))
    assert np.array_equal(page.grey, np.asarray(picture))


@pytest.mark.parametrize("shade", [0, 255])
def test_what_is_transparent_becomes_a_sheet_that_the_ink_stands_out_from(shade: int, tmp_path: Path) -> None:
    drawn = np.zeros((20, 20, 4), np.uint8)
    drawn[5:10, 5:10] = (shade, shade, shade, 255)
    (page,) = open_pages(saved(Image.fromarray(drawn), tmp_path / "drawn.png"))
    assert (page.grey[5:10, 5:10] == shade).all()
    assert (page.grey[12:] == 255 - shade).all()


def test_of_an_animation_the_first_frame_is_read_and_said_so(picture: Image.Image, tmp_path: Path) -> None:
    path = saved(picture, tmp_path / "a.gif", save_all=True, append_images=[picture.rotate(180)])
    (page,) = open_pages(path)
    assert "first of its 2 frames" in page.note
    assert page.grey[15, 10] < 60


def test_a_tiff_of_several_pages_is_read_whole(picture: Image.Image, tmp_path: Path) -> None:
    path = saved(picture, tmp_path / "a.tif", save_all=True, append_images=[picture.rotate(180)])
    first, second = open_pages(path)
    assert np.array_equal(first.grey[::-1, ::-1], second.grey)
    assert second.name.endswith("a.tif, page 2")


def test_pages_of_a_pdf(picture: Image.Image, tmp_path: Path) -> None:
    pytest.importorskip("pypdfium2")
    path = saved(picture, tmp_path / "a.pdf", save_all=True, append_images=[picture.rotate(180)])
    first, second = open_pages(path)
    height, width = first.grey.shape
    assert first.grey[height * 15 // 40, width * 10 // 60] < 60
    assert second.grey[height * 25 // 40, width * 50 // 60] < 60


def test_large_pictures_are_reduced_and_say_how_far(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pages, "WORKING_PIXELS", 50 * 100)
    for name in ("large.png", "large.jpg"):
        (page,) = open_pages(saved(Image.new("L", (800, 400), 90), tmp_path / name))
        assert page.grey.shape == (50, 100)
        assert page.scale == pytest.approx(8)


def bomb(width: int, height: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0"))
        + chunk(b"IEND", b"")
    )


def png(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"hello", "cannot be read as a picture"),
        (bomb(20_000, 20_000), "too many pixels"),
        (bomb(12_000, 9_000), "12,000x9,000 pixels"),
        (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"\0\0\0\x18ftypheic" + bytes(20), "HEIC"),
        (png(Image.effect_noise((90, 90), 50))[:500], "cannot be read as a picture"),
        (b"%PDF-1.4 nonsense", "PDF"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_sentence(content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message) as error:
        list(decode_pages(io.BytesIO(content), "it"))
    assert str(error.value).startswith("it ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(5),
        np.zeros((0, 4)),
        np.zeros((4, 4, 2)),
        np.full((4, 4), np.nan),
        np.full((4, 4), 300),
        np.array([["a"]]),
    ],
)
def test_arrays_that_are_no_picture_are_refused(array: np.ndarray) -> None:
    with pytest.raises(DataError):
        as_page(array)


def test_arrays_of_every_kind_are_the_same_page() -> None:
    grey = np.arange(0, 240, 2, dtype=np.uint8).reshape(10, 12)
    for same in (
        grey,
        grey / 255,
        np.repeat(grey[..., None], 3, axis=2),
        grey[..., None],
        grey.astype(np.int64),
    ):
        assert np.array_equal(as_page(same).grey, grey)
