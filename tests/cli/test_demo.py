"""The main job from end to end, on few digits."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inkmint.errors import Interrupted
from inkmint.training import session
from inkmint.training.runs import Run

Command = Callable[..., Any]
RUNS = ("recogniser", "generator", "synthetic-recogniser", "real-recogniser")


def test_the_demo_ends_in_a_report_and_every_part_can_be_used(
    inkmint: Command, few_path: Path, tmp_path: Path
) -> None:
    result = inkmint("demo", "--data", few_path, "--json")
    assert result.exit_code == 0, result.err
    demo = json.loads(result.out)
    folder = tmp_path / demo["demo"]
    page = (tmp_path / demo["report"]).read_text(encoding="utf-8")
    assert "label_agreement" in page
    assert "tstr" in page
    names = {re.sub(r"_\d+$", "", figure["name"]) for figure in demo["figures"]}
    assert {
        "label_agreement_judge-v1",
        "label_agreement_second-judge-v1",
        "recognisable_judge-v1+second-judge-v1",
        "test_accuracy_lenet-attention",
        "tstr_lenet-attention",
    } <= names
    for name in RUNS:
        assert Run.open(folder / name).read_status()["state"] == "finished"
    assert inkmint("sample", folder / "generator", "-o", "digits.png").exit_code == 0
    assert inkmint("evaluate", folder / "minted.npz", "--data", few_path).exit_code == 0
    assert inkmint("evaluate", folder / "generator", "--data", few_path, "-n", 50).exit_code == 0
    assert inkmint("evaluate", folder / "recogniser", "--data", few_path).exit_code == 0
    assert (folder / "recogniser" / "evaluation" / "recognition.json").exists()


def test_a_stopped_demo_goes_on_where_it_was(
    inkmint: Command, few_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = session.train
    trained: list[str] = []

    def train_or_stop(*arguments: Any, name: str, **options: Any) -> Run:
        if name == "generator" and "generator" not in trained:
            trained.append("generator")
            raise Interrupted("Stopped.")
        trained.append(name)
        return train(*arguments, name=name, **options)

    monkeypatch.setattr(session, "train", train_or_stop)
    assert inkmint("demo", "--data", few_path).exit_code == Interrupted.exit_code
    assert inkmint("demo", "--data", few_path, "--resume", "runs/demo-0001").exit_code == 0
    assert trained == ["recogniser", "generator", "generator", "synthetic-recogniser", "real-recogniser"]
    assert (tmp_path / "runs" / "demo-0001" / "report.html").exists()


def test_a_demo_of_other_data_is_not_gone_on_with(inkmint: Command, few_path: Path, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    record = {"data": "other", "data_fingerprint": "other", "seed": 0}
    (tmp_path / "old" / "demo.json").write_text(json.dumps(record), encoding="utf-8")
    assert "give the same" in inkmint("demo", "--data", few_path, "--resume", "old").err
    assert "not a demo folder" in inkmint("demo", "--data", few_path, "--resume", "none").err


def test_where_the_judge_knows_other_classes_the_reader_judges(
    inkmint: Command, few: Any, tmp_path: Path
) -> None:
    from inkmint.data.digits import DigitSet
    from inkmint.data.npz import write_npz

    write_npz(
        DigitSet(few.train.images, few.train.labels, "coats", tuple("abcdefghij")), tmp_path / "coats.npz"
    )
    result = inkmint("demo", "--data", "coats.npz", "--json")
    assert result.exit_code == 0, result.err
    assert "the reader judges" in result.err
    demo = json.loads(result.out)
    reader = json.loads((tmp_path / demo["demo"] / "recogniser" / "model" / "config.json").read_text())
    agreement = [figure["name"] for figure in demo["figures"] if "agreement" in figure["name"]]
    assert agreement == [f"label_agreement_lenet-attention-{reader['weights_sha256'][:8]}_140"]


def test_a_judge_of_other_classes_does_not_watch(inkmint: Command, few: Any, tmp_path: Path) -> None:
    from inkmint.data.digits import DigitSet
    from inkmint.data.npz import write_npz

    coats = DigitSet(few.train.images, few.train.labels, "coats", tuple("abcdefghij"))
    write_npz(coats, tmp_path / "coats.npz")
    result = inkmint("train", "acgan-sa-quick", "--data", "coats.npz", "--epochs", 1)
    assert result.exit_code == 0
    assert "knows other classes" in result.err
    assert "agreement" not in result.err.replace("knows other classes", "")


def test_the_shipped_judge_watches_digits(inkmint: Command, few_path: Path) -> None:
    result = inkmint("train", "acgan-sa-quick", "--data", few_path, "--epochs", 1)
    assert result.exit_code == 0
    assert "agreement" in result.err


def test_shipped_models_are_there(inkmint: Command, few_path: Path) -> None:
    assert inkmint("sample", "--digit", 7, "--seed", 0).exit_code == 0
    read = inkmint("evaluate", "lenet-attention", "--data", "starter")
    assert read.exit_code == 0
    assert re.fullmatch(r"test_accuracy_lenet-attention_1k: 9\d\.\d+% \(.+ to .+\), n = 1,000\n", read.out)
