"""The plan of a set of minted digits: it decides every byte of every shard.

mint.json is the plan; data/shard-00000.* and so on are the shards, in one of the formats of `data.shards`.
Shape suffixes: K classes.
"""

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from inkmint.errors import DataError
from inkmint.files import read_json

LAYOUT = 1
"""Version of the folder's layout and of how seeds become digits; another one is refused."""

PLAN_NAME = "mint.json"
SHARDS_NAME = "data"

FormatName = Literal["folder", "idx", "npz", "parquet"]


class Plan(BaseModel):
    """What is minted, and into which files.

    Attributes:
        layout: Version of the folder's layout.
        generator: Row of the zoo.
        generator_sha256: Of its weights.
        class_names: One name per class, in label order.
        counts: Images per class, in label order.
        seed: Of everything that is drawn.
        shard_size: Images per shard; the last may have fewer.
        format: Of the shards.
        judge: Who reads every image, or None.
        judge_sha256: Of its weights.
        min_confidence: The least probability that the judge gives to the label of an image that is kept, or None.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    layout: int = LAYOUT
    generator: str
    generator_sha256: str
    class_names: tuple[str, ...] = Field(min_length=1)
    counts: tuple[int, ...]
    seed: int = Field(ge=0)
    shard_size: int = Field(ge=1)
    format: FormatName
    judge: str | None
    judge_sha256: str | None
    min_confidence: float | None = Field(gt=0, le=1)

    @property
    def num_images(self) -> int:
        """Images in all shards together."""
        return sum(self.counts)

    @property
    def num_shards(self) -> int:
        """Shards, the last of which may be smaller."""
        return -(-self.num_images // self.shard_size)

    def first_image(self, shard: int) -> int:
        """Place of the shard's first image among all, from 0; the number of all images for the shard after the last."""
        return min(shard * self.shard_size, self.num_images)

    def shard_counts(self, shard: int) -> NDArray[np.int64]:
        """Images per class in a shard, (K,): the shares of the whole, as nearly as whole numbers allow."""
        return first_counts(self.counts, self.first_image(shard + 1)) - first_counts(
            self.counts, self.first_image(shard)
        )


def first_counts(counts: tuple[int, ...], num_first: int) -> NDArray[np.int64]:
    """How many images of every class are among the first ones, (K,), where the classes are spread evenly.

    Image i of the n of a class has its place at (i + 1/2) / n of the way, which is Webster's method of apportionment;
    where places coincide the classes follow each other in label order. So no class ever loses an image as
    `num_first` grows, and nothing as long as the set is held in memory.

    Args:
        counts: Images per class in the whole.
        num_first: From 0 to the sum of them.
    """
    counts_K = np.array(counts, dtype=np.int64)

    def placed_before(way: float) -> NDArray[np.int64]:
        placed_K: NDArray[np.int64] = np.floor(counts_K * way + 0.5).astype(np.int64)
        return np.minimum(placed_K, counts_K)

    low, high = 0.0, 1.0
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if placed_before(middle).sum() <= num_first else (low, middle)
    placed_K = placed_before(high)
    if placed_K.sum() > num_first:
        placed_K = placed_before(low)
        next_K = np.flatnonzero(placed_before(high) > placed_K)
        placed_K[next_K[: num_first - placed_K.sum()]] += 1
    return placed_K


def balanced_counts(num_images: int, num_classes: int) -> tuple[int, ...]:
    """So many images in equal parts; what is left over goes to the first classes."""
    share, rest = divmod(num_images, num_classes)
    return tuple(share + (label < rest) for label in range(num_classes))


def holds_minted(path: Path) -> bool:
    """Whether the path is a folder of `inkmint mint`."""
    return (path / PLAN_NAME).is_file()


def read_plan(path: Path) -> Plan:
    """The plan of a folder of minted digits.

    Raises:
        DataError: It is missing, damaged, or of another version of the layout.
    """
    file = path / PLAN_NAME
    try:
        content = read_json(file)
        found = content["layout"]
        if found != LAYOUT:
            raise DataError(
                f"{path} has layout version {found}, this inkmint mints version {LAYOUT}; give a new folder."
            )
        return Plan.model_validate(content)
    except (OSError, KeyError, TypeError, ValidationError) as error:
        raise DataError(f"{file} is damaged and cannot be read; mint into a new folder.") from error
    except ValueError as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{file} is damaged and cannot be read; mint into a new folder.") from error
