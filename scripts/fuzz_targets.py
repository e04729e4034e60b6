"""What scripts/fuzz_readers.py feeds with spoiled files, in a process that may hang or die.

Every target takes the bytes of a file and either works or raises an `InkmintError`.
"""

import io
import os
import resource
import tempfile
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inkmint.data.idx import decode_idx, read_idx_images
from inkmint.data.npz import read_npz, read_npz_splits
from inkmint.errors import InkmintError
from inkmint.reading.annotate import annotated
from inkmint.reading.pages import decode_pages
from inkmint.reading.reader import Reader
from inkmint.serving.pictures import PICTURE_TYPES, page_of

MOST_PAGES = 3


class _Doubtful:
    """A recogniser that finds every class as likely as any other."""

    class_names = tuple("0123456789")
    weights_sha256 = ""

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float32]:
        return np.full((len(np.asarray(X)), 10), 0.1, np.float32)

    def features(self, X: ArrayLike) -> NDArray[np.float32]:
        return np.zeros((len(np.asarray(X)), 1), np.float32)


_reader = Reader(_Doubtful())


def _picture(content: bytes) -> None:
    """Decode as the command line does, read all digits, draw them; then as an upload of one drawing."""
    for number, page in enumerate(decode_pages(io.BytesIO(content), "it")):
        reading = _reader.read_page(page)
        annotated(reading)
        reading.record()
        if number == MOST_PAGES:
            break
    for kind in PICTURE_TYPES:
        try:
            _reader.read_drawing(page_of(content, kind, PICTURE_TYPES))
        except InkmintError:
            continue


def _idx(content: bytes) -> None:
    for num_dimensions in (1, 3):
        try:
            decode_idx(content, num_dimensions, "it")
        except InkmintError:
            continue
    with _as_file(content) as path:
        read_idx_images(path)


def _npz(content: bytes) -> None:
    with _as_file(content) as path:
        try:
            read_npz(path)
        except InkmintError:
            read_npz_splits(path)


class _as_file:  # noqa: N801 - used like a function
    def __init__(self, content: bytes) -> None:
        self._file = tempfile.NamedTemporaryFile(suffix=".bin")  # noqa: SIM115
        self._file.write(content)
        self._file.flush()

    def __enter__(self) -> Path:
        return Path(self._file.name)

    def __exit__(self, *_: object) -> None:
        self._file.close()


TARGETS: dict[str, Callable[[bytes], None]] = {"picture": _picture, "idx": _idx, "npz": _npz}


def work(connection: Connection) -> None:
    """Take (target, content) until there is no more; answer with (outcome, details, peak memory in MB) for each."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # decoders write there what is an exception here
    while True:
        try:
            target, content = connection.recv()
        except EOFError:
            return
        try:
            TARGETS[target](content)
            outcome, details = "accepted", ""
        except InkmintError as error:
            outcome, details = "refused", str(error)
            if "\n" in details.strip():
                outcome = "error of several lines"
        except Exception as error:
            outcome, details = f"{type(error).__name__}", traceback.format_exc()
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        connection.send((outcome, details, peak_mb))
