"""`inkmint compare`: one table, the best in bold only where that is sure, and one page."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from inkmint.data.digits import Splits
from inkmint.data.npz import write_npz
from inkmint.errors import DataError
from inkmint.evaluation.figure import Figure
from inkmint.studies.comparison import best_of, rows_of, unique_names
from inkmint.training import session
from inkmint.training.recipe import Recipe

Command = Callable[..., Any]


@pytest.fixture(scope="module")
def runs(
    short: Callable[..., Recipe], few: Splits, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """A finished run of each kind."""
    return {
        name: session.train(short(name, epochs=1), few, tmp_path_factory.mktemp("made"), threads=1).path
        for name in ("acgan-sa-quick", "raza2021/gan-quick", "lenet-quick")
    }


@pytest.fixture
def generators(runs: dict[str, Path]) -> tuple[Path, Path]:
    return runs["acgan-sa-quick"], runs["raza2021/gan-quick"]


# The command


def test_two_generators_share_a_table(
    inkmint: Command, generators: tuple[Path, Path], few_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    result = inkmint("compare", *generators, "--data", few_path, "-n", 50)
    assert result.exit_code == 0, result.err
    header = result.out.splitlines()[0]
    for expected in (*(path.name for path in generators), "real digits"):
        assert expected in header
    for protocol in ("recognisable_judge-v1+second-judge-v1_50", "label_agreement_second-judge-v1_50"):
        assert protocol in result.out
    assert "parts from every other" in result.out


def test_json_holds_every_figure_of_every_subject(
    inkmint: Command, generators: tuple[Path, Path], few_path: Path
) -> None:
    arguments = ("--data", few_path, "-n", 50, "--seed", 3, "--json")
    compared = json.loads(inkmint("compare", *generators, *arguments).out)
    assert [subject["name"] for subject in compared["subjects"]] == [path.name for path in generators]
    for subject in compared["subjects"]:
        alone = json.loads(inkmint("evaluate", subject["source"], *arguments).out)
        assert subject["figures"] == alone
    assert compared["tests"] == []
    assert compared["seed"] == 3


def test_the_page_shows_all_and_loads_nothing(
    inkmint: Command, generators: tuple[Path, Path], few_path: Path, tmp_path: Path
) -> None:
    result = inkmint("compare", *generators, "--data", few_path, "-n", 50, "-o", "page.html")
    assert result.out.endswith("Page: page.html\n")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    for path in generators:
        assert page.count(path.name) >= 3
    assert page.count('<img class="digits" src="data:image/png;base64,') == 3
    assert "http" not in page
    assert "<script" not in page


def test_runs_of_one_recipe_make_one_column(
    inkmint: Command, short: Callable[..., Recipe], few: Splits, few_path: Path, tmp_path: Path
) -> None:
    runs = [
        session.train(short(name, epochs=1), few, tmp_path, seed=seed, threads=1).path
        for name in ("lenet-quick", "lenet-attention-quick")
        for seed in (0, 1)
    ]
    asked = ("compare", *runs, "--by-recipe", "--data", few_path)
    compared = json.loads(inkmint(*asked, "--json").out)
    assert [subject["name"] for subject in compared["subjects"]] == [
        "hao2020/lenet-quick, seeds 0, 1",
        "hao2020/lenet-attention-quick, seeds 0, 1",
    ]
    for subject in compared["subjects"]:
        alone = [member["figures"][0]["value"] for member in subject["members"]]
        assert subject["figures"][0]["value"] == pytest.approx(sum(alone) / 2)
    assert compared["tests"] == []
    [paired] = compared["paired_seeds"]
    values = [subject["figures"][0]["value"] for subject in compared["subjects"]]
    assert paired["difference"] == pytest.approx(values[0] - values[1])
    told = inkmint(*asked).out
    assert "paired over seeds 0, 1" in told
    assert "with Student's interval over these" in told
    assert "from the same seed, 0" in inkmint(*asked, runs[0]).sentence()


def test_two_recognisers_are_tested_on_the_same_images(
    inkmint: Command, runs: dict[str, Path], few_path: Path, tmp_path: Path
) -> None:
    subjects = (runs["lenet-quick"], "lenet-attention")
    result = inkmint("compare", *subjects, "--data", few_path, "-o", "page.html")
    assert result.exit_code == 0, result.err
    assert "test_accuracy_30" in result.out
    assert "McNemar" in result.out
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Pair by pair" in page
    assert "http" not in page

    compared = json.loads(inkmint("compare", *subjects, "--data", few_path, "--json").out)
    [test] = compared["tests"]
    accuracies = [subject["figures"][0]["value"] for subject in compared["subjects"]]
    difference = (test["only_first"] - test["only_second"]) / 30
    assert difference == pytest.approx(accuracies[0] - accuracies[1])
    # A reader trained for five steps is far behind the one that comes with inkmint.
    assert compared["best"] == [{"figure": "test_accuracy_30", "subject": "lenet-attention"}]
    assert test["p_value"] < 0.01


def test_a_recogniser_does_not_differ_from_itself(inkmint: Command, few_path: Path) -> None:
    arguments = ("lenet-attention", "lenet-attention", "--data", few_path, "--json")
    compared = json.loads(inkmint("compare", *arguments).out)
    assert compared["best"] == []
    assert compared["tests"] == [
        {
            "first": "lenet-attention #1",
            "second": "lenet-attention #2",
            "only_first": 0,
            "only_second": 0,
            "p_value": 1.0,
        }
    ]


@pytest.mark.parametrize(
    ("subjects", "message"),
    [
        ([], "at least two subjects"),
        (["acgan-sa"], "at least two subjects"),
        (["acgan-sa", "lenet-attention"], "compare recognisers alone"),
        (["acgan-sa", "acgan-sb"], "no model 'acgan-sb'"),
        (["acgan-sa", "nowhere.npz"], "no file nowhere.npz"),
    ],
)
def test_refusals_are_one_sentence_before_anything_is_measured(
    subjects: list[str], message: str, inkmint: Command, few_path: Path, tmp_path: Path
) -> None:
    result = inkmint("compare", *subjects, "--data", few_path, "-o", "page.html")
    assert message in result.sentence()
    assert not list(tmp_path.iterdir())


# Which figures share a row, and which is best


def figure(
    value: float,
    interval: tuple[float, float] | None,
    better: str = "higher",
    reference: float | None = 1.0,
    **changes: Any,
) -> Figure:
    fields = {"name": "measured_judge_1k", "unit": "ratio", "num_images": 1000, "protocol": "Measured."}
    return Figure.model_validate(
        {
            **fields,
            "value": value,
            "interval": interval,
            "better": better,
            "reference": reference,
            "judge_sha256": "ab",
            **changes,
        }
    )


@pytest.mark.parametrize(("better", "best"), [("higher", 1), ("lower", 0)])
def test_the_best_is_named_where_the_intervals_part(better: str, best: int) -> None:
    apart = [figure(0.5, (0.4, 0.6), better), figure(0.8, (0.7, 0.9), better)]
    assert best_of(apart) == best
    assert best_of(apart[::-1]) == 1 - best
    touching = [figure(0.5, (0.4, 0.7), better), figure(0.8, (0.7, 0.9), better)]
    assert best_of(touching) is None


def test_the_best_of_three_parts_from_both() -> None:
    low, middle, high = (figure(value, (value - 0.1, value + 0.1)) for value in (0.2, 0.65, 0.8))
    assert best_of([low, middle, high]) is None
    assert best_of([low, low, high]) == 2
    assert best_of([low, high, high]) is None


def test_alike_is_nearest_to_the_reference_on_either_side() -> None:
    near = figure(0.95, (0.9, 1.0), "alike")
    far_above, far_below = figure(1.3, (1.2, 1.4), "alike"), figure(0.7, (0.6, 0.8), "alike")
    assert best_of([far_above, near, far_below]) == 1
    # Their intervals part, their distances to the reference do not.
    assert best_of([far_above, far_below]) is None
    assert best_of([figure(1.0, (0.7, 1.3), "alike"), far_above]) is None


def test_nothing_is_best_without_an_interval_or_a_reference() -> None:
    sure = figure(0.8, (0.7, 0.9))
    assert best_of([sure, figure(0.1, None)]) is None
    assert best_of([figure(0.9, None), sure]) is None
    strays = [figure(1.0, (0.9, 1.1), "alike", None), figure(3.0, (2.9, 3.1), "alike", None)]
    assert best_of(strays) is None


def test_what_was_not_measured_does_not_compete() -> None:
    low, high = figure(0.2, (0.1, 0.3)), figure(0.8, (0.7, 0.9))
    assert best_of([low, None, high]) == 2
    assert best_of([None, high]) is None


@pytest.mark.parametrize(
    "change",
    [{"name": "other"}, {"judge_sha256": "cd"}, {"num_images": 999}, {"second_judge_sha256": "ef"}],
)
def test_figures_of_other_protocols_judges_or_sizes_share_no_row(change: dict[str, Any]) -> None:
    same, other = figure(0.8, (0.7, 0.9)), figure(0.2, (0.1, 0.3), **change)
    [row] = rows_of(["a", "b"], [[same], [same]])
    assert row.figures == (same, same)
    with pytest.raises(DataError, match=r"No figure of a, b can be compared|figures of different"):
        rows_of(["a", "b"], [[same], [other]])
    mixed = rows_of(["a", "b"], [[same], [other, same]])
    assert [row.figures for row in mixed] == [(same, same), (None, other)]
    assert [row.best for row in mixed] == [None, None]


def test_sets_of_other_sizes_are_refused(
    inkmint: Command, few: Splits, few_path: Path, tmp_path: Path
) -> None:
    for size in (20, 28):
        write_npz(few.train.subset(torch.arange(size), "some"), tmp_path / f"{size}.npz")
    message = inkmint("compare", "20.npz", "28.npz", "--data", few_path).sentence()
    assert "another number of images" in message


def test_names_are_as_short_as_they_can_be() -> None:
    assert unique_names(["runs/a", "runs/b"]) == ("a", "b")
    assert unique_names(["one/a", "two/a", "b"]) == ("one/a", "two/a", "b")
    assert unique_names(["a/model", "/x/a/model"]) == ("a/model", "x/a/model")
    assert unique_names(["a", "./a"]) == ("a #1", "a #2")
