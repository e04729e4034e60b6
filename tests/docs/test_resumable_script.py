"""scripts/resumable.py: a run is trained once, gone on with after a stop, and then taken as it lies there."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch

from inkmint.data.digits import Splits
from inkmint.errors import Interrupted, SettingsError
from inkmint.recipes import find_recipe
from inkmint.training.engine import Engine, EpochEnded, Event
from inkmint.training.runs import Run
from inkmint.training.weights import load_model

SCRIPTS = Path(__file__).parents[2] / "scripts"
RECIPE = find_recipe("hao2020/lenet-quick").derive(epochs=2, batch_size=50)


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(SCRIPTS)
    return import_module("resumable")


def weights(run: Run) -> dict[str, torch.Tensor]:
    return load_model(run.model_path)[0].state_dict()


def test_a_stopped_run_goes_on_to_the_same_weights_and_is_then_left_alone(
    script: Any, few: Splits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = script.finished(RECIPE, few, tmp_path / "whole", seed=3)

    def stops_after_an_epoch(event: Event) -> None:
        event.engine.stop_requested = isinstance(event, EpochEnded)

    with monkeypatch.context() as stopped, pytest.raises(Interrupted):
        stopped.setattr(script, "Display", lambda *_: stops_after_an_epoch)
        script.finished(RECIPE, few, tmp_path / "parts", seed=3)
    parts = script.finished(RECIPE, few, tmp_path / "parts", seed=3)
    assert all(torch.equal(value, weights(parts)[name]) for name, value in weights(whole).items())
    monkeypatch.setattr(Engine, "train", lambda _: pytest.fail("trained again"))
    assert script.finished(RECIPE, few, tmp_path / "parts", seed=3).path == parts.path


def test_another_recipe_does_not_go_on_with_it(script: Any, few: Splits, tmp_path: Path) -> None:
    script.finished(RECIPE, few, tmp_path / "run", seed=3)
    with pytest.raises(SettingsError, match="epochs"):
        script.finished(RECIPE.derive(epochs=3), few, tmp_path / "run", seed=3)
