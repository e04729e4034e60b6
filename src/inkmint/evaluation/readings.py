"""What a judge answers about images: asked once, and never taken where it is no number.

Shape suffixes: N images, D features, K classes.
"""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inkmint.data.digits import DigitSet
from inkmint.errors import DataError

Answer = NDArray[np.float32]


class Judge(Protocol):
    """A recogniser, as far as protocols need it; `evaluation.judge.as_judge` makes one of `models.Recogniser`."""

    @property
    def name(self) -> str:
        """What its figures are called by."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """One name per class, in label order."""

    @property
    def weights_sha256(self) -> str:
        """SHA-256 of its weights; empty until they are saved."""

    def predict_proba(self, X: ArrayLike) -> Answer:
        """Probability of every class, (N, K)."""

    def features(self, X: ArrayLike) -> Answer:
        """Activations below the class layer, (N, D)."""


class OnceAsked:
    """A judge that remembers its answers, so that many protocols can ask about the same images.

    Args:
        judge: Who answers. Images are told apart by identity; they must not change meanwhile.
    """

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self.name, self.class_names, self.weights_sha256 = judge.name, judge.class_names, judge.weights_sha256
        self._answers: dict[tuple[str, int], tuple[ArrayLike, Answer]] = {}

    def predict_proba(self, X: ArrayLike) -> Answer:
        """Probability of every class, (N, K)."""
        return self._ask("probabilities", self._judge.predict_proba, X)

    def features(self, X: ArrayLike) -> Answer:
        """Activations below the class layer, (N, D)."""
        return self._ask("features", self._judge.features, X)

    def _ask(self, question: str, answer: Callable[[ArrayLike], Answer], X: ArrayLike) -> Answer:
        key = (question, id(X))
        if key not in self._answers:
            self._answers[key] = (X, answer(X))  # holding X keeps its id from being used again
        return self._answers[key][1]


def probabilities(judge: Judge, digits: DigitSet) -> Answer:
    """Probability of every class for each image, (N, K).

    Raises:
        DataError: Some are not finite.
    """
    return _finite(judge.predict_proba(digits.images), judge, digits)


def features(judge: Judge, digits: DigitSet) -> Answer:
    """The judge's features of each image, (N, D).

    Raises:
        DataError: Some are not finite.
    """
    return _finite(judge.features(digits.images), judge, digits)


def seen_classes(judge: Judge, digits: DigitSet) -> NDArray[np.int64]:
    """The class that the judge reads in every image, int64 (N,).

    Raises:
        DataError: Some of its probabilities are not finite.
    """
    seen_N: NDArray[Any] = probabilities(judge, digits).argmax(axis=1)
    return seen_N


def _finite(answer: Answer, judge: Judge, digits: DigitSet) -> Answer:
    if not np.isfinite(answer).all():
        raise DataError(
            f"The judge {judge.name!r} answers {digits.name} with numbers that are not finite; "
            "take another judge, or train this one again."
        )
    return answer
