"""docs/evidence.md: what it shows of results with and without the newer fields."""

import json
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from inkmint.evaluation.figure import FAMILIES, Figure
from inkmint.evaluation.judge import JUDGE, SECOND_JUDGE
from inkmint.recipes import RECIPES

SCRIPTS = Path(__file__).parents[2] / "scripts"
SA, BLIND = "hu2024/acgan-sa-quick", "raza2021/gan-quick"


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The modules of the page, of its figures, and of the damages."""
    monkeypatch.syspath_prepend(SCRIPTS)
    names = ("evidence", "train_zoo", "damage")
    yield tuple(map(import_module, names))
    for name in names:
        sys.modules.pop(name)


def figure(value: float, name: str, unit: str, **changes: Any) -> Figure:
    fields = {
        "reference": 0.5,
        "interval": (value - 0.25, value + 0.25),
        "num_images": 10_000,
        "better": "higher",
    }
    return Figure.model_validate(
        {"name": name, "value": value, "unit": unit, "protocol": "", **fields, **changes}
    )


@pytest.fixture
def results(scripts: Any) -> dict[str, Any]:
    """As `scripts/train_zoo.py` writes them, of a generator that knows classes and one that does not."""
    _, train_zoo, _ = scripts

    def by_judge(judge: str, frechet: float) -> dict[str, Any]:
        distance = figure(frechet, f"frechet_{judge}_10k", "distance", reference=0.25)
        return {"frechet": train_zoo.compact(distance)}

    judged = {SA: (2.0, 3.0), BLIND: (75.0, 60.0)}
    results: dict[str, Any] = {}
    for name, (first, second) in judged.items():
        figures = {JUDGE: by_judge(JUDGE, first), SECOND_JUDGE: by_judge(SECOND_JUDGE, second)}
        results[name] = {"protocol": train_zoo.protocol(RECIPES[name]), "figures": figures}
    agreement = figure(0.75, f"label_agreement_{JUDGE}_10k", "share", reference=0.996)
    results[SA]["figures"][JUDGE]["label_agreement"] = train_zoo.compact(agreement)
    tstr = figure(0.9712, "tstr_lenet-quick_50k", "share", interval=(0.9677, 0.9743), reference=0.9932)
    trts = figure(0.9987, "trts_lenet-quick_50k", "share", reference=0.9932)
    results[SA]["tstr"] = {
        "seeds": [0],
        "notes": ["Of the same images: p = 0.001."],
        "figures": {"tstr": train_zoo.compact(tstr), "trts": train_zoo.compact(trts)},
    }
    results[train_zoo.CEILING] = {
        "learner": "hao2020/lenet-quick",
        "num_train": 50_000,
        "num_test": 10_000,
        "seeds": [0, 1],
        "accuracies": [0.9932, 0.9936],
        "mean": 0.9934,
        "spread": 0.0003,
        "interval": [0.991, 0.9958],
    }
    return dict(json.loads(json.dumps(results)))


def rows_of(page: str, name: str) -> list[list[str]]:
    lines = [line for line in page.splitlines() if line.startswith(f"| `{name}` |")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_without_any_result_every_part_says_so(scripts: Any) -> None:
    evidence, train_zoo, _ = scripts
    page = evidence.evidence_page({}, None)
    for recipe in filter(train_zoo.fits_a_laptop, RECIPES.values()):
        rows = rows_of(page, recipe.name)
        assert all(row[1] == "not measured yet" for row in rows)
    assert len(rows_of(page, SA)) == 3
    assert len(rows_of(page, BLIND)) == 2, "no TSTR without labels"
    assert "python scripts/damage.py" in page


def test_results_from_before_the_figures_count_as_not_measured(scripts: Any, results: dict[str, Any]) -> None:
    evidence, _, _ = scripts
    old = {
        name: {"protocol": results[name]["protocol"], "frechet": 2.0, "seconds": 9.0} for name in (SA, BLIND)
    }
    page = evidence.evidence_page(old, None)
    assert all(row[1] == "not measured yet" for row in rows_of(page, SA) + rows_of(page, BLIND))


def test_figures_stand_below_those_of_real_digits(scripts: Any, results: dict[str, Any]) -> None:
    page = scripts[0].evidence_page(results, None)
    first = rows_of(page, SA)[0]
    assert first[1] == "75.0%<br>50.0% to 100.00%"
    assert first[5] == "2.00<br>1.75 to 2.25"
    assert rows_of(page, BLIND)[0][1] == ""
    real = next(line for line in page.splitlines() if line.startswith("| real digits |"))
    assert [cell.strip() for cell in real.strip("|").split("|")][1:] == ["99.60%", "", "", "", "0.25", ""]


def test_what_digits_teach_stands_beside_the_ceiling(scripts: Any, results: dict[str, Any]) -> None:
    page = scripts[0].evidence_page(results, None)
    row = rows_of(page, SA)[-1]
    assert row[1:] == ["97.12%", "96.77% to 97.43%", "99.32%", "-2.20", "99.87%", "99.32%", "0"]
    assert "reads 99.34% of 10,000 test images (99.10% to 99.58%" in page
    assert "99.32%, 99.36%" in page
    assert f"- `{SA}`: Of the same images: p = 0.001." in page
    gap = figure(-0.022, "tstr_gap_lenet-quick_50k", "share", interval=(-0.03, -0.01)).model_dump(mode="json")
    results[SA]["tstr"]["figures"]["tstr_gap"] = gap
    assert rows_of(scripts[0].evidence_page(results, None), SA)[-1][4] == "-2.20 (-3.00 to -1.00)"


def test_the_judges_orders_are_compared(scripts: Any, results: dict[str, Any]) -> None:
    evidence, train_zoo, _ = scripts
    assert train_zoo.ranking(results) == {"judges": [JUDGE, SECOND_JUDGE]}, "two generators are no order"
    third = "hu2024/acgan-quick"
    results[third] = json.loads(json.dumps(results[SA])) | {"protocol": train_zoo.protocol(RECIPES[third])}
    results[third]["figures"][SECOND_JUDGE]["frechet"]["value"] = 2.5
    results[third]["figures"][JUDGE]["frechet"]["value"] = 4.0
    found = train_zoo.ranking(results)
    assert found["frechet"]["spearman"] == pytest.approx(0.5)
    assert "label_agreement" not in found
    results[train_zoo.RANKING] = found
    page = evidence.evidence_page(results, None)
    assert "Fréchet: Spearman 0.500 over 3 generators." in page
    assert ["4.00", "2", "2.50", "1"] in [row[1:] for row in rows_of(page, third)]
    assert ["75.00", "3", "60.00", "3"] in [row[1:] for row in rows_of(page, BLIND)]


def test_noticed_damages_are_bold(scripts: Any) -> None:
    caught = {
        "unit": "distance",
        "reference": 0.4,
        "values": {"undamaged": 0.3, "blurred": 12.0},
        "caught": ["blurred"],
    }
    damage = {
        "judge": JUDGE,
        "judge_sha256": "0" * 64,
        "num_images": 5000,
        "damages": ["undamaged", "blurred"],
        "figures": {"frechet": caught, "precision": {**caught, "unit": "share", "caught": []}},
    }
    page = scripts[0].evidence_page({}, damage)
    assert "| figure | real | undamaged | blurred |" in page
    assert "| Fréchet | 0.40 | 0.30 | **12.00** |" in page
    assert "| Precision | 40.0% | 30.0% | 1200.00% |" in page


def test_every_figure_is_explained(scripts: Any) -> None:
    evidence, train_zoo, _ = scripts
    explained = set(evidence.MEANINGS)
    assert explained == set(FAMILIES) - {"tstr_gap", "test_accuracy"} | {train_zoo.BY_BOTH}
    assert {name for table in evidence.TABLES for name in table} == explained - {"tstr", "trts"}
