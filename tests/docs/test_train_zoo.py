"""scripts/train_zoo.py: what it trains, measures and keeps."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inkmint.data.digits import Splits
from inkmint.evaluation.judge import JUDGE, SECOND_JUDGE, NamedJudge
from inkmint.models import recogniser
from inkmint.recipes import find_recipe
from inkmint.training.recipe import Recipe

SCRIPTS = Path(__file__).parents[2] / "scripts"
SA, BLIND, READER = "hu2024/acgan-sa-quick", "raza2021/gan-quick", "hao2020/lenet-quick"


@pytest.fixture
def script(
    monkeypatch: pytest.MonkeyPatch, few: Splits, short: Callable[..., Recipe], tmp_path: Path
) -> Iterator[Any]:
    """The script, with three recipes of a few steps on few digits, and two judges that never read alike."""
    monkeypatch.syspath_prepend(SCRIPTS)
    script = import_module("train_zoo")
    recipes = {name: short(name, epochs=1) for name in (SA, BLIND, READER)}
    reader = recogniser.Recogniser.from_pretrained("lenet-attention")
    second = recogniser.Recogniser("hao2020/lenet-quick", epochs=1).fit(
        few.train.images.numpy(), few.train.labels.numpy()
    )
    second.save_pretrained(tmp_path / "second")
    judges = {JUDGE: NamedJudge(reader, JUDGE), SECOND_JUDGE: NamedJudge(second, SECOND_JUDGE)}
    learner = short("lenet-quick", epochs=1)
    monkeypatch.setattr(recogniser, "FEWEST_STEPS", 4)
    monkeypatch.setenv("INKMINT_CACHE", str(tmp_path / "cache"))
    for name, value in {
        "FOLDER": tmp_path / "docs",
        "RESULTS": tmp_path / "docs" / "results.json",
        "RECIPES": recipes,
        "NUM_MINTED": 100,
        "CEILING_SEEDS": 2,
        "LEARNER": learner,
        "find_recipe": recipes.__getitem__,
        "load_splits": lambda _: replace(few, source="mnist"),
        "load_judge": judges.__getitem__,
    }.items():
        monkeypatch.setattr(script, name, value)
    for name in ("train_on_synthetic", "accuracies_on_real"):
        taught = getattr(script, name)
        monkeypatch.setattr(
            script, name, lambda *args, taught=taught, **options: taught(*args, learner=learner, **options)
        )
    yield script
    sys.modules.pop("train_zoo")


@pytest.fixture
def trained(script: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the recipes that were trained, in order."""
    train, names = script.train, []

    def noted(recipe: Recipe, *arguments: Any, **options: Any) -> Any:
        names.append(recipe.name)
        return train(recipe, *arguments, threads=1, **options)

    monkeypatch.setattr(script, "train", noted)
    return names


def run(script: Any, tmp_path: Path, *arguments: str) -> dict[str, Any]:
    script.main([*arguments, "--runs", str(tmp_path / "zoo")], standalone_mode=False)
    return dict(script.read_results())


def test_everything_is_trained_and_measured_once(
    script: Any, trained: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], few: Splits
) -> None:
    results = run(script, tmp_path)
    assert trained == [SA, BLIND, READER]
    sa, blind = results[SA], results[BLIND]
    assert set(sa["figures"]) == {JUDGE, SECOND_JUDGE}
    assert sa["frechet"] == sa["figures"][JUDGE]["frechet"]["value"]
    assert sa["figures"][JUDGE]["frechet"]["name"] == f"frechet_{JUDGE}_100"
    wanted = {"label_agreement", "recognisable", "precision", "recall", "density", "coverage", "diversity"}
    assert wanted | {"kid_digits", "digit_inception_score", "frechet"} <= set(sa["figures"][SECOND_JUDGE])
    assert sa["figures"][JUDGE][script.BY_BOTH]["value"] <= sa["figures"][JUDGE]["recognisable"]["value"]
    assert "label_agreement" not in blind["figures"][JUDGE]
    assert blind["agreement"] is None
    assert sum(blind["histogram"]) == 100
    assert (sa["tstr"]["num_train"], sa["tstr"]["seeds"]) == (200, [0])
    assert "tstr" not in blind
    assert 0 <= results[READER]["accuracy"] <= 1
    ceiling = results[script.CEILING]
    assert ceiling["mean"] == pytest.approx(np.mean(ceiling["accuracies"]))
    assert ceiling["spread"] == pytest.approx(np.std(ceiling["accuracies"], ddof=1))
    assert sa["tstr"]["real"] == ceiling["accuracies"][:1], "the same learner of real digits"
    assert {path.name for path in script.FOLDER.glob("*.png")} == {
        "hu2024-acgan-sa-quick.png",
        "raza2021-gan-quick.png",
    }
    text = script.RESULTS.read_text()
    capsys.readouterr()
    assert run(script, tmp_path) == results
    assert script.RESULTS.read_text() == text
    assert len(trained) == 3
    assert SA not in capsys.readouterr().out, "nothing is measured twice"


def test_measuring_alone_trains_nothing_and_leaves_the_rest(
    script: Any, trained: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script.write_json(script.RESULTS, {BLIND: {"frechet": 75.0}})
    results = run(script, tmp_path, "--measure-only", SA, BLIND)
    assert trained == []
    assert results[BLIND] == {"frechet": 75.0}
    assert f"{SA}: no finished run" in capsys.readouterr().out


def test_an_unchanged_recipe_keeps_its_seconds(script: Any, trained: list[str], tmp_path: Path) -> None:
    old = {"seconds": 12.5, "machine": "A quiet machine", "protocol": script.protocol(script.RECIPES[BLIND])}
    script.write_json(script.RESULTS, {BLIND: old})
    results = run(script, tmp_path, BLIND)
    assert (results[BLIND]["seconds"], results[BLIND]["machine"]) == (12.5, "A quiet machine")
    assert "figures" in results[BLIND]
    changed = json.loads(json.dumps(results))
    changed[BLIND]["protocol"]["epochs"] += 1
    script.write_json(script.RESULTS, changed)
    results = run(script, tmp_path, "--measure-only", BLIND)
    assert trained == [BLIND]
    assert results[BLIND]["seconds"] != 12.5
    assert ", torch " in results[BLIND]["machine"]


def test_another_judge_or_more_seeds_are_measured_again(
    script: Any, trained: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = run(script, tmp_path, SA)
    results = run(script, tmp_path, "--seeds", "2", SA)
    assert results[SA]["tstr"]["seeds"] == [0, 1]
    assert "tstr_gap" in results[SA]["tstr"]["figures"]
    assert {**results[SA], "tstr": before[SA]["tstr"]} == before[SA]
    load = script.load_judge
    monkeypatch.setattr(script, "load_judge", lambda name: replace(load(SECOND_JUDGE), name=name))
    monkeypatch.setattr(script, "recognisable", lambda *_, **__: script_figure(script, results))
    again = run(script, tmp_path, SA)
    assert again[SA]["judge"] != results[SA]["judge"]
    assert again[SA]["tstr"] == results[SA]["tstr"], "what digits teach is no judge's"
    assert trained == [SA]


def script_figure(script: Any, results: dict[str, Any]) -> Any:
    """Any figure, for one network cannot be both judges."""
    known = results[SA]["figures"][JUDGE][script.BY_BOTH]
    return script.Figure.model_validate({**known, "protocol": ""})


def test_unfinished_runs_and_other_protocols_do_not_count(
    script: Any, few: Splits, tmp_path: Path, trained: list[str]
) -> None:
    run(script, tmp_path, BLIND)
    recipe = script.RECIPES[BLIND]
    found = script.finished_run(tmp_path / "zoo", recipe, few)
    assert found is not None
    assert script.finished_run(tmp_path / "zoo", find_recipe(BLIND), few) is None
    other = Splits(few.validation, few.validation, few.test, "mnist")
    assert script.finished_run(tmp_path / "zoo", recipe, other) is None
    found.write_status("interrupted")
    assert script.finished_run(tmp_path / "zoo", recipe, few) is None
    (found.path / "config.json").write_text("{")
    assert script.finished_run(tmp_path / "zoo", recipe, few) is None
