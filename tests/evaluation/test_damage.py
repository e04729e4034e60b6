"""Metrics see what they should: real digits that were damaged on purpose, and which figures notice it.

Real test digits are parted at random: one half plays the minted digits, the other stays the test set. A damage
is caught by a figure whose 95 % interval parts from that of the undamaged half. Run with -s to read the table.
"""

import re
import time

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from inkmint.data.digits import DigitSet, Splits
from inkmint.data.sources import load_splits
from inkmint.evaluation.protocols import evaluate_digits
from inkmint.models import Recogniser

UNDAMAGED = "undamaged"
BLUR_PX = 1.5
SHARE_WRONG = 0.1
MISSING = 7


def blurred(digits, train):
    images = gaussian_filter(digits.images.numpy().astype(float), (0, BLUR_PX, BLUR_PX))
    return with_images(digits, images.round())


def wrong_labels(digits, train):
    random = np.random.default_rng(0)
    labels = digits.labels.numpy().copy()
    wrong = random.choice(len(labels), round(SHARE_WRONG * len(labels)), replace=False)
    labels[wrong] = (labels[wrong] + random.integers(1, 10, len(wrong))) % 10
    return DigitSet(digits.images, torch.from_numpy(labels), digits.name)


def class_missing(digits, train):
    return digits.subset(torch.nonzero(digits.labels != MISSING).flatten())


def one_repeated(digits, train):
    first = torch.stack([torch.nonzero(digits.labels == label)[0, 0] for label in range(10)])
    return digits.subset(first[digits.labels])


def swapped(digits, train):
    return with_images(digits, 255 - digits.images.numpy())


def copies(digits, train):
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(0))
    return train.subset(order[: len(digits)])


def with_images(digits, images):
    return DigitSet(torch.from_numpy(images.astype(np.uint8)), digits.labels, digits.name)


DAMAGES = {
    UNDAMAGED: lambda digits, train: digits,
    "blurred": blurred,
    "10 % wrong labels": wrong_labels,
    "a class missing": class_missing,
    "one repeated": one_repeated,
    "swapped": swapped,
    "copies": copies,
}

CAUGHT_BY = {
    "blurred": {"recognisable", "frechet", "kid_digits", "recall", "coverage", "diversity"},
    "10 % wrong labels": {"label_agreement"},
    "a class missing": {"effective_classes", "digit_inception_score", "frechet"},
    "one repeated": {"frechet", "recall", "coverage", "diversity"},
    "swapped": {"label_agreement", "recognisable", "frechet", "kid_digits", "recall", "coverage"},
    "copies": {"nearest_distance"},
}


def measure(splits, judge):
    """Figures by damage and metric."""
    order = torch.randperm(len(splits.test), generator=torch.Generator().manual_seed(1))
    subject, test = (splits.test.subset(half) for half in order.chunk(2))
    halved = Splits(splits.train, splits.validation, test, splits.source)
    found = {}
    for damage, apply in DAMAGES.items():
        evaluation = evaluate_digits(apply(subject, splits.train), halved, judge, labelled=True)
        assert not evaluation.notes
        found[damage] = {
            re.sub(r"_(pixels|lenet-attention)_\w+$", "", figure.name): figure
            for figure in evaluation.figures
        }
    return found


def parted(first, second):
    return first.interval[1] < second.interval[0] or second.interval[1] < first.interval[0]


def caught_by(found, damage):
    return {name for name, figure in found[damage].items() if parted(figure, found[UNDAMAGED][name])}


def print_table(found):
    def cell(damage, name):
        figure = found[damage][name]
        return f"{figure.value:.4g}{'*' if parted(figure, found[UNDAMAGED][name]) else ' '}"

    print(f"\n{'* caught':24}{'floor':>12}" + "".join(f"{damage:>19}" for damage in found))
    for name, figure in found[UNDAMAGED].items():
        print(
            f"{name:24}{figure.reference:>12.4g}" + "".join(f"{cell(damage, name):>19}" for damage in found)
        )


def assert_every_damage_is_caught(found):
    for damage, expected in CAUGHT_BY.items():
        caught = caught_by(found, damage)
        assert expected <= caught, f"{damage}: not caught by {expected - caught}"


@pytest.fixture
def judge():
    return Recogniser.from_pretrained("lenet-attention")


def test_every_damage_to_starter_digits_is_caught(starter, judge):
    found = measure(starter, judge)
    print_table(found)
    assert_every_damage_is_caught(found)


@pytest.mark.slow
def test_every_damage_to_mnist_digits_is_caught(judge, tmp_path, monkeypatch):
    splits = load_splits("mnist")
    monkeypatch.setenv("INKMINT_CACHE", str(tmp_path))
    found = measure(splits, judge)
    print_table(found)
    assert_every_damage_is_caught(found)
    undamaged = found[UNDAMAGED]
    for name in ("label_agreement", "recognisable", "precision", "recall", "coverage", "nearest_distance"):
        low, high = undamaged[name].interval
        assert undamaged[name].reference == pytest.approx(undamaged[name].value, abs=2 * (high - low)), name


@pytest.mark.slow
def test_evaluating_10000_images_takes_a_minute_at_most(judge, tmp_path, monkeypatch):
    splits = load_splits("mnist")
    monkeypatch.setenv("INKMINT_CACHE", str(tmp_path))
    digits = splits.train.subset(torch.arange(10_000))
    for cache in ("empty", "filled"):
        start = time.perf_counter()
        evaluate_digits(digits, splits, judge, labelled=True)
        seconds = time.perf_counter() - start
        print(f"\nevaluate of 10,000 images, cache {cache}: {seconds:.1f} s")
        assert seconds < 60
