import struct
import tempfile
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from inkmint.data.digits import DIGIT_NAMES, UNLABELLED, DigitSet
from inkmint.data.folder import read_folder, read_folder_splits, read_image, write_folder
from inkmint.errors import DataError, StorageError


def as_pairs(digits):
    """Images and class names in an order that does not depend on the reader's."""
    return sorted(
        (digits.class_names[label], image.numpy().tobytes())
        for image, label in zip(digits.images, digits.labels.tolist(), strict=True)
    )


def save(path: Path, pixels=None, mode="L", **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.zeros((28, 28), np.uint8) if pixels is None else pixels
    Image.fromarray(pixels).convert(mode).save(path, **options)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=12), st.integers(0, 99))
def test_round_trip(labels, seed):
    rng = np.random.default_rng(seed)
    digits = DigitSet.from_arrays(rng.integers(0, 256, (len(labels), 28, 28)), labels, name="made")
    with tempfile.TemporaryDirectory() as folder:
        write_folder(digits, Path(folder, "out"))
        back = read_folder(Path(folder, "out"))
    assert back.class_names == DIGIT_NAMES
    assert as_pairs(back) == as_pairs(digits)


def test_names_that_are_no_digits_become_classes(tmp_path):
    for name in ("zebra", "ant"):
        save(tmp_path / name / "a.png")
    digits = read_folder(tmp_path)
    assert digits.class_names == ("ant", "zebra")
    assert digits.labels.tolist() == [0, 1]


def test_some_digits_keep_their_labels(tmp_path):
    for name in ("3", "8"):
        save(tmp_path / name / "a.png")
    assert read_folder(tmp_path).labels.tolist() == [3, 8]


def test_awkward_class_names_are_made_safe(tmp_path, digits):
    clothes = DigitSet(digits.images, digits.labels % 2, "clothes", ("T-shirt/top", "../.."))
    write_folder(clothes, tmp_path / "out")
    assert sorted(entry.name for entry in (tmp_path / "out").iterdir()) == ["-", "T-shirt-top"]
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["out"]


def test_write_refuses_a_folder_in_use_and_leaves_it_alone(tmp_path, digits):
    (tmp_path / "keep.txt").write_text("mine")
    with pytest.raises(StorageError, match="choose a new or empty folder"):
        write_folder(digits, tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["keep.txt"]


def test_a_failed_write_leaves_nothing(tmp_path, digits, monkeypatch):
    monkeypatch.setattr(Image.Image, "save", lambda *args: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(StorageError, match="disk is full"):
        write_folder(digits, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("suffix", "mode"),
    [
        *((suffix, mode) for suffix in ("png", "bmp", "gif") for mode in ("L", "RGB", "P", "1")),
        ("jpg", "L"),
        ("jpg", "RGB"),
    ],
)
def test_grey_pictures_of_every_kind(tmp_path, suffix, mode):
    pixels = np.zeros((28, 28), np.uint8)
    pixels[5:20, 12:16] = 255
    save(tmp_path / f"a.{suffix}", pixels, mode)
    assert np.abs(read_image(tmp_path / f"a.{suffix}").astype(int) - pixels).mean() < 5


def test_hidden_and_system_files_are_passed_over(tmp_path):
    save(tmp_path / "1" / "a.png")
    (tmp_path / "1" / ".DS_Store").write_text("x")
    (tmp_path / "1" / "Thumbs.db").write_text("x")
    (tmp_path / ".git").mkdir()
    (tmp_path / "README.txt").write_text("x")
    assert len(read_folder(tmp_path)) == 1


def test_one_set_is_split(tmp_path, digits):
    write_folder(digits, tmp_path / "out")
    splits = read_folder_splits(tmp_path / "out")
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (40, 10, 10)


@pytest.mark.parametrize("held_out", [None, "validation", "val"])
def test_split_folders_are_the_splits(tmp_path, digits, held_out):
    for name in ("train", "test", *([held_out] if held_out else [])):
        write_folder(digits, tmp_path / name)
    splits = read_folder_splits(tmp_path)
    assert len(splits.test) == 60
    assert (len(splits.train), len(splits.validation)) == ((60, 60) if held_out else (50, 10))
    assert torch.equal(splits.test.labels, digits.labels.sort().values)


def test_split_folders_must_agree_on_classes(tmp_path):
    save(tmp_path / "train" / "ant" / "a.png")
    save(tmp_path / "test" / "bee" / "a.png")
    with pytest.raises(DataError, match="class folder bee"):
        read_folder_splits(tmp_path)


@pytest.mark.parametrize("side", [10_000, 60_000])
def test_huge_pictures_are_refused_before_decoding(tmp_path, side):
    save(tmp_path / "a.png")
    content = bytearray((tmp_path / "a.png").read_bytes())
    content[16:24] = struct.pack(">II", side, side)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(DataError, match=r"resize it to 28x28|cannot be read as an image"):
        read_image(tmp_path / "a.png")


def save_classes(path: Path, per_class: int) -> None:
    for label in range(10):
        for number in range(per_class):
            save(path / str(label) / f"{number}.png", np.full((28, 28), 10 * label + number, np.uint8))


@pytest.mark.parametrize("name", ["unlabelled", "unlabeled"])
def test_pictures_in_a_folder_unlabelled_are_training_images_without_a_label(tmp_path, name):
    save_classes(tmp_path, 6)
    save(tmp_path / name / "a.png", np.full((28, 28), 200, np.uint8))
    splits = read_folder_splits(tmp_path)
    assert splits.train.class_names == DIGIT_NAMES
    assert splits.train.counts() == [4] * 10
    unlabelled = splits.train.images[splits.train.labels == UNLABELLED]
    assert (unlabelled == 200).all()
    assert len(unlabelled) == 1
    for part in (splits.validation, splits.test, read_folder(tmp_path)):
        assert UNLABELLED not in part.labels
        assert (part.images < 200).all()


@pytest.mark.parametrize("place", [".", "train"])
def test_unlabelled_pictures_join_a_train_folder(tmp_path, place):
    save_classes(tmp_path / "train", 6)
    save_classes(tmp_path / "test", 1)
    save(tmp_path / place / "unlabelled" / "a.png")
    train = read_folder_splits(tmp_path).train
    assert train.labels.tolist().count(UNLABELLED) == 1
    assert train.counts() == [5] * 10


def test_an_empty_or_unfit_folder_unlabelled_is_refused(tmp_path):
    save_classes(tmp_path, 3)
    (tmp_path / "unlabelled").mkdir()
    with pytest.raises(DataError, match="unlabelled holds no images"):
        read_folder_splits(tmp_path)
    save(tmp_path / "unlabelled" / "a.png", np.zeros((9, 9), np.uint8))
    with pytest.raises(DataError, match="resize it to 28x28"):
        read_folder_splits(tmp_path)


def test_unlabelled_digits_are_written_where_they_are_read_from(tmp_path, digits):
    write_folder(digits.with_unlabelled(digits.images[:2]), tmp_path / "out")
    assert len(list((tmp_path / "out" / "unlabelled").iterdir())) == 2
    assert len(read_folder(tmp_path / "out")) == len(digits)
