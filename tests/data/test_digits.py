import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from inkmint.data.digits import DigitSet, split_off_validation, stratified_split
from inkmint.errors import DataError


def make(labels):
    labels = np.asarray(labels)
    images = np.arange(len(labels), dtype=np.uint8)[:, None, None] + np.zeros((1, 28, 28), np.uint8)
    return DigitSet.from_arrays(images, labels, name="made")


@pytest.mark.parametrize("shape", [(2, 784), (2, 28, 28), (2, 1, 28, 28), (2, 28, 28, 1)])
def test_common_shapes_are_taken(shape):
    assert DigitSet.from_arrays(np.zeros(shape), [0, 1], name="made").images.shape == (2, 28, 28)


def test_floats_up_to_one_are_scaled_and_others_rounded():
    pixels = np.zeros((2, 28, 28))
    pixels[1, 0, 0] = 0.5
    assert DigitSet.from_arrays(pixels, [0, 1], name="made").images.max() == 128
    pixels[1, 0, 0] = 99.6
    assert DigitSet.from_arrays(pixels, [0, 1], name="made").images.max() == 100


def test_images_are_copied_and_read_only_arrays_are_fine():
    pixels = np.zeros((1, 28, 28), np.uint8)
    pixels.setflags(write=False)
    digits = DigitSet.from_arrays(pixels, [0], name="made")
    digits.images.add_(1)
    assert pixels.max() == 0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(3, 20), min_size=1, max_size=10), st.integers(0, 5))
def test_stratified_split_parts_every_class(counts, seed):
    digits = make(np.repeat(np.arange(len(counts)), counts))
    parts = stratified_split(digits, (0.7, 0.15, 0.15), seed)
    assert sum(len(part) for part in parts) == len(digits)
    pixels = torch.cat([part.images[:, 0, 0] for part in parts])
    assert sorted(pixels.tolist()) == sorted(digits.images[:, 0, 0].tolist())
    for part in parts:
        assert all(part.counts()[: len(counts)])


def test_stratified_split_lets_a_class_be_absent():
    parts = stratified_split(make([3] * 5 + [8] * 5), (0.7, 0.15, 0.15))
    assert [part.counts()[3] for part in parts] == [3, 1, 1]


def test_mixed_files_lose_their_last_sixth_to_validation():
    train, validation = split_off_validation(make(np.arange(120) % 10))
    assert train.images[:, 0, 0].tolist() == list(range(100))
    assert validation.images[:, 0, 0].tolist() == list(range(100, 120))


def test_sorted_files_are_split_by_class():
    train, validation = split_off_validation(make(np.repeat(np.arange(10), 12)))
    assert train.counts() == [10] * 10
    assert validation.counts() == [2] * 10


def test_sample_per_class_needs_a_positive_number(digits):
    assert digits.sample_per_class(2, seed=0).counts() == [2] * 10
    with pytest.raises(DataError, match="at least one"):
        digits.sample_per_class(0, seed=0)
