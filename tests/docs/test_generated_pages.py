"""scripts/docs.py: the pages that it writes, and its check."""

import json
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from inkmint.recipes import RECIPES
from inkmint.zoo import ZOO, find

SCRIPTS = Path(__file__).parents[2] / "scripts"
GENERATOR, RECOGNISER, BLIND = "hu2024/acgan-sa-quick", "hao2020/lenet-quick", "raza2021/gan-quick"


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The two scripts as modules, found as `python scripts/docs.py` finds them."""
    monkeypatch.syspath_prepend(SCRIPTS)
    yield import_module("docs"), import_module("train_zoo")
    for name in ("docs", "api_page", "train_zoo", "stacked_mnist", "evidence", "damage"):
        sys.modules.pop(name)


@pytest.fixture
def results(scripts: Any) -> dict[str, Any]:
    """As `scripts/train_zoo.py` writes them, of three recipes."""
    _, train_zoo = scripts
    common = {"seed": 0, "machine": "A machine, 2 threads, torch 2"}
    digits = {"frechet": 1.784, "frechet_floor": 0.5, "judge": "0123456789abcdef"}
    even = {"agreement": 0.9969, "agreement_ceiling": 0.9941, "histogram": [1000] * 10}
    uneven = {"agreement": None, "agreement_ceiling": None, "histogram": [3000, *[800] * 8, 600]}
    results = {
        GENERATOR: common | digits | even | {"seconds": 138.2},
        BLIND: common | digits | uneven | {"seconds": 80.6},
        RECOGNISER: common | {"accuracy": 0.99, "accuracy_interval": [0.9878, 0.9918], "seconds": 61.0},
    }
    for name, result in results.items():
        result |= {"epochs": RECIPES[name].epochs, "protocol": train_zoo.protocol(RECIPES[name])}
    return dict(json.loads(json.dumps(results)))


def row_of(page: str, name: str) -> list[str]:
    (line,) = [line for line in page.splitlines() if line.startswith(f"| `{name}` |")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_zoo_page_shows_what_was_measured(scripts: Any, results: dict[str, Any]) -> None:
    page = scripts[0].zoo_page(results)
    ten = "10 10 10 10 10 10 10 10 10 10"
    assert row_of(page, GENERATOR)[1:] == ["138", "99.69%", "99.41%", "1.78", "0.50", ten, "none"]
    assert row_of(page, BLIND)[1:4] == ["81", "", ""]
    assert row_of(page, BLIND)[6:] == ["30 8 8 8 8 8 8 8 8 6", "none"]
    assert row_of(page, RECOGNISER)[1:] == ["99.00%", "98.78% to 99.18%", "61"]
    assert "on A machine, 2 threads, torch 2." in page
    assert "(weights 0123456789ab)" in page


def test_results_of_different_judges_do_not_share_a_page(scripts: Any, results: dict[str, Any]) -> None:
    results[BLIND]["judge"] = "fedcba9876543210"
    with pytest.raises(SystemExit, match="different judges; measure again"):
        scripts[0].zoo_page(results)


def test_nearly_forgotten_classes_are_named(scripts: Any, results: dict[str, Any]) -> None:
    results[BLIND]["histogram"] = [499, 3501, 500, 499, 501, 1000, 1000, 1000, 500, 1000]
    assert row_of(scripts[0].zoo_page(results), BLIND)[-1] == "0, 3"


def test_every_trained_generator_has_its_sheet(scripts: Any, results: dict[str, Any]) -> None:
    page = scripts[0].zoo_page(results)
    assert re.findall(r"!\[.*\]\(zoo/(.*)\)", page) == ["raza2021-gan-quick.png", "hu2024-acgan-sa-quick.png"]


def test_what_has_no_result_is_not_trained_yet(scripts: Any, results: dict[str, Any]) -> None:
    docs, train_zoo = scripts
    due = [recipe.name for recipe in RECIPES.values() if train_zoo.fits_a_laptop(recipe)]
    for page, untrained in ((docs.zoo_page({}), set(due)), (docs.zoo_page(results), set(due) - set(results))):
        assert {name for name in due if row_of(page, name)[1] == "not trained yet"} == untrained


def test_a_result_of_a_recipe_that_changed_since_is_none(scripts: Any, results: dict[str, Any]) -> None:
    docs, train_zoo = scripts
    assert not train_zoo.is_due(RECIPES[GENERATOR], results)
    results[GENERATOR]["protocol"]["epochs"] += 1
    assert train_zoo.is_due(RECIPES[GENERATOR], results)
    assert row_of(docs.zoo_page(results), GENERATOR)[1] == "not trained yet"


def test_the_recipes_page_has_every_recipe_and_every_option(scripts: Any) -> None:
    page = scripts[0].recipes_page()
    every_gan, *groups = page.split("\n### ")[1:]
    for name, recipe in RECIPES.items():
        cells = row_of(page, name)
        assert cells[1:3] == [f"`{recipe.model}`", name.split("/")[0]]
        assert ("yes" in cells) == find(recipe.model).conditional
    assert row_of(page, "rzayev2021/dcgan")[6] == "7,310,000 = 7,000,000 + 310,000"
    assert row_of(page, "classic/knn")[5:8] == ["fitted", "", ""]
    for model, spec in ZOO.items():
        own = "".join(group for group in groups if f"`{model}`" in group.splitlines()[0])
        tables = own + every_gan if "loss" in spec.options else own
        assert all(f"| `{option}` |" in tables for option in spec.options), model


def test_the_check_names_every_page_that_is_out_of_date(
    scripts: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    docs, _ = scripts
    monkeypatch.setattr(docs, "DOCS", tmp_path)
    monkeypatch.setattr(sys, "argv", ["docs.py"])
    assert docs.main() == 0
    monkeypatch.setattr(sys, "argv", ["docs.py", "--check"])
    assert docs.main() == 0
    pages = sorted(path.name for path in tmp_path.iterdir())
    assert pages == [
        "api.md",
        "commands.md",
        "evidence.md",
        "few-labels.md",
        "recipes.md",
        "stacked-mnist.md",
        "zoo.md",
    ]
    for name in pages:
        with (tmp_path / name).open("a") as page:
            page.write("by hand\n")
    capsys.readouterr()
    assert docs.main() == 1
    assert sorted(capsys.readouterr().out.splitlines()) == [
        f"docs/{name} is out of date; run make docs." for name in pages
    ]
