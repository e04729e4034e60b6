"""Modes and their divergence: closed forms, simulated coverage, and stacked digits that are read channel by channel."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from fakes import FakeJudge, digit_set, figures_of

from inkmint.data.digits import DigitSet, Splits
from inkmint.data.stacked import stack, stack_splits
from inkmint.errors import DataError
from inkmint.evaluation.modes import (
    divergence_from_even,
    divergence_interval,
    modes_found,
    modes_interval,
)
from inkmint.evaluation.record import load_evaluations, save_evaluation
from inkmint.evaluation.stacked import evaluate_stacked, require_alike, seen_numbers
from inkmint.models import Recogniser

NUM_CLASSES = 1000


@pytest.fixture
def stacked():
    """Real stacked digits that a `FakeJudge` reads without an error."""
    parts = (digit_set(500, seed, name) for seed, name in enumerate(("train", "validation", "test")))
    return stack_splits(Splits(*parts, source="fakes"), (2000, 500, 2000), "stacked-fakes")


def of_labels(stacked, labels, name="generated"):
    """Images that are read as these numbers, taken from the real ones and stamped."""
    images = stacked.test.images[: len(labels)].clone()
    for channel, place in enumerate((100, 10, 1)):
        images[:, channel, 0, 0] = 20 * (torch.as_tensor(labels) // place % 10).byte()
    return replace(stacked.test, images=images, labels=torch.as_tensor(labels), name=name)


def test_even_counts_do_not_diverge_and_a_single_mode_does_by_the_logarithm_of_all():
    assert divergence_from_even(np.full(NUM_CLASSES, 26)) == 0
    one = np.zeros(NUM_CLASSES)
    one[17] = 26_000
    assert divergence_from_even(one) == pytest.approx(np.log(1000))
    assert (modes_found(np.full(NUM_CLASSES, 26)), modes_found(one)) == (1000, 1)


def test_half_of_the_classes_diverge_by_the_logarithm_of_two_and_so_on():
    for part in (2, 4, 10):
        counts = np.r_[np.full(NUM_CLASSES // part, 7), np.zeros(NUM_CLASSES - NUM_CLASSES // part)]
        assert divergence_from_even(counts) == pytest.approx(np.log(part))
        assert modes_found(counts) == NUM_CLASSES // part


def test_even_draws_diverge_by_half_the_classes_over_the_images():
    counts = np.random.default_rng(0).multinomial(26_000, np.full(NUM_CLASSES, 1e-3), size=200)
    mean = np.mean([divergence_from_even(row) for row in counts])
    assert mean == pytest.approx(999 / 52_000, rel=0.03)


def source(name):
    """Shares of 1,000 classes that a generator may have."""
    random = np.random.default_rng(7)
    match name:
        case "even":
            return np.full(NUM_CLASSES, 1e-3)
        case "lopsided":
            return random.dirichlet(np.ones(NUM_CLASSES))
        case "rare":
            return random.dirichlet(np.full(NUM_CLASSES, 0.05))
        case "few":
            return np.r_[random.dirichlet(np.ones(80)), np.zeros(920)]
        case "few, misread":
            return np.r_[0.98 * random.dirichlet(np.full(80, 3.0)), np.full(920, 0.02 / 920)]
    raise ValueError(name)


@pytest.mark.parametrize("name", ["even", "lopsided", "rare", "few", "few, misread"])
@pytest.mark.parametrize(
    ("statistic", "interval"),
    [(modes_found, modes_interval), (divergence_from_even, divergence_interval)],
    ids=["modes", "divergence"],
)
def test_the_interval_holds_the_mean_of_many_draws_as_often_as_it_says(name, statistic, interval):
    draws = np.random.default_rng(1).multinomial(26_000, source(name), size=400)
    mean = np.mean([statistic(row) for row in draws])
    ends = np.array([interval(row) for row in draws])
    covered = np.mean((ends[:, 0] <= mean) & (mean <= ends[:, 1]))
    assert covered >= 0.92, covered  # 0.95 less three standard errors of 400 trials
    if name == "lopsided":
        assert covered <= 0.985, covered


def test_intervals_stay_where_values_can_be():
    for counts in (np.full(NUM_CLASSES, 26), np.eye(NUM_CLASSES)[0] * 1000, np.eye(NUM_CLASSES)[0]):
        low, high = modes_interval(counts)
        assert 1 <= low <= modes_found(counts) <= high <= NUM_CLASSES
        low, high = divergence_interval(counts)
        assert 0 <= low <= divergence_from_even(counts) <= high + 1e-12


@pytest.mark.parametrize(
    "counts", [np.zeros(5), np.array([1.0, -1.0]), np.array([np.nan, 1]), np.ones((2, 2))]
)
def test_what_is_no_count_is_refused(counts):
    for measure in (modes_found, modes_interval, divergence_from_even, divergence_interval):
        with pytest.raises(DataError, match="no images to count"):
            measure(counts)


def test_every_channel_is_read_by_itself(stacked):
    np.testing.assert_array_equal(seen_numbers(FakeJudge(), stacked.test), stacked.test.labels.numpy())


def test_modes_and_divergence_stand_beside_those_of_as_many_real_images(stacked):
    labels = torch.arange(1500) % 400
    evaluation = evaluate_stacked(of_labels(stacked, labels), stacked, FakeJudge(), seeds=(4,))
    figures = figures_of(evaluation)
    assert list(figures) == ["modes_fake_1500", "mode_kl_fake_1500"]
    modes, divergence = figures["modes_fake_1500"], figures["mode_kl_fake_1500"]
    assert (modes.value, modes.num_images, modes.seeds, modes.better) == (400, 1500, (4,), "higher")
    assert 400 < modes.reference < 1000
    shares = np.bincount(labels) / 1500
    assert divergence.value == pytest.approx(float(np.sum(shares * np.log(1000 * shares))))
    assert 0 < divergence.reference < divergence.value
    assert divergence.interval[0] < divergence.value < divergence.interval[1]
    assert modes.reference_name == "1,500 real test images"
    (note,) = evaluation.notes
    assert note.startswith("Classes that were not found: 400, 401, ")
    assert note.endswith("419 and 580 others.")


def test_real_digits_held_against_themselves_are_the_reference(stacked):
    figures = figures_of(evaluate_stacked(stacked.test, stacked, FakeJudge()))
    assert all(figure.value == figure.reference for figure in figures.values())


def test_a_single_mode_is_seen_as_one(stacked):
    figures = figures_of(evaluate_stacked(of_labels(stacked, torch.full((900,), 333)), stacked, FakeJudge()))
    assert figures["modes_fake_900"].value == 1
    assert figures["mode_kl_fake_900"].value == pytest.approx(np.log(1000))


def test_labels_that_were_asked_for_are_held_against_all_three_digits(stacked):
    generated = of_labels(stacked, torch.arange(1000))
    wrong = replace(generated, labels=torch.cat([torch.arange(900), torch.arange(901, 1001) % 1000]))
    for digits, agreement in ((generated, 1.0), (wrong, 0.9)):
        figures = figures_of(evaluate_stacked(digits, stacked, FakeJudge(), labelled=True))
        assert figures["label_agreement_fake_1k"].value == agreement
        assert figures["label_agreement_fake_1k"].reference == 1


def test_more_images_than_real_ones_are_cut_to_as_many(stacked):
    generated = stack(digit_set(300, 9), 2500, seed=0)
    assert all(
        figure.num_images == 2000 for figure in evaluate_stacked(generated, stacked, FakeJudge()).figures
    )


def test_single_and_stacked_digits_are_not_mixed_up(stacked):
    single = Splits(*(digit_set(20, 0),) * 3, source="mnist")
    with pytest.raises(DataError, match="--data stacked-mnist"):
        evaluate_stacked(stacked.test, single, FakeJudge())
    with pytest.raises(DataError, match="--data mnist"):
        evaluate_stacked(single.test, stacked, FakeJudge())
    with pytest.raises(DataError, match=r"^my run is of stacked digits, .* and mnist holds others"):
        require_alike("my run", stacked.test, single)


def test_a_judge_of_other_classes_or_without_numbers_is_refused(stacked):
    with pytest.raises(DataError, match="The judge 'fake' has the classes a, b"):
        evaluate_stacked(stacked.test, stacked, FakeJudge(class_names=("a", "b")))
    with pytest.raises(DataError, match="not finite"):
        evaluate_stacked(stacked.test, stacked, FakeJudge(broken=True))


def test_an_evaluation_is_kept_with_its_pictures_in_colour(stacked, tmp_path):
    evaluation = evaluate_stacked(stacked.test, stacked, FakeJudge())
    save_evaluation(evaluation, tmp_path)
    (kept,) = load_evaluations(tmp_path)
    assert kept.figures == evaluation.figures
    for name in ("samples", "real"):
        assert kept.pictures[name].shape[-1] == 3
        np.testing.assert_array_equal(kept.pictures[name], evaluation.pictures[name])


def test_a_real_judge_reads_real_stacked_digits(starter):
    judge = Recogniser.from_pretrained("lenet-attention")
    digits: DigitSet = stack(starter.test, 300, seed=0)
    assert np.mean(seen_numbers(judge, digits) == digits.labels.numpy()) > 0.93
