"""How far a recogniser's confidence is to be believed, and below which it had better not answer.

Shape suffixes: N images, K classes, P points of a curve.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy.optimize import minimize_scalar

from inkmint.errors import DataError

DEFAULT_THRESHOLD = 0.8
"""Of a recogniser that was never calibrated."""

REJECTED_SHARE = 0.01
"""Of validation digits, which the threshold is chosen to reject."""

SHARES = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1)
NUM_BINS = 15
_COLDEST, _HOTTEST = 0.05, 20.0
_SMALLEST = 1e-30  # of a float32 probability, whose logarithm is taken

Floats = NDArray[np.float64]


class RejectPoint(BaseModel):
    """One point of an error/reject curve.

    Attributes:
        rejected: Share of all digits that are not answered, the least confident.
        error: Share of the answered ones that are wrong.
        threshold: Confidence below which a digit is rejected.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rejected: float
    error: float
    threshold: float


class Calibration(BaseModel):
    """What turns a recogniser's probabilities into confidence, and what was measured of it on validation digits.

    Error/reject curve and calibration error are of confidence alone, whatever looks like no digit.

    Attributes:
        temperature: The logits are divided by it: above 1 the recogniser was too sure of itself.
        threshold: Confidence below which a digit is not read.
        weights_sha256: Of the weights that it belongs to; empty if it was not measured.
        familiarity_sha256: Of the file that tells what looks like no digit; empty if there is none.
        data: Name of the digits that it was measured on.
        num_images: Their number.
        calibration_error: Expected calibration error before and after.
        negative_log_likelihood: Mean over images, before and after, in nats.
        curve: Error/reject curve.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    temperature: float = Field(1.0, ge=_COLDEST, le=_HOTTEST)
    threshold: float = Field(DEFAULT_THRESHOLD, ge=0, le=1)
    weights_sha256: str = ""
    familiarity_sha256: str = ""
    data: str = ""
    num_images: int = 0
    calibration_error: tuple[float, float] | None = None
    negative_log_likelihood: tuple[float, float] | None = None
    curve: tuple[RejectPoint, ...] = ()

    @property
    def measured(self) -> bool:
        """Whether it rests on digits."""
        return self.num_images > 0


def tempered(probabilities_NK: NDArray[Any], temperature: float) -> Floats:
    r"""Probabilities after the logits are divided by a temperature: $p_k^{1/T} / \sum_j p_j^{1/T}$, float64 (N, K)."""
    powers = np.log(np.asarray(probabilities_NK, dtype=np.float64).clip(_SMALLEST)) / temperature
    powers = np.exp(powers - powers.max(axis=1, keepdims=True))
    tempered_NK: Floats = powers / powers.sum(axis=1, keepdims=True)
    return tempered_NK


def negative_log_likelihood(probabilities_NK: NDArray[Any], labels_N: NDArray[Any]) -> float:
    """Mean of -log p of the true class, in nats; lower is better."""
    _checked(probabilities_NK, labels_N)
    true_N = np.asarray(probabilities_NK, dtype=np.float64)[np.arange(len(labels_N)), labels_N]
    return float(-np.log(true_N.clip(_SMALLEST)).mean())


def best_temperature(probabilities_NK: NDArray[Any], labels_N: NDArray[Any]) -> float:
    """The temperature under which these labels are likeliest.

    Args:
        probabilities_NK: Of a recogniser for images that it did not learn from, (N, K).
        labels_N: Their true classes, (N,).

    Raises:
        DataError: There are no images, or not one label for each.

    References:
        Guo et al., On Calibration of Modern Neural Networks, ICML 2017.
    """
    _checked(probabilities_NK, labels_N)
    found = minimize_scalar(
        lambda power: negative_log_likelihood(tempered(probabilities_NK, float(np.exp(power))), labels_N),
        bounds=(np.log(_COLDEST), np.log(_HOTTEST)),
        method="bounded",
    )
    return float(np.exp(found.x))


def expected_calibration_error(confidence_N: NDArray[Any], correct_N: NDArray[Any]) -> float:
    """Mean distance of confidence from accuracy, over `NUM_BINS` equal bins of confidence; 0 is best."""
    if not len(confidence_N):
        raise DataError("The calibration of no digits was asked for; give at least one.")
    bins_N = np.minimum((np.asarray(confidence_N) * NUM_BINS).astype(int), NUM_BINS - 1)
    gaps_N = np.asarray(correct_N, dtype=np.float64) - confidence_N
    return float(np.abs(np.bincount(bins_N, gaps_N, NUM_BINS)).sum() / len(bins_N))


def error_reject_curve(
    confidence_N: NDArray[Any], correct_N: NDArray[Any], shares_P: Sequence[float] = SHARES
) -> tuple[RejectPoint, ...]:
    """The error that is left when the least confident digits are rejected.

    Args:
        confidence_N: Of each digit, in [0, 1].
        correct_N: Whether it was read rightly.
        shares_P: To reject, each in [0, 1); of so many digits the nearest whole number is taken.

    Raises:
        DataError: There are no digits, or not one answer for each.
    """
    confidence, correct = np.asarray(confidence_N, dtype=np.float64), np.asarray(correct_N, dtype=bool)
    if not len(confidence) or confidence.shape != correct.shape:
        raise DataError(
            "An error/reject curve needs one confidence and one answer for each of one or more digits."
        )
    order = np.argsort(confidence, kind="stable")
    points = []
    for share in shares_P:
        num_rejected = min(round(share * len(order)), len(order) - 1)
        kept = order[num_rejected:]
        error = 1 - float(correct[kept].mean())
        points.append(
            RejectPoint(
                rejected=num_rejected / len(order),
                error=error,
                threshold=float(confidence[kept[0]]) if num_rejected else 0.0,
            )
        )
    return tuple(points)


def calibrate(
    probabilities_NK: NDArray[Any], labels_N: NDArray[Any], *, weights_sha256: str, data: str
) -> Calibration:
    """Choose temperature and threshold on validation digits.

    The threshold is the confidence below which `REJECTED_SHARE` of these digits lie.

    Raises:
        DataError: There are no images, or not one label for each.
    """
    temperature = best_temperature(probabilities_NK, labels_N)
    after_NK = tempered(probabilities_NK, temperature)
    correct_N = after_NK.argmax(axis=1) == labels_N
    return Calibration(
        temperature=temperature,
        threshold=error_reject_curve(after_NK.max(axis=1), correct_N, [REJECTED_SHARE])[0].threshold,
        weights_sha256=weights_sha256,
        data=data,
        num_images=len(labels_N),
        calibration_error=(
            expected_calibration_error(np.asarray(probabilities_NK).max(axis=1), correct_N),
            expected_calibration_error(after_NK.max(axis=1), correct_N),
        ),
        negative_log_likelihood=(
            negative_log_likelihood(probabilities_NK, labels_N),
            negative_log_likelihood(after_NK, labels_N),
        ),
        curve=error_reject_curve(after_NK.max(axis=1), correct_N),
    )


def _checked(probabilities_NK: NDArray[Any], labels_N: NDArray[Any]) -> None:
    if (
        np.ndim(probabilities_NK) != 2
        or np.shape(labels_N) != np.shape(probabilities_NK)[:1]
        or not len(labels_N)
    ):
        raise DataError(
            "A calibration needs probabilities (N, K) and one label for each of one or more images."
        )
