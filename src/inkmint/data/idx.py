"""IDX, the file format of MNIST, raw or in gzip; which of the two is told by the content.

Layout: two zero bytes, the type (8 = uint8), the number of dimensions, each dimension as a big-endian
uint32, then the values. Images have three dimensions, labels one.
"""

import gzip
import io
import math
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from inkmint.data.reading import MAX_BYTES, reading
from inkmint.errors import DataError
from inkmint.files import atomic_path

Bytes = NDArray[np.uint8]

_UINT8 = 8
_GZIP_MAGIC = b"\x1f\x8b"
_CHUNK_BYTES = 2**20
_CONTENT = {1: "labels", 3: "images"}


def read_idx_images(path: Path) -> Bytes:
    """Read an IDX file of images, uint8 (N, H, W).

    Raises:
        DataError: It is missing, damaged, of another type, or holds labels.
    """
    return _read_file(path, num_dimensions=3)


def read_idx_labels(path: Path) -> Bytes:
    """Read an IDX file of labels, uint8 (N,).

    Raises:
        DataError: It is missing, damaged, of another type, or holds images.
    """
    return _read_file(path, num_dimensions=1)


def decode_idx(content: bytes, num_dimensions: int, name: str) -> Bytes:
    """Decode an IDX file held in memory; `name` opens the error messages.

    Raises:
        DataError: It is damaged, of another type, or has another number of dimensions.
    """
    with reading(name, "an IDX file"):
        return _decode(io.BytesIO(content), num_dimensions, name)


def write_idx(path: Path, array: Bytes, level: int = 9) -> None:
    """Write uint8 images (N, H, W) or labels (N,) atomically; in gzip of this level if the name ends in `.gz`.

    Raises:
        StorageError: The file cannot be written; an earlier one is untouched.
    """
    assert array.dtype == np.uint8 and array.ndim in _CONTENT
    header = bytes([0, 0, _UINT8, array.ndim]) + np.array(array.shape, dtype=">u4").tobytes()
    content = header + array.tobytes()
    with atomic_path(path) as temporary:
        temporary.write_bytes(gzip.compress(content, level, mtime=0) if path.suffix == ".gz" else content)


def decompressed(content: bytes, max_bytes: int, name: str) -> bytes:
    """Unpack gzip; other bytes are returned as they are.

    Raises:
        DataError: The gzip is damaged or unpacks to more than `max_bytes`.
    """
    with reading(name, "a gzip file"):
        unpacked = _read_at_most(_unpacking(io.BytesIO(content)), max_bytes + 1)
    if len(unpacked) > max_bytes:
        raise DataError(f"{name} unpacks to more than {max_bytes:,} bytes; give the right file.")
    return bytes(unpacked)


def _read_file(path: Path, num_dimensions: int) -> Bytes:
    with reading(path, "an IDX file"), path.open("rb") as file:
        return _decode(file, num_dimensions, str(path))


def _decode(file: IO[bytes], num_dimensions: int, name: str) -> Bytes:
    stream = _unpacking(file)
    shape = _read_shape(stream, num_dimensions, name)
    expected = math.prod(shape)
    if expected > MAX_BYTES:
        raise DataError(f"{name} claims the size {shape}, more than 2 GiB; it is damaged, so replace it.")
    values = _read_at_most(stream, expected + 1)
    if len(values) < expected:
        raise DataError(
            f"{name} is cut short: {expected:,} bytes of {_CONTENT[num_dimensions]} were promised, "
            f"{len(values):,} are there; copy or download it again."
        )
    if len(values) > expected:
        raise DataError(
            f"{name} goes on after its {expected:,} bytes of {_CONTENT[num_dimensions]}; "
            "it is damaged, so copy or download it again."
        )
    return np.frombuffer(values, dtype=np.uint8).reshape(shape)


def _read_shape(stream: IO[bytes], num_dimensions: int, name: str) -> tuple[int, ...]:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise DataError(f"{name} is not an IDX file; give a file in the format of MNIST's, raw or in gzip.")
    if magic[2] != _UINT8:
        raise DataError(
            f"{name} holds values of IDX type 0x{magic[2]:02x}; save them as unsigned bytes, type 0x08."
        )
    if magic[3] != num_dimensions:
        found = _CONTENT.get(magic[3], f"{magic[3]}-dimensional values")
        advice = "swap the two files" if magic[3] in _CONTENT else "give another file"
        raise DataError(f"{name} holds {found} where {_CONTENT[num_dimensions]} are expected; {advice}.")
    sizes = stream.read(4 * num_dimensions)
    if len(sizes) < 4 * num_dimensions:
        raise DataError(f"{name} is cut short within its header; copy or download it again.")
    return tuple(np.frombuffer(sizes, dtype=">u4").tolist())


def _unpacking(file: IO[bytes]) -> IO[bytes]:
    head = file.read(2)
    file.seek(0)
    return gzip.GzipFile(fileobj=file) if head == _GZIP_MAGIC else file  # type: ignore[return-value]


def _read_at_most(stream: IO[bytes], num_bytes: int) -> bytearray:
    """Read up to `num_bytes`, growing with what is there, so that a false size costs no memory."""
    content = bytearray()
    while len(content) < num_bytes:
        chunk = stream.read(min(_CHUNK_BYTES, num_bytes - len(content)))
        if not chunk:
            break
        content += chunk
    return content
