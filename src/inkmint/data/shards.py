"""Shards of minted digits as files: pictures in class folders, IDX, NPZ, Parquet, each with a record of every image.

Whatever the format, the same shard always gives the same bytes with the same versions of what encodes it.
Shape suffixes: N images.
"""

import csv
import io
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkmint.data.digits import DigitSet
from inkmint.data.folder import folder_names, read_folder, write_pictures
from inkmint.data.idx import read_idx_images, read_idx_labels, write_idx
from inkmint.data.npz import read_npz, write_arrays
from inkmint.data.parquet import CLASS, read_parquet, write_parquet
from inkmint.data.plan import SHARDS_NAME, FormatName, Plan
from inkmint.files import atomic_folder, write_text

TABLE_NAME = "manifest.csv"
"""The record of every picture of a folder. By another name, metadata.csv, Hugging Face's `datasets` would take the
labels from it, as numbers without names; so it takes them from the class folders."""

_KINDS = {"label": CLASS, "index": "int64", "seed": "int64", "shard": "int32", "generator_sha256": "string"}
_JUDGED_KINDS = {"confidence": "float32", "read": CLASS}

_LEVEL = 6  # of 9: a twentieth larger than at 9, and written ten times as fast


@dataclass(frozen=True, eq=False)
class Shard:
    """Minted digits, and what is known of each.

    Attributes:
        digits: The images, labelled as they were asked for.
        first: Place of the first image among all of the job.
        number: Of the shard.
        seeds: int64 (N,); `Generator.sample(1, digit=label, seed=seed)` mints the image again.
        generator_sha256: Of the generator's weights.
        confidence: float32 (N,), the probability that the judge gives to the label, or None without a judge.
        read: int64 (N,), the class that the judge reads, or None without a judge.
    """

    digits: DigitSet
    first: int
    number: int
    seeds: NDArray[np.int64]
    generator_sha256: str
    confidence: NDArray[np.float32] | None = None
    read: NDArray[np.int64] | None = None

    def columns(self) -> dict[str, NDArray[Any]]:
        """What is known of every image beside its pixels and its label, each (N,), by name."""
        num_images = len(self.digits)
        columns: dict[str, NDArray[Any]] = {
            "index": np.arange(self.first, self.first + num_images),
            "seed": self.seeds,
            "shard": np.full(num_images, self.number, dtype=np.int32),
            "generator_sha256": np.full(num_images, self.generator_sha256),
        }
        if self.confidence is not None and self.read is not None:
            columns |= {"confidence": self.confidence, "read": self.read}
        return columns


def column_kinds(plan: Plan) -> dict[str, str]:
    """What is kept of every image beside its pixels: `CLASS` or the data type, by name."""
    return _KINDS | (_JUDGED_KINDS if plan.judge else {})


class ShardFormat(ABC):
    """How a shard lies on disk.

    Attributes:
        endings: What follows `shard-00000` in the name of each of its files.
        most_classes: The largest number of classes that it can tell apart, or None.
    """

    endings: tuple[str, ...]
    most_classes: int | None = None

    def paths(self, folder: Path, number: int) -> tuple[Path, ...]:
        """Where the files of a shard are in the folder of a job."""
        return tuple(folder / SHARDS_NAME / f"shard-{number:05d}{ending}" for ending in self.endings)

    @abstractmethod
    def write(self, shard: Shard, paths: tuple[Path, ...]) -> None:
        """Write a shard, each file whole or not at all.

        Raises:
            StorageError: A file cannot be written.
        """

    @abstractmethod
    def read(self, plan: Plan, paths: tuple[Path, ...]) -> DigitSet:
        """The digits of a shard.

        Raises:
            DataError: A file is missing or damaged.
        """


class _Npz(ShardFormat):
    endings = (".npz",)

    def write(self, shard: Shard, paths: tuple[Path, ...]) -> None:
        arrays = {
            "images": shard.digits.images.numpy(),
            "labels": shard.digits.labels.numpy(),
            "class_names": np.array(shard.digits.class_names),
        }
        write_arrays(arrays | shard.columns(), paths[0])

    def read(self, plan: Plan, paths: tuple[Path, ...]) -> DigitSet:  # noqa: ARG002
        return read_npz(paths[0])


class _Idx(ShardFormat):
    endings = ("-images-idx3-ubyte.gz", "-labels-idx1-ubyte.gz", ".csv")
    most_classes = 256

    def write(self, shard: Shard, paths: tuple[Path, ...]) -> None:
        images, labels, table = paths
        write_idx(images, shard.digits.images.numpy(), level=_LEVEL)
        write_idx(labels, shard.digits.labels.numpy().astype(np.uint8), level=_LEVEL)
        write_text(table, _table(shard, {}))

    def read(self, plan: Plan, paths: tuple[Path, ...]) -> DigitSet:
        images, labels, _ = paths
        return DigitSet.from_arrays(
            read_idx_images(images), read_idx_labels(labels), name=str(images), class_names=plan.class_names
        )


class _Folder(ShardFormat):
    endings = ("",)

    def write(self, shard: Shard, paths: tuple[Path, ...]) -> None:
        with atomic_folder(paths[0]) as temporary:
            names = write_pictures(shard.digits, temporary, shard.first)
            (temporary / TABLE_NAME).write_text(
                _table(shard, {"file_name": np.array(names)}), encoding="utf-8", newline=""
            )

    def read(self, plan: Plan, paths: tuple[Path, ...]) -> DigitSet:
        names = tuple(folder_names(plan.class_names).values())
        return replace(read_folder(paths[0], names), class_names=plan.class_names)


class _Parquet(ShardFormat):
    endings = (".parquet",)

    def write(self, shard: Shard, paths: tuple[Path, ...]) -> None:
        write_parquet(shard.digits, paths[0], first=shard.first, columns=shard.columns())

    def read(self, plan: Plan, paths: tuple[Path, ...]) -> DigitSet:  # noqa: ARG002
        return read_parquet(paths[0])


FORMATS: Mapping[FormatName, ShardFormat] = {
    "folder": _Folder(),
    "idx": _Idx(),
    "npz": _Npz(),
    "parquet": _Parquet(),
}


def _table(shard: Shard, first: dict[str, NDArray[Any]]) -> str:
    """A record of every image as comma-separated values; numbers are written so that they read back the same."""
    labels = {"label": shard.digits.labels.numpy()}
    columns = first | labels | shard.columns()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*(map(str, column) for column in columns.values()), strict=True))
    return text.getvalue()
