"""Stacked digits: how many of the 1,000 classes a generator draws, and how evenly, beside real stacked digits.

Each channel is read by a judge of single digits. Shape suffixes: N images, C channels, H height, W width, K classes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from inkmint.data.catalogue import STACKED_NAMES
from inkmint.data.digits import DIGIT_NAMES, DigitSet, Splits
from inkmint.data.sheet import contact_sheet
from inkmint.data.stacked import Described, is_stacked, read_channels
from inkmint.errors import DataError
from inkmint.evaluation.figure import Figure, short_count
from inkmint.evaluation.judge import named
from inkmint.evaluation.metrics import Ints, label_agreement, wilson_interval
from inkmint.evaluation.modes import divergence_from_even, divergence_interval, modes_found, modes_interval
from inkmint.evaluation.readings import Judge, seen_classes
from inkmint.evaluation.record import Evaluation
from inkmint.evaluation.references import remembered
from inkmint.evaluation.samples import random_rows, require_class_names

NUM_MINTED = 26_000
NUM_CLASSES = len(STACKED_NAMES)
_MOST_NAMED = 20


def evaluate_stacked(
    generated: DigitSet,
    splits: Splits,
    judge: Judge,
    *,
    labelled: bool = False,
    seeds: Sequence[int] = (),
) -> Evaluation:
    """Measure the modes that a generator of stacked digits draws, and how unevenly, as PacGAN does.

    Modes are the classes, of 1,000, in which at least one image is read. The divergence is KL(p || u) in nats, of the
    shares p of the classes in what is generated from even shares u: the direction of PacGAN's code, whose paper calls
    it reverse. Both change with the number of images, 26,000 in the protocol: even draws of so many show all classes
    and diverge by 0.019.

    Ours differs: the judge is another network; training draws from MNIST's training images alone, where PacGAN's code
    takes the test images as well; and the same is measured of real test images, which are not even either, as MNIST
    has more ones than fives. A judge that misreads images adds modes to a collapsed generator, there and here.

    Args:
        generated: Stacked digits.
        splits: Real stacked digits; only `test` is looked at.
        judge: Of single digits, never trained on validation or test images.
        labelled: Whether the labels of `generated` were asked for; then agreement is measured too. Labels in equal
            numbers, as `Generator.mint` asks for them, make modes and divergence better than random ones would.
        seeds: Of the training runs that made the digits.

    Returns:
        The figures `modes` and `mode_kl` (and `label_agreement`), with the judge's name and the number of images; a
        note on the classes that were not found; and the pictures `samples` and `real`, a row for every 20th class.

    Raises:
        DataError: A set is not of stacked digits, the judge knows other classes than single digits, or it answers
            with what is no number.

    References:
        Lin et al., "PacGAN: The power of two samples in generative adversarial networks", NeurIPS 2018, section 4.1,
        and its code, github.com/fjxmlzn/PacGAN.
        Srivastava et al., "VEEGAN: Reducing Mode Collapse in GANs using Implicit Variational Learning", NIPS 2017.
    """
    require_alike(f"The set {generated.name!r}", generated, splits)
    judge = named(judge)
    require_class_names(DIGIT_NAMES, judge.class_names, f"The judge {judge.name!r}")
    seen_N = seen_numbers(judge, generated)
    size = min(len(generated), len(splits.test))
    counts_K = _counted(seen_N[random_rows(generated, size)])
    figures: tuple[Figure, ...] = _mode_figures(counts_K, splits.test, judge, seeds)
    if labelled:
        figures = (_agreement(generated, seen_N, splits.test, judge, seeds), *figures)
    shown = replace(generated, labels=torch.from_numpy(seen_N))
    return Evaluation(
        name="stacked",
        figures=figures,
        class_names=generated.class_names,
        pictures={
            "samples": np.asarray(contact_sheet(shown)),
            "real": np.asarray(contact_sheet(splits.test)),
        },
        notes=tuple(_missing(counts_K)),
    )


def require_alike(owner: str, described: Described, splits: Splits) -> None:
    """Refuse to hold stacked digits against single ones.

    Args:
        owner: What is measured, at the beginning of a sentence.
        described: Its classes and channels.
        splits: Real digits.

    Raises:
        DataError: One of both is stacked.
    """
    stacked, expected = is_stacked(described), is_stacked(splits.test)
    if expected and not stacked:
        raise DataError(
            f"{owner} is of single digits, and {splits.source} holds stacked ones, three to an image; give the data of "
            "single digits, such as --data mnist."
        )
    if stacked and not expected:
        raise DataError(
            f"{owner} is of stacked digits, three to an image, and {splits.source} holds others; give --data "
            "stacked-mnist."
        )


def seen_numbers(judge: Judge, digits: DigitSet) -> Ints:
    """The three-digit number that the judge reads in every stacked image, int64 (N,).

    Raises:
        DataError: Some of its probabilities are not finite.
    """

    def read(images_NHW: Tensor) -> Tensor:
        nothing_N = torch.zeros(len(images_NHW), dtype=torch.int64)
        return torch.from_numpy(seen_classes(judge, DigitSet(images_NHW, nothing_N, digits.name)))

    seen_N: Ints = read_channels(read, digits.images).numpy()
    return seen_N


def _counted(seen_N: Ints) -> Ints:
    return np.bincount(seen_N, minlength=NUM_CLASSES)


def _mode_figures(
    counts_K: Ints, test: DigitSet, judge: Judge, seeds: Sequence[int]
) -> tuple[Figure, Figure]:
    size = int(counts_K.sum())

    def of_real() -> tuple[float, float]:
        real = test.subset(torch.from_numpy(random_rows(test, size)))
        real_K = _counted(seen_numbers(judge, real))
        return modes_found(real_K), divergence_from_even(real_K)

    real_modes, real_divergence = remembered(f"stacked_modes_{size}", [test], [judge], of_real)
    modes = Figure(
        name=f"modes_{judge.name}_{short_count(size)}",
        value=modes_found(counts_K),
        unit="classes",
        interval=modes_interval(counts_K),
        reference=real_modes,
        reference_name=f"{size:,} real test images",
        num_images=size,
        seeds=tuple(seeds),
        better="higher",
        protocol=f"Classes of {NUM_CLASSES:,} that the judge, channel by channel, reads in at least one stacked image.",
        judge_sha256=judge.weights_sha256,
    )
    divergence = modes.model_copy(
        update={
            "name": f"mode_kl_{judge.name}_{short_count(size)}",
            "value": divergence_from_even(counts_K),
            "unit": "score",
            "interval": divergence_interval(counts_K),
            "reference": real_divergence,
            "better": "lower",
            "protocol": (
                f"Kullback-Leibler divergence, in nats, of the shares of {NUM_CLASSES:,} classes that the judge reads, "
                "channel by channel, from even shares."
            ),
        }
    )
    return modes, divergence


def _agreement(
    generated: DigitSet, seen_N: Ints, test: DigitSet, judge: Judge, seeds: Sequence[int]
) -> Figure:
    num_right = int(np.sum(seen_N == generated.labels.numpy()))
    [ceiling] = remembered(
        "stacked_accuracy",
        [test],
        [judge],
        lambda: [label_agreement(test.labels.numpy(), seen_numbers(judge, test))],
    )
    return Figure(
        name=f"label_agreement_{judge.name}_{short_count(len(generated))}",
        value=num_right / len(generated),
        unit="share",
        interval=wilson_interval(num_right, len(generated)),
        reference=ceiling,
        reference_name=f"judge on {len(test):,} real test images",
        num_images=len(generated),
        seeds=tuple(seeds),
        better="higher",
        protocol="Share of the stacked images in which the judge reads all three digits as they were asked for.",
        judge_sha256=judge.weights_sha256,
    )


def _missing(counts_K: Ints) -> Iterator[str]:
    missing = [STACKED_NAMES[label] for label in np.flatnonzero(counts_K == 0)]
    if missing:
        more = f" and {len(missing) - _MOST_NAMED:,} others" if len(missing) > _MOST_NAMED else ""
        yield f"Classes that were not found: {', '.join(missing[:_MOST_NAMED])}{more}."
