"""The reader: from a picture to lines of digits, each with its box, its confidence and the second guess.

Shape suffixes: N places, K classes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from inkmint.reading.calibration import Calibration, tempered
from inkmint.reading.desk import without_desk
from inkmint.reading.familiarity import Familiarity
from inkmint.reading.ink import Polarity, find_ink
from inkmint.reading.layout import in_lines, parted
from inkmint.reading.looks import Guesser, look
from inkmint.reading.pages import Grey, Page, as_page, open_pages
from inkmint.reading.segment import Box, Place, find_places, merged, split
from inkmint.reading.shapes import shape_of

MOST_DIGITS = 200
REJECTED = "?"
SMALL_PX = 200
"""Pictures with shorter sides than this are enlarged before they are searched."""

DRAWING_PX = 400
"""The longer side that is enough for a drawing of one digit; a larger one is reduced, as it is read while it grows."""

_MOST_ENLARGED = 8
_WIDE = 1.15  # width by height, from which on two digits may touch
_SURELY_TWO = 1.6
_NARROWEST = 0.4  # width by height of digits that touch
_MOST_TOUCHING = 8


@dataclass(frozen=True, eq=False)
class ReadDigit:
    """One place that was read, or not.

    Attributes:
        box: Where it is, in pixels of the picture as it is stored, upright.
        digit: The class; None if it is rejected.
        guess: The class that it is nearest to, rejected or not.
        confidence: That the guess is right, if it is a digit, in [0, 1].
        second: The next guess.
        second_confidence: Likewise.
        reason: Why it is rejected, in words; else empty.
        image: What the recogniser saw, uint8 (28, 28).
        probabilities_K: Of every class, in label order.
        begins_number: Whether a wide gap parts it from the digit before.
    """

    box: Box
    digit: str | None
    guess: str
    confidence: float
    second: str
    second_confidence: float
    reason: str
    image: NDArray[np.uint8]
    probabilities_K: NDArray[np.float64]
    begins_number: bool = False

    def record(self) -> dict[str, Any]:
        """Everything but image and probabilities, for JSON."""
        return {
            "digit": self.digit,
            "guess": self.guess,
            "confidence": self.confidence,
            "second": self.second,
            "second_confidence": self.second_confidence,
            "reason": self.reason,
            "box": self.box._asdict(),
        }


@dataclass(frozen=True, eq=False)
class Reading:
    """What was read on one page.

    Attributes:
        page: It.
        lines: Digits from left to right, lines from the top.
        dark_ink: Whether the ink is darker than the paper.
        note: What to know of it, in a clause; else empty.
    """

    page: Page
    lines: tuple[tuple[ReadDigit, ...], ...]
    dark_ink: bool
    note: str = ""

    @property
    def digits(self) -> tuple[ReadDigit, ...]:
        """All places in the order of reading."""
        return tuple(digit for line in self.lines for digit in line)

    @property
    def text(self) -> str:
        """A line of text for each line; `?` for what was rejected, a blank between numbers."""
        return "\n".join("".join(_texts(line)) for line in self.lines)

    def record(self) -> dict[str, Any]:
        """Everything but pixels, for JSON."""
        return {
            "picture": self.page.name,
            "text": self.text,
            "ink": "dark" if self.dark_ink else "bright",
            "note": self.note,
            "lines": [[digit.record() for digit in line] for line in self.lines],
        }


def _texts(line: Sequence[ReadDigit]) -> Iterator[str]:
    for digit in line:
        yield f"{' ' * digit.begins_number}{REJECTED if digit.digit is None else digit.digit}"


@dataclass(frozen=True, eq=False)
class _Answer:
    place: Place
    image: NDArray[np.uint8]
    probabilities_K: NDArray[np.float64]
    strange: bool

    @property
    def confidence(self) -> float:
        return float(self.probabilities_K.max())


class Reader:
    """Reads digits from pictures of any size.

    Args:
        recogniser: Tells the probability of every class for 28x28 images.
        calibration: Its own; None for the default, which believes the recogniser.
        familiarity: Of the recogniser; None to tell what is no digit by shape and confidence alone.
        threshold: Confidence below which a digit is rejected; None for the calibration's.
    """

    def __init__(
        self,
        recogniser: Guesser,
        calibration: Calibration | None = None,
        familiarity: Familiarity | None = None,
        threshold: float | None = None,
    ) -> None:
        self.recogniser, self.familiarity = recogniser, familiarity
        self.calibration = calibration or Calibration()
        self.threshold = self.calibration.threshold if threshold is None else threshold

    def read(self, image: "ArrayLike | Image.Image | Path | str", *, ink: Polarity = "auto") -> Reading:
        """Read one picture; of a file of several pages the first.

        Args:
            image: A file, a PIL image, or an array (H, W) or (H, W, 3) of integers in 0..255 or floats in 0..1.
            ink: `dark` or `bright`, or `auto` to tell from the picture.

        Raises:
            DataError: It cannot be read as a picture.
        """
        page = next(open_pages(Path(image))) if isinstance(image, (str, Path)) else as_page(image)
        return self.read_page(page, ink=ink)

    def read_page(self, page: Page, *, ink: Polarity = "auto", most: int = MOST_DIGITS) -> Reading:
        """Read one page.

        Args:
            page: See `pages.open_pages`.
            ink: `dark` or `bright`, or `auto` to tell from the page.
            most: Places that there may be; a page with more is a texture, and nothing is read on it.
        """
        grey, enlarged = _enlarged(page.grey)
        found = find_ink(without_desk(grey), ink)
        places = [place for place in find_places(found) if shape_of(place) != "line"]
        note = page.note
        if len(places) > most:
            crowded = f"{len(places):,} places look like ink, more than {most}, so nothing was read"
            note, places = "; ".join(filter(None, [note, crowded])), []
        answers = [part for answer in self._answers(places) for part in self._parts(answer)]
        lines = tuple(
            self._line([answers[index] for index in line], page.scale / enlarged)
            for line in in_lines([answer.place.box for answer in answers])
        )
        return Reading(page, lines, found.dark, note)

    def read_drawing(self, page: Page, *, ink: Polarity = "auto") -> ReadDigit | None:
        """Read a page that shows one digit and nothing else, all its ink together.

        Args:
            page: See `pages.as_page`.
            ink: `dark` or `bright`, or `auto` to tell from the page.

        Returns:
            The digit, or what was drawn instead; None if there is no ink, or a texture.
        """
        grey, _ = _enlarged(_reduced(page.grey))
        places = find_places(find_ink(grey, ink))
        if not places:
            return None
        (answer,) = self._answers([merged(places)])
        factor = page.scale * max(page.grey.shape) / max(grey.shape)
        digit = self._digit(answer, factor, False)
        if shape_of(answer.place) == "line":
            return replace(digit, digit=None, reason="not a digit: a line")
        return digit

    def _answers(self, places: Sequence[Place]) -> list[_Answer]:
        if not places:
            return []
        images, both_NK = look(self.recogniser, [place.ink for place in places])
        probabilities_NK = tempered(both_NK, self.calibration.temperature)
        strange_N = np.zeros(len(places), bool)
        if self.familiarity:
            strange_N = self.familiarity.is_strange(self.recogniser.features(images), images)
        return [
            _Answer(*answer)
            for answer in zip(places, images, probabilities_NK, strange_N.tolist(), strict=True)
        ]

    def _parts(self, answer: _Answer) -> list[_Answer]:
        """The digits that touch in one place, if it is too wide for one and they are read better apart."""
        box = answer.place.box
        sure = (
            not answer.strange
            and answer.confidence >= self.threshold
            and box.width < _SURELY_TWO * box.height
        )
        if box.width < _WIDE * box.height or sure:
            return [answer]
        most = min(_MOST_TOUCHING, round(box.width / (_NARROWEST * box.height)))
        ways = [self._answers(split(answer.place, number)) for number in range(2, most + 1)]
        best = max(ways, key=_least_confidence, default=[])
        return best if _least_confidence(best) >= max(self.threshold, answer.confidence) else [answer]

    def _line(self, answers: Sequence[_Answer], factor: float) -> tuple[ReadDigit, ...]:
        begins = parted([answer.place.box for answer in answers])
        return tuple(
            self._digit(answer, factor, first) for answer, first in zip(answers, begins, strict=True)
        )

    def _digit(self, answer: _Answer, factor: float, begins_number: bool) -> ReadDigit:
        names = self.recogniser.class_names
        second, first = np.argsort(answer.probabilities_K, kind="stable")[-2:]
        reason = ""
        if shape_of(answer.place) == "blot":
            reason = "not a digit: a blot"
        elif answer.strange:
            reason = "not a digit: it looks like none that the recogniser knows"
        elif answer.confidence < self.threshold:
            reason = f"not a digit, or none that is sure: confidence below {self.threshold:.2f}"
        return ReadDigit(
            box=answer.place.box.scaled(factor),
            digit=None if reason else names[first],
            guess=names[first],
            confidence=answer.confidence,
            second=names[second],
            second_confidence=float(answer.probabilities_K[second]),
            reason=reason,
            image=answer.image,
            probabilities_K=answer.probabilities_K,
            begins_number=begins_number,
        )


def _least_confidence(answers: Sequence[_Answer]) -> float:
    return min((answer.confidence * (not answer.strange) for answer in answers), default=0.0)


def _enlarged(grey: Grey) -> tuple[Grey, int]:
    """A small picture with more pixels, and how many times as many along each side."""
    factor = min(_MOST_ENLARGED, max(1, round(SMALL_PX / max(grey.shape))))
    if factor == 1:
        return grey, 1
    size = grey.shape[1] * factor, grey.shape[0] * factor
    return np.array(Image.fromarray(grey).resize(size, Image.Resampling.BICUBIC)), factor


def _reduced(grey: Grey) -> Grey:
    """A drawing with no more pixels than one digit needs."""
    factor = DRAWING_PX / max(grey.shape)
    if factor >= 1:
        return grey
    size = max(1, round(grey.shape[1] * factor)), max(1, round(grey.shape[0] * factor))
    return np.array(Image.fromarray(grey).resize(size, Image.Resampling.BOX))
