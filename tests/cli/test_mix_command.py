"""`inkmint mix`: from the command line to the report, in a few steps."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inkmint.training.recipe import Recipe

Command = Callable[..., Any]


@pytest.fixture
def asked(few_path: Path, short: Callable[..., Recipe], tmp_path: Path) -> tuple[Any, ...]:
    short("house-reader-sprint", batch_size=20).derive(name="tiny").save(tmp_path / "learner.toml")
    learner = ("--learner", "learner.toml", "--steps", 4, "--threads", 1)
    return ("mix", "--data", few_path, *learner, "-o", "mixed")


def test_a_report_and_a_verdict_and_nothing_twice(
    inkmint: Command, asked: tuple[Any, ...], tmp_path: Path
) -> None:
    counts = ("--real", "3", "--minted", "2", "--seeds", 2)
    result = inkmint(*asked, *counts, "--json")
    assert result.exit_code == 0, result.err
    found = json.loads(result.out)
    assert found["mode"] == "counts"
    assert len(found["learners"]) == 2 * 2 * 2
    assert {finding["subject"] for finding in found["verdict"]} >= {"minted", "augmentation", "best"}
    assert found["verdict"][0]["sentence"].startswith("With 3 real digits per class, 2 minted ones per class")
    assert "8/8" in result.err
    assert (tmp_path / "mixed" / "report.html").exists()
    before = (tmp_path / "mixed" / "results.json").read_text()
    again = inkmint(*asked, *counts, "--docs", "docs")
    assert again.exit_code == 0
    assert f"docs{os.sep}mixed.md: written." in again.out
    text = (tmp_path / "docs" / "mixed.md").read_text()
    assert f"- {found['verdict'][0]['sentence']}" in text
    pictures = re.findall(r"!\[.*\]\((.*)\)", text)
    assert len(pictures) == len(set(pictures)) == 2
    assert {path.name for path in (tmp_path / "docs" / "mixed").iterdir()} == {
        Path(picture).name for picture in pictures
    }
    assert json.loads((tmp_path / "docs" / "mixed.json").read_text()) == json.loads(before)
    assert found["verdict"][0]["sentence"] in again.out
    assert (tmp_path / "mixed" / "results.json").read_text() == before


def test_shares_of_minted_digits_from_a_file_are_warned_of(
    inkmint: Command, asked: tuple[Any, ...], few_path: Path
) -> None:
    shares = ("--shares", "50", "--total", 40, "--seeds", 1, "--no-plain", "--per-class", "4=0.25")
    result = inkmint(*asked, *shares, "--generator", few_path, "--json")
    assert result.exit_code == 0, result.err
    found = json.loads(result.out)
    assert (found["mode"], len(found["learners"])) == ("shares", 4)
    assert "is not known here" in found["warning"]
    assert "warning: What the digits of" in result.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--shares", "50", "--real", "3"), "give one or the other"),
        (("--total", "50"), "--total is of mixtures by --shares"),
        (("--real", "3;4"), "no list of numbers; write --real"),
        (("--real", "2.5"), "no list of whole numbers"),
        (("--real", "99"), "images of class 0 to train on, and 99 real ones"),
        (("--per-class", "4"), "'4' is not one name"),
        (("--per-class", "x=4"), "no class 'x'"),
        (("--augment", "twist=3"), "fields of --augment are"),
        (("--learner", "knn"), "makes no steps"),
        (("--generator", "rzayev2021/dcgan"), "does not know classes"),
    ],
)
def test_what_does_not_fit_is_one_sentence(
    options: tuple[str, ...], words: str, inkmint: Command, asked: tuple[Any, ...]
) -> None:
    assert words in inkmint(*asked, *options).sentence()
