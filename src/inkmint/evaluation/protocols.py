"""Named measurements of minted digits, each beside the same measured on real ones.

The judge is a recogniser that was trained on real training images and never saw validation or test
images (see `evaluation.judge`). Shape suffixes: N, P images, D features, K classes.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import numpy as np
import torch

from inkmint.data.digits import DigitSet, Splits
from inkmint.data.sheet import contact_sheet
from inkmint.evaluation import metrics, quality
from inkmint.evaluation.figure import Figure, short_count
from inkmint.evaluation.judge import named
from inkmint.evaluation.memorisation import nearer_to_training, nearest_distance, nearest_pairs
from inkmint.evaluation.metrics import Ints, TooFewError
from inkmint.evaluation.readings import Judge, OnceAsked, features, seen_classes
from inkmint.evaluation.record import Evaluation
from inkmint.evaluation.references import remembered
from inkmint.evaluation.samples import (
    equal_size,
    random_rows,
    require_class_names,
    require_same_classes,
    require_several_classes,
)


def evaluate_digits(
    generated: DigitSet,
    splits: Splits,
    judge: Judge,
    *,
    labelled: bool,
    second: Judge | None = None,
    seeds: Sequence[int] = (),
) -> Evaluation:
    """Measure everything that can be measured of a set of minted digits.

    Args:
        generated: The minted digits.
        splits: Real digits; the test images are looked at for the last figures only, here.
        judge: Trained on `splits.train` or other real training images, never on validation or test. A plain
            `Recogniser` judges under the name that `as_judge` gives it.
        labelled: Whether the labels of `generated` were asked for. Otherwise they are ignored, and what
            needs them is left out.
        second: Another judge, trained likewise, that has to agree before a digit counts as recognisable. It has
            its own label agreement and Fréchet distance too, so that one sees whether both tell the same story.
        seeds: Of the training runs that made the digits.

    Returns:
        Figures, confusion matrix, nearest pairs, and the pictures `samples`, `real` and `nearest`; what asks
        for more images than there are is left out, and a note says so.

    Raises:
        DataError: The sets or the judges have different classes, a set is of one class only, or a judge
            answers with what is no number.
    """
    judge = OnceAsked(named(judge))
    second = OnceAsked(named(second)) if second else None
    judges: list[Judge] = [judge, second] if second else [judge]
    require_same_classes(generated, splits, *judges)
    require_several_classes(splits.train, splits.validation, splits.test, *([generated] if labelled else []))
    seen_N = seen_classes(judge, generated)
    classes_N = generated.labels.numpy() if labelled else seen_N
    protocols: list[Callable[[], Figure | tuple[Figure, ...]]] = [
        lambda: quality.recognisable(generated, splits, judge, second=second, seeds=seeds),
        lambda: quality.digit_inception_score(generated, splits, judge, seeds=seeds),
        *(partial(frechet, generated, splits, each, labelled=labelled, seeds=seeds) for each in judges),
        lambda: quality.kid_digits(generated, splits, judge, seeds=seeds),
        lambda: quality.manifold_overlap(generated, splits, judge, seeds=seeds),
        lambda: class_balance(generated, splits, judge, seeds=seeds),
        lambda: quality.diversity(generated, splits, judge, labelled=labelled, seeds=seeds),
        lambda: nearest_distance(generated, splits, seeds=seeds),
        lambda: nearer_to_training(generated, splits, seeds=seeds),
    ]
    notes: list[str] = []
    if labelled:
        protocols[:0] = [partial(label_agreement, generated, splits, each, seeds=seeds) for each in judges]
    else:
        notes.append(
            "The digits were asked for without a class, so label agreement and confusion are left out."
        )
    figures = tuple(_measured(protocols, notes))
    pairs, pairs_picture = nearest_pairs(generated, splits.train, classes_N)
    shown = DigitSet(generated.images, torch.from_numpy(classes_N), generated.name, generated.class_names)
    return Evaluation(
        name="digits",
        figures=figures,
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


def _measured(
    protocols: Iterable[Callable[[], Figure | tuple[Figure, ...]]], notes: list[str]
) -> Iterator[Figure]:
    """The figures of all protocols; one that asks for more images becomes a note."""
    for protocol in protocols:
        try:
            found = protocol()
        except TooFewError as error:
            notes.append(str(error))
        else:
            yield from found if isinstance(found, tuple) else (found,)


def evaluate_recogniser(recogniser: Judge, test: DigitSet, *, seeds: Sequence[int] = ()) -> Evaluation:
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


def label_agreement(
    generated: DigitSet, splits: Splits, judge: Judge, *, seeds: Sequence[int] = ()
) -> Figure:
    """Share of minted digits that the judge reads as the class asked for; higher is better.

    The ceiling is the judge's accuracy on all real test images: a judge that errs on those errs on perfect
    forgeries too. A figure above it says that the digits are easier to read than real ones, often because
    they are all alike. The interval is Wilson's.

    Raises:
        DataError: The sets or the judge have different classes.
    """
    require_same_classes(generated, splits, judge)
    num_right = int(np.sum(seen_classes(judge, generated) == generated.labels.numpy()))
    [ceiling] = remembered("accuracy", [splits.test], [judge], lambda: [_share_right(judge, splits.test)])
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
    generated: DigitSet, splits: Splits, judge: Judge, *, labelled: bool, seeds: Sequence[int] = ()
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
    require_same_classes(generated, splits, judge)
    size = equal_size(generated, splits)
    name = f"frechet_{judge.name}_{short_count(size)}"
    minted_rows, test_rows = random_rows(generated, size), random_rows(splits.test, size)
    minted_ND, test_ND = features(judge, generated)[minted_rows], features(judge, splits.test)[test_rows]
    value = metrics.frechet_distance(minted_ND, test_ND)
    low, high = metrics.bootstrap_interval(
        metrics.frechet_distance,
        minted_ND,
        test_ND,
        strata=(
            generated.labels.numpy()[minted_rows] if labelled else None,
            splits.test.labels.numpy()[test_rows],
        ),
    )

    def floor() -> list[float]:
        validation_ND = features(judge, splits.validation)[random_rows(splits.validation, size)]
        return [metrics.frechet_distance(validation_ND, test_ND)]

    [reference] = remembered(name, [splits.validation, splits.test], [judge], floor)
    return Figure(
        name=name,
        value=value,
        unit="distance",
        interval=(max(0.0, low), high),
        reference=reference,
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


def class_balance(generated: DigitSet, splits: Splits, judge: Judge, *, seeds: Sequence[int] = ()) -> Figure:
    """Effective number of classes that the judge reads in the minted digits; higher is better.

    It is exp(entropy) of the class shares, K if all are equally frequent. Labels are not looked at, so a
    generator that knows no classes can be held to it: one that forgot a digit falls below K - 1. The
    reference is what the judge reads in the real test images.

    Raises:
        DataError: The sets or the judge have different classes.
    """
    require_same_classes(generated, splits, judge)

    def effective(seen_N: Ints) -> float:
        return metrics.effective_classes(np.bincount(seen_N))

    seen_N = seen_classes(judge, generated)
    low, high = metrics.bootstrap_interval(effective, seen_N)
    [reference] = remembered(
        "effective_classes", [splits.test], [judge], lambda: [effective(seen_classes(judge, splits.test))]
    )
    return Figure(
        name=f"effective_classes_{judge.name}_{short_count(len(generated))}",
        value=effective(seen_N),
        unit="classes",
        interval=(max(1.0, low), min(float(generated.num_classes), high)),
        reference=reference,
        reference_name=f"{len(splits.test):,} real test images",
        num_images=len(generated),
        seeds=tuple(seeds),
        better="higher",
        protocol=f"Equally frequent classes that would be as varied as what the judge reads; at most "
        f"{generated.num_classes}.",
        judge_sha256=judge.weights_sha256,
    )


def accuracy(recogniser: Judge, test: DigitSet, *, seeds: Sequence[int] = ()) -> Figure:
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


def _num_right(recogniser: Judge, test: DigitSet) -> int:
    require_class_names(test.class_names, recogniser.class_names, f"The recogniser {recogniser.name!r}")
    return int(np.sum(seen_classes(recogniser, test) == test.labels.numpy()))


def _share_right(judge: Judge, digits: DigitSet) -> float:
    return metrics.label_agreement(digits.labels.numpy(), seen_classes(judge, digits))
