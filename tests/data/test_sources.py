import numpy as np
import pytest
import torch

from inkmint.data import catalogue
from inkmint.data.cache import is_cached
from inkmint.data.catalogue import SOURCES
from inkmint.data.digits import SPLIT_NAMES
from inkmint.data.folder import write_folder
from inkmint.data.idx import write_idx
from inkmint.data.npz import write_npz
from inkmint.data.sources import STARTER_PATH, StarterFallbackWarning, load_splits, load_starter, obtain
from inkmint.errors import DataError


def test_starter_is_balanced_and_disjoint():
    splits = load_splits("starter")
    assert splits.source == "starter"
    for part, count in ((splits.train, 400), (splits.validation, 100), (splits.test, 100)):
        assert part.counts() == [count] * 10
    seen = {image.numpy().tobytes() for part in (splits.train, splits.validation) for image in part.images}
    assert len(seen) == 5000
    assert not seen & {image.numpy().tobytes() for image in splits.test.images}


def test_a_damaged_starter_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("inkmint.data.sources.STARTER_PATH", tmp_path / "starter.npz")
    with pytest.raises(DataError, match="install inkmint anew"):
        load_starter()


def test_mnist_falls_back_to_the_starter_with_one_warning():
    with pytest.warns(StarterFallbackWarning, match="stands in for MNIST") as caught:
        splits = load_splits("mnist")
    assert splits.source == "starter"
    assert len(caught) == 1


def test_fashion_mnist_has_no_stand_in():
    with pytest.raises(DataError, match="Debian package dataset-fashion-mnist"):
        load_splits("fashion-mnist")


@pytest.mark.parametrize(
    ("place", "compress"),
    [
        ("data/tiny", False),
        ("data/tiny", True),
        ("system/datasets/tiny", False),
        ("system/datasets/tiny", True),
        ("cache/tiny", False),
    ],
)
def test_named_files_are_found_wherever_they_lie(tiny, tmp_path, monkeypatch, place, compress):
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("INKMINT_DATA", str(tmp_path / "data"))
    tiny.write_to(tmp_path / place, compress=compress)
    splits = load_splits("tiny")
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (8, 4, 4)
    assert splits.train.name == "tiny train"
    assert splits.source == "tiny"
    pixels = tiny.contents["train-images-idx3-ubyte"][16:]
    assert torch.cat([splits.train.images, splits.validation.images]).numpy().tobytes() == pixels


def test_mnist_may_lie_in_inkmint_data_itself(make_tiny, tmp_path, monkeypatch):
    tiny = make_tiny(name="mnist")
    monkeypatch.setenv("INKMINT_DATA", str(tiny.write_to(tmp_path / "data")))
    assert load_splits("mnist").source == "mnist"


def test_other_files_in_inkmint_data_are_no_mnist(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("INKMINT_DATA", str(tiny.write_to(tmp_path / "data")))
    with pytest.raises(DataError, match="give the folder's path"):
        load_splits("mnist")
    assert len(load_splits(str(tmp_path / "data")).test) == 4


def test_another_edition_on_the_system_is_passed_over(tiny, tmp_path):
    folder = tiny.write_to(tmp_path / "system" / "datasets" / "tiny")
    (folder / "t10k-labels-idx1-ubyte").write_bytes(b"another edition")
    tiny.write_to(tmp_path / "cache" / "tiny")
    assert obtain(tiny.source) == tiny.contents


def test_four_idx_files_of_any_content(tmp_path):
    rng = np.random.default_rng(0)
    for stem, count in (("train", 60), ("t10k", 20)):
        write_idx(tmp_path / f"{stem}-images-idx3-ubyte.gz", rng.integers(0, 9, (count, 28, 28), np.uint8))
        write_idx(tmp_path / f"{stem}-labels-idx1-ubyte", np.arange(count, dtype=np.uint8) % 10)
    splits = load_splits(str(tmp_path))
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (50, 10, 20)


def test_one_pair_of_idx_files_is_split(tmp_path):
    write_idx(tmp_path / "images-idx3-ubyte", np.zeros((40, 28, 28), np.uint8))
    write_idx(tmp_path / "labels-idx1-ubyte", np.arange(40, dtype=np.uint8) // 10)
    splits = load_splits(str(tmp_path))
    assert splits.train.counts()[:4] == [6] * 4
    assert splits.test.counts()[:4] == [2] * 4


def test_folders_and_npz_are_told_by_content(tmp_path, digits):
    write_folder(digits, tmp_path / "pictures")
    write_npz(digits, tmp_path / "arrays")
    for name in ("pictures", "arrays"):
        assert len(load_splits(str(tmp_path / name)).train) == 40


def test_names_are_suggested():
    with pytest.raises(DataError, match=r"did you mean 'mnist'\?.*starter, mnist, fashion-mnist"):
        load_splits("mnits")


def test_the_catalogue_is_complete():
    assert list(SOURCES) == ["starter", "mnist", "fashion-mnist", "stacked-mnist", "stacked-starter"]
    for source in catalogue.SOURCES.values():
        assert len(source.class_names) == (1000 if source.made_of else 10)
        assert len(source.files) in (0, 4)
        assert source.made_of is None or not source.files


@pytest.mark.slow
def test_full_mnist_splits_are_fixed(monkeypatch):
    monkeypatch.delenv("INKMINT_CACHE")
    if not is_cached(SOURCES["mnist"]):
        pytest.skip("MNIST is not in the cache; run inkmint data fetch mnist")
    splits = load_splits("mnist")
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (50_000, 10_000, 10_000)
    assert splits.train.counts() == [4932, 5678, 4968, 5101, 4859, 4506, 4951, 5175, 4842, 4988]
    assert splits.test.counts() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]

    starter = load_starter()
    with np.load(STARTER_PATH, allow_pickle=False) as archive:
        train, validation, test = (
            torch.from_numpy(archive[f"{split}_indices"]).long() for split in SPLIT_NAMES
        )
    assert torch.equal(starter.train.images, splits.train.images[train])
    assert torch.equal(starter.validation.images, splits.validation.images[validation - 50_000])
    assert torch.equal(starter.test.labels, splits.test.labels[test])
