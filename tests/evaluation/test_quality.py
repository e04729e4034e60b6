import numpy as np
import pytest
import torch
from fakes import FakeJudge, digit_set, figures_of

from inkmint.data.digits import DigitSet, Splits
from inkmint.errors import DataError
from inkmint.evaluation import metrics, protocols, quality
from inkmint.evaluation.distributions import class_scores


@pytest.fixture(scope="module")
def splits():
    return Splits(digit_set(300, 0), digit_set(120, 1), digit_set(100, 2), "fakes")


def with_pixels(digits, images):
    return DigitSet(torch.from_numpy(images.astype(np.uint8)), digits.labels, digits.name, digits.class_names)


def with_confidence(digits, brightness):
    """FakeJudge is as sure as the second pixel is bright."""
    images = digits.images.numpy().copy()
    images[:, 0, 1] = brightness
    return with_pixels(digits, images)


def test_the_score_is_that_of_the_judge_over_ten_parts(splits):
    minted = digit_set(100, 3)
    figure = quality.digit_inception_score(minted, splits, FakeJudge())
    assert (figure.unit, figure.better, figure.num_images) == ("score", "higher", 100)
    assert 1 < figure.value < 10
    assert figure.interval[0] < figure.value < figure.interval[1] <= 10
    order = np.random.default_rng(0).permutation(100)
    parts = class_scores(FakeJudge().predict_proba(minted.images)[order], 10)
    assert figure.value == pytest.approx(parts.mean(), rel=0.1)


def test_kid_and_overlap_of_real_digits_are_their_references(splits):
    judge = FakeJudge()
    for figure in (
        quality.kid_digits(splits.validation, splits, judge),
        *quality.manifold_overlap(splits.validation, splits, judge),
        quality.digit_inception_score(splits.validation, splits, judge),
        quality.diversity(splits.validation, splits, judge, labelled=True),
    ):
        assert figure.value == pytest.approx(figure.reference), figure.name


def test_the_test_images_themselves_overlap_wholly(splits):
    found = {
        figure.name.split("_")[0]: figure
        for figure in quality.manifold_overlap(splits.test, splits, FakeJudge())
    }
    assert [found[name].value for name in ("precision", "recall", "coverage")] == [1, 1, 1]
    assert found["density"].value == pytest.approx(1)
    assert found["density"].better == "alike" and found["precision"].better == "higher"
    assert found["precision"].interval == metrics.wilson_interval(100, 100)


def test_digits_without_any_likeness_overlap_nowhere(splits):
    black = with_pixels(splits.test, np.zeros((100, 28, 28)))
    for figure in quality.manifold_overlap(black, splits, FakeJudge()):
        assert (figure.value, figure.interval[0]) == (0, pytest.approx(0, abs=1e-12)), figure.name
        assert figure.reference > 0


def test_recognisable_is_held_to_the_confidence_of_validation_digits(splits):
    validation = with_confidence(splits.validation, np.linspace(0, 255, 120))
    bounded = Splits(splits.train, validation, with_confidence(splits.test, 255), "bounded")
    sixth_dimmest = np.sort(validation.images.numpy()[:, 0, 1])[5]
    assert sixth_dimmest > 1
    generated = digit_set(200, 3)
    for brightness, share in ((sixth_dimmest, 1), (sixth_dimmest - 1, 0)):
        figure = quality.recognisable(with_confidence(generated, brightness), bounded, FakeJudge())
        assert (figure.value, figure.reference) == (share, 1)
        assert figure.interval == metrics.wilson_interval(200 * share, 200)


def test_at_least_95_of_100_validation_digits_are_recognisable(splits):
    figure = quality.recognisable(splits.validation, splits, FakeJudge())
    assert 0.95 <= figure.value < 1


def test_a_second_judge_has_to_agree(splits):
    generated = with_confidence(digit_set(200, 3), 255)
    alone = quality.recognisable(generated, splits, FakeJudge())
    both = quality.recognisable(
        generated, splits, FakeJudge(), second=FakeJudge(error_every=10, name="other")
    )
    assert (alone.value, alone.second_judge_sha256) == (1, None)
    assert both.value == 0.9, "the other misreads every tenth"
    assert both.name == "recognisable_fake+other_200"
    assert both.second_judge_sha256 == FakeJudge(error_every=10).weights_sha256
    with pytest.raises(DataError, match="same network"):
        quality.recognisable(generated, splits, FakeJudge(), second=FakeJudge())
    with pytest.raises(DataError, match="same classes"):
        other = FakeJudge(error_every=10, class_names=tuple("abcdefghij"))
        quality.recognisable(generated, splits, FakeJudge(), second=other)


def test_diversity_of_copies_of_spread_and_of_one_class(splits):
    judge = FakeJudge()
    first = [int(np.flatnonzero(splits.test.labels.numpy() == label)[0]) for label in range(10)]
    copies = splits.test.subset(torch.tensor(first).repeat(10))
    collapsed = quality.diversity(copies, splits, judge, labelled=True)
    assert collapsed.value == pytest.approx(0, abs=1e-6)
    assert collapsed.reference == pytest.approx(1, abs=0.1)
    halved = with_pixels(splits.test, splits.test.images.numpy() // 2)
    assert quality.diversity(halved, splits, judge, labelled=True).value == pytest.approx(0.5, abs=0.02)
    sevens = splits.test.subset(torch.nonzero(splits.test.labels == 7).flatten())
    alone = quality.diversity(sevens, splits, judge, labelled=True)
    assert alone.value == pytest.approx(1) and alone.interval[0] < 1 < alone.interval[1]


def test_without_labels_diversity_goes_by_the_classes_that_are_read(splits):
    shuffled = DigitSet(splits.test.images, splits.test.labels.flip(0), "unlabelled")
    figure = quality.diversity(shuffled, splits, FakeJudge(), labelled=False)
    assert figure.value == pytest.approx(1)
    assert figure.name == "diversity_pixels_fake_100"
    assert figure.judge_sha256 == FakeJudge().weights_sha256
    assert quality.diversity(splits.test, splits, FakeJudge(), labelled=True).judge_sha256 is None


def test_an_evaluation_asks_the_judge_once_for_each_set(splits):
    asked = []

    class Counting(FakeJudge):
        def predict_proba(self, images):
            asked.append(len(images))
            return super().predict_proba(images)

        def features(self, images):
            asked.append(-len(images))
            return super().features(images)

    protocols.evaluate_digits(digit_set(200, 3), splits, Counting(error_every=77), labelled=True)
    assert sorted(asked) == [-200, -120, -100, 100, 120, 200]


def test_with_a_second_judge_an_evaluation_has_one_figure_of_both(splits):
    evaluation = protocols.evaluate_digits(
        digit_set(200, 3), splits, FakeJudge(), labelled=True, second=FakeJudge(error_every=10, name="other")
    )
    names = [name for name in figures_of(evaluation) if name.startswith("recognisable")]
    assert names == ["recognisable_fake+other_200"]
