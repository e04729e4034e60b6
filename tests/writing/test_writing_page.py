"""Pages: boxes that hold the ink, gaps that keep glyphs apart, colours, and a reader that reads them back."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage

from inkmint.errors import SettingsError
from inkmint.models import Generator, Recogniser
from inkmint.reading import DEFAULT_MODEL
from inkmint.writing.hand import Hand
from inkmint.writing.ink import enlarged, glyph_patch, outlined, stroke_patch
from inkmint.writing.page import Page, write_page
from inkmint.writing.signs import SIGNS, strokes_of

TEXT = "2026-11-21 17:45\n(1,203.50) +7/8 98%"


@pytest.fixture(scope="module")
def page(hands: list[Hand]) -> Page:
    return write_page(hands[0], TEXT)


def test_every_glyph_has_a_box_in_the_order_of_the_text(page: Page) -> None:
    assert "".join(glyph.character for glyph in page.glyphs) == TEXT.replace(" ", "").replace("\n", "")
    assert [glyph.character for glyph in page.glyphs if not glyph.is_digit] == list("--:(,.)+/%")
    assert page.digits == "202611211745\n12035078" + "98"
    height, width = page.cover_HW.shape
    for glyph in page.glyphs:
        left, top, right, bottom = glyph.box
        assert 0 < left < right < width
        assert 0 < top < bottom < height
        assert page.cover_HW[top:bottom, left:right].max() > 180
        if glyph.is_digit:
            assert glyph.box.height == pytest.approx(64, rel=0.12)


def test_the_boxes_hold_all_ink(page: Page) -> None:
    rest = page.cover_HW.copy()
    for glyph in page.glyphs:
        left, top, right, bottom = glyph.box
        rest[top - 1 : bottom + 1, left - 1 : right + 1] = 0
    assert rest.max() < 128


@pytest.mark.parametrize("text", ["7417" * 5, "1111111111", "47/(74)%1-1"])
@pytest.mark.parametrize("seed", [1, 3])
def test_glyphs_do_not_touch(text: str, seed: int, hands: list[Hand]) -> None:
    page = write_page(hands[seed], text)
    parts, _ = ndimage.label(page.cover_HW > 100, np.ones((3, 3)))
    for one, other in pairwise(page.glyphs):
        assert other.box.left > one.box.left
        assert _largest_part(parts, one.box) != _largest_part(parts, other.box)


def _largest_part(parts: np.ndarray, box: tuple[int, int, int, int]) -> int:
    left, top, right, bottom = box
    counts = np.bincount(parts[top:bottom, left:right].ravel())
    counts[0] = 0
    return int(counts.argmax())


def test_digits_stand_on_their_line(hands: list[Hand]) -> None:
    glyphs = write_page(hands[2], "8080808080\n3030303030").glyphs
    for line in (1, 2):
        feet = [glyph.box.bottom for glyph in glyphs if glyph.line == line]
        assert 0 < np.ptp(feet) < 0.2 * 64
    assert glyphs[10].box.top > glyphs[0].box.bottom


@pytest.mark.parametrize("height_px", [12, 40, 200])
def test_the_height_is_that_of_digits(height_px: int, hands: list[Hand]) -> None:
    heights = [glyph.box.height for glyph in write_page(hands[0], "0246", height_px=height_px).glyphs]
    assert np.mean(heights) == pytest.approx(height_px, rel=0.1)


def test_the_same_seed_writes_the_same_page(hands: list[Hand]) -> None:
    pages = [write_page(hands[0], "0123", seed=seed).cover_HW for seed in (0, 0, 1)]
    assert np.array_equal(pages[0], pages[1])
    assert pages[0].shape != pages[2].shape or not np.array_equal(pages[0], pages[2])


def test_colours_and_transparency(page: Page) -> None:
    picture = page.picture("navy", "#ffeecc")
    assert picture.mode == "RGB"
    assert picture.getpixel((0, 0)) == (255, 238, 204)
    row, column = np.unravel_index(page.cover_HW.argmax(), page.cover_HW.shape)
    assert np.abs(np.subtract(picture.getpixel((int(column), int(row))), (0, 0, 128))).max() < 5
    clear = page.picture("navy", transparent=True)
    assert clear.mode == "RGBA"
    assert np.array_equal(np.asarray(clear)[..., 3], page.cover_HW)
    laid = Image.new("RGB", clear.size, "#ffeecc")
    laid.paste(clear, mask=clear)
    assert np.abs(np.asarray(laid).astype(int) - np.asarray(picture)).max() <= 1
    with pytest.raises(SettingsError, match="'inky' is no colour"):
        page.picture("inky")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("12a", "character 'a' cannot be written; write 0123456789, blanks and the signs"),
        ("5\u2009000", r"'\\u2009'"),
        ("", "nothing to write"),
        (" \n ", "nothing to write"),
        ("1" * 300_000, "pixels; write less"),
    ],
)
def test_what_cannot_be_written_is_told(text: str, message: str, hands: list[Hand]) -> None:
    with pytest.raises(SettingsError, match=message):
        write_page(hands[0], text)


def test_letters_are_written_by_a_generator_that_knows_them(untrained: Callable[..., Generator]) -> None:
    """Classes with longer names are not: a text holds single characters."""
    hand = Hand.draw(untrained("cgan", class_names=("a", "b", "coat")), 0)
    assert [glyph.is_digit for glyph in write_page(hand, "ab-ba").glyphs] == [True, True, False, True, True]
    with pytest.raises(SettingsError, match="write ab, blanks"):
        write_page(hand, "coat")


def test_a_class_goes_before_a_sign(untrained: Callable[..., Generator]) -> None:
    hand = Hand.draw(untrained("cgan", class_names=("1", "+")), 0)
    assert [glyph.is_digit for glyph in write_page(hand, "1+-1").glyphs] == [True, True, False, True]


def test_a_generator_that_draws_nothing_writes_an_empty_page(house: Generator) -> None:
    class Blank(torch.nn.Module):
        latent_size = 4

        def forward(self, z_NZ: torch.Tensor, y_N: torch.Tensor) -> torch.Tensor:
            return -torch.ones(len(z_NZ), 1, 28, 28)

    assert write_page(Hand.draw(Generator(Blank(), house.config), 0), "12").cover_HW.max() == 0


def test_an_enlarged_outline_is_where_it_was() -> None:
    """A disk of 28x28 pixels at eight times the size, off by less than a quarter of a small pixel, with sharp edges."""
    rows, columns = np.mgrid[:28, :28]
    small = np.rint(255 * (7.3 - np.hypot(rows - 13.2, columns - 14.6)).clip(-0.5, 0.5) + 127.5).astype(
        np.uint8
    )
    scale, corner = 8, 0.5 / 8 - 0.5
    large = enlarged(outlined(small), scale, (224, 224), (corner, corner))
    rows, columns = (np.mgrid[:224, :224] + 0.5) / scale - 0.5
    away = np.hypot(rows - 13.2, columns - 14.6) - 7.3
    assert (large[away < -0.25] > 252).all()
    assert (large[away > 0.25] < 3).all()


def test_faint_strokes_are_kept_and_small_holes_stay_open() -> None:
    faint = np.zeros((28, 28), np.uint8)
    faint[5:23, 13:15] = 90
    assert (outlined(faint)[6:22, 13:15] > 0).all()
    bold = np.zeros((28, 28), np.uint8)
    bold[8:20, 8:20] = 255
    bold[13:15, 13:15] = 110
    assert (outlined(bold)[13:15, 13:15] < 0).all()
    assert (outlined(bold)[9:12, 9:12] > 0).all()


def test_a_glyph_is_as_high_as_asked_and_knows_its_sides() -> None:
    image = np.zeros((28, 28), np.uint8)
    image[4:24, 10:18] = 255
    patch = glyph_patch(image, 100, lean=0.0)
    drawn = np.argwhere(patch.cover_HW > 127)
    assert np.ptp(drawn, axis=0) + 1 == pytest.approx([100, 40], abs=4)
    assert patch.baseline == drawn[:, 0].max() + 1
    assert (patch.left, patch.right) == (drawn[:, 1].min(), drawn[:, 1].max() + 1)


@pytest.mark.parametrize("sign", SIGNS)
def test_signs_have_the_pen_and_the_lean_of_the_hand(sign: str) -> None:
    pen = 8.0
    upright, leaning = (
        stroke_patch(strokes_of(sign, lean, np.random.default_rng(0)), 64, pen, lean) for lean in (0.0, 0.4)
    )
    for patch in (upright, leaning):
        assert patch.right - patch.left >= pen - 1
        assert patch.cover_HW.max() == 255
        edge = np.concatenate([patch.cover_HW[[0, -1]].ravel(), patch.cover_HW[:, [0, -1]].ravel()])
        assert edge.max() == 0
    assert abs((leaning.right - leaning.left) - (upright.right - upright.left)) < 0.4 * pen + 3


def test_inkmint_reads_back_what_it_writes(hands: list[Hand], capsys: pytest.CaptureFixture[str]) -> None:
    """The reader never saw this generator; it may decline a digit of an unusual hand, but hardly ever mistake one."""
    reader = Recogniser.from_pretrained(DEFAULT_MODEL).reader()
    right = declined = total = 0
    for hand in hands:
        page = write_page(hand, "01234\n56789")
        found = reader.read(page.picture()).digits
        for glyph in page.glyphs:
            box = glyph.box
            inside = [
                digit
                for digit in found
                if box.left <= (digit.box.left + digit.box.right) / 2 < box.right
                and box.top <= (digit.box.top + digit.box.bottom) / 2 < box.bottom
            ]
            total += 1
            right += [digit.digit for digit in inside] == [glyph.character]
            declined += [digit.digit for digit in inside] == [None]
    with capsys.disabled():
        print(f"\n{len(hands)} hands, {total} digits: {right} read right, {declined} declined")
    assert right >= 0.9 * total
    assert total - right - declined <= 0.03 * total
