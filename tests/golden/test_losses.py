"""The first 20 losses of every recipe: a refactor must leave them as they are.

They are recorded per platform in losses.json. Where this platform is recorded they must be equal to the
last bit; elsewhere the first five must be close. After a change that is meant to change them:
`pytest tests/golden --update-golden`.
"""

import json
import platform
from pathlib import Path

import pytest
import torch

from inkmint.data.digits import Splits
from inkmint.errors import Interrupted
from inkmint.files import write_text
from inkmint.recipes import RECIPES
from inkmint.runtime import environment
from inkmint.training.build import build_task
from inkmint.training.engine import Engine, Event, Logged, initialise

PATH = Path(__file__).with_name("losses.json")
NUM_STEPS = 20
NUM_CLOSE = 5

Losses = dict[str, list[float]]


def platform_key() -> str:
    """What decides the bits: the instruction set, the processor for its kernels, and torch."""
    capability = torch.backends.cpu.get_cpu_capability()
    release = torch.__version__.split("+")[0]
    return f"{platform.machine()}-{capability}-torch{release} {environment()['processor']}"


def first_losses(name: str, starter: Splits) -> Losses:
    recipe = RECIPES[name]
    initialise(0)
    task = build_task(recipe, starter.validation)
    losses: Losses = {}

    def note(event: Event) -> None:
        if isinstance(event, Logged):
            for loss, value in event.losses.items():
                losses.setdefault(loss, []).append(value)
            event.engine.stop_requested = event.engine.step == NUM_STEPS

    engine = Engine(
        recipe,
        task,
        starter.train,
        seed=0,
        device=torch.device("cpu"),
        observers=[note],
        log_every_steps=1,
    )
    with pytest.raises(Interrupted):
        engine.train()
    return losses


def recorded() -> dict[str, dict[str, Losses]]:
    return json.loads(PATH.read_text(encoding="utf-8")) if PATH.exists() else {}


WIDE = {"hao2020/alexnet", "hao2020/vgg16", "hao2020/resnet"}  # whose quick variants are the same, but narrow


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in WIDE else ()) for name in RECIPES]
)
def test_the_first_losses_are_the_recorded_ones(
    name: str, starter: Splits, request: pytest.FixtureRequest
) -> None:
    losses, records, key = first_losses(name, starter), recorded(), platform_key()
    assert all(len(values) == NUM_STEPS for values in losses.values())
    if request.config.getoption("--update-golden"):
        records.setdefault(key, {})[name] = losses
        write_text(PATH, json.dumps(records, indent=1, sort_keys=True) + "\n")
        pytest.skip(f"recorded for {key}")
    if name in records.get(key, {}):
        assert losses == records[key][name]
        return
    elsewhere = [record[name] for record in records.values() if name in record]
    assert elsewhere, f"the recipe {name} has no recorded losses; run pytest tests/golden --update-golden"
    for record in elsewhere:
        assert losses.keys() == record.keys()
        for loss, values in losses.items():
            assert values[:NUM_CLOSE] == pytest.approx(record[loss][:NUM_CLOSE], rel=1e-2), loss


def test_every_recorded_recipe_still_exists() -> None:
    for key, record in recorded().items():
        assert record.keys() <= RECIPES.keys(), key
