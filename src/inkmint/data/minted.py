"""Reading what `inkmint mint` wrote: all shards of a folder as one set of digits."""

from pathlib import Path

import torch

from inkmint.data.digits import IMAGE_SIZE, DigitSet, Splits, stratified_split
from inkmint.data.npz import SHARES
from inkmint.data.plan import read_plan
from inkmint.data.reading import MAX_BYTES
from inkmint.data.shards import FORMATS
from inkmint.errors import DataError


def read_minted(path: Path) -> DigitSet:
    """All minted digits of a folder, in the order of their shards.

    Raises:
        DataError: It is not finished, damaged, or larger than what is taken into memory.
    """
    plan = read_plan(path)
    if plan.num_images * IMAGE_SIZE**2 > MAX_BYTES:
        raise DataError(
            f"{path} holds {plan.num_images:,} digits, more than 2 GiB; give one of the files in its folder data."
        )
    shard_format = FORMATS[plan.format]
    shards = [shard_format.paths(path, number) for number in range(plan.num_shards)]
    num_done = sum(all(file.exists() for file in files) for files in shards)
    if num_done < len(shards):
        raise DataError(
            f"{path} is not finished: it has {num_done:,} of {len(shards):,} shards; "
            "go on with the same inkmint mint command."
        )
    digits = [shard_format.read(plan, files) for files in shards]
    images, labels = torch.cat([part.images for part in digits]), torch.cat([part.labels for part in digits])
    return DigitSet(images, labels, str(path), plan.class_names)


def read_minted_splits(path: Path) -> Splits:
    """The minted digits of a folder, split 70/15/15 with equal class balance.

    Raises:
        DataError: As `read_minted`, or a class has too few images to be in every split.
    """
    train, validation, test = stratified_split(read_minted(path), SHARES)
    return Splits(train, validation, test, str(path))
