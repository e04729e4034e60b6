"""The networks behind the interface, loaded when they are first wanted and then kept.

Shape suffixes: N images, C channels, H height, W width, Z latent, K classes.
"""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Protocol, Self, TypeVar

from inkmint.inference.folders import find_model

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from inkmint.reading.looks import Guesser
    from inkmint.reading.reader import Reader

    class DigitRecogniser(Guesser, Protocol):
        """A recogniser, as far as this server needs it; `inference.recogniser.OnnxRecogniser` is one."""

        @property
        def attention_area(self) -> tuple[float, float, float, float] | None:
            """Left, top, right and bottom, in pixels, of what the mask lies on; None without a mask."""

        def attention(self, images: ArrayLike) -> NDArray[np.float32]:
            """How far each place of the feature map is let through, (N, H, W) in (0, 1)."""


T = TypeVar("T")


class Direction(Protocol):
    """A way through the latents along which digits change."""

    @property
    def name(self) -> str:
        """What changes; empty if it has no name."""

    @property
    def vector(self) -> Sequence[float]:
        """Of length 1, Z numbers."""

    @property
    def deviation(self) -> float:
        """Standard deviation of latents along it."""

    @property
    def explained_variance(self) -> float:
        """Share of what differs between images of a class, in [0, 1]."""


class DigitGenerator(Protocol):
    """A generator, as far as this server needs it; `inference.generator.OnnxGenerator` is one."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """One name per class, in label order."""

    @property
    def conditional(self) -> bool:
        """Whether the label decides what is drawn."""

    @property
    def latent_size(self) -> int:
        """Z."""

    @property
    def directions(self) -> Sequence[Direction]:
        """The most telling first."""

    def latents(self, n: int, seed: int | None = None) -> "NDArray[np.float32]":
        """Standard normal latents, (n, Z)."""

    def sample(self, labels: "ArrayLike", *, z: "ArrayLike") -> "NDArray[np.uint8]":
        """Digits of these classes (N,) and latents (N, Z): (N, 28, 28) or (N, C, 28, 28), ink bright on dark."""


class _Once(Generic[T]):
    """What is made when it is first wanted, by one thread."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make, self._lock = make, threading.Lock()
        self._made: list[T] = []

    def __call__(self) -> T:
        with self._lock:
            if not self._made:
                self._made.append(self._make())
            return self._made[0]


class Engines:
    """A reader with its recogniser, and a generator.

    Args:
        model: Name of the recogniser.
        recogniser: Loads it.
        reader: Makes what reads pages with it.
        generator_name: Of the generator.
        generator: Loads it.
    """

    def __init__(
        self,
        model: str,
        recogniser: "Callable[[], DigitRecogniser]",
        reader: "Callable[[DigitRecogniser], Reader]",
        generator_name: str,
        generator: Callable[[], DigitGenerator],
    ) -> None:
        self.model, self.generator_name = model, generator_name
        self.recogniser = _Once(recogniser)
        self.reader = _Once(lambda: reader(self.recogniser()))
        self.generator = _Once(generator)

    @classmethod
    def named(cls, model: str, generator: str) -> Self:
        """The engines of these models, by the name of one that comes with inkmint or by a folder."""

        def recogniser() -> "DigitRecogniser":
            from inkmint.inference.recogniser import OnnxRecogniser

            return OnnxRecogniser.from_pretrained(model, threads=1)

        def reader(loaded: "DigitRecogniser") -> "Reader":
            from inkmint.reading.model import load_reader

            return load_reader(loaded, find_model(model))

        def mints() -> DigitGenerator:
            from inkmint.inference.generator import OnnxGenerator

            return OnnxGenerator.from_pretrained(generator, threads=1)

        return cls(_called(model), recogniser, reader, _called(generator), mints)

    def load(self) -> None:
        """Load all, so that the first request need not wait.

        Raises:
            ModelError: A model is damaged, or not of the kind that is needed.
        """
        self.generator()
        self.reader()


def _called(name: str) -> str:
    """What people call a model: of a path its last part, or that of the run whose `model` folder it is."""
    path = Path(name)
    return path.parent.name if path.name == "model" and path.parent.name else path.name
