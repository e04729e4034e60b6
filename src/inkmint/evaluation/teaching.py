"""Named measurements of what minted digits teach a recogniser, each beside real ones with the same budget.

The recognisers are trained by the caller, in pairs: the same recipe, number of digits, steps and seed, one
on minted digits alone and one on real ones alone. Shape suffixes: N images, S seeds.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inkmint.data.digits import DigitSet
from inkmint.errors import DataError
from inkmint.evaluation.comparisons import mcnemar, p_in_words, paired_difference
from inkmint.evaluation.distributions import mean_interval
from inkmint.evaluation.figure import Figure, short_count
from inkmint.evaluation.metrics import wilson_interval
from inkmint.evaluation.readings import Judge, seen_classes
from inkmint.evaluation.samples import require_class_names


def train_synthetic_test_real(
    synthetic: Sequence[Judge],
    real: Sequence[Judge],
    test: DigitSet,
    *,
    learner: str,
    num_train: int,
    seeds: Sequence[int],
) -> Figure:
    """Accuracy on real test images of a recogniser that was trained on minted digits alone (TSTR).

    The ceiling is the accuracy of the same recipe trained on as many real digits: the difference is what
    minted digits lack as training data. It sees what no distance of features does, whether labels are
    right and whether what a recogniser needs is there, and is blind to faults that do not mislead one.

    Args:
        synthetic: Trained on `num_train` minted digits, one for each seed.
        real: Trained by the same recipe, budget and seeds on `num_train` real digits.
        test: Real test images.
        learner: Name of the recipe that trained them all.
        num_train: Images that each was trained on.
        seeds: Of the training runs.

    Returns:
        The mean share over the seeds; higher is better. The interval is Student's over seeds, of the one set
        of minted digits; of a single seed it is Wilson's over test images.

    Raises:
        DataError: A recogniser has other classes, or there is not one pair for each seed.

    References:
        Esteban et al., Real-valued (Medical) Time Series Generation with Recurrent Conditional GANs, 2017.
        Ravuri and Vinyals, Classification Accuracy Score for Conditional Generative Models, NeurIPS 2019.
    """
    _require_pairs(synthetic, real, seeds)
    return _share_read(
        synthetic,
        test,
        name=f"tstr_{learner}_{short_count(num_train)}",
        reference=_mean_accuracy(real, test)[0],
        reference_name=f"trained on {num_train:,} real digits",
        seeds=seeds,
        protocol=(
            f"Train on synthetic, test on real: share of the real test images that a recogniser trained on "
            f"{num_train:,} minted digits alone reads correctly{_over(seeds, 'test images')}."
        ),
    )


def train_real_test_synthetic(
    real: Sequence[Judge],
    generated: DigitSet,
    test: DigitSet,
    *,
    learner: str,
    num_train: int,
    seeds: Sequence[int],
) -> Figure:
    """Accuracy on minted digits of a recogniser that was trained on real ones alone (TRTS).

    Beside it stands the accuracy of the same recognisers on real test images. Above that the minted digits
    are easier to read than real ones; a generator of a single plain digit per class scores 1, so the figure
    says nothing without its reverse.

    Args:
        real: Trained on `num_train` real digits, one for each seed.
        generated: The minted digits, which none of them was trained on.
        test: Real test images.
        learner: Name of the recipe that trained them all.
        num_train: Images that each was trained on.
        seeds: Of the training runs.

    Returns:
        The mean share over the seeds, with an interval as that of `train_synthetic_test_real`.

    Raises:
        DataError: A recogniser has other classes, or there is not one for each seed.
    """
    _require_pairs(real, real, seeds)
    return _share_read(
        real,
        generated,
        name=f"trts_{learner}_{short_count(num_train)}",
        reference=_mean_accuracy(real, test)[0],
        reference_name=f"on {len(test):,} real test images",
        seeds=seeds,
        protocol=(
            f"Train on real, test on synthetic: share of the minted digits that a recogniser trained on "
            f"{num_train:,} real digits alone reads as the class asked for{_over(seeds, 'minted digits')}."
        ),
    )


def _share_read(
    recognisers: Sequence[Judge],
    digits: DigitSet,
    *,
    name: str,
    reference: float,
    reference_name: str,
    seeds: Sequence[int],
    protocol: str,
) -> Figure:
    value, interval = _mean_accuracy(recognisers, digits)
    return Figure(
        name=name,
        value=value,
        unit="share",
        interval=interval,
        reference=reference,
        reference_name=reference_name,
        num_images=len(digits),
        seeds=tuple(seeds),
        better="higher",
        protocol=protocol,
    )


def teaching_gap(
    synthetic: Sequence[Judge],
    real: Sequence[Judge],
    test: DigitSet,
    *,
    learner: str,
    num_train: int,
    seeds: Sequence[int],
) -> Figure:
    """Difference of accuracy on real test images, trained on minted less trained on real digits, paired by seed.

    Args:
        synthetic: As in `train_synthetic_test_real`, at least two.
        real: Likewise.
        test: Real test images.
        learner: Name of the recipe that trained them all.
        num_train: Images that each was trained on.
        seeds: Of the training runs.

    Returns:
        A difference of shares, below 0 if minted digits teach less, with Student's interval over pairs of
        seeds: they differ if it does not hold 0.

    Raises:
        DataError: A recogniser has other classes, or there are not two pairs.
    """
    _require_pairs(synthetic, real, seeds)
    value, interval = paired_difference(accuracies(synthetic, test), accuracies(real, test))
    return Figure(
        name=f"tstr_gap_{learner}_{short_count(num_train)}",
        value=value,
        unit="share",
        interval=interval,
        reference=0.0,
        reference_name="no difference",
        num_images=len(test),
        seeds=tuple(seeds),
        better="higher",
        protocol=(
            f"Accuracy on real test images trained on {num_train:,} minted digits, less that trained on as many "
            f"real ones, paired over {len(seeds)} seeds; Student's interval."
        ),
    )


def same_images_in_words(synthetic: Judge, real: Judge, test: DigitSet) -> str:
    """McNemar's exact test of one pair of recognisers as a sentence, for what a single seed can tell.

    Raises:
        DataError: A recogniser has other classes.
    """
    found = mcnemar(_right(synthetic, test), _right(real, test))
    return (
        f"Of the same {len(test):,} real test images, only the recogniser trained on minted digits reads "
        f"{found.only_first:,} correctly, only the one trained on real digits {found.only_second:,}; "
        f"{p_in_words(found.p_value)} (McNemar's exact test, which knows nothing of other seeds)."
    )


def accuracies(recognisers: Sequence[Judge], digits: DigitSet) -> NDArray[np.float64]:
    """Share of the digits that each recogniser reads as their label, float64 (S,).

    Raises:
        DataError: A recogniser has other classes.
    """
    return np.array([_right(recogniser, digits).mean() for recogniser in recognisers])


def _mean_accuracy(recognisers: Sequence[Judge], digits: DigitSet) -> tuple[float, tuple[float, float]]:
    """Mean over seeds with Student's interval, within [0, 1]; of one seed with Wilson's."""
    if len(recognisers) == 1:
        num_right = int(_right(recognisers[0], digits).sum())
        return num_right / len(digits), wilson_interval(num_right, len(digits))
    shares_S = accuracies(recognisers, digits)
    low, high = mean_interval(shares_S)
    return float(shares_S.mean()), (max(0.0, low), min(1.0, high))


def _over(seeds: Sequence[int], images: str) -> str:
    if len(seeds) == 1:
        return f"; one seed, Wilson's interval over {images}"
    return f"; mean over {len(seeds)} seeds of the training, Student's interval over these"


def _right(recogniser: Judge, digits: DigitSet) -> NDArray[np.bool_]:
    require_class_names(digits.class_names, recogniser.class_names, f"The recogniser {recogniser.name!r}")
    right_N: NDArray[np.bool_] = np.equal(seen_classes(recogniser, digits), digits.labels.numpy())
    return right_N


def _require_pairs(first: Sequence[Judge], second: Sequence[Judge], seeds: Sequence[int]) -> None:
    if not len(first) == len(second) == len(seeds) > 0:
        raise DataError(
            f"There are {len(first)} and {len(second)} recognisers for {len(seeds)} seeds; "
            "give one pair for each seed."
        )
