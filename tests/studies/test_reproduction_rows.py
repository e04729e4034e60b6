"""The rows of the five documents: complete, consistent, trainable at every budget, and within its time."""

import json
from pathlib import Path

import pytest

from inkmint.cli import reproduce as command
from inkmint.errors import SettingsError
from inkmint.recipes import RECIPES
from inkmint.studies.reproduction.costs import FITTED_SEC, RATES, seconds_of_training, work_of
from inkmint.studies.reproduction.documents import hao2020
from inkmint.studies.reproduction.kinds.curves import Training
from inkmint.studies.reproduction.kinds.drawing import Drawing
from inkmint.studies.reproduction.papers import PAPERS, find_items, make_plan
from inkmint.studies.reproduction.plan import Plan
from inkmint.studies.reproduction.rows import BUDGETS, Budget, Paper
from inkmint.zoo import find

RESULTS = Path(__file__).parents[2] / "docs" / "zoo" / "results.json"
PRINTED = {
    "hao2020": {*(f"fig{n}" for n in range(1, 5)), *(f"table{n}" for n in range(1, 5))},
    "qin2021": {f"fig{n}" for n in range(1, 13)},
    "raza2021": {"architecture", "networks", "output", "count", "losses"},
    "rzayev2021": {f"fig{n}" for n in range(1, 18)},
    "hu2024": {f"fig{n}" for n in range(1, 5)},
}
"""Tables and figures that the documents number, and the slides of the one without numbers."""

papers = pytest.mark.parametrize("paper", PAPERS.values(), ids=PAPERS)
budgets = pytest.mark.parametrize("budget", BUDGETS)


def test_every_table_and_figure_has_its_row() -> None:
    assert PAPERS.keys() == PRINTED.keys()
    for name, paper in PAPERS.items():
        names = [item.name for item in paper.items]
        assert len(set(names)) == len(names)
        assert {item.id.partition("/")[0] for item in paper.items} == {name}
        assert PRINTED[name] == {item.name for item in paper.items if not item.ours} - {
            "best-dcgan",
            "virtual",
            "lenet",
            "smoothing",
            "smoothing-by-epoch",
        }


@papers
@budgets
def test_every_arm_can_be_trained_and_every_claim_judged(paper: Paper, budget: Budget) -> None:
    plan = make_plan(paper.name, budget)
    assert plan.measurements
    for item in paper.items:
        arms = plan.arms(item)
        assert not item.arms or arms, item.id
        for arm in arms:
            assert plan.trainings(arm)
        table = item.kind.show(item, plan, {}).table
        assert table or not item.claims
        if table is None:
            continue
        names, columns = {row.name for row in table.rows}, {column.name for column in table.columns}
        whole = {arm.name for arm in item.arms} | names
        for claim in item.claims:
            fields = vars(claim)
            assert fields["column"] in columns, item.id
            assert fields.get("than_column") in ("", None, *columns), item.id
            assert {fields["arm"], fields.get("than", fields["arm"])} <= whole, item.id
        assert all(set(arm.says) <= columns for arm in item.arms if not isinstance(item.kind, Training))


def test_drawings_say_why_they_are_no_results() -> None:
    drawings = [item for paper in PAPERS.values() for item in paper.items if isinstance(item.kind, Drawing)]
    assert len(drawings) == 10
    assert all(item.why and not item.claims for item in drawings)


@papers
@pytest.mark.parametrize(("budget", "most_sec"), [("quick", 270), ("laptop", 45 * 60 * 0.98)])
def test_budgets_keep_their_time(paper: Paper, budget: Budget, most_sec: float) -> None:
    plan = make_plan(paper.name, budget)
    assert plan.seconds(plan.measurements.values()) < most_sec


@papers
def test_the_full_budget_is_the_papers_own_protocol(paper: Paper) -> None:
    plan = make_plan(paper.name, "full")
    for item in paper.items:
        assert plan.arms(item) == list(item.arms)
        for arm in item.arms:
            assert plan.recipe(arm) == plan.full_recipe(arm)
            assert all(training.num_images == 0 for training in plan.trainings(arm))


def test_rates_are_those_of_the_zoo() -> None:
    """What the zoo's quick recipes took, by the work of their networks."""
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    for model, (rate, batch_size) in RATES.items():
        name = next(name for name in results if name.endswith("-quick") and _model(name) == model)
        recipe = RECIPES[name]
        assert recipe.batch_size == batch_size
        measured = work_of(recipe) * 50_000 * recipe.epochs / results[name]["seconds"] / 1e9
        assert rate == pytest.approx(measured, rel=0.3), model
        expected = seconds_of_training(recipe)
        assert results[name]["seconds"] <= expected * 1.3
    for model, seconds in FITTED_SEC.items():
        name = next(name for name in results if _model(name) == model)
        assert seconds == pytest.approx(results[name]["seconds"], rel=0.3)


def _model(name: str) -> str:
    return RECIPES[name].model if name in RECIPES else ""


@papers
@budgets
def test_nobody_waits_for_most_of_a_run(paper: Paper, budget: Budget) -> None:
    """Steps that other networks have ahead of the generator are few among all, however short the run."""
    plan = make_plan(paper.name, budget)
    for training in {t.key: t for each in plan.measurements.values() for t in each.needs}.values():
        recipe = training.recipe
        settled = find(recipe.model).settle(recipe.options)
        ahead = int(settled.get("encoder_steps", 0)) + int(settled.get("pretrain_steps", 0))
        num_steps = recipe.epochs * ((training.num_images or 50_000) // recipe.batch_size)
        assert ahead < 0.25 * num_steps, training.key


def test_what_the_documents_print_is_typed_in() -> None:
    table = next(item for item in hao2020.PAPER.items if item.name == "table1")
    assert [arm.says["test"] for arm in table.arms] == [0.977, 0.987, 0.989, 0.865, 0.993]
    [item] = find_items("rzayev2021/smoothing")[1]
    assert [arm.says["score"] for arm in item.arms] == [0.976, 0.947]


def test_items_share_their_training_runs() -> None:
    plan = make_plan("hao2020", "laptop")
    items = {item.name: item for item in plan.paper.items}
    tables = [_trainings(plan, name) for name in ("table1", "table2", "table3", "table4")]
    assert len(set.intersection(*tables)) == plan.reduction(items["table4"].arms[1]).seeds
    assert _trainings(plan, "fig3") < _trainings(plan, "converged")
    assert plan.seconds(plan.measurements.values()) < sum(
        plan.seconds(list(plan.measurements_of(item))) for item in plan.items
    )


def _trainings(plan: Plan, name: str) -> set[str]:
    [item] = find_items(f"{plan.paper.name}/{name}")[1]
    return {training.key for each in plan.measurements_of(item) for training in each.needs}


def test_what_a_budget_leaves_out_is_told() -> None:
    plan = make_plan("hao2020", "laptop")
    items = {item.name: item for item in plan.paper.items}
    assert plan.reduced(items["table1"]) == [
        "LeNet, LeNet + attention: 5 of 100 epochs, 3 seeds",
        "AlexNet, VGG 16, ResNet: 5 of 100 epochs, width 0.25 in place of 1, 2 seeds",
    ]
    assert plan.reduced(items["fig2"]) == []
    assert make_plan("hao2020", "full").reduced(items["table1"]) == ["3 seeds"]
    grid = next(item for item in PAPERS["rzayev2021"].items if item.name == "fig6")
    told = make_plan("rzayev2021", "laptop").reduced(grid)
    assert told[0].startswith(
        "the recipe rzayev2021/ccgan-quick (1 epoch, Adam at 0.001, falling) in place of"
    )
    assert told[-1] == "21 of 27 are left out"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("hao2021", r"no document 'hao2021' \(did you mean 'hao2020'\?\); choose one of hao2020, qin2021"),
        ("hao2020/tabel1", r"hao2020 has no item 'tabel1' \(did you mean 'table1'\?\); it has fig1"),
    ],
)
def test_unknown_names_are_one_sentence(name: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        make_plan(name, "quick")


def test_the_command_line_has_the_same_budgets() -> None:
    assert command.BUDGETS == BUDGETS


def test_only_generators_that_follow_a_gradient_are_watched() -> None:
    plan = make_plan("rzayev2021", "quick")
    trainings = {t.key: t for each in plan.measurements.values() for t in each.needs}.values()
    for training in trainings:
        spec = find(training.recipe.model)
        assert bool(training.watched) == (spec.kind == "generator" and bool(spec.trained))
