"""Runs of one recipe from several seeds as one column."""

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inkmint.errors import SettingsError
from inkmint.evaluation.comparisons import paired_difference
from inkmint.evaluation.distributions import mean_interval
from inkmint.evaluation.figure import Figure
from inkmint.evaluation.record import Evaluation
from inkmint.recipes import find_recipe
from inkmint.report.comparison import difference_in_words, render_comparison
from inkmint.studies.comparison import Comparison, PairTest, Subject, rows_of
from inkmint.studies.seeds import group_by_recipe, pooled
from inkmint.training.runs import Run, RunConfig

ACGAN, SA = "hu2024/acgan-quick", "hu2024/acgan-sa-quick"
AGREEMENT = {
    (ACGAN, 0): 0.91,
    (ACGAN, 1): 0.93,
    (ACGAN, 2): 0.95,
    (SA, 0): 0.92,
    (SA, 1): 0.95,
    (SA, 2): 0.96,
}


def figure(value: float, seed: int, name: str = "label_agreement_judge_1k", **changes: Any) -> Figure:
    fields: dict[str, Any] = {
        "interval": (value - 0.01, value + 0.01),
        "unit": "share",
        "reference": 0.99,
        "num_images": 1000,
        "seeds": (seed,),
        "better": "higher",
        "protocol": "Measured.",
        "judge_sha256": "ab",
    }
    return Figure(name=name, value=value, **(fields | changes))


@pytest.fixture
def subject_of(tmp_path: Path) -> Callable[..., Subject]:
    """A finished run of a recipe and seed, with figures that were measured of it."""

    def make(recipe: str, seed: int, *figures: Figure, data: str = "few", **changes: Any) -> Subject:
        path = tmp_path / f"{recipe.split('/')[1]}-{data}-s{seed}{''.join(map(str, changes.values()))}"
        (path / "model").mkdir(parents=True, exist_ok=True)
        (path / "model" / "config.json").write_text("{}")
        config = RunConfig(
            recipe=find_recipe(recipe).derive(**changes),
            data=data,
            data_fingerprint=data,
            class_names=tuple("0123456789"),
            seed=seed,
            device="cpu",
            threads=1,
            workers=1,
        )
        Run(path).write_config(config)
        figures = figures or (figure(AGREEMENT[recipe, seed], seed),)
        return Subject(path.name, str(path), Evaluation("digits", figures, config.class_names))

    return make


def compared(*subjects: Subject, **changes: Any) -> Comparison:
    rows = rows_of(
        [subject.name for subject in subjects], [subject.evaluation.figures for subject in subjects]
    )
    return replace(Comparison(subjects, rows, "few", 0), **changes)


@pytest.fixture
def grouped(subject_of: Callable[..., Subject]) -> Comparison:
    """Two recipes of three seeds each, given in no order."""
    order = [(SA, 2), (ACGAN, 1), (ACGAN, 0), (SA, 0), (ACGAN, 2), (SA, 1)]
    return group_by_recipe(compared(*(subject_of(*run) for run in order)))


def test_a_column_is_the_mean_over_the_seeds(grouped: Comparison) -> None:
    assert [subject.name for subject in grouped.subjects] == [
        f"{SA}, seeds 0, 1, 2",
        f"{ACGAN}, seeds 0, 1, 2",
    ]
    [row] = grouped.rows
    for recipe, column in zip((SA, ACGAN), row.figures, strict=True):
        values = np.array([AGREEMENT[recipe, seed] for seed in range(3)])
        assert column is not None
        assert column.value == pytest.approx(values.mean())
        low, high = mean_interval(values)
        assert column.interval == pytest.approx((low, min(1, high)))
        assert (column.seeds, column.name, column.reference) == ((0, 1, 2), "label_agreement_judge_1k", 0.99)


def test_recipes_with_the_same_seeds_are_paired(grouped: Comparison) -> None:
    [test] = grouped.paired
    ours, others = ([AGREEMENT[recipe, seed] for seed in range(3)] for recipe in (SA, ACGAN))
    difference, interval = paired_difference(np.array(ours), np.array(others))
    assert (test.difference, test.interval, test.seeds) == (difference, interval, (0, 1, 2))
    assert (test.first, test.second) == tuple(subject.name for subject in grouped.subjects)
    assert test.difference == pytest.approx(0.04 / 3)


def test_only_common_seeds_are_paired(subject_of: Callable[..., Subject]) -> None:
    runs = [(ACGAN, 0), (ACGAN, 1), (ACGAN, 2), (SA, 1), (SA, 2)]
    found = group_by_recipe(compared(*(subject_of(*run) for run in runs)))
    assert found.paired[0].seeds == (1, 2)
    assert found.paired[0].difference == pytest.approx(-0.015)
    runs = [(ACGAN, 0), (ACGAN, 1), (SA, 1), (SA, 2)]
    assert group_by_recipe(compared(*(subject_of(*run) for run in runs))).paired == ()


def test_what_has_no_partner_stays(subject_of: Callable[..., Subject], tmp_path: Path) -> None:
    single = subject_of(SA, 0)
    file = Subject("digits.npz", str(tmp_path / "digits.npz"), Evaluation("digits", (figure(0.5, 0),), ()))
    model = replace(single, name="acgan-sa", source="acgan-sa")
    others = (single, file, model)
    found = group_by_recipe(compared(single, subject_of(ACGAN, 0), file, subject_of(ACGAN, 1), model))
    assert [subject.name for subject in found.subjects] == [
        single.name,
        f"{ACGAN}, seeds 0, 1",
        "digits.npz",
        "acgan-sa",
    ]
    assert [found.subjects[place] for place in (0, 2, 3)] == list(others)
    assert found.rows[0].figures[0] == single.evaluation.figures[0]
    assert found.paired == ()
    nothing_to_group = compared(*others)
    assert group_by_recipe(nothing_to_group) is nothing_to_group


@pytest.mark.parametrize("change", [{"epochs": 77}, {"options.label_smoothing": 0.05}])
def test_other_protocols_and_data_are_other_recipes(
    change: dict[str, Any], subject_of: Callable[..., Subject]
) -> None:
    changed = subject_of(ACGAN, 1, **change)
    found = compared(subject_of(ACGAN, 0), changed)
    assert group_by_recipe(found) is found
    found = compared(subject_of(ACGAN, 0), subject_of(ACGAN, 1, data="more"))
    assert group_by_recipe(found) is found
    worded = compared(subject_of(ACGAN, 0), subject_of(ACGAN, 1, about="other words"))
    assert len(group_by_recipe(worded).subjects) == 1
    twice = compared(
        *(subject_of(ACGAN, seed) for seed in (0, 1)),
        *(subject_of(ACGAN, seed, figure(0.9, seed), epochs=77) for seed in (0, 1)),
    )
    names = [subject.name for subject in group_by_recipe(twice).subjects]
    assert names == [f"{ACGAN}, seeds 0, 1 #1", f"{ACGAN}, seeds 0, 1 #2"]


def test_the_same_run_twice_is_refused(subject_of: Callable[..., Subject]) -> None:
    with pytest.raises(SettingsError, match="from the same seed, 1"):
        group_by_recipe(compared(*(subject_of(ACGAN, seed) for seed in (0, 1, 1))))


def test_mcnemar_stays_for_what_stays_alone(subject_of: Callable[..., Subject]) -> None:
    subjects = [subject_of(*run) for run in ((ACGAN, 0), (ACGAN, 1), (SA, 0))]
    subjects.append(replace(subjects[2], name="other", source="other"))
    tests = tuple(PairTest(first.name, second.name, 3, 4, 0.5) for first, second in pairwise(subjects))
    found = group_by_recipe(compared(*subjects, tests=tests))
    assert found.tests == (tests[2],)


def test_a_figure_that_a_seed_lacks_is_left_out() -> None:
    assert pooled([figure(0.5, 0), None]) is None
    assert pooled([figure(0.5, 0)]) == figure(0.5, 0)
    clipped = pooled([figure(0.9, 0), figure(1.0, 1)])
    assert clipped is not None
    assert clipped.interval is not None
    assert clipped.interval[1] == 1
    distances = pooled([figure(1.0, 0, unit="distance"), figure(4.0, 1, unit="distance")])
    assert distances is not None
    assert distances.interval is not None
    assert distances.interval[1] > 4


def test_a_row_that_only_one_seed_has_is_dropped(subject_of: Callable[..., Subject]) -> None:
    extra = figure(0.5, 0, "coverage_judge_1k")
    subjects = subject_of(ACGAN, 0, figure(0.9, 0), extra), subject_of(ACGAN, 1)
    assert [row.name for row in group_by_recipe(compared(*subjects)).rows] == ["label_agreement_judge_1k"]


def test_json_and_page_tell_all(grouped: Comparison) -> None:
    data = json.loads(json.dumps(grouped.as_json()))
    assert [len(subject["members"]) for subject in data["subjects"]] == [3, 3]
    first = data["subjects"][0]["members"][0]["figures"][0]
    assert (first["value"], first["seeds"]) == (0.92, [0])
    [test] = data["paired_seeds"]
    assert test["seeds"] == [0, 1, 2]
    page = render_comparison(grouped)
    assert "Seed by seed" in page
    assert "+1.33 (" in page
    assert "with Student&#39;s interval over these" in page
    assert difference_in_words(grouped.paired[0]).endswith("points")
    assert "Seed by seed" not in render_comparison(compared(*grouped.subjects[0].members))
