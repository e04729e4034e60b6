"""What a mixing experiment has found so far, in a file that several processes may add to.

results.json   protocol: what decides every result; cells: one for every finished learner

Shape suffixes: S seeds, K classes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from inkmint.errors import RunError, SettingsError
from inkmint.files import make_folder, read_json, storage_errors, write_json
from inkmint.studies.mixtures import Mixture

FORMAT = 1
FILE_NAME = "results.json"


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


class Record:
    """The results in a folder.

    Args:
        folder: Of the experiment.
        protocol: What decides every result, as plain data.

    Raises:
        SettingsError: The folder holds results of another protocol.
        RunError: They are damaged.
    """

    def __init__(self, folder: Path, protocol: Mapping[str, Any]) -> None:
        self._path, self._protocol = make_folder(folder) / FILE_NAME, dict(protocol)
        with self._lock():
            self._write(self._read())

    def cells(self) -> dict[str, Cell]:
        """What is there by now, by name."""
        return self._read()

    def add(self, cell: Cell) -> None:
        """Write one more at once, beside those that other processes have added."""
        with self._lock():
            self._write(self._read() | {cell.key: cell})

    def _lock(self) -> FileLock:
        with storage_errors(self._path):
            return FileLock(self._path.with_suffix(".lock"))

    def _write(self, cells: Mapping[str, Cell]) -> None:
        plain = {key: asdict(cell) for key, cell in cells.items()}
        write_json(self._path, {"format": FORMAT, "protocol": self._protocol, "cells": plain})

    def _read(self) -> dict[str, Cell]:
        if not self._path.exists():
            return {}
        try:
            data = read_json(self._path)
            found, protocol = data["format"], data["protocol"]
            cells = {key: _cell(plain) for key, plain in data["cells"].items()} if found == FORMAT else None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise RunError(
                f"{self._path} is damaged; delete it, or give another folder with --output."
            ) from error
        if cells is None:
            raise RunError(
                f"{self._path} is of another version of inkmint; give another folder with --output."
            )
        other = [name for name in self._protocol if protocol.get(name) != self._protocol[name]]
        if other:
            raise SettingsError(
                f"{self._path.parent} was begun with another {other[0].replace('_', ' ')}; give the same settings as "
                "before, or another folder with --output."
            )
        return cells


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
