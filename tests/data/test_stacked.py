"""Three digits as the channels of one image."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from inkmint.cli.data import data
from inkmint.data.digits import DigitSet, Splits
from inkmint.data.folder import write_folder
from inkmint.data.npz import write_npz
from inkmint.data.pixels import to_network, to_pixels
from inkmint.data.sheet import contact_sheet, grid, shown_classes
from inkmint.data.sources import StarterFallbackWarning, load_splits
from inkmint.data.stacked import STACKED_NAMES, is_stacked, joined_labels, read_channels, stack, unstack
from inkmint.errors import DataError


@pytest.fixture
def stacked(starter: Splits) -> DigitSet:
    return stack(starter.train, 500, seed=3)


def brand(digits: DigitSet) -> DigitSet:
    """The same with every label written into the first pixel."""
    images = digits.images.clone()
    images[:, 0, 0] = 20 * digits.labels.byte()
    return replace(digits, images=images)


def read_brand(images_NHW: torch.Tensor) -> torch.Tensor:
    return images_NHW[:, 0, 0].long() // 20


def test_an_image_is_three_digits_and_its_label_their_number(starter: Splits) -> None:
    stacked = stack(brand(starter.train), 500, seed=3)
    assert stacked.images.shape == (500, 3, 28, 28)
    assert stacked.images.dtype == torch.uint8
    assert (stacked.image_channels, stacked.num_classes, stacked.class_names[42]) == (3, 1000, "042")
    assert torch.equal(joined_labels(stacked.images[:, :, 0, 0].long() // 20), stacked.labels)
    assert torch.equal(read_channels(read_brand, stacked.images), stacked.labels)
    originals = {image.numpy().tobytes() for image in brand(starter.train).images}
    assert {image.numpy().tobytes() for image in unstack(stacked.images)} <= originals


def test_hundreds_come_first() -> None:
    assert joined_labels(torch.tensor([[1, 2, 3], [0, 0, 9]])).tolist() == [123, 9]


def test_unstacking_keeps_the_channels_of_an_image_together(stacked: DigitSet) -> None:
    digits = unstack(stacked.images)
    assert digits.shape == (1500, 28, 28)
    assert torch.equal(digits[3:6], stacked.images[1])


def test_the_same_seed_stacks_the_same_and_another_others(starter: Splits, stacked: DigitSet) -> None:
    assert stack(starter.train, 500, seed=3).fingerprint == stacked.fingerprint
    assert stack(starter.train, 500, seed=4).fingerprint != stacked.fingerprint


def test_what_cannot_be_stacked_is_refused(starter: Splits, stacked: DigitSet) -> None:
    letters = replace(starter.test, class_names=tuple("abcdefghij"))
    for digits in (stacked, letters):
        with pytest.raises(DataError, match="does not hold the single digits 0 to 9"):
            stack(digits, 10, seed=0)
    with pytest.raises(DataError, match="at least one"):
        stack(starter.test, 0, seed=0)


def test_the_starter_set_comes_stacked_with_every_class_and_no_digit_in_two_parts(starter: Splits) -> None:
    splits = load_splits("stacked-starter")
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (12_800, 1_000, 2_600)
    assert splits.source == "stacked-starter"
    splits.train.require_every_class()
    for part, own in ((splits.train, starter.train), (splits.test, starter.test)):
        assert is_stacked(part)
        assert not is_stacked(own)
        known = {image.numpy().tobytes() for image in own.images}
        assert {image.numpy().tobytes() for image in unstack(part.images[:200])} <= known


def test_where_the_starter_set_stands_in_for_mnist_it_does_so_stacked() -> None:
    with pytest.warns(StarterFallbackWarning):
        splits = load_splits("stacked-mnist", offline=True)
    assert splits.source == "stacked-starter"


def test_missing_classes_are_named_only_as_far_as_anyone_reads(stacked: DigitSet) -> None:
    with pytest.raises(DataError, match=r"of class \d{3}(, \d{3}){9} and \d{3} others; add some"):
        stacked.require_every_class()


def test_pixels_go_to_networks_and_back(stacked: DigitSet) -> None:
    x_NCHW = to_network(stacked.images[:5])
    assert x_NCHW.shape == (5, 3, 28, 28)
    assert torch.equal(to_pixels(x_NCHW), stacked.images[:5])


def test_a_grid_is_in_colour_channel_by_channel(stacked: DigitSet) -> None:
    images = stacked.images[:7].numpy()
    sheet = grid(images, columns=3)
    assert sheet.shape == (3 * 29 + 1, 3 * 29 + 1, 3)
    for channel in range(3):
        np.testing.assert_array_equal(sheet[..., channel], grid(images[:, channel], columns=3))


def test_a_sheet_of_very_many_classes_shows_some_of_them(stacked: DigitSet) -> None:
    sheet = contact_sheet(stacked, per_class=2, scale=1)
    assert (sheet.mode, sheet.height) == ("RGB", 50 * 29 + 1)
    assert shown_classes(26) == list(range(26))
    shown = shown_classes(1000)
    assert (len(set(shown)), shown[0], shown[-1]) == (50, 0, 999)


def test_files_of_grey_digits_do_not_take_stacked_ones(stacked: DigitSet, tmp_path: Path) -> None:
    for write in (write_npz, write_folder):
        with pytest.raises(DataError, match=r"images of 3 channels; .*write a \.png sheet"):
            write(stacked, tmp_path / "out")
    assert not list(tmp_path.glob("*out*"))


def invoke(*arguments: object) -> str:
    return CliRunner().invoke(data, [str(word) for word in arguments], catch_exceptions=False).stdout


def test_the_command_line_lists_fetches_and_shows_stacked_digits(tmp_path: Path) -> None:
    rows = {row["name"]: row for row in json.loads(invoke("list", "--json"))}
    assert (rows["stacked-mnist"]["train"], rows["stacked-mnist"]["state"]) == (128_000, "not fetched")
    assert invoke("fetch", "stacked-starter") == "stacked-starter: bundled, verified.\n"
    with pytest.raises(DataError, match="mnist"):
        invoke("fetch", "stacked-mnist", "--offline")
    invoke("show", "stacked-starter", "--split", "test", "--per-class", 2, "-o", tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "RGB"


def test_class_names_are_the_numbers() -> None:
    assert STACKED_NAMES[:2] == ("000", "001")
    assert len(STACKED_NAMES) == 1000
