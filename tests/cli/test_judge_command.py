"""`inkmint judge`: training one of other classes, what it is, and what it then judges."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inkmint.data.digits import DigitSet, Splits
from inkmint.data.npz import write_npz
from inkmint.files import sha256_file
from inkmint.recipes import find_recipe
from inkmint.studies.judges import judge_recipe
from inkmint.training.runs import Run

Command = Callable[..., Any]
QUICK = ("--recipe", "lenet-quick", "--epochs", 3, "--threads", 1)
LETTERS = tuple("abcdefghij")


@pytest.fixture
def letters(few: Splits, tmp_path: Path) -> Path:
    """Digits by other names, as a file; the command line splits it 70/15/15."""
    path = tmp_path / "letters.npz"
    write_npz(DigitSet(few.train.images, few.train.labels, "letters", LETTERS), path)
    return path


def test_a_trained_judge_judges(inkmint: Command, letters: Path, tmp_path: Path) -> None:
    result = inkmint("judge", "train", "--data", letters, *QUICK, "-o", "mine", "--json")
    assert result.exit_code == 0, result.err
    made = json.loads(result.out)
    sha256 = sha256_file(tmp_path / "mine" / "model.safetensors")
    assert (made["judge"], made["weights_sha256"], made["name"]) == ("mine", sha256, f"lenet-{sha256[:8]}")
    assert made["class_names"] == list(LETTERS)
    names = [figure["name"] for figure in made["figures"]]
    assert names == [f"validation_accuracy_{made['name']}_30", f"test_accuracy_{made['name']}_30"]
    assert all(figure["interval"] for figure in made["figures"])

    card = (tmp_path / "mine" / "README.md").read_text(encoding="utf-8")
    for expected in (made["name"], sha256, "hao2020/lenet-quick", "140 training images alone", *names):
        assert expected in card

    arguments = ("evaluate", letters, "--data", letters, "--judge", "mine")
    judged = inkmint(*arguments, "--json")
    assert judged.exit_code == 0, judged.err
    assert "'second-judge-v1' knows other classes" in judged.err
    figures = {figure["name"]: figure for figure in json.loads(judged.out)}
    assert figures[f"label_agreement_{made['name']}_200"]["judge_sha256"] == sha256
    assert "same classes" in inkmint(*arguments, "--second-judge", "second-judge-v1").sentence()
    assert inkmint(*arguments, "--second-judge", "none").err == ""


def test_without_a_folder_the_run_is_the_judge(inkmint: Command, few_path: Path, tmp_path: Path) -> None:
    result = inkmint("judge", "train", "--data", few_path, *QUICK)
    assert result.exit_code == 0, result.err
    assert "use it with `inkmint evaluate --judge runs/hao2020-lenet-quick-s0-0001" in result.out
    run = Run(tmp_path / "runs" / "hao2020-lenet-quick-s0-0001")
    assert run.read_status()["state"] == "finished"
    assert (run.model_path / "README.md").exists()
    shown = inkmint("judge", "show", run.path)
    assert shown.exit_code == 0
    assert shown.out.splitlines() == result.out.splitlines()[:-1]


def test_data_of_other_classes_asks_for_a_judge(inkmint: Command, letters: Path) -> None:
    message = inkmint("evaluate", letters, "--data", letters).sentence()
    assert f"train one with: inkmint judge train --data {letters}" in message


def test_the_shipped_judge_is_shown_with_all_that_it_is(inkmint: Command) -> None:
    data = json.loads(inkmint("judge", "show", "--json").out)
    assert (data["name"], data["recipe"], data["data"]) == ("judge-v1", "inkmint/judge", "mnist")
    text = inkmint("judge", "show").out
    for expected in (data["weights_sha256"], f"{data['num_bytes']:,} bytes", "frechet_judge-v1_10k"):
        assert expected in text
    assert len(data["figures"]) == 2
    for figure in data["figures"]:
        assert figure["name"] in text and figure["interval"]


def test_any_recogniser_can_be_shown_as_the_judge_that_it_would_be(inkmint: Command) -> None:
    text = inkmint("judge", "show", "lenet-attention").out
    assert text.startswith("lenet-attention-")
    assert "not recorded" in text


def test_a_small_set_is_passed_often_enough(few: Splits) -> None:
    recipe = find_recipe("inkmint/judge")
    small = judge_recipe(recipe, num_images=200)
    assert small.epochs * (200 // small.batch_size) >= 1000
    assert judge_recipe(recipe, num_images=50).batch_size == 50
    assert judge_recipe(recipe, num_images=50_000) == recipe
    assert judge_recipe(recipe, num_images=200, epochs=2).epochs == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("train", "--recipe", "acgan-sa-quick"), "name a recipe of one, such as inkmint/judge"),
        (("train", "--recipe", "nothing"), "no recipe 'nothing'"),
        (("train", "-o", "taken"), "taken is there already"),
        (("show", "acgan-sa"), "a judge is a recogniser"),
        (("show", "judge-v0"), "did you mean 'judge-v1'?"),
    ],
)
def test_refusals_are_one_sentence_before_anything_is_trained(
    arguments: tuple[str, ...], message: str, inkmint: Command, few_path: Path, tmp_path: Path
) -> None:
    (tmp_path / "taken").mkdir()
    data = ("--data", few_path) if arguments[0] == "train" else ()
    assert message in inkmint("judge", *arguments, *data).sentence()
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_a_damaged_record_is_refused(inkmint: Command, few_path: Path, tmp_path: Path) -> None:
    assert inkmint("judge", "train", "--data", few_path, *QUICK, "-o", "mine").exit_code == 0
    (tmp_path / "mine" / "judge.json").write_text("{}", encoding="utf-8")
    assert "judge.json is damaged" in inkmint("judge", "show", "mine").sentence()


def test_the_judge_shown_is_that_of_the_figures(inkmint: Command, few_path: Path, tmp_path: Path) -> None:
    """A record that was copied beside other weights is not shown as theirs."""
    for folder, seed in (("one", 0), ("two", 1)):
        assert (
            inkmint("judge", "train", "--data", few_path, *QUICK, "--seed", seed, "-o", folder).exit_code == 0
        )
    (tmp_path / "two" / "judge.json").write_bytes((tmp_path / "one" / "judge.json").read_bytes())
    assert "not recorded" in inkmint("judge", "show", "two").out
