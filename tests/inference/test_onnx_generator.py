"""Minting on onnxruntime: what goes in, what comes out, what is refused."""

from typing import Any

import numpy as np
import pytest

from inkmint.errors import DataError, ModelError, SettingsError
from inkmint.inference.generator import BATCH_IMAGES, OnnxGenerator
from inkmint.models import Generator


@pytest.fixture(scope="module")
def house() -> OnnxGenerator:
    return OnnxGenerator.from_pretrained("house", threads=1)


def nearly_all_equal(images: Any, others: Any) -> bool:
    return bool((np.abs(images.astype(int) - others) > 1).mean() <= 1e-3)


def test_a_seed_mints_the_digits_that_it_mints_with_torch(house: OnnxGenerator) -> None:
    labels = np.arange(60) % 10
    expected = Generator.from_pretrained("house").sample(60, labels=labels, seed=5)
    assert nearly_all_equal(house.sample(labels, seed=5), expected)
    assert not nearly_all_equal(house.sample(labels, seed=6), expected)
    assert house.conditional and house.class_names == tuple("0123456789") and house.latent_size == 32


def test_each_of_several_seeds_mints_its_own_digit(house: OnnxGenerator) -> None:
    labels, seeds = [3, 1, 4], [15, 92, 2**40 + 6]
    images = house.sample_each(labels, seeds)
    assert nearly_all_equal(images, Generator.from_pretrained("house").sample_each(labels, seeds))
    for image, label, seed in zip(images, labels, seeds, strict=True):
        assert nearly_all_equal(image, house.sample([label], seed=seed)[0])


def test_without_a_seed_the_digits_are_new(house: OnnxGenerator) -> None:
    assert not nearly_all_equal(house.sample([7]), house.sample([7]))


def test_latents_say_what_is_drawn(house: OnnxGenerator) -> None:
    latents = house.latents(3, seed=9)
    assert np.array_equal(house.sample([1, 2, 3], z=latents), house.sample([1, 2, 3], seed=9))
    swapped = house.sample([2, 1, 3], z=latents[[1, 0, 2]])
    assert nearly_all_equal(swapped[[1, 0, 2]], house.sample([1, 2, 3], z=latents))


def test_more_images_than_a_batch_are_drawn_alike(house: OnnxGenerator) -> None:
    labels, latents = np.arange(BATCH_IMAGES + 3) % 10, house.latents(BATCH_IMAGES + 3, seed=2)
    assert nearly_all_equal(house.sample(labels, z=latents)[-3:], house.sample(labels[-3:], z=latents[-3:]))


@pytest.mark.parametrize(
    ("labels", "given", "error", "message"),
    [
        ([], {}, SettingsError, "No digits were asked for"),
        ([10], {}, DataError, "label 10, outside 0..9"),
        ([0.5], {}, DataError, "not whole numbers"),
        ([1], {"seed": 1, "z": np.zeros((1, 32))}, SettingsError, "Both a seed and latents"),
        ([1], {"z": np.zeros((2, 32))}, DataError, "give 1 rows of 32 finite numbers"),
        ([1], {"z": np.full((1, 32), np.nan)}, DataError, "give 1 rows of 32 finite numbers"),
        ([1], {"z": [["a"]]}, DataError, "form no array of numbers"),
    ],
)
def test_requests_that_do_not_fit_are_refused(
    labels: Any, given: Any, error: type[Exception], message: str, house: OnnxGenerator
) -> None:
    with pytest.raises(error, match=message):
        house.sample(labels, **given)


def test_there_is_a_label_for_each_seed(house: OnnxGenerator) -> None:
    with pytest.raises(DataError, match="give 2 rows"):
        house.sample_each([1, 2], [5])


def test_a_recogniser_is_no_generator() -> None:
    with pytest.raises(ModelError, match="is a recogniser, not a generator"):
        OnnxGenerator.from_pretrained("lenet-attention")
