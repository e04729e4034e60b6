"""Known files that the user or the system has put on this machine."""

import os
from collections.abc import Iterator
from pathlib import Path

import platformdirs

from inkmint.data.catalogue import KnownFile, Source
from inkmint.data.fetch import verified
from inkmint.data.idx import decompressed
from inkmint.data.reading import reading
from inkmint.errors import DataError


def find_given_folder(source: Source) -> Path | None:
    """The folder within INKMINT_DATA that holds files of `source`, or None.

    That is the sub-folder of the source's name, or for MNIST also INKMINT_DATA itself.

    Raises:
        DataError: INKMINT_DATA is no folder.
    """
    setting = os.environ.get("INKMINT_DATA")
    if not setting or not source.files:
        return None
    given = Path(setting).expanduser()
    with reading(given, "a folder"):
        if not given.is_dir():
            raise DataError(f"INKMINT_DATA names {given}, which is no folder; correct or unset it.")
        candidates = [given / source.name, *([given] if source.name == "mnist" else [])]
        return next((folder for folder in candidates if any(_found(folder, source))), None)


def find_system_folder(source: Source) -> Path | None:
    """The folder `datasets/<name>` of the system's shared data with all files of `source`, or None."""
    for shared in platformdirs.site_data_dir("datasets", multipath=True).split(os.pathsep):
        folder = Path(shared) / source.name
        if source.files and len(list(_found(folder, source))) == len(source.files):
            return folder
    return None


def read_folder_files(folder: Path, source: Source) -> dict[str, bytes]:
    """Read and verify all files of `source` in a folder, raw or in gzip.

    Returns:
        The unpacked content by file name.

    Raises:
        DataError: A file is missing or is not the published one.
    """
    contents = {}
    for file in source.files:
        path = _path_of(folder, file)
        if path is None:
            raise DataError(f"{folder} lacks {file.name} of {source.name}; add it, raw or in gzip.")
        with reading(path, "an IDX file"):
            content = decompressed(path.read_bytes(), file.num_bytes, str(path))
        try:
            contents[file.name] = verified(content, file, str(path))
        except DataError as error:
            raise DataError(
                f"{path} is not the published file of {source.name}, as its SHA-256 differs; replace it, or "
                "give the folder's path in place of the name."
            ) from error
    return contents


def _found(folder: Path, source: Source) -> Iterator[Path]:
    return (path for file in source.files if (path := _path_of(folder, file)))


def _path_of(folder: Path, file: KnownFile) -> Path | None:
    candidates = (folder / file.name, folder / f"{file.name}.gz")
    return next((path for path in candidates if path.is_file()), None)
