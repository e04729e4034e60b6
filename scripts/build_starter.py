"""Build the bundled starter set from MNIST; the same MNIST always gives the same bytes.

Usage: python scripts/build_starter.py [OUTPUT]

Prints the SHA-256 that belongs into `STARTER_SHA256` in src/inkmint/data/sources.py. The bytes also
depend on the LZMA library; the arrays do not.
"""

import sys
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inkmint.data.cache import load_files
from inkmint.data.catalogue import find_source
from inkmint.data.idx import decode_idx
from inkmint.data.npz import write_arrays
from inkmint.data.sources import STARTER_PATH
from inkmint.files import sha256_file

SEED = 20240229
PER_CLASS = {"train": 400, "validation": 100, "test": 100}


def choose(
    labels: NDArray[np.uint8], first: int, per_class: int, rng: np.random.Generator
) -> NDArray[np.int32]:
    """Sorted indices of `per_class` images of every class, counted from `first`."""
    chosen = [rng.choice(np.flatnonzero(labels == label), per_class, replace=False) for label in range(10)]
    return (first + np.sort(np.concatenate(chosen))).astype(np.int32)


def main() -> None:
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else STARTER_PATH
    contents = load_files(find_source("mnist"))
    train_labels = decode_idx(contents["train-labels-idx1-ubyte"], 1, "train labels")
    test_labels = decode_idx(contents["t10k-labels-idx1-ubyte"], 1, "test labels")
    train_images = decode_idx(contents["train-images-idx3-ubyte"], 3, "train images")
    test_images = decode_idx(contents["t10k-images-idx3-ubyte"], 3, "test images")
    rng = np.random.default_rng(SEED)
    parts = {
        "train": (train_images, train_labels, choose(train_labels[:50_000], 0, PER_CLASS["train"], rng)),
        "validation": (
            train_images,
            train_labels,
            choose(train_labels[50_000:], 50_000, PER_CLASS["validation"], rng),
        ),
        "test": (test_images, test_labels, choose(test_labels, 0, PER_CLASS["test"], rng)),
    }
    arrays: dict[str, NDArray[np.generic]] = {}
    for split, (images, labels, indices) in parts.items():
        arrays[f"{split}_images"] = images[indices]
        arrays[f"{split}_labels"] = labels[indices]
        arrays[f"{split}_indices"] = indices
    write_arrays(arrays, output, zipfile.ZIP_LZMA)
    print(f"{output}: {output.stat().st_size:,} bytes, SHA-256 {sha256_file(output)}")


if __name__ == "__main__":
    main()
