"""Folders of small pictures, one sub-folder per class."""

import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from inkmint.data.digits import (
    DIGIT_NAMES,
    IMAGE_SIZE,
    UNLABELLED,
    DigitSet,
    Splits,
    split_off_validation,
    stratified_split,
)
from inkmint.data.npz import SHARES
from inkmint.data.reading import reading
from inkmint.errors import DataError
from inkmint.files import atomic_folder

_FORMATS = ("PNG", "JPEG", "BMP", "GIF")
_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif"}
_SYSTEM_FILES = {"thumbs.db", "desktop.ini"}
_UNLABELLED_FOLDERS = ("unlabelled", "unlabeled")
_GREY_TOLERANCE = 2  # levels between channels that JPEG's rounding may leave in a grey picture


def read_folder(path: Path, class_names: tuple[str, ...] | None = None) -> DigitSet:
    """Read a folder whose sub-folders are the classes and hold 28x28 grey pictures.

    If all sub-folders are named by single digits, the label is the digit and the classes are 0 to 9;
    otherwise the classes are the names in sorted order. Hidden files and a folder `unlabelled` are passed over.

    Args:
        path: The folder.
        class_names: The classes to expect instead of those found.

    Raises:
        DataError: There are no pictures, an empty or unexpected class, or a picture that does not fit.
    """
    with reading(path, "a folder of images"):
        folders = [folder for folder in _visible_folders(path) if folder.name not in _UNLABELLED_FOLDERS]
        if not folders:
            raise DataError(f"{path} has no class folders; put the images in one sub-folder per class.")
        names = tuple(folder.name for folder in folders)
        class_names = class_names or (DIGIT_NAMES if set(names) <= set(DIGIT_NAMES) else names)
        unexpected = sorted(set(names) - set(class_names))
        if unexpected:
            raise DataError(
                f"{path} has the class folder {unexpected[0]}, which train has not; rename or remove it."
            )
        images: list[NDArray[np.uint8]] = []
        labels: list[int] = []
        for folder in folders:
            files = _image_files(folder)
            images += [read_image(file) for file in files]
            labels += [class_names.index(folder.name)] * len(files)
    return DigitSet.from_arrays(np.stack(images), labels, name=str(path), class_names=class_names)


def read_folder_splits(path: Path) -> Splits:
    """Read the three splits of a folder.

    If it has sub-folders `train` and `test`, these are the splits, with `validation` (or `val`) if
    there, else with a stratified sixth of train. Any other folder is one set, split 70/15/15. Pictures in a folder
    `unlabelled`, beside the class folders or the splits, are training images without a label.

    Raises:
        DataError: As `read_folder`, or a class has too few images to be in every split.
    """
    with reading(path, "a folder of images"):
        names = {folder.name for folder in _visible_folders(path)}
    if not names & {"train", "test"}:
        train, validation, test = stratified_split(read_folder(path), SHARES)
        return Splits(_joined_by_unlabelled(train, path), validation, test, str(path))
    for needed in ("train", "test"):
        if needed not in names:
            raise DataError(f"{path} has no folder {needed}; add one, or leave out the split folders.")
    train = read_folder(path / "train")
    test = read_folder(path / "test", train.class_names)
    held_out = next((name for name in ("validation", "val") if name in names), None)
    if held_out:
        validation = read_folder(path / held_out, train.class_names)
    else:
        train, validation = split_off_validation(train)
    return Splits(_joined_by_unlabelled(train, path, path / "train"), validation, test, str(path))


def _joined_by_unlabelled(train: DigitSet, *places: Path) -> DigitSet:
    folders = [place / name for place in places for name in _UNLABELLED_FOLDERS]
    for folder in filter(Path.is_dir, folders):
        with reading(folder, "a folder of images"):
            images = np.stack([read_image(file) for file in _image_files(folder)])
        train = train.with_unlabelled(torch.from_numpy(images))
    return train


def read_image(path: Path) -> NDArray[np.uint8]:
    """Read one 28x28 grey picture, uint8 (28, 28).

    The size is checked before any pixel is decoded.

    Raises:
        DataError: It is damaged, no PNG, JPEG, BMP or GIF, of another size, coloured, transparent,
            16-bit, or animated.
    """
    return decode_image(path, str(path))


def decode_image(file: Path | IO[bytes], name: str) -> NDArray[np.uint8]:
    """Decode one 28x28 grey picture from a file or from memory, as `read_image`; `name` opens the error messages."""
    with reading(name, "an image"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Pillow warns of is refused below
        with Image.open(file, formats=_FORMATS) as image:
            if image.size != (IMAGE_SIZE, IMAGE_SIZE):
                width, height = image.size
                raise DataError(f"{name} is {width}x{height} pixels; resize it to 28x28.")
            if getattr(image, "n_frames", 1) > 1:
                raise DataError(f"{name} is animated; save a single frame.")
            return _grey(image, name)


def write_folder(digits: DigitSet, path: Path) -> None:
    """Write a digit set as `<class>/<number>.png`, whole or not at all.

    Characters that file systems refuse, such as the stroke in "T-shirt/top", become hyphens.

    Raises:
        DataError: The images have several channels, which `read_folder` would not read back.
        StorageError: The folder exists and is not empty, or cannot be written.
    """
    digits.require_one_channel("a picture folder holds grey images, so write a .png sheet")
    with atomic_folder(path) as temporary:
        write_pictures(digits, temporary)


def write_pictures(digits: DigitSet, folder: Path, first: int = 0) -> list[str]:
    """Write a digit set as `<class>/<number>.png` into an empty folder.

    Args:
        digits: Grey images.
        folder: It exists.
        first: Number of the first picture.

    Returns:
        The files by their paths within the folder.
    """
    names = folder_names(digits.class_names)
    names[UNLABELLED] = _UNLABELLED_FOLDERS[0]
    for label in sorted(set(digits.labels.tolist())):
        (folder / names[label]).mkdir()
    files = [
        f"{names[label]}/{picture_name(first + place)}" for place, label in enumerate(digits.labels.tolist())
    ]
    for image, file in zip(digits.images.numpy(), files, strict=True):
        Image.fromarray(image).save(folder / file)
    return files


def picture_name(number: int) -> str:
    """What the picture of that number is called."""
    return f"{number:06d}.png"


def folder_names(class_names: Sequence[str]) -> dict[int, str]:
    """What the folder of each class is called, by label."""
    return {label: _file_name(name, label) for label, name in enumerate(class_names)}


def _file_name(class_name: str, label: int) -> str:
    return re.sub(r"[^\w .+-]", "-", class_name).strip(" .") or f"class {label}"


def _visible_folders(path: Path) -> list[Path]:
    entries = sorted(entry for entry in path.iterdir() if not entry.name.startswith("."))
    return [entry for entry in entries if entry.is_dir()]


def _image_files(folder: Path) -> list[Path]:
    files = [
        entry
        for entry in sorted(folder.iterdir())
        if not entry.name.startswith(".") and entry.name.lower() not in _SYSTEM_FILES
    ]
    for file in files:
        if file.is_dir():
            raise DataError(f"{file} is a folder within a class; put its images directly into {folder.name}.")
        if file.suffix.lower() not in _SUFFIXES:
            raise DataError(f"{file} is not named as PNG, JPEG, BMP or GIF; convert it or move it away.")
    if not files:
        raise DataError(f"{folder} holds no images; add some, or remove this class.")
    return files


def _grey(image: Image.Image, name: str) -> NDArray[np.uint8]:
    if "transparency" in image.info or image.mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        raise DataError(f"{name} has a transparency channel; flatten it and save it as 8-bit grey.")
    if image.mode.startswith(("I", "F")):
        raise DataError(f"{name} has more than 8 bits per pixel; save it as 8-bit grey.")
    if image.mode in ("1", "L"):
        return np.array(image.convert("L"))
    pixels = np.array(image.convert("RGB"))
    if np.ptp(pixels, axis=2).max() > _GREY_TOLERANCE:
        raise DataError(f"{name} is in colour; save it as 8-bit grey.")
    return pixels[:, :, 1]
