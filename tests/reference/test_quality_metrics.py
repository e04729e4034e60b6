"""Score, kernel distance, overlap, spread and paired tests against independent code and closed forms."""

import tracemalloc
from itertools import product
from math import comb, e, sqrt

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from prdc import compute_prdc
from torch import nn
from torchmetrics.image.inception import InceptionScore
from torchmetrics.image.kid import KernelInceptionDistance

from inkmint.errors import DataError
from inkmint.evaluation import comparisons, distributions, manifolds, metrics

RELATIVE = 1e-4
seeds = st.integers(0, 2**32 - 1)


def two_sets(seed=0, num_first=600, num_second=500, num_features=12):
    random = np.random.default_rng(seed)
    mixing = random.normal(size=(num_features, num_features))
    first = random.normal(size=(num_first, num_features)) @ mixing
    return first, random.normal(size=(num_second, num_features)) @ mixing * 0.8 + 0.3


# Score


@pytest.mark.parametrize("seed", [0, 1])
def test_class_scores_agree_with_torchmetrics(seed):
    logits = torch.from_numpy(np.random.default_rng(seed).normal(scale=3, size=(1000, 10)))
    with pytest.warns(UserWarning, match="buffer"):
        reference = InceptionScore(feature=nn.Identity(), splits=10)
    reference.update(logits)
    torch.manual_seed(seed)
    mean, spread = reference.compute()
    torch.manual_seed(seed)
    order = torch.randperm(len(logits))
    found = distributions.class_scores(logits.softmax(dim=1)[order].numpy(), 10)
    assert found.mean() == pytest.approx(float(mean), rel=RELATIVE)
    assert found.std(ddof=1) == pytest.approx(float(spread), rel=RELATIVE)


def test_class_scores_of_known_sets():
    certain = np.eye(10)[np.arange(200) % 10]
    assert distributions.class_scores(certain) == pytest.approx(10)
    assert distributions.class_scores(certain[::10]) == pytest.approx(1), "all of one class"
    assert distributions.class_scores(np.full((50, 10), 0.1)) == pytest.approx(1), "never sure"
    lopsided = np.eye(2)[[0, 0, 0, 1]]
    entropy = -0.75 * np.log(0.75) - 0.25 * np.log(0.25)
    assert distributions.class_scores(lopsided) == pytest.approx(e**entropy)


def test_class_scores_of_bad_input():
    with pytest.raises(metrics.TooFewError, match="at least 10"):
        distributions.class_scores(np.eye(10)[:9], 10)
    with pytest.raises(DataError, match="not its logits"):
        distributions.class_scores(np.random.default_rng(0).normal(size=(20, 10)))
    with pytest.raises(DataError, match="not finite"):
        distributions.class_scores(np.full((20, 10), np.nan))


# Kernel distance


@pytest.mark.parametrize("seed", [0, 1])
def test_kernel_distance_agrees_with_torchmetrics(seed):
    first, second = two_sets(seed)
    with pytest.warns(UserWarning, match="buffer"):
        reference = KernelInceptionDistance(feature=nn.Identity(), subsets=1, subset_size=400)
    reference.update(torch.from_numpy(first), real=True)
    reference.update(torch.from_numpy(second), real=False)
    torch.manual_seed(seed)
    value, _ = reference.compute()
    torch.manual_seed(seed)
    rows = [torch.randperm(len(part))[:400].numpy() for part in (first, second)]
    found = distributions.kernel_distance(first[rows[0]], second[rows[1]])
    assert found == pytest.approx(float(value), rel=RELATIVE)


def test_kernel_distance_is_its_sum_over_pairs(monkeypatch):
    monkeypatch.setattr(distributions, "_CHUNK_ROWS", 4)
    first, second = two_sets(num_first=9, num_second=7, num_features=3)

    def kernel(x, y):
        return (x @ y / 3 + 1) ** 3

    def within(points):
        pairs = [(i, j) for i, j in product(range(len(points)), repeat=2) if i != j]
        return np.mean([kernel(points[i], points[j]) for i, j in pairs])

    across = np.mean([kernel(x, y) for x, y in product(first, second)])
    expected = within(first) + within(second) - 2 * across
    assert distributions.kernel_distance(first, second) == pytest.approx(expected, rel=1e-10)


def test_kernel_distances_of_one_distribution_have_nought_in_their_interval():
    """Unbiased, whatever the size, so that about 95 of 100 intervals hold 0."""
    random = np.random.default_rng(0)
    held = 0
    for _ in range(100):
        low, high = distributions.mean_interval(
            distributions.kernel_distances(random.normal(size=(100, 5)), random.normal(size=(100, 5)), 10)
        )
        held += low <= 0 <= high
    assert held >= 88


def test_kernel_distance_of_bad_input():
    first, second = two_sets(num_first=30, num_second=30)
    with pytest.raises(DataError, match="same network"):
        distributions.kernel_distance(first, second[:, :5])
    with pytest.raises(metrics.TooFewError, match="at least 2"):
        distributions.kernel_distance(first[:1], second)
    with pytest.raises(metrics.TooFewError, match="at least 20"):
        distributions.kernel_distances(first, second[:19], 10)
    first[3, 2] = np.inf
    with pytest.raises(DataError, match="not finite"):
        distributions.kernel_distance(first, second)
    with pytest.raises(metrics.TooFewError, match="at least two"):
        distributions.mean_interval(np.ones(1))


# Overlap


@pytest.mark.parametrize("num_neighbours", [1, 3, 5])
@pytest.mark.parametrize("seed", [0, 1])
def test_overlap_agrees_with_prdc(seed, num_neighbours, monkeypatch):
    monkeypatch.setattr(manifolds, "_CHUNK_ROWS", 128)
    real, minted = two_sets(seed)
    expected = compute_prdc(real, minted, nearest_k=num_neighbours)
    found = manifolds.overlap(real, minted, num_neighbours)
    for name, value in expected.items():
        assert getattr(found, name) == pytest.approx(value, rel=RELATIVE), name


def test_overlap_on_a_line_has_a_closed_form():
    """Real balls of radius 1 around 0..9; minted points half-way between the first of them."""
    real = np.arange(10.0)[:, None]
    found = manifolds.overlap(real, np.array([[0.5], [1.5], [2.5]]), num_neighbours=1)
    assert (found.precision, found.density) == (1, 2), "each lies in two balls"
    assert found.coverage == 0.4
    assert found.recall == 0.4
    far = manifolds.overlap(real, real + 100, num_neighbours=1)
    assert (far.precision, far.recall, far.density, far.coverage) == (0, 0, 0, 0)


def test_overlap_of_a_set_with_itself():
    real, _ = two_sets()
    found = manifolds.overlap(real, real)
    assert (found.precision, found.recall, found.coverage) == (1, 1, 1)
    assert found.density == pytest.approx(1, rel=1e-12), "its own ball and those of its neighbours"


@settings(max_examples=25)
@given(seeds)
def test_overlap_does_not_depend_on_order_place_or_scale(seed):
    real, minted = two_sets(seed, 60, 50, 4)
    random = np.random.default_rng(seed)
    found = manifolds.overlap(real, minted)
    moved = manifolds.overlap(4 * random.permutation(real) + 1, 4 * random.permutation(minted) + 1)
    for name in ("precision", "recall", "density", "coverage"):
        assert getattr(moved, name) == pytest.approx(getattr(found, name), abs=0.02), name


def test_distances_of_many_images_are_never_held_at_once():
    real, minted = two_sets(0, 4000, 4000, 8)
    whole_bytes = 8 * len(real) * len(minted)
    tracemalloc.start()
    manifolds.overlap(real, minted)
    manifolds.mean_distance(real)
    distributions.kernel_distance(real, minted)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 0.75 * whole_bytes


def test_overlap_of_bad_input():
    real, minted = two_sets()
    with pytest.raises(metrics.TooFewError, match="at least 6"):
        manifolds.overlap(real, minted[:5])
    with pytest.raises(DataError, match="same network"):
        manifolds.overlap(real, minted[:, :3])
    minted[0, 0] = np.nan
    with pytest.raises(DataError, match="not finite"):
        manifolds.overlap(real, minted)


# Spread


def test_mean_distance_has_a_closed_form(monkeypatch):
    monkeypatch.setattr(manifolds, "_CHUNK_ROWS", 2)
    assert manifolds.mean_distance(np.array([[0.0], [1], [2]])).value == pytest.approx(4 / 3)
    triangle = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1]])
    assert manifolds.mean_distance(triangle).value == pytest.approx(sqrt(2))
    assert manifolds.mean_distance(np.full((5, 3), 0.7)) == pytest.approx((0, 0), abs=1e-6)
    with pytest.raises(metrics.TooFewError, match="at least 2"):
        manifolds.mean_distance(np.ones((1, 3)))


def test_mean_distance_of_gaussians_is_covered_as_often_as_it_says():
    """In one dimension the mean distance of two draws is 2 / sqrt(pi)."""
    random = np.random.default_rng(0)
    held = 0
    for _ in range(300):
        low, high = metrics.normal_interval(*manifolds.mean_distance(random.normal(size=(80, 1))))
        held += low <= 2 / sqrt(np.pi) <= high
    assert held / 300 == pytest.approx(0.95, abs=0.035)


# Paired tests


@pytest.mark.parametrize(("only_first", "only_second"), [(1, 9), (9, 1), (5, 5), (0, 0), (0, 6), (12, 30)])
def test_mcnemar_is_a_binomial_sum(only_first, only_second):
    first = np.repeat([True, False, True, False], [only_first, only_second, 20, 7])
    second = np.repeat([False, True, True, False], [only_first, only_second, 20, 7])
    differing, rarer = only_first + only_second, min(only_first, only_second)
    tail = sum(comb(differing, count) for count in range(rarer + 1)) / 2**differing
    found = comparisons.mcnemar(first, second)
    assert found[:2] == (only_first, only_second)
    assert found.p_value == pytest.approx(min(1, 2 * tail))


def test_a_p_value_too_small_to_mean_anything_is_told_as_a_bound():
    assert comparisons.p_in_words(0.0123) == "p = 0.012"
    assert comparisons.p_in_words(1e-11) == "p = 1e-11"
    assert comparisons.p_in_words(0.0) == comparisons.p_in_words(1e-77) == "p < 1e-12"


def test_mcnemar_of_bad_input():
    with pytest.raises(DataError, match="the same images"):
        comparisons.mcnemar(np.ones(3, bool), np.ones(4, bool))
    with pytest.raises(DataError, match="the same images"):
        comparisons.mcnemar(np.ones(0, bool), np.ones(0, bool))
    with pytest.raises(DataError, match="true or false"):
        comparisons.mcnemar(np.arange(3), np.arange(3))


def test_rank_correlation_has_a_closed_form():
    first, second = np.array([1.0, 2, 3, 4, 5]), np.array([0.2, 0.1, 0.9, 0.3, 7])
    squared_rank_differences = 1 + 1 + 1 + 1 + 0
    expected = 1 - 6 * squared_rank_differences / (5 * 24)
    assert comparisons.rank_correlation(first, second) == pytest.approx(expected)
    assert comparisons.rank_correlation(first, first**3) == pytest.approx(1)
    assert comparisons.rank_correlation(first, -first) == pytest.approx(-1)


def test_paired_difference_leaves_out_what_the_pairs_share():
    shared = np.array([10.0, 20, 30, 40])
    mean, (low, high) = comparisons.paired_difference(shared + np.array([1.1, 0.9, 1.0, 1.0]), shared)
    assert mean == pytest.approx(1)
    half_width = 3.182446 * np.std([1.1, 0.9, 1.0, 1.0], ddof=1) / 2
    assert (low, high) == pytest.approx((1 - half_width, 1 + half_width), rel=1e-6)


def test_pairs_that_are_none():
    with pytest.raises(DataError, match="at least 2"):
        comparisons.paired_difference(np.ones(1), np.ones(1))
    with pytest.raises(DataError, match="at least 3"):
        comparisons.rank_correlation(np.arange(2), np.arange(2))
    with pytest.raises(DataError, match="no order"):
        comparisons.rank_correlation(np.ones(4), np.arange(4))
    with pytest.raises(DataError, match="not finite"):
        comparisons.rank_correlation(np.array([1, np.nan, 3]), np.arange(3))
