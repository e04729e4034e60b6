"""`inkmint reproduce`: what it lists, refuses, plans and does, in a few steps."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from inkmint.studies.reproduction import papers
from inkmint.studies.reproduction.documents import hao2020
from inkmint.studies.reproduction.rows import Reduction, Scale

Command = Callable[..., Any]


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """hao2020 with budgets of a few steps."""
    changes = {"batch_size": 20}
    scale = Scale({"": Reduction(seeds=2, epochs=1e-4, changes=changes)}, num_read=50)
    paper = replace(hao2020.PAPER, scales=dict.fromkeys(hao2020.PAPER.scales, scale))
    monkeypatch.setitem(papers.PAPERS, "hao2020", paper)  # type: ignore[arg-type]


def test_papers_and_items_are_listed_with_their_time(inkmint: Command) -> None:
    result = inkmint("reproduce", "--list")
    assert result.exit_code == 0, result.err
    assert "hao2020/table1" in result.out
    assert "rzayev2021/fig17" in result.out
    assert result.out.count("together") == 5
    [line] = [line for line in result.out.splitlines() if line.startswith("hao2020/fig1 ")]
    assert line.split()[1:4] == ["-", "-", "-"]
    listed = json.loads(inkmint("reproduce", "hu2024", "--list", "--json").out)
    assert [paper["paper"] for paper in listed] == ["hu2024"]
    assert listed[0]["seconds"]["quick"] < listed[0]["seconds"]["laptop"] < listed[0]["seconds"]["full"]
    assert {"id", "title", "place", "says", "ours", "seconds", "reduced"} == set(listed[0]["items"][0])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Name a paper, or an item of one: hao2020, qin2021, raza2021, rzayev2021, hu2024"),
        (("hao2002",), "There is no document 'hao2002' (did you mean 'hao2020'?)"),
        (("rzayev2021/fig77", "--dry-run"), "rzayev2021 has no item 'fig77' (did you mean 'fig7'?)"),
        (("hao2002", "--list"), "There is no document"),
        (("hao2020", "--data", "nowhere"), "nowhere"),
    ],
)
def test_what_does_not_fit_is_one_sentence(arguments: tuple[str, ...], words: str, inkmint: Command) -> None:
    assert words in inkmint("reproduce", *arguments).sentence()


def test_a_dry_run_trains_nothing(inkmint: Command, tmp_path: Path) -> None:
    result = inkmint("reproduce", "hao2020/table4", "--budget", "quick", "--dry-run")
    assert result.exit_code == 0, result.err
    assert result.out.count("hao2020-lenet-attention-") == 6
    assert (
        "runs/reproduce/hao2020/quick-mnist: 6 training runs and 6 measurements are to be done" in result.out
    )
    assert not (tmp_path / "runs").exists()
    plan = json.loads(inkmint("reproduce", "hao2020", "--dry-run", "--json").out)
    assert plan["seconds"] < 45 * 60
    assert plan["trainings"][0] == {
        "name": plan["trainings"][0]["name"],
        "recipe": "hao2020/lenet-attention-quick",
        "seed": 0,
        "epochs": 4,
        "images": "all",
        "seconds": plan["trainings"][0]["seconds"],
    }


def test_an_item_from_the_command_line_to_page_and_documents(
    tiny: None, inkmint: Command, few_path: Path, tmp_path: Path
) -> None:
    arguments = ("reproduce", "hao2020/fig3", "--data", few_path, "--threads", 1, "--docs", "docs")
    result = inkmint(*arguments, "--json")
    assert result.exit_code == 0, result.err
    found = json.loads(result.out)
    folder = Path("runs/reproduce/hao2020/laptop-few")
    assert found["folder"] == str(folder)
    assert [item["id"] for item in found["items"]] == ["hao2020/fig3"]
    assert found["items"][0]["reduced"] == ["batch_size 20 in place of 96, 1 of 8 epochs, 2 seeds"]
    first = found["items"][0]["numbers"][0]
    assert (first["arm"], first["column"], first["document"]) == ("LeNet + attention", "ink", None)
    assert set(first["by_seed"]) == {"0", "1"}
    assert first["interval"][0] <= first["mean"] <= first["interval"][1]
    assert found["items"][0]["sentences"][0].startswith("The document: the mask filters out background")
    assert "2/2" in result.err
    assert (tmp_path / folder / "report.html").is_file()
    assert (tmp_path / "docs" / "hao2020" / "fig3-1.png").is_file()
    assert "not run yet" in (tmp_path / "docs" / "index.md").read_text()
    before = (tmp_path / folder / "results.json").read_text()
    again = inkmint(*arguments)
    assert again.exit_code == 0, again.err
    assert f"{folder / 'report.html'}: open it in a browser." in again.out
    assert "docs/hao2020.md: written." in again.out
    assert (tmp_path / folder / "results.json").read_text() == before
    planned = inkmint("reproduce", "hao2020/fig3", "--data", few_path, "--dry-run")
    assert "0 training runs and 0 measurements are to be done, 2 are there" in planned.out


def test_a_drawing_takes_no_time(tiny: None, inkmint: Command, few_path: Path) -> None:
    result = inkmint("reproduce", "hao2020/fig1", "--data", few_path)
    assert result.exit_code == 0, result.err
    assert "hao2020/fig1: not reproducible from the text" in result.out
