"""Images and labels as arrays from outside, checked; needs no torch.

Shape suffixes: N images.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkmint.errors import DataError

IMAGE_SIZE = 28
DIGIT_NAMES = tuple("0123456789")
_FLAT_SHAPES = ((784,), (1, 28, 28), (28, 28, 1))


def image_array(images: object, name: str) -> NDArray[np.uint8]:
    """Turn an array from outside into a new one, uint8 (N, 28, 28); see `DigitSet.from_arrays`.

    Raises:
        DataError: Naming what does not fit.
    """
    array = _as_array(images, f"{name} has images")
    if array.shape[1:] in _FLAT_SHAPES:
        array = array.reshape(-1, IMAGE_SIZE, IMAGE_SIZE)
    if array.ndim != 3 or array.shape[1:] != (IMAGE_SIZE, IMAGE_SIZE):
        raise DataError(
            f"{name} has images of shape {tuple(array.shape)}; "
            "inkmint needs (N, 28, 28) or (N, 784), so resize them to 28x28."
        )
    kind = array.dtype.kind
    if kind not in "buif":
        raise DataError(
            f"{name} has pixels of type {array.dtype}; give integers in 0..255 or floats in 0..1."
        )
    if kind == "f" and not np.isfinite(array).all():
        raise DataError(
            f"{name} has pixels that are not numbers (NaN or infinite); repair or drop those images."
        )
    if array.size and (array.min() < 0 or array.max() > 255):
        raise DataError(
            f"{name} has pixels from {array.min():g} to {array.max():g}; "
            "give integers in 0..255 or floats in 0..1."
        )
    if kind == "b" or (kind == "f" and array.size and array.max() <= 1):
        array = array * np.float64(255)
    if kind == "f":
        array = np.rint(array)
    return np.array(array, dtype=np.uint8, order="C")


def label_array(labels: object, num_classes: int, name: str) -> NDArray[np.int64]:
    """Turn labels from outside into int64 (N,) in 0 .. num_classes - 1.

    Raises:
        DataError: Naming the first label that does not fit.
    """
    array = _as_array(labels, f"{name} has labels")
    if array.ndim != 1:
        raise DataError(
            f"{name} has labels of shape {tuple(array.shape)}; give one whole number per image, (N,)."
        )
    kind = array.dtype.kind
    if kind not in "bui" and not (kind == "f" and np.array_equal(array, np.rint(array))):
        raise DataError(
            f"{name} has labels of type {array.dtype} that are not whole numbers; number the classes from 0."
        )
    wrong = (array < 0) | (array >= num_classes)
    if wrong.any():
        raise DataError(
            f"{name} has the label {float(array[wrong][0]):g}, outside 0..{num_classes - 1}; "
            "correct it or leave those images out."
        )
    return array.astype(np.int64)


def _as_array(values: object, subject: str) -> NDArray[Any]:
    try:
        return np.asarray(values)
    except (ValueError, TypeError, RuntimeError) as error:
        raise DataError(f"{subject} that form no array; give one array with rows of equal size.") from error
