"""Digit sets in NumPy's NPZ files: ours, and the layouts of Keras and others.

Nothing is unpickled, and no array is allocated before its size is known to fit the file.
"""

import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkmint.data.digits import DIGIT_NAMES, DigitSet, Splits, split_off_validation, stratified_split
from inkmint.data.reading import MAX_BYTES, reading
from inkmint.errors import DataError
from inkmint.files import atomic_path

SHARES = (0.7, 0.15, 0.15)

_KIND = "an NPZ file of digits"
_LAYOUTS = (("x_{}", "y_{}"), ("{}_images", "{}_labels"))
_SPLIT_KEYS = {"train": ("train",), "validation": ("validation", "val"), "test": ("test",)}


def read_npz(path: Path) -> DigitSet:
    """Read one digit set from the arrays `images` and `labels` (and `class_names`, if there).

    Raises:
        DataError: The file is missing or damaged, lacks an array, or holds what are no digits.
    """
    with reading(path, _KIND), zipfile.ZipFile(path) as archive:
        if not _has(archive, "images", "labels"):
            raise _lacking(path, archive)
        return _read_set(archive, "images", "labels", str(path))


def read_npz_splits(path: Path, name: str | None = None) -> Splits:
    """Read the three splits.

    Understood are `x_train`, `y_train`, `x_test`, `y_test` as in Keras, `train_images`, `train_labels`
    and so on, and plain `images` and `labels`, which are split 70/15/15 with equal class balance. Where
    only the validation part is absent (`x_val` or `x_validation`), a sixth of train becomes it.

    Args:
        path: The file.
        name: What to call the source; its path unless given.

    Raises:
        DataError: The file is missing or damaged, lacks an array, or holds what are no digits.
    """
    name = name or str(path)
    with reading(path, _KIND), zipfile.ZipFile(path) as archive:
        for layout in _LAYOUTS:
            parts = _read_parts(archive, layout, name)
            if {"train", "test"} <= parts.keys():
                if "validation" not in parts:
                    parts["train"], parts["validation"] = split_off_validation(parts["train"])
                return Splits(**parts, source=name)
        if not _has(archive, "images", "labels"):
            raise _lacking(path, archive)
        whole = _read_set(archive, "images", "labels", name)
    train, validation, test = stratified_split(whole, SHARES)
    return Splits(train, validation, test, name)


def write_npz(digits: DigitSet, path: Path) -> None:
    """Write a digit set atomically as `images`, `labels` and `class_names`; `read_npz` reads it back.

    Raises:
        DataError: The images have several channels, which `read_npz` would not read back.
        StorageError: The file cannot be written; an earlier one is untouched.
    """
    digits.require_one_channel("an NPZ file of digits holds grey images, so write a .png sheet")
    arrays = {
        "images": digits.images.numpy(),
        "labels": digits.labels.numpy(),
        "class_names": np.array(digits.class_names),
    }
    write_arrays(arrays, path)


def write_arrays(
    arrays: dict[str, NDArray[Any]], path: Path, compression: int = zipfile.ZIP_DEFLATED
) -> None:
    """Write named arrays atomically as NPZ; the same arrays always give the same bytes.

    Args:
        arrays: What to write, by name.
        path: The file; an earlier one is replaced.
        compression: One of zipfile's. NumPy reads them all.

    Raises:
        StorageError: The file cannot be written; an earlier one is untouched.
    """
    level = 9 if compression == zipfile.ZIP_DEFLATED else None
    with (
        atomic_path(path) as temporary,
        zipfile.ZipFile(temporary, "w", compression, compresslevel=level) as archive,
    ):
        for name, array in arrays.items():
            member = zipfile.ZipInfo(f"{name}.npy")  # dated 1980, whatever the clock
            member.compress_type = compression
            with archive.open(member, "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)


def _read_parts(archive: zipfile.ZipFile, layout: tuple[str, str], name: str) -> dict[str, DigitSet]:
    parts = {}
    for split, aliases in _SPLIT_KEYS.items():
        for alias in aliases:
            images, labels = (key.format(alias) for key in layout)
            if _has(archive, images, labels):
                parts[split] = _read_set(archive, images, labels, f"{name} {split}")
    return parts


def _read_set(archive: zipfile.ZipFile, images: str, labels: str, name: str) -> DigitSet:
    class_names = DIGIT_NAMES
    if _has(archive, "class_names"):
        class_names = tuple(str(class_name) for class_name in _read_array(archive, "class_names", name))
    return DigitSet.from_arrays(
        _read_array(archive, images, name),
        _read_array(archive, labels, name),
        name=name,
        class_names=class_names,
    )


def _read_array(archive: zipfile.ZipFile, key: str, name: str) -> NDArray[Any]:
    member = archive.getinfo(f"{key}.npy")
    with archive.open(member) as file:
        shape, dtype = _read_header(file)
        if dtype.hasobject:
            raise DataError(
                f"{name} stores {key} as Python objects, which inkmint never unpickles; "
                "save it as an array of numbers."
            )
        if math.prod(shape) * dtype.itemsize > min(MAX_BYTES, member.file_size):
            raise DataError(
                f"{name} claims the size {shape} for {key}, more than the file holds; "
                "it is damaged, so replace it."
            )
    with archive.open(member) as file:
        array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
        if file.read(1):
            raise DataError(f"{name} goes on after the end of {key}; it is damaged, so replace it.")
    return array


def _read_header(file: Any) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    return shape, dtype


def _has(archive: zipfile.ZipFile, *keys: str) -> bool:
    return {f"{key}.npy" for key in keys} <= set(archive.namelist())


def _lacking(path: Path, archive: zipfile.ZipFile) -> DataError:
    found = ", ".join(name.removesuffix(".npy") for name in archive.namelist()[:6]) or "nothing"
    return DataError(
        f"{path} holds {found}; name the arrays images and labels, or x_train, y_train, x_test and y_test."
    )
