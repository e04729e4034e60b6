import numpy as np
import pytest
import torch
from fakes import NUM_FEATURES, FakeJudge, digit_set, figures_of

from inkmint.data.digits import DigitSet, Splits
from inkmint.errors import DataError
from inkmint.evaluation import memorisation, metrics, protocols
from inkmint.evaluation.samples import random_rows
from inkmint.models import Recogniser


@pytest.fixture(scope="module")
def splits():
    return Splits(digit_set(300, 0), digit_set(120, 1), digit_set(100, 2), "fakes")


def test_an_evaluation_holds_every_figure_with_its_reference(splits):
    evaluation = protocols.evaluate_digits(digit_set(200, 3), splits, FakeJudge(), labelled=True, seeds=(4,))
    figures = figures_of(evaluation)
    assert list(figures) == [
        "label_agreement_fake_200",
        "recognisable_fake_200",
        "digit_inception_score_fake_100",
        "frechet_fake_100",
        "kid_digits_fake_100",
        "precision_fake_100",
        "recall_fake_100",
        "density_fake_100",
        "coverage_fake_100",
        "effective_classes_fake_200",
        "diversity_pixels_200",
        "nearest_distance_pixels_100",
        "nearer_to_training_pixels_100",
    ]
    for figure in figures.values():
        assert figure.reference is not None and figure.reference_name and figure.protocol
        assert figure.interval is not None
        low, high = figure.interval
        assert low <= figure.value <= high
        assert figure.seeds == (4,)
    assert evaluation.confusion_KK.tolist() == np.diag([20] * 10).tolist()
    assert evaluation.seen_K.tolist() == [20] * 10
    assert set(evaluation.pictures) == {"samples", "real", "nearest"}
    assert not evaluation.notes


def test_label_agreement_counts_and_its_ceiling_is_the_judge_on_test_images(splits):
    figure = protocols.label_agreement(digit_set(200, 3), splits, FakeJudge(error_every=10))
    assert (figure.value, figure.reference, figure.num_images) == (0.9, 0.9, 200)
    assert figure.interval == metrics.wilson_interval(180, 200)
    assert figure.judge_sha256 == FakeJudge(error_every=10).weights_sha256


def test_frechet_cuts_all_sets_to_one_size_and_has_the_real_sets_as_floor(splits):
    judge = FakeJudge()
    figure = protocols.frechet(splits.test, splits, judge, labelled=True)
    assert figure.name == "frechet_fake_100" and figure.num_images == 100
    assert figure.value == pytest.approx(0, abs=1e-6)
    assert figure.reference > figure.value


def test_frechet_needs_more_images_than_features(splits):
    few = digit_set(NUM_FEATURES, 5)
    with pytest.raises(DataError, match=f"at least {NUM_FEATURES + 1}"):
        protocols.frechet(few, splits, FakeJudge(), labelled=True)
    evaluation = protocols.evaluate_digits(few, splits, FakeJudge(), labelled=True)
    assert not any(name.startswith("frechet") for name in figures_of(evaluation))
    assert "Fréchet" in " ".join(evaluation.notes)


def test_without_labels_what_needs_them_is_left_out(splits):
    shuffled = digit_set(200, 3)
    shuffled = DigitSet(shuffled.images, shuffled.labels.flip(0), "unlabelled")
    evaluation = protocols.evaluate_digits(shuffled, splits, FakeJudge(), labelled=False)
    assert evaluation.confusion_KK is None
    assert not any(name.startswith("label_agreement") for name in figures_of(evaluation))
    assert evaluation.seen_K.tolist() == [20] * 10
    assert evaluation.nearest.classes_P.tolist() == list(range(10)), "the classes read, not the labels"
    assert "label agreement" in evaluation.notes[0]


def test_a_forgotten_class_shows_in_the_class_balance(splits):
    digits = digit_set(200, 3)
    kept = digits.subset(torch.nonzero(digits.labels != 7).flatten())
    figure = protocols.class_balance(kept, splits, FakeJudge())
    assert figure.value == pytest.approx(9)
    assert figure.reference == pytest.approx(10)


def test_copies_of_training_images_lie_at_distance_nought(splits):
    copies = splits.train.subset(torch.arange(50, 150))
    figure = memorisation.nearest_distance(copies, splits)
    assert figure.value == 0
    assert figure.reference > 1
    classes = copies.labels.numpy()
    pairs, picture = memorisation.nearest_pairs(copies, splits.train, classes)
    assert pairs.indices_P.tolist() == list(range(50, 60))
    assert pairs.classes_P.tolist() == list(range(10))
    assert not pairs.distances_P.any()
    assert picture.shape == (2 * 29 + 1, 10 * 29 + 1)
    np.testing.assert_array_equal(picture[1:29], picture[30:58])


def test_only_copies_of_training_images_lie_nearer_to_them(splits):
    num_real = min(len(splits.train), len(splits.validation))
    seen = splits.train.subset(torch.from_numpy(random_rows(splits.train, num_real)))
    held_out = splits.validation.subset(torch.from_numpy(random_rows(splits.validation, num_real)))
    assert memorisation.nearer_to_training(seen, splits).value == 1
    assert memorisation.nearer_to_training(held_out, splits).value == 0
    both = torch.cat([seen.images[:40], held_out.images[:40]])
    figure = memorisation.nearer_to_training(DigitSet(both, torch.arange(80) % 10, "both"), splits)
    assert figure.value == 0.5
    assert figure.interval[0] < 0.5 < figure.interval[1]


def test_pairs_of_lopsided_or_few_images(splits):
    sevens = DigitSet.from_arrays(np.zeros((12, 28, 28), np.uint8), np.full(12, 7), name="sevens")
    assert (
        memorisation.nearest_pairs(sevens, splits.train, sevens.labels.numpy())[0].classes_P.tolist()
        == [7] * 10
    )
    three = digit_set(3, 0)
    assert len(memorisation.nearest_pairs(three, splits.train, three.labels.numpy())[0].indices_P) == 3


def test_a_recogniser_is_measured_on_test_images(splits):
    evaluation = protocols.evaluate_recogniser(FakeJudge(error_every=10), splits.test)
    assert evaluation.figures[0].value == 0.9
    assert evaluation.confusion_KK[0].tolist() == [0, 10] + [0] * 8, "every tenth is a nought and misread"


def test_other_classes_are_refused(splits):
    letters = tuple("abcdefghij")
    with pytest.raises(DataError, match="same classes"):
        protocols.evaluate_digits(digit_set(100, 3), splits, FakeJudge(class_names=letters), labelled=True)
    with pytest.raises(DataError, match="same classes"):
        protocols.accuracy(FakeJudge(class_names=letters), splits.test)


def test_a_real_recogniser_judges(few):
    judge = Recogniser("hao2020/lenet-quick", epochs=1).fit(
        few.train.images.numpy(), few.train.labels.numpy()
    )
    evaluation = protocols.evaluate_digits(few.validation, few, judge, labelled=True)
    frechet = figures_of(evaluation)["frechet_lenet-unsaved_100"]
    assert "84 features" in frechet.protocol
    assert frechet.value == pytest.approx(frechet.reference), "real validation images lie at the floor"
