"""What the cards of shipped models rest on: figures, what goes wrong, speed, and the pictures.

Everything is measured on a model folder as it is shipped, after its weights were rounded to how they are stored.
Shape suffixes: N images, H height, W width, K classes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
from cards import Speed
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from inkmint.cli.display import Display
from inkmint.data.digits import DigitSet, Splits
from inkmint.data.sheet import Pixels, grid
from inkmint.evaluation.figure import Figure, value_in_words
from inkmint.evaluation.judge import JUDGE, SECOND_JUDGE, load_judge
from inkmint.evaluation.metrics import wilson_interval
from inkmint.evaluation.protocols import evaluate_digits, evaluate_recogniser
from inkmint.evaluation.readings import Judge, OnceAsked, probabilities, seen_classes
from inkmint.models import Generator, Recogniser
from inkmint.runtime import environment, machine_in_words
from inkmint.studies.synthetic import LEARNER, digits_to_learn_from, train_on_synthetic
from inkmint.training.weights import read_config

MINT_SEED = 0
NUM_MINTED = 10_000
NUM_WORST = 50
NUM_TIMED = 1_000
NUM_TIMES = 5
WORST_COLUMNS = 10
_SCALE = 2
_CAPTION_PX = 14
_FONT_PX = 12
_MOST_PAIRS = 3


@dataclass(frozen=True, eq=False)
class Measured:
    """Everything that was measured of a model folder.

    Attributes:
        figures: The numbers.
        failures: What goes wrong, as sentences with numbers.
        notes: What was left out, and why.
        pictures: uint8 (H, W), by the name of their file without `.png`.
        captions: What each shows.
        speed: Minting digits, or reading them.
        weights_sha256: Of the weights that were measured.
    """

    figures: tuple[Figure, ...]
    failures: tuple[str, ...]
    notes: tuple[str, ...]
    pictures: Mapping[str, Pixels]
    captions: Mapping[str, str]
    speed: Speed
    weights_sha256: str


def measure(folder: Path, splits: Splits) -> Measured:
    """Measure a model folder: a generator that knows classes, or a recogniser."""
    if read_config(folder).kind == "recogniser":
        return measure_recogniser(Recogniser.from_pretrained(folder), splits)
    return measure_generator(folder, splits)


def measure_generator(folder: Path, splits: Splits) -> Measured:
    """Mint digits, have both judges read them, and have a reader learn from as many as there are real ones.

    That reader has the training run's own seed, and so has the one that learns from real digits: several runs of
    the generator are as many pairs of readers.
    """
    generator = Generator.from_pretrained(folder)
    assert generator.conditional, "a card asks for digits of a class"
    seed = generator.config.seed
    first, second = (OnceAsked(load_judge(name)) for name in (JUDGE, SECOND_JUDGE))
    minted = generator.mint(NUM_MINTED, seed=MINT_SEED)
    found = evaluate_digits(minted, splits, first, second=second, labelled=True, seeds=(seed,))
    taught = train_on_synthetic(
        digits_to_learn_from(str(folder), splits, seed=MINT_SEED),
        splits,
        learner=LEARNER,
        seeds=(seed,),
        observers=lambda title: [Display(f"{generator.name}, {title}")],
    )
    worst = least_likely(first, minted)
    captions = read_as(first, minted, worst)
    num_agreed = int(np.sum(seen_classes(second, minted)[worst] != minted.labels.numpy()[worst]))
    assert found.confusion_KK is not None
    return Measured(
        figures=found.figures + taught.figures,
        failures=(
            f"Of {len(minted):,} minted digits {first.name} reads "
            f"{misreadings(found.confusion_KK, found.class_names, 'another class than asked')}",
            f"Below, the {len(worst)} of them that {first.name} gives least probability of being the class asked, the "
            f"worst first, with class asked and class read. {second.name} reads {num_agreed} of these {len(worst)} as "
            "another class than asked, too; others may be digits that only one network cannot read.",
        ),
        notes=found.notes + taught.notes,
        pictures={
            "samples": found.pictures["samples"],
            "real": found.pictures["real"],
            "nearest": found.pictures["nearest"],
            "worst": captioned_sheet(minted.images[worst].numpy(), captions),
        },
        captions={
            "samples": "minted, drawn at random",
            "real": "real test digits",
            "nearest": "ten minted digits, and below each the training image nearest to it",
            "worst": f"the {len(worst)} worst of {len(minted):,} minted digits",
        },
        speed=timed(lambda: generator.sample(NUM_TIMED, seed=MINT_SEED), NUM_TIMED),
        weights_sha256=generator.weights_sha256,
    )


def measure_recogniser(recogniser: Recogniser, splits: Splits) -> Measured:
    """Read the test images, and look at the mistakes."""
    reader, test = OnceAsked(recogniser), splits.test
    found = evaluate_recogniser(reader, test, seeds=(recogniser.config_.seed,))
    mistakes = surest_mistakes(reader, test)
    shown = f"the {len(mistakes)} surest mistakes" if len(mistakes) == NUM_WORST else "all of its mistakes"
    assert found.confusion_KK is not None
    failures = [
        f"Of {len(test):,} test images it reads "
        f"{misreadings(found.confusion_KK, found.class_names, 'another class than their label')}",
    ]
    if len(mistakes):
        least = probabilities(reader, test).max(axis=1)[mistakes].min()
        failures.append(
            f"Below, {shown}, the surest first, with label and class read; it gives each of them a probability of "
            f"{least:.2f} or more. Some labels can be doubted."
        )
    images = test.images[:NUM_TIMED]
    return Measured(
        figures=found.figures,
        failures=tuple(failures),
        notes=found.notes,
        pictures={"worst": captioned_sheet(test.images[mistakes].numpy(), read_as(reader, test, mistakes))}
        if len(mistakes)
        else {},
        captions={"worst": f"{shown} on {len(test):,} test images"} if len(mistakes) else {},
        speed=timed(lambda: recogniser.predict_indices(images), len(images)),
        weights_sha256=recogniser.weights_sha256,
    )


# What goes wrong


def least_likely(judge: Judge, digits: DigitSet) -> NDArray[np.int64]:
    """Places of the digits that the judge gives least probability of being their label, the worst first."""
    likely_N = probabilities(judge, digits)[np.arange(len(digits)), digits.labels.numpy()]
    return np.argsort(likely_N, kind="stable")[:NUM_WORST]


def surest_mistakes(reader: Judge, digits: DigitSet) -> NDArray[np.int64]:
    """Places of the digits that are read as another class than their label, the surest first."""
    answers_NK = probabilities(reader, digits)
    wrong = np.flatnonzero(answers_NK.argmax(axis=1) != digits.labels.numpy())
    surest: NDArray[np.int64] = wrong[np.argsort(-answers_NK[wrong].max(axis=1), kind="stable")][:NUM_WORST]
    return surest


def read_as(judge: Judge, digits: DigitSet, places: NDArray[np.int64]) -> list[str]:
    """Label and class read of some digits, such as `4 as 9`."""
    names, seen_N, labels_N = digits.class_names, seen_classes(judge, digits), digits.labels.numpy()
    return [f"{names[labels_N[place]]} as {names[seen_N[place]]}" for place in places]


def misreadings(confusion_KK: NDArray[np.int64], class_names: Sequence[str], wrong: str) -> str:
    """The end of a sentence: how many are read as `wrong`, which most often, and of which class the most."""
    counts_K = confusion_KK.sum(axis=1)
    wrong_KK = confusion_KK * (1 - np.eye(len(confusion_KK), dtype=np.int64))
    num_wrong, num_images = int(wrong_KK.sum()), int(counts_K.sum())
    low, high = (value_in_words(end, "share") for end in wilson_interval(num_wrong, num_images))
    share = value_in_words(num_wrong / num_images, "share")
    told = f"{num_wrong:,} as {wrong} ({share}, 95 % interval {low} to {high})"
    if not num_wrong:
        return f"{told}."
    order = np.argsort(-wrong_KK, axis=None, kind="stable")[:_MOST_PAIRS]
    places = [divmod(int(place), len(wrong_KK)) for place in order]
    pairs = [
        f"{class_names[label]} as {class_names[seen]} ({wrong_KK[label, seen]})"
        for label, seen in places
        if wrong_KK[label, seen]
    ]
    misread_K = wrong_KK.sum(axis=1) / np.maximum(counts_K, 1)
    hardest = int(misread_K.argmax())
    return (
        f"{told}, most often {', '.join(pairs)}; the class misread most is {class_names[hardest]}, "
        f"{value_in_words(float(misread_K[hardest]), 'share')} of {counts_K[hardest]:,}."
    )


# Pictures and speed


def captioned_sheet(images: Pixels, captions: Sequence[str], columns: int = WORST_COLUMNS) -> Pixels:
    """Images row by row at twice their size, a line of text under each: uint8 (N, H, W) to (rows, columns)."""
    large = images.repeat(_SCALE, axis=1).repeat(_SCALE, axis=2)
    font = ImageFont.load_default(size=_FONT_PX)
    cells = []
    for image, caption in zip(large, captions, strict=True):
        strip = Image.new("L", (image.shape[1], _CAPTION_PX))
        middle = (image.shape[1] / 2, _CAPTION_PX / 2)
        ImageDraw.Draw(strip).text(middle, caption, fill=255, font=font, anchor="mm")
        cells.append(np.concatenate([image, np.asarray(strip)]))
    return grid(np.stack(cells), columns=min(columns, len(cells)))


def timed(work: Callable[[], object], num_images: int) -> Speed:
    """Images per second of some work, after one time that does not count."""
    work()
    speeds = []
    for _ in range(NUM_TIMES):
        begun = perf_counter()
        work()
        speeds.append(num_images / (perf_counter() - begun))
    return Speed(
        num_images=num_images,
        num_times=NUM_TIMES,
        median=median(speeds),
        slowest=min(speeds),
        fastest=max(speeds),
        machine=machine_in_words(environment()),
    )
