"""What reading adds to a model folder: `reading.json` and `reading.safetensors` beside the weights they belong to."""

from pathlib import Path

from pydantic import ValidationError

from inkmint.errors import ModelError
from inkmint.files import read_json, write_json
from inkmint.reading.calibration import Calibration
from inkmint.reading.familiarity import load_familiarity, save_familiarity
from inkmint.reading.looks import Guesser
from inkmint.reading.reader import Reader

FILE_NAME = "reading.json"


def load_reader(recogniser: Guesser, folder: Path | None, threshold: float | None = None) -> Reader:
    """A reader with the calibration in the recogniser's model folder; with none if that is of other weights.

    Args:
        recogniser: Who reads.
        folder: Of the model; None if it was never saved.
        threshold: Confidence below which a place is rejected; None for the calibration's.

    Raises:
        ModelError: The calibration is damaged.
    """
    calibration = _load_calibration(folder) if folder else Calibration()
    if folder is None or calibration.weights_sha256 != recogniser.weights_sha256:
        return Reader(recogniser, threshold=threshold)
    sha256 = calibration.familiarity_sha256
    return Reader(recogniser, calibration, load_familiarity(folder, sha256) if sha256 else None, threshold)


def save_reader(reader: Reader, folder: Path) -> Path | None:
    """Write a reader's calibration into the folder of its model; the path of it.

    Returns:
        None if there is nothing to write: it was not measured, or on other weights.
    """
    calibration = reader.calibration
    if not calibration.measured or calibration.weights_sha256 != reader.recogniser.weights_sha256:
        return None
    sha256 = save_familiarity(reader.familiarity, folder) if reader.familiarity else ""
    path = folder / FILE_NAME
    write_json(path, calibration.model_copy(update={"familiarity_sha256": sha256}).model_dump(mode="json"))
    return path


def _load_calibration(folder: Path) -> Calibration:
    path = folder / FILE_NAME
    try:
        return Calibration.model_validate(read_json(path))
    except FileNotFoundError:
        return Calibration()
    except (OSError, ValueError, ValidationError) as error:
        raise ModelError(f"{path} is damaged; write it anew with: inkmint read --calibrate") from error
