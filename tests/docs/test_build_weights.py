"""scripts/build_weights.py: a pinned judge stays as it is, and a new one comes with its card and its hash."""

import json
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from inkmint.data.digits import Splits
from inkmint.files import sha256_file
from inkmint.recipes import RECIPES
from inkmint.training import session
from inkmint.training.recipe import Recipe

SCRIPTS = Path(__file__).parents[2] / "scripts"
NAME = "judge-v1"


@pytest.fixture
def script(
    monkeypatch: pytest.MonkeyPatch, few: Splits, short: Callable[..., Recipe], tmp_path: Path
) -> Iterator[Any]:
    """The script with a judge of a few steps and few digits for MNIST; it writes into `weights`."""
    monkeypatch.syspath_prepend(SCRIPTS)
    module = import_module("build_weights")
    tiny = short("lenet-quick").derive(name="inkmint/judge")
    monkeypatch.setattr("inkmint.recipes.RECIPES", {**RECIPES, "inkmint/judge": tiny})
    monkeypatch.setattr(module, "PINS", dict.fromkeys(module.PINS, ""))
    monkeypatch.setattr(module, "WEIGHTS", tmp_path / "weights")
    monkeypatch.setattr(module, "load_splits", lambda _: Splits(few.train, few.validation, few.test, "mnist"))
    yield module
    for name in ("build_weights", "card_measures", "card_page", "cards"):
        sys.modules.pop(name)


def build(script: Any, *arguments: object) -> Result:
    return CliRunner().invoke(script.main, list(map(str, arguments)))


def test_a_judge_comes_with_its_card_and_the_hash_to_pin(script: Any, tmp_path: Path) -> None:
    result = build(script, NAME)
    assert result.exit_code == 0, result.output
    folder = tmp_path / "weights" / NAME
    sha256 = sha256_file(folder / "model.safetensors")
    assert f"PINS['{NAME}'] = \"{sha256}\"" in result.output
    assert json.loads((folder / "config.json").read_text())["recipe"] == "inkmint/judge"
    card = (folder / "README.md").read_text(encoding="utf-8")
    for expected in (
        f"# {NAME}",
        sha256,
        "200 training images alone",
        f"validation_accuracy_{NAME}_100",
        f"test_accuracy_{NAME}_100",
        "stands for these weights for good",
        "CC BY-SA",
    ):
        assert expected in card


def test_a_finished_run_of_the_recipe_takes_the_place_of_training(
    script: Any, few: Splits, short: Callable[..., Recipe], tmp_path: Path
) -> None:
    tiny = short("lenet-quick").derive(name="experiment")
    own, other = (
        session.train(recipe, few, tmp_path / "runs", threads=1) for recipe in (tiny, tiny.derive(epochs=1))
    )
    result = build(script, NAME, "--run", own.path)
    assert result.exit_code == 0, result.output
    folder = tmp_path / "weights" / NAME
    assert sha256_file(folder / "model.safetensors") == sha256_file(own.model_path / "model.safetensors")
    assert json.loads((folder / "config.json").read_text())["recipe"] == "inkmint/judge"
    assert "epochs differ" in build(script, NAME, "--run", other.path).output
    assert "name it alone" in build(script, NAME, "second-judge-v1", "--run", own.path).output


def test_a_pinned_judge_is_left_alone_unless_forced(
    script: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(script.PINS, NAME, "ab" * 32)
    result = build(script, NAME)
    assert result.exit_code != 0
    assert "is pinned; give a new judge a new name" in result.output
    assert not (tmp_path / "weights").exists()
    assert build(script, NAME, "--force").exit_code == 0
    assert (tmp_path / "weights" / NAME).exists()
