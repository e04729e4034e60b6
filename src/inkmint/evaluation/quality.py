"""Named measurements of how real and how varied minted digits are, each beside the same of real ones.

Minted digits are held against real test images, and so are real validation images, in their place, for the
reference: no judge has learnt from either. Sets are cut to one size where a measurement changes with
it. Shape suffixes: N images, D features, K classes, S subsets.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inkmint.data.digits import DigitSet, Splits
from inkmint.errors import DataError
from inkmint.evaluation.distributions import class_scores, kernel_distances, mean_interval
from inkmint.evaluation.figure import Figure, short_count
from inkmint.evaluation.manifolds import NUM_NEIGHBOURS, Overlap, mean_distance, overlap
from inkmint.evaluation.metrics import Floats, Ints, TooFewError, normal_interval, wilson_interval
from inkmint.evaluation.readings import Judge, features, probabilities, seen_classes
from inkmint.evaluation.references import remembered
from inkmint.evaluation.samples import (
    SAMPLE_IMAGES,
    equal_size,
    flat_pixels,
    random_rows,
    require_same_classes,
)

NUM_SUBSETS = 10
RECOGNISED_REAL = 0.95


def digit_inception_score(
    generated: DigitSet, splits: Splits, judge: Judge, *, seeds: Sequence[int] = ()
) -> Figure:
    """Inception score with the judge in Inception's place; higher is better, the number of classes at most.

    It rises with how surely the judge reads each image and with how even the classes are, and sees
    nothing else: one perfect image per class scores best. It is the mean over ten disjoint parts, and the
    interval is Student's over these. The ceiling is the score of real validation images.

    Raises:
        DataError: The sets or the judge have different classes, or there are fewer than ten images.

    References:
        Salimans et al., Improved Techniques for Training GANs, NeurIPS 2016.
    """
    require_same_classes(generated, splits, judge)
    size = equal_size(generated, splits)
    name = f"digit_inception_score_{judge.name}_{short_count(size)}"

    def scores(digits: DigitSet) -> Floats:
        return class_scores(probabilities(judge, digits)[random_rows(digits, size)], NUM_SUBSETS)

    minted_S = scores(generated)
    low, high = mean_interval(minted_S)
    [reference] = remembered(
        name, [splits.validation], [judge], lambda: [float(scores(splits.validation).mean())]
    )
    return Figure(
        name=name,
        value=float(minted_S.mean()),
        unit="score",
        interval=(max(1.0, low), min(float(generated.num_classes), high)),
        reference=reference,
        reference_name=f"{size:,} real validation images",
        num_images=size,
        seeds=tuple(seeds),
        better="higher",
        protocol=(
            f"How surely the judge reads each minted digit and how even the classes are, from 1 to "
            f"{generated.num_classes}; mean over {NUM_SUBSETS} parts."
        ),
        judge_sha256=judge.weights_sha256,
    )


def kid_digits(generated: DigitSet, splits: Splits, judge: Judge, *, seeds: Sequence[int] = ()) -> Figure:
    """Kernel distance of the judge's features between minted and real test digits; lower is better.

    It is the kernel inception distance with the judge in Inception's place, over ten disjoint parts of
    both sets instead of subsets that overlap; the interval is Student's over these. The floor is the
    distance between real validation and real test images, which is about 0 and may be below.

    Raises:
        DataError: The sets or the judge have different classes, or there are fewer than 20 images.

    References:
        Bińkowski et al., Demystifying MMD GANs, ICLR 2018.
    """
    require_same_classes(generated, splits, judge)
    size = equal_size(generated, splits)
    name = f"kid_digits_{judge.name}_{short_count(size)}"

    def distances(digits: DigitSet) -> Floats:
        return kernel_distances(
            _features(judge, digits, size), _features(judge, splits.test, size), NUM_SUBSETS
        )

    minted_S = distances(generated)
    [reference] = remembered(
        name, [splits.validation, splits.test], [judge], lambda: [float(distances(splits.validation).mean())]
    )
    return Figure(
        name=name,
        value=float(minted_S.mean()),
        unit="distance",
        interval=mean_interval(minted_S),
        reference=reference,
        reference_name=f"{size:,} real validation images",
        num_images=size,
        seeds=tuple(seeds),
        better="lower",
        protocol=(
            f"Kernel distance (cubic, unbiased) between the judge's features of minted digits and of as many "
            f"real test images; mean over {NUM_SUBSETS} parts."
        ),
        judge_sha256=judge.weights_sha256,
    )


def manifold_overlap(
    generated: DigitSet, splits: Splits, judge: Judge, *, seeds: Sequence[int] = ()
) -> tuple[Figure, Figure, Figure, Figure]:
    """Precision, recall, density and coverage of minted digits among real test digits.

    A digit counts as real if its features lie no farther from a real one's than that one's fifth real
    neighbour. Precision and density say whether minted digits are like real ones, recall and coverage
    whether all kinds of real ones are minted. New real digits do not reach 1 either: the references are
    those of real validation images among the same test images. Density is about 1 for real digits, and
    above it for digits that crowd where real ones are commonest.

    Precision alone is easily fooled: digits without features of their own lie in the wide balls of rare real
    ones, so that some judges give blurred digits full marks. Read it beside recall and coverage.

    The intervals of shares are Wilson's, over the images that are counted, and that of density is normal,
    from the spread over minted images and over real balls. In all but density the other set counts as given;
    even so, between thirty pairs of 1,000 real digits they were 0.97 to 1.16 times as wide as the spread.

    Returns:
        The figures `precision`, `recall`, `density` and `coverage`.

    Raises:
        DataError: The sets or the judge have different classes, or there are no more images than neighbours.

    References:
        Kynkäänniemi et al., Improved Precision and Recall Metric for Assessing Generative Models, NeurIPS 2019.
        Naeem et al., Reliable Fidelity and Diversity Metrics for Generative Models, ICML 2020.
    """
    require_same_classes(generated, splits, judge)
    size = equal_size(generated, splits)
    suffix = f"{judge.name}_{short_count(size)}"

    def among_test(digits: DigitSet) -> Overlap:
        return overlap(_features(judge, splits.test, size), _features(judge, digits, size))

    def real() -> list[float]:
        found = among_test(splits.validation)
        return [found.precision, found.recall, found.density, found.coverage]

    found = among_test(generated)
    references = remembered(
        f"overlap_{NUM_NEIGHBOURS}_{suffix}", [splits.validation, splits.test], [judge], real
    )

    def figure(place: int, name: str, value: float, interval: tuple[float, float], protocol: str) -> Figure:
        return Figure(
            name=f"{name}_{suffix}",
            value=value,
            unit="ratio" if name == "density" else "share",
            interval=interval,
            reference=references[place],
            reference_name=f"{size:,} real validation images",
            num_images=size,
            seeds=tuple(seeds),
            better="alike" if name == "density" else "higher",
            protocol=protocol,
            judge_sha256=judge.weights_sha256,
        )

    def share_interval(counted_N: NDArray[np.bool_]) -> tuple[float, float]:
        return wilson_interval(int(counted_N.sum()), len(counted_N))

    within = f"the judge's features, nearer than a neighbour's {NUM_NEIGHBOURS}th neighbour"
    return (
        figure(
            0,
            "precision",
            found.precision,
            share_interval(found.balls_M > 0),
            f"Share of minted digits that lie near a real test image ({within}).",
        ),
        figure(
            1,
            "recall",
            found.recall,
            share_interval(found.recalled_N),
            f"Share of real test images that lie near a minted digit ({within}).",
        ),
        figure(
            2,
            "density",
            found.density,
            _density_interval(found),
            f"Real test images that a minted digit lies near, over {NUM_NEIGHBOURS} ({within}).",
        ),
        figure(
            3,
            "coverage",
            found.coverage,
            share_interval(found.guests_N > 0),
            f"Share of real test images whose surroundings hold a minted digit ({within}).",
        ),
    )


def _density_interval(found: Overlap) -> tuple[float, float]:
    """Normal interval of a statistic of two samples: the variance of either sample's means, added."""
    per_minted_M = found.balls_M / found.num_neighbours
    per_real_N = found.guests_N * (len(found.guests_N) / len(found.balls_M) / found.num_neighbours)
    error = np.hypot(_error_of_mean(per_minted_M), _error_of_mean(per_real_N))
    low, high = normal_interval(found.density, error)
    return max(0.0, low), high


def _error_of_mean(values_N: NDArray[np.floating]) -> float:
    return float(values_N.std(ddof=1) / np.sqrt(len(values_N)))


def recognisable(
    generated: DigitSet,
    splits: Splits,
    judge: Judge,
    *,
    second: Judge | None = None,
    seeds: Sequence[int] = (),
) -> Figure:
    """Share of minted digits that the judge is as sure of as of 95 % of real ones; higher is better.

    The threshold is the confidence that 95 % of the real validation images reach, whatever class is read.
    With a second judge a digit counts if each is sure enough, by its own threshold, and both read the
    same class: a digit that fools one network seldom fools two. The ceiling is the share among real test
    images; a figure above it says that the digits are plainer than real ones. The interval is Wilson's and
    takes the thresholds as given.

    Raises:
        DataError: The sets or a judge have different classes, or both judges are the same.

    References:
        Raza, Generation of Handwritten Digits using GAN, 2021: 95 of 100 are recognisable, by a reader not named.
    """
    judges = [judge] if second is None else [judge, second]
    require_same_classes(generated, splits, *judges)
    if second and judge.weights_sha256 and second.weights_sha256 == judge.weights_sha256:
        raise DataError("Both judges are the same network; take a second one that was trained on its own.")
    name = f"recognisable_{'+'.join(each.name for each in judges)}_{short_count(len(generated))}"
    thresholds = [_threshold(each, splits.validation) for each in judges]

    def recognised(digits: DigitSet) -> NDArray[np.bool_]:
        answers = [probabilities(each, digits) for each in judges]
        sure_N: NDArray[np.bool_] = np.all(
            [answer.max(axis=1) >= bound for answer, bound in zip(answers, thresholds, strict=True)], axis=0
        )
        seen = [answer.argmax(axis=1) for answer in answers]
        recognised_N: NDArray[np.bool_] = sure_N & (seen[0] == seen[-1])
        return recognised_N

    num_recognised = int(recognised(generated).sum())
    [ceiling] = remembered(
        f"recognisable_{RECOGNISED_REAL}",
        [splits.validation, splits.test],
        judges,
        lambda: [float(recognised(splits.test).mean())],
    )
    agreeing = " and a second one reads the same as surely" if second else ""
    return Figure(
        name=name,
        value=num_recognised / len(generated),
        unit="share",
        interval=wilson_interval(num_recognised, len(generated)),
        reference=ceiling,
        reference_name=f"{len(splits.test):,} real test images",
        num_images=len(generated),
        seeds=tuple(seeds),
        better="higher",
        protocol=(
            f"Share of the minted digits that the judge reads with the confidence that {RECOGNISED_REAL:.0%} of "
            f"real validation images reach{agreeing}."
        ),
        judge_sha256=judge.weights_sha256,
        second_judge_sha256=second.weights_sha256 if second else None,
    )


def _threshold(judge: Judge, validation: DigitSet) -> float:
    def measure() -> list[float]:
        surest_N = probabilities(judge, validation).max(axis=1)
        return [float(np.quantile(surest_N, 1 - RECOGNISED_REAL, method="lower"))]

    [threshold] = remembered(f"confidence_{RECOGNISED_REAL}", [validation], [judge], measure)
    return threshold


def diversity(
    generated: DigitSet, splits: Splits, judge: Judge, *, labelled: bool, seeds: Sequence[int] = ()
) -> Figure:
    """How far minted digits of one class lie apart, over how far real ones do; best at the real value.

    For every class the mean distance in pixels between two minted digits is divided by that between two
    real test digits; the figure is the mean over the classes with at least two minted digits. Copies of one
    digit give 0, too tidy a hand less than 1, noise more. Pixels are compared, not the judge's features:
    a judge learns to overlook how digits of one class differ. The reference is the ratio of real validation
    images. The interval is normal, from the errors of all these means. No set is cut to another's size, for
    a mean distance does not depend on it.

    Args:
        generated: The minted digits.
        splits: Real digits.
        judge: Reads the classes of all sets unless `labelled`.
        labelled: Whether the classes of `generated` were asked for.
        seeds: Of the training runs that made the digits.

    Raises:
        DataError: The sets or the judge have different classes, or no class has two minted and two real images.
    """
    require_same_classes(generated, splits, judge)
    protocol = "diversity_pixels" if labelled else f"diversity_pixels_{judge.name}"
    num_images, num_real = (min(SAMPLE_IMAGES, len(digits)) for digits in (generated, splits.validation))

    def by_class(digits: DigitSet) -> tuple[Floats, Ints]:
        rows = random_rows(digits, SAMPLE_IMAGES)
        classes_N = digits.labels.numpy() if labelled else seen_classes(judge, digits)
        return flat_pixels(digits)[rows] / 255, classes_N[rows]

    def ratio(digits: DigitSet) -> tuple[float, float]:
        return _spread_ratio(*by_class(digits), *by_class(splits.test))

    value, error = ratio(generated)
    low, high = normal_interval(value, error)
    [reference] = remembered(
        protocol,
        [splits.validation, splits.test],
        [] if labelled else [judge],
        lambda: [ratio(splits.validation)[0]],
    )
    reader = "" if labelled else ", classes as the judge reads them"
    return Figure(
        name=f"{protocol}_{short_count(num_images)}",
        value=value,
        unit="ratio",
        interval=(max(0.0, low), high),
        reference=reference,
        reference_name=f"{num_real:,} real validation images",
        num_images=num_images,
        seeds=tuple(seeds),
        better="alike",
        protocol=(
            f"Mean pixel distance between minted digits of one class over that between real test digits{reader}; "
            "copies of one digit would give 0."
        ),
        judge_sha256=None if labelled else judge.weights_sha256,
    )


def _spread_ratio(
    minted_ND: Floats, minted_classes_N: Ints, real_ND: Floats, real_classes_N: Ints
) -> tuple[float, float]:
    """Mean over classes of the ratio of mean distances, and its standard error by the delta method."""
    ratios, variances = [], []
    for label in np.unique(minted_classes_N):
        minted, real = minted_ND[minted_classes_N == label], real_ND[real_classes_N == label]
        if min(len(minted), len(real)) < 2:
            continue
        above, below = mean_distance(minted), mean_distance(real)
        if below.value == 0:
            continue
        ratio = above.value / below.value
        ratios.append(ratio)
        variances.append((above.error**2 + (ratio * below.error) ** 2) / below.value**2)
    if not ratios:
        raise TooFewError(
            "Diversity cannot be told where no class has two different images; give at least 2 of a class."
        )
    return float(np.mean(ratios)), float(np.sqrt(np.sum(variances)) / len(ratios))


def _features(judge: Judge, digits: DigitSet, size: int) -> NDArray[np.float32]:
    return features(judge, digits)[random_rows(digits, size)]
