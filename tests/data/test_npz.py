import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from inkmint.data.digits import DigitSet
from inkmint.data.npz import read_npz, read_npz_splits, write_arrays, write_npz
from inkmint.errors import DataError, StorageError


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 2), min_size=1, max_size=12), st.integers(0, 99))
def test_round_trip(labels, seed):
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (len(labels), 28, 28))
    digits = DigitSet.from_arrays(pixels, labels, name="made", class_names=("ä", "b/c", "d"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.npz")
        write_npz(digits, path)
        back = read_npz(path)
        with np.load(path, allow_pickle=False) as plain:
            np.testing.assert_array_equal(plain["images"], pixels)
    assert torch.equal(back.images, digits.images)
    assert torch.equal(back.labels, digits.labels)
    assert back.class_names == digits.class_names


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_every_compression_is_read_and_repeatable(tmp_path, digits, compression):
    arrays = {"images": digits.images.numpy(), "labels": digits.labels.numpy()}
    for name in ("a", "b"):
        write_arrays(arrays, tmp_path / name, compression)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert torch.equal(read_npz(tmp_path / "a").images, digits.images)


@pytest.mark.parametrize(
    "keys",
    [
        ("x_train", "y_train", "x_test", "y_test"),
        ("train_images", "train_labels", "test_images", "test_labels"),
    ],
)
def test_known_layouts_lose_a_sixth_to_validation(tmp_path, digits, keys):
    images, labels = digits.images.numpy(), digits.labels.numpy()
    np.savez(tmp_path / "a.npz", **dict(zip(keys, (images, labels, images, labels), strict=True)))
    splits = read_npz_splits(tmp_path / "a.npz")
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (50, 10, 60)
    assert torch.equal(splits.validation.images, digits.images[50:])


def test_validation_arrays_are_used_if_there(tmp_path, digits):
    images, labels = digits.images.numpy(), digits.labels.numpy()
    arrays = {"x_val": images[:3], "y_val": labels[:3]}
    for split in ("train", "test"):
        arrays |= {f"x_{split}": images, f"y_{split}": labels}
    np.savez(tmp_path / "a.npz", **arrays)
    splits = read_npz_splits(tmp_path / "a.npz")
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (60, 3, 60)


def test_one_set_is_split_by_class(tmp_path, digits):
    write_npz(digits, tmp_path / "a.npz")
    splits = read_npz_splits(tmp_path / "a.npz")
    assert [splits.train.counts(), splits.test.counts()] == [[4] * 10, [1] * 10]


def test_write_replaces_whole_files_only(tmp_path, digits, monkeypatch):
    path = tmp_path / "a.npz"
    write_npz(digits, path)
    before = path.read_bytes()
    monkeypatch.setattr(
        np.lib.format, "write_array", lambda *args, **kwargs: (_ for _ in ()).throw(OSError(28, "full"))
    )
    with pytest.raises(StorageError, match="disk is full"):
        write_npz(digits, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_damage_gives_a_digit_set_or_a_data_error(data):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.npz")
        write_arrays({"images": np.zeros((3, 28, 28), np.uint8), "labels": np.arange(3)}, path)
        content = bytearray(path.read_bytes())
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
        path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
        with suppress(DataError):
            read_npz_splits(path)
