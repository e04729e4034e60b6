"""What digits of `public_gans.py` are worth, and when a training was first as good as a target.

Shape suffixes: N images, H height, W width.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torchvision_stand_in import Resize

from inkmint.data.digits import IMAGE_SIZE, DigitSet, Splits
from inkmint.evaluation.figure import Figure
from inkmint.evaluation.protocols import frechet, label_agreement
from inkmint.evaluation.readings import Judge, OnceAsked

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Score:
    """Label agreement and Fréchet distance of one set of digits.

    Attributes:
        mode: Whose statistics the generator's batch normalisation took; empty where nothing was chosen.
        way: How the images came to 28x28 pixels, one of `WAYS`.
        agreement: Higher is better.
        frechet: Lower is better.
    """

    mode: str
    way: str
    agreement: Figure
    frechet: Figure

    def reached_by(self, other: "Score") -> bool:
        """Whether both figures of the other are at least as good."""
        return other.agreement.value >= self.agreement.value and other.frechet.value <= self.frechet.value


@dataclass(frozen=True)
class Scored:
    """A snapshot with the scores of everything that could be made of it.

    Attributes:
        seconds: Of training.
        steps: Of the generator.
        images: Real images read until then.
        scores: Of every mode and way.
    """

    seconds: float
    steps: int
    images: int
    scores: tuple[Score, ...]

    def best(self, target: Score) -> Score:
        """The score that reaches the target if one does, else the one of the smallest Fréchet distance."""
        return min(self.scores, key=lambda score: (not target.reached_by(score), score.frechet.value))


@dataclass(frozen=True)
class Reached:
    """When a training was first as good as a target.

    Attributes:
        after_sec: Of the last snapshot that was not; 0 if the first was.
        at_sec: Of the first snapshot that was; None if none was.
    """

    after_sec: float
    at_sec: float | None

    def times(self, seconds: float) -> str:
        """Its time in multiples of another training's seconds, in words."""
        if self.at_sec is None:
            return f"not reached in {self.after_sec:,.0f} s: at least {self.after_sec / seconds:.1f} times as long"
        return (
            f"reached between {self.after_sec:,.0f} and {self.at_sec:,.0f} s: {self.after_sec / seconds:.1f} to "
            f"{self.at_sec / seconds:.1f} times as long"
        )


def first_reached(snapshots: Sequence[Scored], good: Callable[[Score], bool]) -> Reached:
    """When some score of a snapshot was first good; snapshots ascend in time."""
    after_sec = 0.0
    for snapshot in snapshots:
        if any(good(score) for score in snapshot.scores):
            return Reached(after_sec, snapshot.seconds)
        after_sec = snapshot.seconds
    return Reached(after_sec, None)


def due_times(limit_sec: float) -> list[float]:
    """Seconds at which to take snapshots: 120, half as much again, 240, and so on, doubling; the limit is the last."""
    times, step = [], 120.0
    while step < limit_sec:
        times += [step, step * 1.5]
        step *= 2
    return [*(time for time in times if time < limit_sec), limit_sec]


def _by_pil(filter_: Image.Resampling) -> Callable[[Pixels], Pixels]:
    def shrink(images_NHW: Pixels) -> Pixels:
        size = (IMAGE_SIZE, IMAGE_SIZE)
        return np.stack([np.asarray(Image.fromarray(image).resize(size, filter_)) for image in images_NHW])

    return shrink


def least_squares(images_NHW: Pixels) -> Pixels:
    """The 28x28 images that `Resize` enlarges to nearly these, by the pseudo-inverse of what it does to a line."""
    inverse = _inverse_of_resize(images_NHW.shape[1])
    found: Pixels = np.rint(inverse @ images_NHW @ inverse.T).clip(0, 255).astype(np.uint8)
    return found


@cache
def _inverse_of_resize(size: int) -> NDArray[np.float64]:
    """(28, size)."""
    enlarge = Resize((1, size))
    lines = np.eye(IMAGE_SIZE, dtype=np.float32)
    columns = [np.asarray(enlarge(Image.fromarray(line[None])))[0] for line in lines]
    inverse: NDArray[np.float64] = np.linalg.pinv(np.stack(columns, axis=1).astype(np.float64))
    return inverse


AS_DRAWN = "as drawn"
WAYS: Mapping[str, Callable[[Pixels], Pixels]] = {
    "least squares": least_squares,
    "Lanczos": _by_pil(Image.Resampling.LANCZOS),
    "bilinear": _by_pil(Image.Resampling.BILINEAR),
}
"""From larger images back to 28x28."""


def score(digits: DigitSet, splits: Splits, judge: Judge, *, mode: str = "", way: str = AS_DRAWN) -> Score:
    """Both figures of labelled digits, as `inkmint evaluate` measures them."""
    asked = OnceAsked(judge)
    return Score(
        mode, way, label_agreement(digits, splits, asked), frechet(digits, splits, asked, labelled=True)
    )


def scores_of(
    images_NHW: Pixels, labels_N: NDArray[np.int64], splits: Splits, judge: Judge, mode: str
) -> list[Score]:
    """Scores of drawn images of any size, one for every way that brings them to 28x28."""
    ways = {AS_DRAWN: lambda images: images} if images_NHW.shape[1] == IMAGE_SIZE else WAYS
    return [
        score(
            DigitSet.from_arrays(shrink(images_NHW), labels_N, name="minted digits"),
            splits,
            judge,
            mode=mode,
            way=way,
        )
        for way, shrink in ways.items()
    ]


def real_scores(splits: Splits, judge: Judge, image_px: int) -> list[Score]:
    """What real validation digits score as they are, and through `Resize` to `image_px` and every way back."""
    real, enlarge = splits.validation, Resize(image_px)
    images = real.images.numpy()
    large = np.stack([np.asarray(enlarge(Image.fromarray(image))) for image in images])
    return [
        score(real, splits, judge),
        *scores_of(large, real.labels.numpy(), splits, judge, mode=""),
    ]
