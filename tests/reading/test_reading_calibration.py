"""Temperature, calibration error, error/reject curve, and what looks like no digit."""

from pathlib import Path

import numpy as np
import pytest

from inkmint.errors import DataError, ModelError
from inkmint.reading.calibration import (
    best_temperature,
    calibrate,
    error_reject_curve,
    expected_calibration_error,
    negative_log_likelihood,
    tempered,
)
from inkmint.reading.familiarity import fit_familiarity, load_familiarity, save_familiarity

RANDOM = np.random.default_rng(0)


def softmax(logits_NK: np.ndarray) -> np.ndarray:
    powers = np.exp(logits_NK - logits_NK.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def test_a_temperature_divides_the_logits() -> None:
    logits_NK = RANDOM.normal(size=(20, 10)) * 3
    assert tempered(softmax(logits_NK), 2.5) == pytest.approx(softmax(logits_NK / 2.5))


def test_the_best_temperature_is_the_one_that_the_labels_were_drawn_at() -> None:
    logits_NK = RANDOM.normal(size=(20_000, 5)) * 2
    honest_NK = softmax(logits_NK)
    labels_N = (honest_NK.cumsum(axis=1) < RANDOM.random((len(honest_NK), 1))).sum(axis=1)
    assert best_temperature(honest_NK, labels_N) == pytest.approx(1, abs=0.05)
    assert best_temperature(softmax(3 * logits_NK), labels_N) == pytest.approx(3, abs=0.15)


def test_calibration_error_of_known_gaps() -> None:
    confidence_N = np.array([0.9, 0.9, 0.9, 0.9, 0.5, 0.5])
    correct_N = np.array([1, 1, 1, 0, 1, 0], bool)
    assert expected_calibration_error(confidence_N, correct_N) == pytest.approx(4 / 6 * 0.15)


def test_the_curve_rejects_the_least_confident_first() -> None:
    confidence_N = np.linspace(0.01, 1, 100)
    correct_N = confidence_N > 0.105  # the ten least confident are wrong
    none, tenth, fifth = error_reject_curve(confidence_N, correct_N, (0, 0.05, 0.2))
    assert (none.rejected, none.error, none.threshold) == (0, pytest.approx(0.1), 0)
    assert (tenth.rejected, tenth.error) == (0.05, pytest.approx(5 / 95))
    assert fifth.error == 0
    assert fifth.threshold == pytest.approx(0.21)


def test_the_threshold_rejects_one_in_a_hundred() -> None:
    probabilities_NK = softmax(RANDOM.normal(size=(2000, 10)) * 4)
    labels_N = probabilities_NK.argmax(axis=1)
    labels_N[::20] = (labels_N[::20] + 1) % 10
    found = calibrate(probabilities_NK, labels_N, weights_sha256="a", data="drawn")
    confidence_N = tempered(probabilities_NK, found.temperature).max(axis=1)
    assert (confidence_N < found.threshold).mean() == pytest.approx(0.01)
    assert found.negative_log_likelihood is not None
    before, after = found.negative_log_likelihood
    assert after <= before == pytest.approx(negative_log_likelihood(probabilities_NK, labels_N))
    assert found.measured


@pytest.mark.parametrize("labels", [np.zeros(3, int), np.zeros(0, int)])
def test_labels_that_do_not_fit_are_refused(labels: np.ndarray) -> None:
    with pytest.raises(DataError):
        best_temperature(np.full((2, 10), 0.1), labels)


def test_what_lies_far_from_all_classes_is_strange_and_survives_the_disk(tmp_path: Path) -> None:
    labels_N = np.arange(600) % 3
    centres_3D = 10 * np.eye(3, 8)
    features_ND = (centres_3D[labels_N] + RANDOM.normal(size=(600, 8))).astype(np.float32)
    base = RANDOM.integers(0, 255, size=(4, 784))
    images_NHW = (base[labels_N] // 2 + RANDOM.integers(0, 60, size=(600, 784))).astype(np.uint8)
    images_NHW = images_NHW.reshape(-1, 28, 28)
    familiarity = fit_familiarity(features_ND, images_NHW, labels_N)
    assert familiarity.is_strange(features_ND, images_NHW).mean() == pytest.approx(0.01, abs=0.004)
    strange = familiarity.is_strange(-features_ND, 255 - images_NHW)
    assert strange.all()
    sha256 = save_familiarity(familiarity, tmp_path)
    again = load_familiarity(tmp_path, sha256)
    np.testing.assert_allclose(
        again.strangeness(features_ND, images_NHW),
        familiarity.strangeness(features_ND, images_NHW),
        rtol=1e-4,
    )
    with pytest.raises(ModelError, match="--calibrate"):
        load_familiarity(tmp_path, "0" * 64)
