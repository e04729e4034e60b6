"""Generators to write with, and hands of the one that comes with inkmint."""

from collections.abc import Callable
from typing import Any

import pytest

from inkmint.data.digits import DIGIT_NAMES
from inkmint.models import Generator
from inkmint.training.weights import ModelConfig
from inkmint.writing.hand import Hand
from inkmint.zoo import find


@pytest.fixture(scope="session")
def house() -> Generator:
    return Generator.from_pretrained("house")


@pytest.fixture(scope="session")
def hands(house: Generator) -> list[Hand]:
    return [Hand.draw(house, seed) for seed in range(8)]


@pytest.fixture(scope="session")
def untrained() -> Callable[..., Generator]:
    """A generator of a row of the zoo with the weights it begins with."""

    def make(model: str, *, options: dict[str, Any] | None = None, **fields: Any) -> Generator:
        settled = find(model).settle(options or {})
        config = ModelConfig(
            **{
                "kind": "generator",
                "model": model,
                "options": settled,
                "class_names": DIGIT_NAMES,
                "recipe": "none",
                "data": "none",
                "seed": 0,
                **fields,
            }
        )
        return Generator(config.build().eval(), config)

    return make
