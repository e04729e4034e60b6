"""Named measurements of minted digits, each beside the same measured on real ones.

The judge is a recogniser that was trained on real training images and never saw validation or test
images. Shape suffixes: N, P images, D features, K classes.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from inkmint.data.digits import DigitSet, Splits
from inkmint.data.sheet import contact_sheet, grid
from inkmint.errors import DataError
from inkmint.evaluation import metrics
from inkmint.evaluation.figure import Figure, short_count
from inkmint.evaluation.record import Evaluation, NearestPairs

if TYPE_CHECKING:
    from inkmint.models import Recogniser

FRECHET_IMAGES = 10_000
NEAREST_IMAGES = 500
NUM_PAIRS = 10
_SUBSET_SEED = 0

Ints = NDArray[np.int64]


def evaluate_digits(
    generated: DigitSet, splits: Splits, judge: "Recogniser", *, labelled: bool, seeds: Sequence[int] = ()
) -> Evaluation:
    """Measure everything that can be measured of a set of minted digits.

    Args:
        generated: The minted digits.
        splits: Real digits; the test images are looked at for the last figures only, here.
        judge: Trained on `splits.train` or other real training images, never on validation or test.
        labelled: Whether the labels of `generated` were asked for. Otherwise they are ignored, and what
            needs them is left out.
        seeds: Of the training runs that made the digits.

    Returns:
        Figures, confusion matrix, nearest pairs, and the pictures `samples`, `real` and `nearest`.

    Raises:
        DataError: The sets or the judge have different classes.
    """
    _require_same_classes(generated, splits, judge)
    seen_N = seen_classes(judge, generated)
    classes_N = generated.labels.numpy() if labelled else seen_N
    figures, notes = [], []
    if labelled:
        figures.append(label_agreement(generated, splits, judge, seeds=seeds))
    else:
        notes.append(
            "The digits were asked for without a class, so label agreement and confusion are left out."
        )
    if _frechet_size(generated, splits) > judge.features(generated.images[:1]).shape[1]:
        figures.append(frechet(generated, splits, judge, labelled=labelled, seeds=seeds))
    else:
        notes.append(
            "Minted, validation or test images are too few for a Fréchet distance, so it is left out."
        )
    figures.append(class_balance(generated, splits, judge, seeds=seeds))
    figures.append(nearest_distance(generated, splits, seeds=seeds))
    pairs, pairs_picture = nearest_pairs(generated, splits.train, classes_N)
    shown = DigitSet(generated.images, torch.from_numpy(classes_N), generated.name, generated.class_names)
    return Evaluation(
        name="digits",
        figures=tuple(figures),
        class_names=generated.class_names,
        seen_K=np.bincount(seen_N, minlength=generated.num_classes),
        confusion_KK=metrics.confusion_matrix(classes_N, seen_N, generated.num_classes) if labelled else None,
        nearest=pairs,
        pictures={
            "samples": np.asarray(contact_sheet(shown)),
            "real": np.asarray(contact_sheet(splits.test)),
            "nearest": pairs_picture,
        },
        notes=tuple(notes),
    )


def evaluate_recogniser(recogniser: "Recogniser", test: DigitSet, *, seeds: Sequence[int] = ()) -> Evaluation:
    """Measure a recogniser on real test images.

    Returns:
        Its accuracy, and the confusion matrix of labels and classes read.

    Raises:
        DataError: The recogniser has other classes.
    """
    figure = accuracy(recogniser, test, seeds=seeds)
    seen_N = seen_classes(recogniser, test)
    return Evaluation(
        name="recognition",
        figures=(figure,),
        class_names=test.class_names,
        seen_K=np.bincount(seen_N, minlength=test.num_classes),
        confusion_KK=metrics.confusion_matrix(test.labels.numpy(), seen_N, test.num_classes),
    )


def seen_classes(judge: "Recogniser", digits: DigitSet) -> Ints:
    """The class that the judge reads in every image, int64 (N,)."""
    seen_N: Ints = judge.predict_proba(digits.images).argmax(axis=1)
    return seen_N


def label_agreement(
    generated: DigitSet, splits: Splits, judge: "Recogniser", *, seeds: Sequence[int] = ()
) -> Figure:
    """Share of minted digits that the judge reads as the class asked for; higher is better.

    The ceiling is the judge's accuracy on all real test images: a judge that errs on those errs on perfect
    forgeries too. A figure above it says that the digits are easier to read than real ones, often because
    they are all alike. The interval is Wilson's.

    Raises:
        DataError: The sets or the judge have different classes.
    """
    _require_same_classes(generated, splits, judge)
    num_right = int(np.sum(seen_classes(judge, generated) == generated.labels.numpy()))
    ceiling = metrics.label_agreement(splits.test.labels.numpy(), seen_classes(judge, splits.test))
    return Figure(
        name=f"label_agreement_{judge.name}_{short_count(len(generated))}",
        value=num_right / len(generated),
        unit="share",
        interval=metrics.wilson_interval(num_right, len(generated)),
        reference=ceiling,
        reference_name=f"judge on {len(splits.test):,} real test images",
        num_images=len(generated),
        seeds=tuple(seeds),
        better="higher",
        protocol="Share of the minted digits that the judge reads as the class they were asked to be.",
        judge_sha256=judge.weights_sha256,
    )


def frechet(
    generated: DigitSet, splits: Splits, judge: "Recogniser", *, labelled: bool, seeds: Sequence[int] = ()
) -> Figure:
    """Fréchet distance of the judge's features between minted and real test digits; lower is better.

    Features are the activations below the judge's class layer. All sets are cut to the same size, 10,000
    or the smallest of them, because the distance falls with the number of images.

    The floor is the distance between real validation and real test images. Validation stands in for
    "other real digits" because the judge never trained on it: on its own training images a judge is surer
    than on new ones, so their features lie off the test images' for a reason that has nothing to do with
    how real they are, and the floor would come out too high.

    The interval is a bootstrap over minted and test images, within classes where their balance is given:
    drawing the classes as well would double its width. In trials it came out half as wide again as the
    spread between mints of one generator, so it errs on the safe side.

    Args:
        generated: The minted digits.
        splits: Real digits.
        judge: Gives the features.
        labelled: Whether the classes of `generated` were asked for.
        seeds: Of the training runs that made the digits.

    Raises:
        DataError: The sets or the judge have different classes, or a set has no more images than features.
    """
    _require_same_classes(generated, splits, judge)
    size = _frechet_size(generated, splits)
    minted, validation, test = (
        _random_part(digits, size) for digits in (generated, splits.validation, splits.test)
    )
    minted_ND, validation_ND, test_ND = (judge.features(part.images) for part in (minted, validation, test))
    low, high = metrics.bootstrap_interval(
        metrics.frechet_distance,
        minted_ND,
        test_ND,
        strata=(minted.labels.numpy() if labelled else None, test.labels.numpy()),
    )
    return Figure(
        name=f"frechet_{judge.name}_{short_count(size)}",
        value=metrics.frechet_distance(minted_ND, test_ND),
        unit="distance",
        interval=(max(0.0, low), high),
        reference=metrics.frechet_distance(validation_ND, test_ND),
        reference_name=f"{size:,} real validation images",
        num_images=size,
        seeds=tuple(seeds),
        better="lower",
        protocol=(
            f"Fréchet distance between the judge's {test_ND.shape[1]} features of minted digits and of as many "
            "real test images."
        ),
        judge_sha256=judge.weights_sha256,
    )


def _frechet_size(generated: DigitSet, splits: Splits) -> int:
    return min(FRECHET_IMAGES, len(generated), len(splits.validation), len(splits.test))


def class_balance(
    generated: DigitSet, splits: Splits, judge: "Recogniser", *, seeds: Sequence[int] = ()
) -> Figure:
    """Effective number of classes that the judge reads in the minted digits; higher is better.

    It is exp(entropy) of the class shares, K if all are equally frequent. Labels are not looked at, so a
    generator that knows no classes can be held to it: one that forgot a digit falls below K - 1. The
    reference is what the judge reads in the real test images.

    Raises:
        DataError: The sets or the judge have different classes.
    """
    _require_same_classes(generated, splits, judge)

    def effective(seen_N: Ints) -> float:
        return metrics.effective_classes(np.bincount(seen_N))

    seen_N = seen_classes(judge, generated)
    low, high = metrics.bootstrap_interval(effective, seen_N)
    return Figure(
        name=f"effective_classes_{judge.name}_{short_count(len(generated))}",
        value=effective(seen_N),
        unit="classes",
        interval=(max(1.0, low), min(float(generated.num_classes), high)),
        reference=effective(seen_classes(judge, splits.test)),
        reference_name=f"{len(splits.test):,} real test images",
        num_images=len(generated),
        seeds=tuple(seeds),
        better="higher",
        protocol=f"Equally frequent classes that would be as varied as what the judge reads; at most "
        f"{generated.num_classes}.",
        judge_sha256=judge.weights_sha256,
    )


def nearest_distance(generated: DigitSet, splits: Splits, *, seeds: Sequence[int] = ()) -> Figure:
    """Median pixel distance from a minted digit to the nearest training image.

    The reference is the same from real test images, which cannot be copies. Minted digits much nearer to
    the training images than those hint at memorisation; much farther ones are no digits, or none of this
    data. The interval is that of a median.
    """
    size = min(NEAREST_IMAGES, len(generated), len(splits.test))
    train_MD = _flat(splits.train)
    _, minted_N = metrics.nearest_neighbours(_flat(_random_part(generated, size)), train_MD)
    _, test_N = metrics.nearest_neighbours(_flat(_random_part(splits.test, size)), train_MD)
    low, high = metrics.median_interval(minted_N / 255)
    return Figure(
        name=f"nearest_distance_pixels_{short_count(size)}",
        value=float(np.median(minted_N)) / 255,
        unit="distance",
        interval=(low, high),
        reference=float(np.median(test_N)) / 255,
        reference_name=f"{size:,} real test images",
        num_images=size,
        seeds=tuple(seeds),
        better="alike",
        protocol=(
            f"Median Euclidean distance from a minted digit to the nearest of {len(splits.train):,} training "
            "images, pixels in 0..1; copies would lie near 0."
        ),
    )


def nearest_pairs(
    generated: DigitSet, train: DigitSet, classes_N: Ints
) -> tuple[NearestPairs, NDArray[np.uint8]]:
    """Find the nearest training image of ten minted digits, taken in turn from every class.

    Args:
        generated: The minted digits.
        train: What their generator was trained on.
        classes_N: Class of every minted digit, as asked for or as read.

    Returns:
        The pairs, and a picture of them: minted digits above, training images below.
    """
    turn_N = np.empty(len(generated), dtype=np.int64)  # 0 for the first image of its class, 1 for the second
    for label in np.unique(classes_N):
        members_N = classes_N == label
        turn_N[members_N] = np.arange(members_N.sum())
    chosen_P = np.lexsort((classes_N, turn_N))[:NUM_PAIRS]
    chosen_P = chosen_P[np.argsort(classes_N[chosen_P], kind="stable")]
    index_P, distance_P = metrics.nearest_neighbours(_flat(generated)[chosen_P], _flat(train))
    pictures = torch.cat([generated.images[chosen_P], train.images[index_P]]).numpy()
    pairs = NearestPairs(classes_N[chosen_P], index_P, distance_P / 255)
    return pairs, grid(pictures, columns=len(chosen_P))


def accuracy(recogniser: "Recogniser", test: DigitSet, *, seeds: Sequence[int] = ()) -> Figure:
    """Share of real test images that a recogniser reads correctly, with Wilson's interval; higher is better.

    Raises:
        DataError: The recogniser has other classes.
    """
    num_right = _num_right(recogniser, test)
    return Figure(
        name=f"test_accuracy_{recogniser.name}_{short_count(len(test))}",
        value=num_right / len(test),
        unit="share",
        interval=metrics.wilson_interval(num_right, len(test)),
        num_images=len(test),
        seeds=tuple(seeds),
        better="higher",
        protocol="Share of the real test images that the recogniser reads correctly.",
        judge_sha256=recogniser.weights_sha256,
    )


def train_synthetic_test_real(
    synthetic: "Recogniser", real: "Recogniser", test: DigitSet, *, num_train: int, seeds: Sequence[int] = ()
) -> Figure:
    """Accuracy on real test images of a recogniser that was trained on minted digits alone.

    The ceiling is the accuracy of the same recipe trained on as many real digits: the difference is what
    minted digits lack as training data. The training is the caller's.

    Args:
        synthetic: Trained on `num_train` minted digits.
        real: Trained by the same recipe, budget and seed on `num_train` real digits.
        test: Real test images.
        num_train: Images that each was trained on.
        seeds: Of the training runs.

    Returns:
        A share with Wilson's interval; higher is better.

    Raises:
        DataError: A recogniser has other classes.

    References:
        Esteban et al., Real-valued (Medical) Time Series Generation with Recurrent Conditional GANs, 2017.
    """
    num_right = _num_right(synthetic, test)
    return Figure(
        name=f"tstr_{synthetic.name}_{short_count(num_train)}",
        value=num_right / len(test),
        unit="share",
        interval=metrics.wilson_interval(num_right, len(test)),
        reference=_num_right(real, test) / len(test),
        reference_name=f"trained on {num_train:,} real digits",
        num_images=len(test),
        seeds=tuple(seeds),
        better="higher",
        protocol=(
            f"Train on synthetic, test on real: share of the real test images that a recogniser trained on "
            f"{num_train:,} minted digits alone reads correctly."
        ),
        judge_sha256=synthetic.weights_sha256,
    )


def _num_right(recogniser: "Recogniser", test: DigitSet) -> int:
    _require_class_names(test.class_names, recogniser.class_names, f"The recogniser {recogniser.name!r}")
    return int(np.sum(seen_classes(recogniser, test) == test.labels.numpy()))


def _require_same_classes(generated: DigitSet, splits: Splits, judge: "Recogniser") -> None:
    for digits in (splits.train, splits.validation, splits.test):
        _require_class_names(generated.class_names, digits.class_names, digits.name)
    _require_class_names(generated.class_names, judge.class_names, f"The judge {judge.name!r}")


def _require_class_names(expected: tuple[str, ...], found: tuple[str, ...], owner: str) -> None:
    if tuple(found) != tuple(expected):
        raise DataError(
            f"{owner} has the classes {', '.join(found)}, the digits have {', '.join(expected)}; "
            "compare sets of the same classes."
        )


def _random_part(digits: DigitSet, size: int) -> DigitSet:
    """`size` images without order or repeats, the same every time."""
    order = torch.randperm(len(digits), generator=torch.Generator().manual_seed(_SUBSET_SEED))
    return digits.subset(order[:size])


def _flat(digits: DigitSet) -> NDArray[np.uint8]:
    return digits.images.numpy().reshape(len(digits), -1)
