"""`inkmint evaluate --tstr`: what minted digits are worth as training data."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inkmint.data.digits import Splits
from inkmint.models import recogniser
from inkmint.training import session
from inkmint.training.recipe import Recipe

Command = Callable[..., Any]
JUDGE = ("--judge", "lenet-attention", "--second-judge", "none")


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch, short: Callable[..., Recipe], tmp_path: Path) -> None:
    """A learner of a few steps, as learner.toml."""
    monkeypatch.setattr(recogniser, "FEWEST_STEPS", 4)
    short("lenet-quick", epochs=1).derive(name="tiny").save(tmp_path / "learner.toml")


def names_in(path: Path) -> list[str]:
    return [figure["name"] for figure in json.loads(path.read_text())["figures"]]


def test_the_figures_are_told_and_kept_with_the_run(
    inkmint: Command, short: Callable[..., Recipe], few: Splits, few_path: Path, tmp_path: Path
) -> None:
    run = session.train(short("acgan-sa-quick", epochs=1), few, tmp_path, threads=1).path
    asked = (
        "evaluate",
        run,
        "--data",
        few_path,
        *JUDGE,
        "-n",
        50,
        "--tstr",
        "--learner",
        "learner.toml",
        "--json",
    )
    result = inkmint(*asked, "--seeds", 2)
    assert result.exit_code == 0, result.err
    names = [figure["name"] for figure in json.loads(result.out)]
    assert names[-3:] == ["tstr_tiny_140", "tstr_gap_tiny_140", "trts_tiny_140"]
    kept = [name for file in ("digits", "teaching") for name in names_in(run / "evaluation" / f"{file}.json")]
    assert kept == names
    assert "minted digits, seed 1" in result.err
    assert inkmint("evaluate", run, "--data", few_path, *JUDGE, "-n", 50).exit_code == 0
    assert names_in(run / "evaluation" / "teaching.json") == names[-3:], (
        "a later evaluation without it keeps it"
    )


def test_a_single_seed_tells_mcnemars_test(inkmint: Command, few_path: Path) -> None:
    result = inkmint("evaluate", few_path, "--data", few_path, *JUDGE, "--tstr", "--learner", "learner.toml")
    assert result.exit_code == 0, result.err
    assert "tstr_tiny_140: " in result.out
    assert "trained on 140 real digits" in result.out
    assert "McNemar" in result.out
    assert "tstr" not in inkmint("evaluate", few_path, "--data", few_path, *JUDGE).out


@pytest.mark.parametrize(
    ("subject", "options", "message"),
    [
        ("lenet-attention", ["--tstr"], "is a recogniser"),
        ("acgan-sa", ["--tstr", "--learner", "acgan-sa-quick"], "trains a generator"),
        ("acgan-sa", ["--tstr", "--learner", "lenet-slow"], "no recipe 'lenet-slow'"),
        ("acgan-sa", ["--seeds", 3], "give --tstr too"),
        ("acgan-sa", ["--learner", "lenet-quick"], "give --tstr too"),
    ],
)
def test_refusals_are_one_sentence(
    subject: str, options: list[object], message: str, inkmint: Command, few_path: Path
) -> None:
    assert message in inkmint("evaluate", subject, "--data", few_path, *options).sentence()
