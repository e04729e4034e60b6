"""What all tests share: digits, small recipes, and a guard that keeps them off the network and the user's cache."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, settings

from inkmint.data.digits import DigitSet, Splits
from inkmint.data.npz import write_npz
from inkmint.data.sources import load_starter
from inkmint.recipes import find_recipe
from inkmint.runtime import set_threads
from inkmint.training.recipe import Optimiser, Recipe, parse
from inkmint.zoo import ZOO

# A loaded machine is no reason to fail.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="Record this machine's losses in tests/golden/losses.json.",
    )


@pytest.fixture(autouse=True)
def offline(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Neither the network nor the user's files; slow tests may use both."""
    monkeypatch.delenv("INKMINT_DATA", raising=False)
    if request.node.get_closest_marker("slow") is None:
        monkeypatch.setenv("INKMINT_OFFLINE", "1")
        monkeypatch.setenv("INKMINT_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Comparisons to the last bit need a fixed number of threads."""
    set_threads(1)


@pytest.fixture(scope="session")
def starter() -> Splits:
    return load_starter()


@pytest.fixture(scope="session")
def few(starter: Splits) -> Splits:
    """200, 100 and 100 digits, every class equally often."""

    def part(digits: DigitSet, num_images: int) -> DigitSet:
        balanced = digits.sample_per_class(num_images, seed=0)
        mixed = torch.randperm(len(balanced), generator=torch.Generator().manual_seed(0))
        return balanced.subset(mixed, digits.name)

    return Splits(part(starter.train, 20), part(starter.validation, 10), part(starter.test, 10), "few")


@pytest.fixture(scope="session")
def few_path(few: Splits, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The 200 training digits as a file for the command line, which splits them 70/15/15."""
    path = tmp_path_factory.mktemp("data") / "few.npz"
    write_npz(few.train, path)
    return path


@pytest.fixture(scope="session")
def short() -> Callable[..., Recipe]:
    """Derive a recipe of a few steps on `few`: 2 epochs of 5 batches of 40, unless told otherwise."""

    def derive(name: str, **changes: Any) -> Recipe:
        return find_recipe(name).derive(**{"epochs": 2, "batch_size": 40, **changes})

    return derive


@pytest.fixture(scope="session")
def recipe_of() -> Callable[..., Recipe]:
    """A plain recipe for any row of the zoo, so that a new row is tested without a recipe of its own."""

    def make(model: str, **options: Any) -> Recipe:
        optimisers = {role: Optimiser(learning_rate=1e-3) for role in ZOO[model].trained}
        plain = {"name": model, "model": model, "epochs": 1, "batch_size": 20, "optimisers": optimisers}
        return parse(plain | {"options": options})

    return make
