"""Digits and judges that cannot be measured are refused in one sentence, and never get a figure."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from fakes import NUM_FEATURES, FakeJudge, digit_set, figures_of

from inkmint.data.digits import DigitSet, Splits
from inkmint.errors import DataError
from inkmint.evaluation import memorisation, protocols, quality
from inkmint.evaluation.metrics import TooFewError
from inkmint.evaluation.subjects import evaluate_subject

PROTOCOLS = {
    "label_agreement": protocols.label_agreement,
    "recognisable": quality.recognisable,
    "digit_inception_score": quality.digit_inception_score,
    "frechet": lambda *given: protocols.frechet(*given, labelled=True),
    "kid_digits": quality.kid_digits,
    "overlap": quality.manifold_overlap,
    "effective_classes": protocols.class_balance,
    "diversity": lambda *given: quality.diversity(*given, labelled=False),
}
every_protocol = pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=PROTOCOLS.keys())


@pytest.fixture(scope="module")
def splits():
    return Splits(digit_set(300, 0), digit_set(120, 1), digit_set(100, 2), "fakes")


def refusal(call, *arguments, **settings):
    with pytest.raises(DataError) as error:
        call(*arguments, **settings)
    message = str(error.value)
    assert message.endswith(".") and "\n" not in message and ". " not in message, "one sentence"
    return message


@every_protocol
def test_a_judge_of_other_classes(splits, protocol):
    letters = FakeJudge(class_names=tuple("abcdefghij"))
    assert "same classes" in refusal(protocol, digit_set(100, 3), splits, letters)


@every_protocol
def test_a_judge_that_answers_with_no_number(splits, protocol):
    assert "not finite" in refusal(protocol, digit_set(100, 3), splits, FakeJudge(broken=True))


def test_an_evaluation_by_a_broken_judge(splits):
    for labelled in (True, False):
        given = (digit_set(100, 3), splits, FakeJudge(broken=True))
        assert "not finite" in refusal(protocols.evaluate_digits, *given, labelled=labelled)


def test_an_evaluation_by_a_broken_second_judge(splits):
    given = (digit_set(100, 3), splits, FakeJudge())
    second = FakeJudge(broken=True, error_every=9, name="other")
    assert "'other'" in refusal(protocols.evaluate_digits, *given, labelled=True, second=second)


@pytest.mark.parametrize(
    ("num_images", "protocol", "fewest"),
    [
        (NUM_FEATURES, "frechet", NUM_FEATURES + 1),
        (19, "kid_digits", 20),
        (9, "digit_inception_score", 10),
        (5, "overlap", 6),
    ],
)
def test_too_few_images(splits, num_images, protocol, fewest):
    digits = digit_set(num_images, 3)
    with pytest.raises(TooFewError, match=f"at least {fewest}"):
        PROTOCOLS[protocol](digits, splits, FakeJudge())
    PROTOCOLS[protocol](digit_set(fewest, 3), splits, FakeJudge())


def test_what_has_too_few_images_is_left_out_with_a_note(splits):
    evaluation = protocols.evaluate_digits(digit_set(5, 3), splits, FakeJudge(), labelled=True)
    assert {name.rsplit("_", 1)[0] for name in figures_of(evaluation)} == {
        "label_agreement_fake",
        "recognisable_fake",
        "effective_classes_fake",
        "nearest_distance_pixels",
        "nearer_to_training_pixels",
    }
    assert len(evaluation.notes) == 5
    assert all("give at least" in note for note in evaluation.notes)


def test_digits_of_a_single_class(splits):
    sevens = DigitSet(splits.test.images, torch.full((100,), 7), "sevens.npz")
    message = refusal(protocols.evaluate_digits, sevens, splits, FakeJudge(), labelled=True)
    assert "sevens.npz holds the class 7 only" in message
    lopsided = replace(splits, test=sevens)
    refusal(protocols.evaluate_digits, digit_set(100, 3), lopsided, FakeJudge(), labelled=False)


def test_a_generator_that_mints_a_single_class_is_measured(splits):
    """It was not asked for it, so it is a finding and no mistake."""
    images = digit_set(200, 3).images.clone()
    images[:, 0, 0] = 140
    collapsed = DigitSet(images, torch.arange(200) % 10, "minted")
    figures = figures_of(protocols.evaluate_digits(collapsed, splits, FakeJudge(), labelled=False))
    assert figures["effective_classes_fake_200"].value == 1
    assert figures["digit_inception_score_fake_100"].value < 1.5


def test_diversity_needs_two_images_of_a_class(splits):
    assert "at least 2 of a class" in refusal(
        quality.diversity, digit_set(10, 3), splits, FakeJudge(), labelled=True
    )


@pytest.mark.parametrize(
    ("arrays", "expected"),
    [
        ({"images": np.full((20, 28, 28), np.nan), "labels": np.arange(20) % 10}, "not numbers"),
        ({"images": np.zeros((20, 28, 20), np.uint8), "labels": np.arange(20) % 10}, "28x28"),
        ({"images": np.zeros((20, 28, 28), np.uint8)}, "images and labels"),
        ({"images": np.zeros((20, 28, 28), np.uint8), "labels": np.zeros(20, int)}, "class 0 only"),
        ({"images": np.zeros((20, 28, 28), np.uint8), "labels": np.full(20, np.nan)}, "whole numbers"),
    ],
    ids=["NaN pixels", "not square", "no labels", "one class", "NaN labels"],
)
def test_files_that_cannot_be_measured(splits, tmp_path, arrays, expected):
    path = tmp_path / "digits.npz"
    np.savez(path, **arrays)
    assert expected in refusal(evaluate_subject, str(path), splits, FakeJudge, num_minted=10, seed=0)


def test_a_folder_of_pictures_without_classes(splits, tmp_path):
    (tmp_path / "picture.png").write_bytes(b"")
    assert "class folders" in refusal(
        evaluate_subject, str(tmp_path), splits, FakeJudge, num_minted=10, seed=0
    )


def test_other_real_classes(splits):
    letters = DigitSet(splits.test.images, splits.test.labels, "letters", tuple("abcdefghij"))
    assert "same classes" in refusal(protocols.evaluate_digits, letters, splits, FakeJudge(), labelled=True)


def test_memorisation_needs_equal_images(splits):
    assert memorisation.nearest_distance(digit_set(1, 3), splits).num_images == 1
