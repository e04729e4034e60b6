"""Generators as a user meets them: the digits they mint, and what they refuse."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from inkmint import Generator
from inkmint.data.digits import Splits
from inkmint.errors import DataError, ModelError, SettingsError
from inkmint.models import BATCH_IMAGES
from inkmint.training import session
from inkmint.training.recipe import Recipe
from inkmint.training.runs import Run


@pytest.fixture(scope="module")
def runs(
    short: Callable[..., Recipe], few: Splits, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Run]:
    """One conditional and one unconditional generator, hardly trained."""
    return {
        name: session.train(short(name), few, tmp_path_factory.mktemp("runs"), threads=1)
        for name in ("acgan-sa-quick", "raza2021/gan-quick")
    }


@pytest.fixture(scope="module")
def conditional(runs: dict[str, Run]) -> Generator:
    return Generator.from_pretrained(runs["acgan-sa-quick"].path)


@pytest.fixture(scope="module")
def unconditional(runs: dict[str, Run]) -> Generator:
    return Generator.from_pretrained(str(runs["raza2021/gan-quick"].path))


@pytest.fixture(params=["conditional", "unconditional"])
def generator(request: pytest.FixtureRequest) -> Generator:
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("n", [1, 7, BATCH_IMAGES, BATCH_IMAGES + 1])
def test_digits_are_28x28_bytes(generator: Generator, n: int) -> None:
    images = generator.sample(n, seed=0)
    assert images.shape == (n, 28, 28)
    assert images.dtype == np.uint8
    assert images.max() > images.min()


def test_the_same_seed_mints_the_same_digits_and_none_mints_new_ones(generator: Generator) -> None:
    assert np.array_equal(generator.sample(12, seed=4), generator.sample(12, seed=4))
    assert not np.array_equal(generator.sample(12, seed=4), generator.sample(12, seed=5))
    assert not np.array_equal(generator.sample(12), generator.sample(12))


def test_any_whole_number_is_a_seed(generator: Generator) -> None:
    for seed in (0, -1, 2**63 - 1, 2**64, 10**30):
        assert np.array_equal(generator.sample(2, seed=seed), generator.sample(2, seed=seed))


def test_minting_leaves_the_users_random_numbers_alone(generator: Generator) -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    generator.sample(5)
    generator.sample(5, seed=1)
    assert torch.equal(torch.rand(2), expected)


def test_without_a_wish_classes_take_turns(conditional: Generator) -> None:
    wished = conditional.sample(12, labels=[*range(10), 0, 1], seed=1)
    assert np.array_equal(conditional.sample(12, seed=1), wished)


def test_one_digit_is_the_same_label_for_all(conditional: Generator) -> None:
    sevens = conditional.sample(6, digit=7, seed=1)
    assert np.array_equal(sevens, conditional.sample(6, labels=np.full(6, 7), seed=1))
    assert not np.array_equal(sevens, conditional.sample(6, digit=3, seed=1))


def test_minted_sets_carry_the_labels_asked_for(conditional: Generator) -> None:
    minted = conditional.mint(12, seed=1)
    assert minted.labels.tolist() == [*range(10), 0, 1]
    assert np.array_equal(minted.images.numpy(), conditional.sample(12, seed=1))
    assert conditional.mint(5, digit=7, seed=1).labels.tolist() == [7] * 5
    assert "acgan-sa" in minted.name


@pytest.mark.parametrize("wish", [{"digit": 3}, {"labels": [1, 2]}])
def test_a_generator_that_knows_no_classes_refuses_wishes(
    wish: dict[str, Any], unconditional: Generator
) -> None:
    assert not unconditional.conditional
    with pytest.raises(SettingsError, match="does not know classes"):
        unconditional.sample(2, **wish)


@pytest.mark.parametrize(
    ("n", "wish", "error", "message"),
    [
        (0, {}, SettingsError, "ask for 1 or more"),
        (-3, {}, SettingsError, "ask for 1 or more"),
        (2, {"digit": 1, "labels": [1, 1]}, SettingsError, "one of them"),
        (2, {"digit": 10}, DataError, "label 10, outside 0..9"),
        (2, {"digit": -1}, DataError, "label -1"),
        (2, {"labels": [1, 2, 3]}, DataError, "3 labels for 2 digits"),
        (2, {"labels": [[1], [2]]}, DataError, "shape"),
        (2, {"labels": [0.5, 1]}, DataError, "whole numbers"),
        (2, {"labels": ["one", "two"]}, DataError, "whole numbers"),
    ],
)
def test_wishes_that_do_not_fit_are_refused(
    n: int, wish: dict[str, Any], error: type[Exception], message: str, conditional: Generator
) -> None:
    with pytest.raises(error, match=message):
        conditional.sample(n, **wish)


def test_a_saved_generator_mints_the_same_when_it_is_loaded(generator: Generator, tmp_path: Path) -> None:
    generator.save_pretrained(tmp_path / "mine")
    loaded = Generator.from_pretrained(tmp_path / "mine")
    assert np.array_equal(loaded.sample(12, seed=1), generator.sample(12, seed=1))
    assert (loaded.name, loaded.weights_sha256) == (generator.name, generator.weights_sha256)
    assert loaded.config == generator.config


def test_a_run_and_its_model_are_the_same_generator(runs: dict[str, Run], conditional: Generator) -> None:
    by_model = Generator.from_pretrained(runs["acgan-sa-quick"].model_path)
    assert by_model.weights_sha256 == conditional.weights_sha256
    assert by_model.config.recipe == "hu2024/acgan-sa-quick"


def test_what_is_no_generator_is_refused(short: Callable[..., Recipe], few: Splits, tmp_path: Path) -> None:
    run = session.train(short("lenet-quick", epochs=1), few, tmp_path)
    with pytest.raises(ModelError, match="is a recogniser, not a generator"):
        Generator.from_pretrained(run.path)
    for path in (tmp_path, tmp_path / "absent", "no-such-name"):
        with pytest.raises(ModelError):
            Generator.from_pretrained(path)
