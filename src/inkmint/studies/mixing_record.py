"""What a mixing experiment has found so far, in a file that several processes may add to.

results.json   protocol: what decides every result; cells: one for every finished learner

Shape suffixes: S seeds, K classes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkmint.studies.mixtures import Mixture
from inkmint.studies.shared_record import SharedRecord

FORMAT = 1


@dataclass(frozen=True)
class Cell:
    """One finished learner.

    Attributes:
        lesson: Key of the mixture that it learned from.
        augmented: Whether its images were changed at random.
        seed: Of real digits, generator, minted digits and learner.
        validation: Share of the validation images of each class that it reads as it, K numbers.
        test: The same of the test images, which it read once.
        validation_accuracy: Of all validation images.
        test_accuracy: Of all test images.
        seconds: That it took.
        machine: Processor, threads and torch.
    """

    lesson: str
    augmented: bool
    seed: int
    validation: tuple[float, ...]
    test: tuple[float, ...]
    validation_accuracy: float
    test_accuracy: float
    seconds: float
    machine: str

    @property
    def key(self) -> str:
        """Names the cell."""
        return cell_key(self.lesson, self.augmented, self.seed)


def cell_key(lesson: str, augmented: bool, seed: int) -> str:
    """The name of a cell in the file."""
    return f"{lesson}, {'augmented' if augmented else 'plain'}, seed {seed}"


class Record(SharedRecord):
    """The results in a folder."""

    def __init__(self, folder: Path, protocol: Mapping[str, Any]) -> None:
        super().__init__(folder, protocol, FORMAT)
        self.cells()

    def cells(self) -> dict[str, Cell]:
        """What is there by now, by name."""
        plain = self.read()
        try:
            return {key: _cell(cell) for key, cell in plain.items()}
        except (KeyError, TypeError) as error:
            raise self.damaged() from error

    def add(self, cell: Cell) -> None:
        """Write one more at once, beside those that other processes have added."""
        self.put(cell.key, asdict(cell))


def _cell(plain: Mapping[str, Any]) -> Cell:
    lists = {name: tuple(plain[name]) for name in ("validation", "test")}
    return Cell(**{**plain, **lists})


@dataclass(frozen=True)
class Series:
    """All seeds of one mixture, with or without augmentation.

    Attributes:
        mixture: What was learned from.
        augmented: Whether images were changed at random.
        cells: By rising seed.
    """

    mixture: Mixture
    augmented: bool
    cells: tuple[Cell, ...]

    @property
    def test(self) -> NDArray[np.float64]:
        """Accuracy on the test images by seed, float64 (S,)."""
        return np.array([cell.test_accuracy for cell in self.cells])

    @property
    def validation(self) -> float:
        """Mean accuracy on the validation images."""
        return float(np.mean([cell.validation_accuracy for cell in self.cells]))

    @property
    def validation_recall(self) -> NDArray[Any]:
        """Mean share of the validation images of each class that is read as it, float64 (K,)."""
        recall_SK = np.array([cell.validation for cell in self.cells])
        mean_K: NDArray[Any] = recall_SK.mean(axis=0)
        return mean_K

    @property
    def test_recall(self) -> NDArray[np.float64]:
        """Share of the test images of each class that is read as it, by seed, float64 (S, K)."""
        return np.array([cell.test for cell in self.cells])


def series_of(
    mixtures: Iterable[Mixture], augmented: bool, seeds: Iterable[int], cells: Mapping[str, Cell]
) -> list[Series]:
    """The series of these mixtures; one that lacks a seed is left out."""
    seeds, found = list(seeds), []
    for mixture in mixtures:
        keys = [cell_key(mixture.key, augmented, seed) for seed in seeds]
        if all(key in cells for key in keys):
            found.append(Series(mixture, augmented, tuple(cells[key] for key in keys)))
    return found
