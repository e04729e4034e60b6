"""A page that shows one digit, all its ink together."""

import numpy as np
import pytest
from PIL import Image

from inkmint.reading.ink import find_ink
from inkmint.reading.pages import as_page
from inkmint.reading.reader import Reader
from inkmint.reading.segment import find_places, merged


class Counter:
    """Takes everything for a 3, and keeps the pictures that it was asked about."""

    class_names = tuple("0123456789")
    weights_sha256 = ""

    def __init__(self):
        self.seen = []

    def predict_proba(self, X):
        self.seen.append(np.asarray(X))
        return np.eye(10, dtype=np.float32)[np.full(len(X), 3)] * 0.99 + 0.001

    def features(self, X):
        return np.zeros((len(X), 1), np.float32)


def sheet(*boxes):
    """White, with these boxes (left, top, right, bottom) in black."""
    image = Image.new("L", (300, 200), 255)
    for box in boxes:
        image.paste(0, box)
    return image


APART = ((40, 30, 55, 150), (150, 60, 165, 170), (250, 20, 262, 90))


def test_merged_places_lie_where_they_lay():
    grey = np.asarray(sheet(*APART))
    places = find_places(find_ink(grey))
    assert len(places) == 3
    for order in (places, places[::-1]):
        whole = merged(order)
        assert whole.box == (40, 20, 262, 170)
        drawn = whole.ink > 0.5
        rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
        inner = drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        assert np.array_equal(inner, grey[20:170, 40:262] < 128)
        assert not (drawn[0].any() or drawn[-1].any() or drawn[:, 0].any() or drawn[:, -1].any())


def test_one_place_is_itself():
    (place,) = find_places(find_ink(np.asarray(sheet(APART[0]))))
    whole = merged([place])
    assert whole.box == place.box
    assert np.array_equal(whole.ink, place.ink)


def test_all_ink_is_looked_at_as_one_digit():
    recogniser = Counter()
    digit = Reader(recogniser).read_drawing(as_page(sheet(*APART)))
    assert digit.digit == "3"
    assert digit.box == (40, 20, 262, 170)
    assert digit.probabilities_K.sum() == pytest.approx(1)
    assert digit.probabilities_K.argmax() == 3
    assert len(recogniser.seen) == 1
    assert len(recogniser.seen[0]) == 2  # upright and as written


def test_no_ink_and_texture_are_nothing():
    texture = np.full((400, 600), 255, np.uint8)
    for row in range(5):
        for column in range(5):
            texture[row::7, column::7] = 0
    for page in (sheet(), texture):
        assert Reader(Counter()).read_drawing(as_page(page)) is None


def test_a_large_drawing_is_read_small_and_its_box_is_its_own():
    large = sheet(*APART).resize((3000, 2000))
    digit = Reader(Counter()).read_drawing(as_page(large))
    assert digit.digit == "3"
    assert np.abs(np.subtract(digit.box, (400, 200, 2620, 1700))).max() <= 15


def test_a_line_is_no_digit():
    digit = Reader(Counter()).read_drawing(as_page(sheet((40, 90, 260, 100))))
    assert digit.digit is None
    assert digit.guess == "3"
    assert digit.reason == "not a digit: a line"
