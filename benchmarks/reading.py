"""How well whole pictures are read: digits strewn on paper, small and off centre, 8x8, drawn; what is rejected.

    python benchmarks/reading.py [--split validation|test] [--pictures 200] [--seed 0] [--model NAME]
        [--parts pages small drawn eight rejects strangers] [--save FOLDER]

The split says where the digits come from; everything in the reader was chosen on validation digits. Papers are made up:
fractional noise, ruled lines, a slope of light, darker corners, and grain.
"""

import argparse
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage
from sklearn.datasets import load_digits

from inkmint.data.digits import DigitSet
from inkmint.data.sources import load_splits
from inkmint.evaluation.metrics import wilson_interval
from inkmint.models import Recogniser
from inkmint.reading import DEFAULT_MODEL
from inkmint.reading.annotate import annotated
from inkmint.reading.calibration import error_reject_curve
from inkmint.reading.reader import ReadDigit, Reader, Reading
from inkmint.runtime import environment, set_threads

Grey = NDArray[np.uint8]
Floats = NDArray[np.float64]

PAGE_PX = (480, 640)
STROKES = {
    "0": [[(5, 1), (2, 3), (1, 7), (2, 11), (5, 13), (8, 11), (9, 7), (8, 3), (5, 1)]],
    "1": [[(3, 4), (5, 1), (5, 13)]],
    "2": [[(2, 4), (3, 2), (5, 1), (8, 2), (8, 5), (2, 13), (9, 13)]],
    "3": [[(2, 2), (5, 1), (8, 3), (7, 6), (4, 7), (8, 8), (9, 11), (6, 13), (2, 12)]],
    "4": [[(6, 1), (1, 9), (9, 9)], [(7, 5), (7, 13)]],
    "5": [[(8, 1), (3, 1), (2, 6), (6, 5), (9, 8), (7, 12), (2, 13)]],
    "6": [[(7, 1), (3, 5), (2, 10), (5, 13), (8, 11), (7, 8), (3, 8)]],
    "7": [[(1, 1), (9, 1), (4, 13)]],
    "8": [[(5, 6), (2, 4), (5, 1), (8, 4), (2, 10), (5, 13), (8, 10), (5, 6)]],
    "9": [[(8, 5), (5, 7), (2, 4), (5, 1), (8, 3), (8, 7), (6, 13)]],
}
"""Corners of every digit's strokes, x and y in a box of 10 by 14."""


class Sample(NamedTuple):
    """A picture and what it says, line by line."""

    grey: Grey
    truth: str


def paper(shape: tuple[int, int], random: np.random.Generator) -> Floats:
    """Brightness of a sheet, (H, W) in 0..1: about 0.7 to 0.95, uneven as photographs are."""
    height, width = shape
    y, x = np.mgrid[0:height, 0:width]
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None])
    frequency[0, 0] = 1
    noise = np.fft.ifft2(np.fft.fft2(random.normal(size=shape)) / frequency ** random.uniform(0.6, 1.4)).real
    sheet = random.uniform(0.7, 0.92) + 0.02 * random.uniform(0.2, 1) * noise / noise.std()
    slope = random.uniform(-0.15, 0.15, size=2)
    sheet += slope[0] * (y / height - 0.5) + slope[1] * (x / width - 0.5)
    sheet *= 1 - random.uniform(0, 0.25) * np.hypot(y / height - 0.5, x / width - 0.5) ** 2 / 0.5
    if random.random() < 0.4:
        step, depth = int(random.integers(24, 60)), random.uniform(0.03, 0.12)
        sheet[int(random.integers(step)) :: step] -= depth
        if random.random() < 0.5:
            sheet[:, int(random.integers(step)) :: step] -= depth
    sheet += random.normal(scale=random.uniform(0.002, 0.02), size=shape)
    return sheet


def drawn_on(sheet: Floats, ink: Floats, random: np.random.Generator) -> Grey:
    """Ink (H, W) in 0..1 of random strength on a sheet, dark on bright or the reverse."""
    sheet = sheet * (1 - random.uniform(0.35, 0.9) * ink)
    if random.random() < 0.5:
        sheet = 1 - sheet
    return np.rint(255 * sheet.clip(0, 1)).astype(np.uint8)


def laid(image: Grey, height_px: float, slant: float) -> Floats:
    """A digit of 28x28 with a 20 px box as high as asked, slanted, in 0..1."""
    scale = height_px / 20
    size = round(28 * scale * (1 + abs(slant))), round(28 * scale)
    smooth = ndimage.gaussian_filter(image.astype(np.float64), max(0.0, (1 / scale - 1) / 2))
    matrix = np.array([[1 / scale, 0], [slant / scale, 1 / scale]])
    offset = np.array([13.5, 13.5]) - matrix @ np.array([(size[1] - 1) / 2, (size[0] - 1) / 2])
    order = 3 if scale > 1 else 1
    return (ndimage.affine_transform(smooth, matrix, offset, size[::-1], order=order) / 255).clip(0, 1)


def cropped(ink: Floats) -> Floats:
    rows, columns = np.flatnonzero((ink > 0.1).any(axis=1)), np.flatnonzero((ink > 0.1).any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def page(images: Grey, labels: Sequence[int], random: np.random.Generator) -> Sample:
    """1 to 12 digits, up to six to a line, each of its own size and slant about those of the page."""
    size, slant = random.uniform(18, 64), random.uniform(-0.3, 0.3)
    tiles = [
        cropped(laid(image, size * random.uniform(0.8, 1.25), slant + random.uniform(-0.1, 0.1)))
        for image in images
    ]
    per_line = int(random.integers(3, 7))
    lines = [tiles[start : start + per_line] for start in range(0, len(tiles), per_line)]
    ink = np.zeros(PAGE_PX)
    strip = PAGE_PX[0] // len(lines)
    for number, line in enumerate(lines):
        free = PAGE_PX[1] - sum(tile.shape[1] for tile in line)
        gaps = random.dirichlet(np.full(len(line) + 1, 2.0)) * (free - 0.2 * size * (len(line) + 1))
        left, top = 0.0, random.uniform(0, max(1.0, strip - 1.4 * size))
        for tile, gap in zip(line, gaps, strict=False):
            left += gap + 0.2 * size
            row = int(
                number * strip + np.clip(top + random.uniform(0, 0.15 * size), 0, strip - tile.shape[0])
            )
            ink[row : row + tile.shape[0], int(left) : int(left) + tile.shape[1]] += tile
            left += tile.shape[1]
    truth = ["".join(map(str, labels[start : start + per_line])) for start in range(0, len(labels), per_line)]
    return Sample(drawn_on(paper(PAGE_PX, random), ink.clip(0, 1), random), "\n".join(truth))


def pages(digits: DigitSet, number: int, random: np.random.Generator) -> Iterator[Sample]:
    images, labels = digits.images.numpy(), digits.labels.tolist()
    for _ in range(number):
        chosen = random.integers(len(images), size=random.integers(1, 13))
        yield page(images[chosen], [labels[index] for index in chosen], random)


def small(image: Grey, share: float, random: np.random.Generator) -> Grey:
    """The digit at a share of its size, anywhere in 28x28 pixels; at 1 where it was."""
    if share == 1:
        return image
    tile = cropped(laid(image, 20 * share, 0.0))
    canvas = np.zeros((28, 28))
    top, left = (int(random.integers(28 - size + 1)) for size in tile.shape)
    canvas[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
    return np.rint(255 * canvas).astype(np.uint8)


def stroke_picture(name: str, random: np.random.Generator) -> Image.Image:
    """A digit as with a mouse: corners moved a little, round pen of random width, 280x280 pixels."""
    scale, slant = random.uniform(6, 16), random.uniform(-0.3, 0.3)
    place = random.uniform(10, np.maximum(11, 270 - scale * np.array([10 + 14 * abs(slant), 14])), size=2)
    picture = Image.new("L", (280, 280), 255)
    draw = ImageDraw.Draw(picture)
    pen = random.uniform(2, 1.6 * scale)
    for corners in STROKES[name]:
        moved = np.array(corners) + random.normal(scale=0.35, size=(len(corners), 2))
        moved[:, 0] += slant * (7 - moved[:, 1]) + 7 * abs(slant)
        points = [tuple(point) for point in moved * scale + place]
        draw.line(points, fill=0, width=max(2, round(pen)), joint="curve")
        for x, y in points:
            draw.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), fill=0)
    return picture


def strangers(number: int, random: np.random.Generator) -> dict[str, list[Grey]]:
    """Pictures without a digit, by kind."""

    def letters() -> Grey:
        picture = Image.new("L", (240, 160), 255)
        text = "".join(random.choice(list("ABCDEFGHKLMNPQRTUVWXYabdefhjkmnprtwxy"), size=3))
        font = ImageFont.load_default(size=int(random.integers(36, 72)))
        ImageDraw.Draw(picture).text((20, 30), text, fill=0, font=font)
        return np.array(picture)

    def lines() -> Grey:
        picture = Image.new("L", (240, 160), 255)
        draw = ImageDraw.Draw(picture)
        for _ in range(int(random.integers(1, 4))):
            y = random.integers(10, 150, size=2)
            draw.line((10, int(y[0]), 230, int(y[1])), fill=0, width=int(random.integers(1, 5)))
        return np.array(picture)

    return {
        "blank paper": [
            np.rint(255 * paper(PAGE_PX, random).clip(0, 1)).astype(np.uint8) for _ in range(number)
        ],
        "noise": [random.integers(0, 256, size=(120, 160), dtype=np.uint8) for _ in range(number)],
        "lines": [lines() for _ in range(number)],
        "letters, three a picture": [letters() for _ in range(number)],
    }


def share(successes: int, n: int) -> str:
    low, high = wilson_interval(successes, n)
    return f"{successes / n:.2%} ({low:.2%} to {high:.2%}), n = {n:,}"


def num_edits(one: str, other: str) -> int:
    """Least number of insertions, deletions and changes of a character between two texts."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        previous, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            previous, row[j] = row[j], min(previous + (a != b), row[j] + 1, row[j - 1] + 1)
    return row[-1]


def sequence(reading: Reading, digit: Callable[[ReadDigit], str]) -> str:
    return "\n".join("".join(map(digit, line)) for line in reading.lines)


def guessed(digit: ReadDigit) -> str:
    return digit.guess


def told(digit: ReadDigit) -> str:
    return digit.digit or "?"


def report_pages(samples: Iterator[Sample], reader: Reader, save: Path | None) -> None:
    sequences = edits = num_digits = found = num = 0
    confidence: list[float] = []
    correct: list[bool] = []
    for num, (grey, truth) in enumerate(samples, 1):
        reading = reader.read(grey)
        read = sequence(reading, guessed)
        sequences += read == truth
        num_digits += len(truth.replace("\n", ""))
        edits += num_edits(truth, read)
        if [len(line) for line in read.split("\n")] == [len(line) for line in truth.split("\n")]:
            found += 1
            confidence += [digit.confidence for digit in reading.digits]
            correct += [
                digit.guess == true
                for digit, true in zip(reading.digits, truth.replace("\n", ""), strict=True)
            ]
        if save and (read != truth or num <= 8):
            save.mkdir(parents=True, exist_ok=True)
            annotated(reading).save(save / f"{num:04d}-{'right' if read == truth else 'wrong'}.png")
    print("strewn on paper, 1 to 12 to a picture")
    print(f"  pictures whose places and lines are all found  {share(found, num)}")
    print(f"  sequence accuracy, nothing rejected            {share(sequences, num)}")
    print(f"  digit accuracy, 1 - edits/digits               {share(max(0, num_digits - edits), num_digits)}")
    report_curve(confidence, correct)


def report_curve(confidence: list[float], correct: list[bool]) -> None:
    if not confidence:
        return
    print("  error/reject curve of the digits of these pictures")
    for point in error_reject_curve(np.array(confidence), np.array(correct)):
        print(
            f"    rejected {point.rejected:6.2%}  error of the rest {point.error:.3%}"
            f"  confidence from {point.threshold:.3f}"
        )


def report_single(title: str, pictures: Sequence[Grey], labels: Sequence[str], reader: Reader) -> list[bool]:
    """Pictures of one digit: how many are read so, nothing rejected."""
    readings = [reader.read(picture) for picture in pictures]
    right = [sequence(reading, guessed) == label for reading, label in zip(readings, labels, strict=True)]
    answered = [
        (reading, label)
        for reading, label in zip(readings, labels, strict=True)
        if "?" not in reading.text and reading.text
    ]
    wrong = sum(reading.text != label for reading, label in answered)
    print(f"  {title:34} {share(sum(right), len(right))}")
    print(
        f"  {'':34} rejected {1 - len(answered) / len(right):.2%}, "
        f"wrong of the rest {wrong / max(1, len(answered)):.2%}"
    )
    return right


def report_small(digits: DigitSet, number: int, random: np.random.Generator, reader: Reader) -> None:
    chosen = random.permutation(len(digits))[:number]
    images = digits.images.numpy()[chosen]
    labels = [str(label) for label in digits.labels[chosen].tolist()]
    probabilities = reader.recogniser.predict_proba(images)
    bare = sum(str(guess) == label for guess, label in zip(probabilities.argmax(axis=1), labels, strict=True))
    print("one digit in 28x28 pixels")
    print(f"  {'the recogniser alone, full size':34} {share(bare, number)}")
    full = report_single("full size, in the middle", images, labels, reader)
    less = report_single(
        "60 % size, anywhere", [small(image, 0.6, random) for image in images], labels, reader
    )
    lost = sum(a and not b for a, b in zip(full, less, strict=True))
    won = sum(b and not a for a, b in zip(full, less, strict=True))
    gap = 100 * (lost - won) / number
    spread = 196 * np.sqrt(max(lost + won - (lost - won) ** 2 / number, 1)) / number
    print(
        f"  60 % size and off centre costs {gap:+.2f} ({gap - spread:+.2f} to {gap + spread:+.2f}) points, paired"
    )


def report_strangers(number: int, random: np.random.Generator, reader: Reader) -> None:
    print("pictures without a digit: places taken for one, per picture")
    for kind, pictures in strangers(number, random).items():
        readings = [reader.read(picture) for picture in pictures]
        taken = [sum(digit.digit is not None for digit in reading.digits) for reading in readings]
        seen = sum(len(reading.digits) for reading in readings)
        print(
            f"  {kind:26} {sum(taken) / number:.2f} taken, {(seen - sum(taken)) / number:.2f} rejected; "
            f"none taken in {share(taken.count(0), number)}"
        )


def main() -> None:
    parts = ("pages", "small", "eight", "drawn", "strangers")
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--split", choices=["validation", "test"], default="validation")
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--parts", nargs="+", choices=parts, default=parts)
    parser.add_argument("--save", type=Path, help="Folder for annotated pages: the first and all wrong ones.")
    arguments = parser.parse_args()
    set_threads(1)
    digits: DigitSet = getattr(load_splits("mnist"), arguments.split)
    recogniser = Recogniser.from_pretrained(arguments.model)
    reader = recogniser.reader()
    machine = environment()
    print(f"command   python {shlex.join(sys.argv)}")
    print(f"machine   {machine['processor']}, {machine['num_cpus']} CPUs, 1 thread")
    print(f"versions  Python {machine['python']}, {machine['versions']}")
    print(
        f"model     {arguments.model}, weights {recogniser.weights_sha256[:12]}, "
        f"temperature {reader.calibration.temperature:.3f}, threshold {reader.threshold:.3f}"
    )
    print(f"digits    MNIST {arguments.split}; intervals are Wilson's 95 % unless they say otherwise\n")
    for part in arguments.parts:
        random = np.random.default_rng([arguments.seed, parts.index(part)])
        match part:
            case "pages":
                report_pages(pages(digits, arguments.pictures, random), reader, arguments.save)
            case "small":
                report_small(digits, arguments.pictures, random, reader)
            case "eight":
                eight = load_digits()
                chosen = random.permutation(len(eight.target))[: arguments.pictures]
                pictures = [np.rint(eight.images[index] * (255 / 16)).astype(np.uint8) for index in chosen]
                large = [
                    np.array(Image.fromarray(picture).resize((64, 64), Image.Resampling.BICUBIC))
                    for picture in pictures
                ]
                print("scikit-learn's 8x8 digits")
                report_single(
                    "up-scaled to 64x64", large, [str(label) for label in eight.target[chosen]], reader
                )
            case "drawn":
                names = [str(index % 10) for index in range(arguments.pictures)]
                print("drawn strokes")
                report_single(
                    "280x280, random pen",
                    [np.array(stroke_picture(name, random)) for name in names],
                    names,
                    reader,
                )
            case "strangers":
                report_strangers(max(1, arguments.pictures // 4), random, reader)
        print(flush=True)


if __name__ == "__main__":
    main()
