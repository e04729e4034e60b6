import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix as sklearn_confusion_matrix
from sklearn.neighbors import NearestNeighbors
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance

from inkmint.errors import DataError
from inkmint.evaluation import metrics

seeds = st.integers(0, 2**32 - 1)


def correlated(seed, num_images=400, num_features=6):
    random = np.random.default_rng(seed)
    mixing = random.normal(size=(num_features, num_features))
    return random.normal(size=(num_images, num_features)) @ mixing + random.normal(size=num_features)


def standardised(num_images, num_features, seed=0):
    """Features whose sample mean is 0 and whose sample covariance is exactly the identity."""
    features = correlated(seed, num_images, num_features)
    features -= features.mean(axis=0)
    return features @ np.linalg.inv(np.linalg.cholesky(np.cov(features.T))).T


def test_frechet_distance_of_gaussians_that_commute_has_a_closed_form():
    base = standardised(200, 5)
    first_scale, second_scale = np.array([1.0, 2, 3, 4, 5]), np.array([2.0, 2, 1, 0.5, 7])
    shift = np.array([1.0, -2, 0, 3, 0.5])
    expected = np.sum(shift**2) + np.sum((first_scale - second_scale) ** 2)
    found = metrics.frechet_distance(base * first_scale, base * second_scale + shift)
    assert found == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("seed", [0, 1])
def test_frechet_distance_agrees_with_torchmetrics(seed):
    real, fake = correlated(seed, 500, 20), correlated(seed + 10, 700, 20)
    reference = FrechetInceptionDistance(feature=Identity(), input_img_size=(20, 1, 1), normalize=True)
    reference.set_dtype(torch.float64)
    reference.update(torch.from_numpy(real), real=True)
    reference.update(torch.from_numpy(fake), real=False)
    assert metrics.frechet_distance(real, fake) == pytest.approx(float(reference.compute()), rel=1e-4)


class Identity(nn.Module):
    num_features = 20

    def forward(self, features):
        return features.flatten(1)


def test_frechet_distance_bears_constant_and_copied_features():
    base = standardised(300, 3)
    degenerate = np.hstack([base, base[:, :1], np.full((300, 1), 7.0)])
    assert metrics.frechet_distance(degenerate, degenerate) == pytest.approx(0, abs=1e-6)
    assert metrics.frechet_distance(degenerate, degenerate + 2) == pytest.approx(5 * 4, rel=1e-8)


@settings(deadline=None, max_examples=25)
@given(seeds, seeds)
def test_frechet_distance_properties(first_seed, second_seed):
    first, second = correlated(first_seed), correlated(second_seed)
    distance = metrics.frechet_distance(first, second)
    scale = np.trace(np.cov(first.T)) + np.trace(np.cov(second.T))
    assert distance >= 0
    assert metrics.frechet_distance(first, first) == pytest.approx(0, abs=1e-9 * scale)
    assert metrics.frechet_distance(second, first) == pytest.approx(distance, rel=1e-6, abs=1e-9 * scale)
    order = np.random.default_rng(0).permutation(len(first))
    assert metrics.frechet_distance(first[order], second) == pytest.approx(
        distance, rel=1e-6, abs=1e-9 * scale
    )


def test_frechet_distance_says_how_many_images_it_needs():
    with pytest.raises(DataError, match="at least 7"):
        metrics.frechet_distance(correlated(0, 6), correlated(1))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_frechet_distance_refuses_what_is_no_number(bad):
    features = correlated(0)
    features[3, 2] = bad
    with pytest.raises(DataError, match="not finite"):
        metrics.frechet_distance(features, correlated(1))


def test_frechet_distance_refuses_other_shapes():
    with pytest.raises(DataError, match="same network"):
        metrics.frechet_distance(correlated(0), correlated(1, num_features=5))
    with pytest.raises(DataError, match=r"\(N, D\)"):
        metrics.frechet_distance(np.zeros(5), correlated(1))


def test_confusion_matrix_agrees_with_scikit_learn():
    random = np.random.default_rng(0)
    asked, seen = random.integers(0, 7, 300), random.integers(0, 7, 300)
    found = metrics.confusion_matrix(asked, seen, 7)
    np.testing.assert_array_equal(found, sklearn_confusion_matrix(asked, seen, labels=range(7)))
    assert metrics.label_agreement(asked, seen) == pytest.approx(np.trace(found) / 300)


def test_labels_must_pair_up_and_be_in_range():
    with pytest.raises(DataError, match="one of each per image"):
        metrics.label_agreement(np.zeros(3), np.zeros(2))
    with pytest.raises(DataError, match="one of each per image"):
        metrics.label_agreement(np.zeros(0), np.zeros(0))
    with pytest.raises(DataError, match=r"outside 0\.\.2"):
        metrics.confusion_matrix(np.array([0, 3]), np.array([0, 0]), 3)


@pytest.mark.parametrize(
    ("successes", "n", "expected"),
    [
        (81, 263, (0.2553, 0.3662)),  # Newcombe, Statistics in Medicine 17, 1998, table I
        (15, 148, (0.0624, 0.1605)),
        (0, 20, (0.0, 0.1611)),
        (1, 29, (0.0061, 0.1718)),
    ],
)
def test_wilson_interval_of_published_examples(successes, n, expected):
    assert metrics.wilson_interval(successes, n) == pytest.approx(expected, abs=5e-5)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_interval_holds_the_share_and_solves_its_equation(trials):
    successes, n = trials
    low, high = metrics.wilson_interval(successes, n)
    share = successes / n
    assert 0 <= low <= share + 1e-12 and share - 1e-12 <= high <= 1
    for end in (low, high):
        assert (share - end) ** 2 == pytest.approx(1.959963985**2 * end * (1 - end) / n, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (3, 2), (-1, 2)])
def test_wilson_interval_refuses_what_is_no_share(successes, n):
    with pytest.raises(DataError, match="is no share"):
        metrics.wilson_interval(successes, n)


@pytest.mark.parametrize("kind", [np.uint8, np.float32, np.float64])
def test_nearest_neighbours_agree_with_scikit_learn(kind, monkeypatch):
    monkeypatch.setattr(metrics, "_CHUNK_REFERENCES", 64)
    random = np.random.default_rng(0)
    queries = random.integers(0, 256, (17, 40)).astype(kind)
    references = random.integers(0, 256, (333, 40)).astype(kind)
    index, distance = metrics.nearest_neighbours(queries, references)
    found = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(references.astype(float))
    expected_distance, expected_index = found.kneighbors(queries.astype(float))
    np.testing.assert_array_equal(index, expected_index[:, 0])
    np.testing.assert_allclose(distance, expected_distance[:, 0], rtol=1e-12)


def test_nearest_neighbour_of_a_copy_is_the_first_copy_at_distance_nought():
    references = np.random.default_rng(0).integers(0, 256, (50, 784), dtype=np.uint8)
    index, distance = metrics.nearest_neighbours(references[[7, 3]], np.concatenate([references, references]))
    assert index.tolist() == [7, 3]
    assert distance.tolist() == [0, 0]


def test_nearest_neighbours_refuses_sets_that_do_not_fit():
    for queries, references in [((0, 3), (2, 3)), ((2, 3), (0, 3)), ((2, 3), (2, 4))]:
        with pytest.raises(DataError, match="neither empty"):
            metrics.nearest_neighbours(np.zeros(queries), np.zeros(references))


def test_effective_classes_of_balanced_lopsided_and_single_classes():
    assert metrics.effective_classes(np.full(10, 3)) == pytest.approx(10)
    assert metrics.effective_classes(np.array([5, 5, 0, 0])) == pytest.approx(2)
    assert metrics.effective_classes(np.array([0, 9])) == pytest.approx(1)
    with pytest.raises(DataError, match="no images"):
        metrics.effective_classes(np.zeros(3))


def test_bootstrap_interval_of_a_mean_has_the_known_width():
    values = np.random.default_rng(0).normal(size=5000)
    low, high = metrics.bootstrap_interval(lambda sample: float(sample.mean()), values)
    assert (low + high) / 2 == pytest.approx(values.mean())
    assert (high - low) / 2 == pytest.approx(1.96 / np.sqrt(5000), rel=0.4)


def test_bootstrap_within_strata_leaves_out_the_spread_between_them():
    strata = np.repeat([0, 1], 500)
    low, high = metrics.bootstrap_interval(
        lambda sample: float(sample.mean()), 100.0 * strata, strata=[strata]
    )
    assert low == high == 50


def test_median_interval_covers_the_median_as_often_as_it_says():
    random = np.random.default_rng(0)
    intervals = [metrics.median_interval(random.normal(size=101)) for _ in range(400)]
    assert np.mean([low <= 0 <= high for low, high in intervals]) == pytest.approx(0.95, abs=0.03)
    assert metrics.median_interval(np.array([4.0])) == (4, 4)
