"""Digits in Parquet files as Hugging Face's `datasets` lays them out: PNG pictures and class labels.

The schema carries the features under the key `huggingface`, so that `datasets` reads images and named classes.
pyarrow is an extra of the installation: inkmint[parquet].
"""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inkmint.data.digits import DIGIT_NAMES, DigitSet, Splits, stratified_split
from inkmint.data.folder import decode_image, picture_name
from inkmint.data.npz import SHARES
from inkmint.data.reading import reading
from inkmint.errors import DataError, SettingsError
from inkmint.files import atomic_path

_FEATURES = b"huggingface"
_KIND = "a Parquet file of digits"
_CLASS_COLUMNS = ("label", "read")

CLASS = "class"
"""The kind of a column that holds the numbers of classes."""


def write_parquet(
    digits: DigitSet, path: Path, *, first: int = 0, columns: Mapping[str, NDArray[Any]] | None = None
) -> None:
    """Write a digit set atomically, one row per image.

    Args:
        digits: Grey images.
        path: The file; an earlier one is replaced.
        first: Number of the first picture, for the names that the pictures go by.
        columns: More values of every image, by name; those called `read` are classes as the labels are.

    Raises:
        SettingsError: pyarrow is not installed.
        StorageError: The file cannot be written; an earlier one is untouched.
    """
    pyarrow, parquet = _pyarrow()
    digits.require_one_channel("a Parquet file of digits holds grey images")
    images = [
        {"bytes": _png(image), "path": picture_name(first + place)}
        for place, image in enumerate(digits.images.numpy())
    ]
    pictures = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
    values = {"label": digits.labels.numpy(), **(columns or {})}
    table = pyarrow.table({"image": pyarrow.array(images, pictures), **values})
    kinds = {name: _kind(name, column) for name, column in values.items()}
    features = {"info": {"features": features_of(digits.class_names, kinds)}}
    table = table.replace_schema_metadata({_FEATURES: json.dumps(features)})
    with atomic_path(path) as temporary:
        parquet.write_table(table, temporary)


def features_of(class_names: tuple[str, ...], kinds: Mapping[str, str]) -> dict[str, Any]:
    """The columns of a table of images as `datasets` describes them.

    Args:
        class_names: One name per class.
        kinds: `CLASS` or the data type of every column beside the image, by name.
    """
    classes = {"names": list(class_names), "_type": "ClassLabel"}
    return {"image": {"_type": "Image"}} | {
        name: classes if kind == CLASS else {"dtype": kind, "_type": "Value"} for name, kind in kinds.items()
    }


def read_parquet(path: Path) -> DigitSet:
    """Read the columns `image` and `label`, and the class names where the file tells them; else they are 0 to 9.

    Raises:
        SettingsError: pyarrow is not installed.
        DataError: The file is missing or damaged, lacks a column, or holds what are no digits.
    """
    pyarrow, parquet = _pyarrow()
    with reading(path, _KIND):
        schema = parquet.read_schema(path)
        if not {"image", "label"} <= set(schema.names):
            raise DataError(
                f"{path} has the columns {', '.join(schema.names[:6]) or 'none'}; "
                "name the one of pictures image and the one of classes label."
            )
        if not pyarrow.types.is_struct(schema.field("image").type):
            raise DataError(
                f"{path} has no pictures in its column image; write it with Hugging Face's datasets."
            )
        table = parquet.read_table(path, columns=["image", "label"])
        images = [
            decode_image(io.BytesIO(picture["bytes"]), f"{path}, image {row}")
            for row, picture in enumerate(table["image"].to_pylist())
        ]
        labels = table["label"].to_numpy()
        class_names = _class_names(schema.metadata or {})
    stacked = np.stack(images) if images else np.empty((0, 28, 28), np.uint8)
    return DigitSet.from_arrays(stacked, labels, name=str(path), class_names=class_names)


def read_parquet_splits(path: Path) -> Splits:
    """The digits of a file, split 70/15/15 with equal class balance.

    Raises:
        SettingsError, DataError: As `read_parquet`, or a class has too few images to be in every split.
    """
    train, validation, test = stratified_split(read_parquet(path), SHARES)
    return Splits(train, validation, test, str(path))


def require_pyarrow() -> None:
    """Raise `SettingsError` that says how to install pyarrow, unless it is there."""
    _pyarrow()


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise SettingsError(
            "Parquet needs pyarrow, which is not installed; run: pip install 'inkmint[parquet]'"
        ) from error
    return pyarrow, parquet


def _kind(name: str, values: NDArray[Any]) -> str:
    if name in _CLASS_COLUMNS:
        return CLASS
    return "string" if values.dtype.kind == "U" else values.dtype.name


def _class_names(metadata: Mapping[bytes, bytes]) -> tuple[str, ...]:
    if _FEATURES not in metadata:
        return DIGIT_NAMES
    label = json.loads(metadata[_FEATURES])["info"]["features"]["label"]
    return tuple(str(name) for name in label["names"]) if "names" in label else DIGIT_NAMES


def _png(image: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="PNG")
    return buffer.getvalue()
