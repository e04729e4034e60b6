"""References between real sets, kept in the user's cache because they are the same in every evaluation.

<cache>/references/<key>.json     what was measured, of which images, by which judges, and the values

A file that is damaged, of another version or of other images is passed over and written anew; where the
cache cannot be written, references are measured every time.
"""

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from inkmint.data.cache import cache_folder
from inkmint.data.digits import DigitSet
from inkmint.errors import StorageError
from inkmint.evaluation.readings import Judge
from inkmint.files import read_json, sha256_bytes, write_json

FORMAT = 1  # raised when a protocol changes what it measures
FOLDER = "references"


def remembered(
    protocol: str, sets: Sequence[DigitSet], judges: Sequence[Judge], measure: Callable[[], Sequence[float]]
) -> tuple[float, ...]:
    """Values measured of real sets, from the cache if they are there, else measured and put there.

    Args:
        protocol: Name of the measurement with everything that decides it but sets and judges: size, k.
        sets: The real images, told apart by their fingerprints.
        judges: Told apart by the hash of their weights; one that was never saved has none, and then nothing
            is remembered.
        measure: Measures the values anew.
    """
    if not all(judge.weights_sha256 for judge in judges):
        return tuple(measure())
    subject = {
        "format": FORMAT,
        "protocol": protocol,
        "data": [digits.fingerprint for digits in sets],
        "judges": [judge.weights_sha256 for judge in judges],
    }
    path = cache_folder() / FOLDER / f"{_digest(subject)[:32]}.json"
    known = _read(path, subject)
    if known is not None:
        return known
    values = tuple(float(value) for value in measure())
    record = {**subject, "values": list(values)}
    with suppress(StorageError):
        write_json(path, {**record, "sha256": _digest(record)})
    return values


def _read(path: Path, subject: dict[str, Any]) -> tuple[float, ...] | None:
    try:
        data = read_json(path)
        record = {**subject, "values": data["values"]}
        sound = data == {**record, "sha256": _digest(record)}
        values = tuple(float(value) for value in data["values"]) if sound else ()
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return values if sound and all(map(math.isfinite, values)) else None


def _digest(record: dict[str, Any]) -> str:
    return sha256_bytes(repr(sorted(record.items())).encode())
