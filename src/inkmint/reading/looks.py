"""What a recogniser makes of ink: the mean of two looks, as it is written and set upright.

Shape suffixes: N places, K classes.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inkmint.reading.normalise import normalise


class Guesser(Protocol):
    """A recogniser, as far as reading needs it."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """One name per class, in label order."""

    @property
    def weights_sha256(self) -> str:
        """SHA-256 of its weights; empty until they are saved."""

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float32]:
        """Probability of every class for uint8 images (N, 28, 28), (N, K)."""

    def features(self, X: ArrayLike) -> NDArray[np.float32]:
        """Activations below the class layer, (N, D)."""


def look(recogniser: Guesser, inks: Sequence[NDArray[Any]]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Normalise single digits and ask about each twice.

    Two looks err less often than either, and where they differ the confidence is low.

    Args:
        recogniser: Whom to ask.
        inks: N of one digit each, as for `normalise.normalise`; at least one.

    Returns:
        The upright images, uint8 (N, 28, 28), and the mean probabilities, (N, K).
    """
    upright = np.stack([normalise(ink) for ink in inks])
    as_written = np.stack([normalise(ink, deskew=False) for ink in inks])
    both_NK = recogniser.predict_proba(np.concatenate([upright, as_written]))
    mean_NK: NDArray[np.float32] = np.mean(np.split(both_NK, 2), axis=0, dtype=np.float32)
    return upright, mean_NK
