"""What an evaluation found, and how a run folder keeps it.

evaluation/<name>.json   figures, class counts, confusion matrix, distances of the nearest pairs
evaluation/<picture>.png
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inkmint.data.sheet import save_png
from inkmint.errors import RunError
from inkmint.evaluation.figure import Figure
from inkmint.files import read_json, write_json

FORMAT = 1
FOLDER = "evaluation"


@dataclass(frozen=True, eq=False)
class NearestPairs:
    """A few minted digits and the training image nearest to each.

    Attributes:
        classes_P: Class asked of each minted digit, or read in it if none was asked, int64 (P,).
        indices_P: Index of its nearest image in the training set, int64 (P,).
        distances_P: Euclidean distance of the two, pixels in 0..1, float64 (P,).
    """

    classes_P: NDArray[np.int64]
    indices_P: NDArray[np.int64]
    distances_P: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Everything that was measured of one set of digits.

    Attributes:
        name: Of the file that keeps it.
        figures: The numbers.
        class_names: One name per class, in label order.
        seen_K: How many images the judge reads as each class, int64 (K,).
        confusion_KK: int64 (K, K), row asked, column seen; None without labels.
        nearest: Minted digits with their nearest training images; `pictures["nearest"]` shows them, the
            minted ones above.
        pictures: Pictures by name, uint8 (H, W), or (H, W, 3) in colour.
        notes: What was left out, and why.
    """

    name: str
    figures: tuple[Figure, ...]
    class_names: tuple[str, ...]
    seen_K: NDArray[np.int64] | None = None
    confusion_KK: NDArray[np.int64] | None = None
    nearest: NearestPairs | None = None
    pictures: Mapping[str, NDArray[np.uint8]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain data without the pixels of the pictures, which are named only."""
        pairs = self.nearest
        return {
            "format": FORMAT,
            "name": self.name,
            "figures": [figure.model_dump(mode="json") for figure in self.figures],
            "class_names": list(self.class_names),
            "seen": None if self.seen_K is None else self.seen_K.tolist(),
            "confusion": None if self.confusion_KK is None else self.confusion_KK.tolist(),
            "nearest": None
            if pairs is None
            else {
                "classes": pairs.classes_P.tolist(),
                "indices": pairs.indices_P.tolist(),
                "distances": pairs.distances_P.tolist(),
            },
            "pictures": sorted(self.pictures),
            "notes": list(self.notes),
        }

    @classmethod
    def from_json(
        cls, data: Mapping[str, Any], pictures: Mapping[str, NDArray[np.uint8]] | None = None
    ) -> "Evaluation":
        """The evaluation that `as_json` describes, with its pictures.

        Raises:
            ValueError, KeyError, TypeError: The data are none of ours.
        """
        if data["format"] != FORMAT:
            raise ValueError(f"format {data['format']}, not {FORMAT}")
        pairs = data["nearest"]
        return cls(
            name=data["name"],
            figures=tuple(Figure.model_validate(figure) for figure in data["figures"]),
            class_names=tuple(data["class_names"]),
            seen_K=_integers(data["seen"]),
            confusion_KK=_integers(data["confusion"]),
            nearest=None
            if pairs is None
            else NearestPairs(
                np.array(pairs["classes"], dtype=np.int64),
                np.array(pairs["indices"], dtype=np.int64),
                np.array(pairs["distances"], dtype=np.float64),
            ),
            pictures=pictures or {},
            notes=tuple(data["notes"]),
        )


def _integers(values: list[Any] | None) -> NDArray[np.int64] | None:
    return None if values is None else np.array(values, dtype=np.int64)


def save_evaluation(evaluation: Evaluation, run_path: Path) -> Path:
    """Write an evaluation into a run folder; an earlier one of the same name is replaced.

    Returns:
        The JSON file.

    Raises:
        StorageError: It cannot be written.
    """
    folder = run_path / FOLDER
    for name, picture in evaluation.pictures.items():
        save_png(picture, folder / f"{name}.png")
    path = folder / f"{evaluation.name}.json"
    write_json(path, evaluation.as_json())
    return path


def load_evaluations(run_path: Path) -> tuple[Evaluation, ...]:
    """Every evaluation of a run folder, by name; a picture that was deleted is left out.

    Raises:
        RunError: A file is damaged or of another version.
    """
    return tuple(_load(path) for path in sorted((run_path / FOLDER).glob("*.json")))


def _load(path: Path) -> Evaluation:
    try:
        data = read_json(path)
        pictures = {name: path.with_name(f"{Path(name).name}.png") for name in data["pictures"]}
        return Evaluation.from_json(
            data, {name: _read_picture(file) for name, file in pictures.items() if file.is_file()}
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"{path} is damaged or of another version of inkmint; delete it and evaluate again."
        ) from error


def _read_picture(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(image if image.mode == "RGB" else image.convert("L"))
