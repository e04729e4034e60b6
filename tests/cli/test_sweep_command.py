"""`inkmint sweep`: what it prints, how it joins, and how it refuses."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("optuna")

Command = Callable[..., Any]


def test_a_sweep_from_its_first_trial_to_its_report(inkmint: Command, few_path: Path, tmp_path: Path) -> None:
    begin = ("sweep", "lenet-quick", "sizes", "--data", few_path, "--epochs", 1, "--threads", 1, "--grid")
    varied = ("--set", "batch_size=20,40,200")
    result = inkmint(*begin, *varied, "--seeds", 2)
    assert result.exit_code == 0, result.err
    assert result.out.startswith("sizes: 3 of 3 trials done; the best is trial ")
    assert (
        f"Train it again: inkmint train lenet-quick --data {few_path} --seed 0 --set epochs=1" in result.out
    )
    assert (tmp_path / "runs" / "sweeps" / "sizes" / "trial-0001-s1" / "model").is_dir()
    assert "trial 2  broken: A batch of 200 is larger than" in result.err
    assert (tmp_path / "runs" / "sweeps" / "sizes" / "report.html").is_file()

    shown = inkmint("sweep", "sizes", "--show")
    assert "batch_size" in shown.out
    assert "Report" not in shown.out
    record = json.loads(inkmint("sweep", "sizes", "--show", "--json").out)
    assert [trial["state"] for trial in record["trials"]] == ["done", "done", "broken"]
    assert record["trials"][0]["value"] == pytest.approx(sum(record["trials"][0]["values"]) / 2)
    assert record["best"]["command"].startswith("inkmint train lenet-quick")
    again = inkmint(*begin, *varied, "--seeds", 2)  # joins what is done already
    assert again.out == result.out
    told = inkmint(*begin, "--set", "batch_size=20,30").sentence()
    assert "The sweep 'sizes' was begun with another --set; join it with `inkmint sweep sizes`" in told
    told = inkmint("sweep", "sizes", "--data", "starter").sentence()
    assert "are not those that the sweep was begun with" in told


NEW = ("sweep", "lenet-quick", "new", "--data", "starter")
VARIED = ("--set", "batch_size=64,128")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("sweep",), "Name a recipe and the sweep"),
        (("sweep", "a", "b", "c"), "Name a recipe and the sweep"),
        (("sweep", "new"), "There is no sweep 'new': runs/sweeps/new/sweep.journal is missing"),
        (("sweep", "new", "--show"), "There is no sweep 'new'"),
        (("sweep", "new", *VARIED), "--set is for a new sweep; name its recipe too"),
        (("sweep", "lenet-quick", "../new", *VARIED), "'../new' is no name for a sweep"),
        (("sweep", "lenet-quik", "new", "--data", "starter", *VARIED), "lenet-quik"),
        (NEW, "Nothing is varied"),
        ((*NEW, "--set", "batch_size=64"), "Nothing is varied"),
        ((*NEW, "--set", "size=1,2"), "no field 'size'"),
        ((*NEW, "--set", "epochs=1,2", "--epochs", 3), "give one of them"),
        ((*NEW, *VARIED, "--grid", "--trials", 5), "A grid has as many trials as cells"),
        ((*NEW, *VARIED, "--metric", "frechet"), "choose --metric validation-accuracy"),
        ((*NEW, *VARIED, "--storage", "mysql://host/x"), "is no storage for sweeps"),
        ((*NEW, *VARIED, "--storage", "."), "is a folder"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(
    inkmint: Command, arguments: tuple[object, ...], words: str, tmp_path: Path
) -> None:
    assert words in inkmint(*arguments).sentence()
    assert not (tmp_path / "runs" / "sweeps" / "new").exists() or arguments[-1] == 5


def test_a_generator_s_metric_needs_enough_validation_digits(inkmint: Command, few_path: Path) -> None:
    new = ("sweep", "hu2024/acgan-quick", "new", "--data", few_path, "--set", "batch_size=20,40")
    told = inkmint(*new).sentence()
    assert (
        "over 64 features cannot be told from 30 validation images; choose --metric label-agreement" in told
    )


def test_label_agreement_of_a_generator(inkmint: Command, few_path: Path) -> None:
    new = (
        "sweep",
        "hu2024/acgan-quick",
        "new",
        "--data",
        few_path,
        "--set",
        "batch_size=35,70",
        "--epochs",
        1,
    )
    result = inkmint(*new, "--metric", "label-agreement", "--trials", 1, "--threads", 1, "--json")
    assert result.exit_code == 0, result.err
    assert 0 <= json.loads(result.out)["best"]["value"] <= 1
