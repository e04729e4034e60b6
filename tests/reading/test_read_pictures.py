"""From pictures to digits: where they are found, in what order, how they are normalised, and what is rejected."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from inkmint.data.digits import Splits
from inkmint.models import Recogniser
from inkmint.reading import DEFAULT_MODEL
from inkmint.reading.annotate import annotated
from inkmint.reading.fitting import calibrate_reader
from inkmint.reading.layout import in_lines, parted
from inkmint.reading.model import load_reader, save_reader
from inkmint.reading.normalise import LONGEST_PX, MIDDLE_PX, normalise
from inkmint.reading.reader import Reader
from inkmint.reading.segment import Box


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return Recogniser.from_pretrained(DEFAULT_MODEL)


@pytest.fixture(scope="module")
def reader(recogniser: Recogniser) -> Reader:
    return recogniser.reader()


@pytest.fixture(scope="module")
def digits(starter: Splits, recogniser: Recogniser) -> list[np.ndarray]:
    """For each class a validation digit that is read well, uint8 (28, 28)."""
    images, labels = starter.validation.images.numpy(), starter.validation.labels.numpy()
    confidence_NK = recogniser.predict_proba(images)
    return [images[labels == k][confidence_NK[labels == k, k].argmax()] for k in range(10)]


def sheet(rows: list[list[np.ndarray]], scale: int = 2, gap: int = 10, shade: float = 0.7) -> np.ndarray:
    """Rows of digits as dark ink on white, uint8."""
    size = 28 * scale
    ink = np.zeros((len(rows) * 2 * size, max(map(len, rows)) * (size + gap) + size))
    for i, row in enumerate(rows):
        for j, image in enumerate(row):
            large = ndimage.zoom(image / 255.0, scale, order=1)
            top, left = i * 2 * size + size // 2, size // 2 + j * (size + gap)
            ink[top : top + size, left : left + size] = large
    return np.rint(250 * (1 - shade * ink)).astype(np.uint8)


@pytest.fixture(scope="module")
def page(digits: list[np.ndarray]) -> np.ndarray:
    return sheet([[digits[k] for k in (2, 0, 2, 6)], [digits[k] for k in (3, 8, 5)]])


def test_lines_are_read_from_the_top_and_digits_from_the_left(reader: Reader, page: np.ndarray) -> None:
    reading = reader.read(page)
    assert reading.text == "2026\n385"
    assert reading.dark_ink
    first, last = reading.lines[0][0], reading.lines[1][-1]
    assert 28 <= first.box.left < first.box.right <= 28 + 56
    assert last.box.top > 28 + 56
    for digit in reading.digits:
        assert digit.confidence > 0.9
        assert digit.confidence + digit.second_confidence <= 1 + 1e-6
        assert digit.second != digit.guess == digit.digit
        assert digit.image.shape == (28, 28)


def test_bright_ink_shadows_and_a_slope_of_light_do_not_matter(reader: Reader, page: np.ndarray) -> None:
    expected = reader.read(page).text
    assert reader.read(255 - page).text == expected
    assert not reader.read(255 - page).dark_ink
    slope = np.linspace(0.4, 1, page.shape[1])
    assert reader.read((page * slope).astype(np.uint8)).text == expected
    ruled = page.copy()
    ruled[5::31] = ruled[5::31] * 0.85
    assert reader.read(ruled).text == expected


def test_ink_can_be_told(reader: Reader, page: np.ndarray) -> None:
    assert reader.read(page, ink="dark").text == reader.read(page).text
    assert reader.read(page, ink="bright").text != reader.read(page).text


def test_a_sheet_on_a_dark_desk(reader: Reader, page: np.ndarray) -> None:
    desk = np.full((page.shape[0] + 200, page.shape[1] + 200), 50, np.uint8)
    desk[100:-100, 100:-100] = page
    assert reader.read(desk).text == reader.read(page).text


def test_boxes_are_in_pixels_of_the_picture_whatever_its_size(reader: Reader, page: np.ndarray) -> None:
    large = np.array(Image.fromarray(page).resize((page.shape[1] * 8, page.shape[0] * 8)))
    for one, other in zip(reader.read(page).digits, reader.read(large).digits, strict=True):
        assert np.array(other.box) / 8 == pytest.approx(np.array(one.box), abs=2)


def test_digits_of_mnist_are_read_as_they_are(reader: Reader, digits: list[np.ndarray]) -> None:
    assert [reader.read(image).text for image in digits] == list("0123456789")


def test_digits_that_touch_are_parted(reader: Reader, digits: list[np.ndarray]) -> None:
    def cropped(image: np.ndarray) -> np.ndarray:
        return image[:, (image > 128).any(axis=0)]

    touching = np.hstack([cropped(digits[k]) for k in (3, 0, 5)])
    assert reader.read(sheet([[np.pad(touching, ((0, 0), (2, 2)))[:, :28]]])).text  # a part of them is read
    ink = ndimage.zoom(np.pad(touching, 12) / 255.0, 4, order=1).clip(0, 1)
    assert reader.read(1 - ink).text == "305"


def test_wide_gaps_part_numbers(reader: Reader, digits: list[np.ndarray]) -> None:
    blank = np.zeros((28, 28), np.uint8)
    row = [digits[k] for k in (1, 2)] + [blank, blank] + [digits[k] for k in (3, 4)]
    assert reader.read(sheet([row])).text == "12 34"


def blank_sheet() -> np.ndarray:
    return np.full((200, 300), 230, np.uint8)


def noise() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (200, 300), dtype=np.uint8)


def grain() -> np.ndarray:
    return (200 + np.random.default_rng(0).normal(scale=12, size=(200, 300))).clip(0, 255).astype(np.uint8)


def ruled() -> np.ndarray:
    paper = blank_sheet()
    paper[10::20] = 150
    paper[:, 10::20] = 150
    return paper


def slanted_line() -> np.ndarray:
    picture = Image.fromarray(blank_sheet())
    ImageDraw.Draw(picture).line((20, 150, 280, 60), fill=0, width=4)
    return np.array(picture)


def blot() -> np.ndarray:
    picture = Image.fromarray(blank_sheet())
    ImageDraw.Draw(picture).ellipse((60, 60, 160, 150), fill=0)
    return np.array(picture)


def gradient() -> np.ndarray:
    return np.rint(np.linspace(30, 250, 300)[None].repeat(200, axis=0)).astype(np.uint8)


@pytest.mark.parametrize("picture", [blank_sheet, noise, grain, ruled, slanted_line, blot, gradient])
def test_what_holds_no_digit_is_not_read(picture, reader: Reader) -> None:
    assert all(digit.digit is None and digit.reason for digit in reader.read(picture()).digits)


@pytest.mark.parametrize("picture", [blank_sheet, noise, grain, ruled, slanted_line, gradient])
def test_nothing_at_all_is_found_on_paper_without_ink(picture, reader: Reader) -> None:
    assert reader.read(picture()).text == ""


def test_most_letters_are_rejected(reader: Reader) -> None:
    font = ImageFont.load_default(size=60)
    taken = seen = 0
    for text in ("KRW", "MEH", "RAX", "HKN"):
        picture = Image.new("L", (260, 120), 255)
        ImageDraw.Draw(picture).text((20, 20), text, fill=0, font=font)
        answers = reader.read(picture).digits
        taken += sum(digit.digit is not None for digit in answers)
        seen += len(answers)
    assert seen >= 10
    assert taken <= seen / 3


def test_a_threshold_rejects_and_says_why(recogniser: Recogniser, page: np.ndarray) -> None:
    strict = recogniser.reader(threshold=1.0).read(page)
    assert set(strict.text) <= {"?", "\n"}
    assert {digit.guess for digit in strict.digits} == set("20638") | {"5"}
    assert all("confidence below 1.00" in digit.reason for digit in strict.digits)


def test_a_crowded_page_is_a_texture(reader: Reader, page: np.ndarray) -> None:
    from inkmint.reading.pages import as_page

    reading = reader.read_page(as_page(page), most=3)
    assert reading.lines == ()
    assert "more than 3" in reading.note


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (2, 3), (9, 9)])
def test_tiny_pictures_hold_nothing(shape: tuple[int, int], reader: Reader) -> None:
    assert reader.read(np.full(shape, 128, np.uint8)).text == ""


def test_normalised_as_mnist_is(digits: list[np.ndarray]) -> None:
    ink = ndimage.zoom(np.pad(digits[3], 4) / 255.0, 5, order=1).clip(0, 1)
    image = normalise(np.roll(ink, (7, -5), (0, 1)), deskew=False)
    rows, columns = (np.flatnonzero((image > 127).any(axis)) for axis in (1, 0))
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == pytest.approx(LONGEST_PX, abs=1)
    assert ndimage.center_of_mass(image) == pytest.approx((MIDDLE_PX, MIDDLE_PX), abs=0.2)
    assert image.max() == 255
    assert np.abs(image.astype(int) - digits[3]).mean() < 12


def test_hair_lines_are_thickened() -> None:
    ink = np.zeros((220, 220), np.float32)
    ink[10:211, 110] = 1
    assert (normalise(ink) > 127).any(axis=0).sum() >= 1


def test_a_slanted_stroke_is_set_upright() -> None:
    picture = Image.new("L", (60, 60))
    ImageDraw.Draw(picture).line((20, 50, 40, 10), fill=255, width=4)
    ink = np.asarray(picture) / 255
    upright, as_drawn = ((normalise(ink, deskew=deskew) > 127).any(axis=0).sum() for deskew in (True, False))
    assert upright < as_drawn / 2


def test_lines_may_climb() -> None:
    boxes = [Box(20 * k, 50 - 8 * k, 20 * k + 15, 70 - 8 * k) for k in range(5)]
    below = [Box(20 * k, 90 - 8 * k, 20 * k + 15, 110 - 8 * k) for k in range(5)]
    assert in_lines([*below, *boxes]) == [[5, 6, 7, 8, 9], [0, 1, 2, 3, 4]]
    assert parted([Box(0, 0, 10, 20), Box(12, 0, 20, 20), Box(60, 0, 70, 20)]) == [False, False, True]
    assert in_lines([]) == []
    assert parted([]) == []


def test_the_shipped_reader_is_calibrated_on_its_own_weights(recogniser: Recogniser, reader: Reader) -> None:
    assert reader.calibration.weights_sha256 == recogniser.weights_sha256
    assert reader.familiarity is not None
    none, one = reader.calibration.curve[0], reader.calibration.curve[2]
    assert one.rejected == pytest.approx(0.01)
    assert one.error <= none.error / 2


def test_a_calibration_goes_with_the_model_and_with_no_other(
    recogniser: Recogniser, few: Splits, tmp_path: Path
) -> None:
    calibration, familiarity = calibrate_reader(recogniser, few.validation)
    assert calibration.num_images == 2 * len(few.validation)
    assert calibration == calibrate_reader(recogniser, few.validation)[0]
    fresh = Reader(recogniser, calibration, familiarity)
    assert save_reader(fresh, tmp_path) is not None
    again = load_reader(recogniser, tmp_path)
    assert again.calibration.temperature == calibration.temperature
    assert again.familiarity is not None
    other = Recogniser.from_pretrained("judge-v1")
    assert not load_reader(other, tmp_path).calibration.measured
    assert save_reader(Reader(other, calibration), tmp_path) is None
    recogniser.save_pretrained(tmp_path / "copy")
    copied = Recogniser.from_pretrained(tmp_path / "copy").reader().calibration
    assert copied == recogniser.reader().calibration


def test_the_annotated_picture_shows_boxes(reader: Reader, page: np.ndarray) -> None:
    reading = reader.read(page)
    picture = annotated(reading)
    assert picture.size == page.shape[::-1]
    box = reading.digits[0].box
    red, green, _ = picture.getpixel((box.left - 2, box.bottom - 5))
    assert green > red


def test_files_are_read_by_their_path(recogniser: Recogniser, page: np.ndarray, tmp_path: Path) -> None:
    Image.fromarray(page).save(tmp_path / "page.png")
    assert recogniser.read(tmp_path / "page.png").text == "2026\n385"
