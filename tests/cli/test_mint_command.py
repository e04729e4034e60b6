"""`inkmint mint`: what it prints, how it counts, and how it refuses."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inkmint.data.catalogue import STACKED_NAMES
from inkmint.data.digits import Splits
from inkmint.data.minted import read_minted
from inkmint.data.plan import FormatName
from inkmint.data.shards import FORMATS
from inkmint.recipes import find_recipe
from inkmint.training import session
from inkmint.training.recipe import Recipe
from inkmint.training.weights import ModelConfig, save_model

Command = Callable[..., Any]
ONE = ("--processes", 1)


@pytest.fixture(scope="module")
def runs(
    short: Callable[..., Recipe], few: Splits, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """A finished run of each kind."""
    names = {"unconditional": "raza2021/gan-quick", "recogniser": "lenet-quick"}
    return {
        kind: session.train(short(name, epochs=1), few, tmp_path_factory.mktemp("made"), threads=1).path
        for kind, name in names.items()
    }


def test_every_format_is_a_choice(inkmint: Command) -> None:
    assert f"[{'|'.join(FORMATS)}]" in inkmint("mint", "--help").out
    assert set(FORMATS) == set(FormatName.__args__)


def test_a_sentence_says_what_came_of_it_and_again_that_it_is_done(inkmint: Command, tmp_path: Path) -> None:
    result = inkmint("mint", "--per-class", 3, "-o", "set", *ONE)
    assert result.exit_code == 0
    assert result.out.startswith("set: 30 images by house in 1 shard, ")
    assert " % read as asked; " in result.out
    assert "images/s" in result.out
    assert "set  30/30" in result.err
    again = inkmint("mint", "--per-class", 3, "-o", "set", *ONE)
    assert again.out.endswith("; complete already.\n")
    assert read_minted(tmp_path / "set").counts() == [3] * 10


def test_json_for_scripts(inkmint: Command) -> None:
    filtered = ("--min-confidence", 0.99, "--format", "idx", "--shard-size", 8, *ONE, "--json")
    record = json.loads(inkmint("mint", "-n", 23, "-o", "set", *filtered).out)
    assert record["finished"]
    assert record["number"] == record["minted_here"] == 23
    assert record["counts"] == {str(label): 3 if label < 3 else 2 for label in range(10)}
    assert record["confidence"] >= 0.99
    assert record["read_as_asked"] == 1
    assert record["shards"] == 3


def test_counts_of_some_classes_and_a_part_without_a_judge(inkmint: Command, tmp_path: Path) -> None:
    job = ("mint", "--counts", "7=5, 1=2", "-o", "set", "--judge", "none", "--shard-size", 4, *ONE)
    first = inkmint(*job, "--part", "2/2")
    assert first.out.startswith("set: this part is complete, ")
    assert json.loads(inkmint(*job, "--part", "2/2", "--json").out)["finished"] is False
    last = inkmint(*job)
    assert last.out.startswith("set: 7 images by house in 2 shards; ")
    assert read_minted(tmp_path / "set").counts() == [0, 2, 0, 0, 0, 0, 0, 5, 0, 0]


def test_a_minted_set_is_measured_by_name_of_its_folder(inkmint: Command) -> None:
    assert inkmint("mint", "--per-class", 20, "-o", "set", "--format", "folder", *ONE).exit_code == 0
    result = inkmint("evaluate", "set", "--data", "starter", "--json")
    assert result.exit_code == 0, result.err
    assert "label_agreement_judge-v1_200" in {figure["name"] for figure in json.loads(result.out)}


@pytest.mark.parametrize(
    ("options", "exit_code", "words"),
    [
        ((), 2, "give one of --number, --per-class and --counts"),
        (("-n", 5, "--per-class", 5), 2, "give one of --number, --per-class and --counts"),
        (("-n", 0), 2, "0 is not in the range"),
        (("-n", 5, "--shard-size", 0), 2, "0 is not in the range"),
        (("-n", 5, "--processes", 0), 2, "0 is not in the range"),
        (("-n", 5, "--seed", -1), 2, "-1 is not in the range"),
        (("-n", 5, "--min-confidence", 0), 2, "is not in the range"),
        (("-n", 5, "--min-confidence", 1.5), 2, "is not in the range"),
        (("-n", 5, "--min-confidence", "nan"), 2, "min_confidence is nan"),
        (("-n", 5, "--format", "tfrecord"), 2, "'tfrecord' is not one of"),
        (("-n", 5, "--part", "3/2"), 2, "3/2 is no part of a job"),
        (("-n", 5, "--part", "0/2"), 2, "0/2 is no part of a job"),
        (("-n", 5, "--part", "half"), 2, "'half' is no part of a job"),
        (("--counts", "12=5"), 2, "'12=5' names no class"),
        (("--counts", "nonsense"), 2, "'nonsense' names no class"),
        (("--counts", "1=x"), 2, "'1=x' gives no whole number"),
        (("--counts", "1=-5"), 2, "'1=-5' gives no whole number"),
        (("--counts", "1=5,1=6"), 2, "names the class 1 twice"),
        (("--counts", "1=0"), 2, "one image at least"),
        (("-n", 5, "--judge", "none", "--min-confidence", 0.5), 2, "leave out --min-confidence"),
        (("-n", 5, "--judge", "acgan-sa"), 1, "a judge is a recogniser"),
        (("-n", 5, "--judge", "nobody"), 1, "There is no model 'nobody'"),
    ],
)
def test_what_cannot_be_minted_is_refused_in_one_sentence(
    options: tuple[object, ...], exit_code: int, words: str, inkmint: Command, tmp_path: Path
) -> None:
    result = inkmint("mint", "-o", "set", *options)
    assert words in result.sentence()
    assert result.exit_code == exit_code
    assert not (tmp_path / "set").exists()


def test_no_output_no_job(inkmint: Command) -> None:
    assert "'-o' / '--output'" in inkmint("mint", "-n", 5).sentence()


def test_generators_that_do_not_fit_are_refused(inkmint: Command, runs: dict[str, Path]) -> None:
    assert (
        "is a recogniser, not a generator"
        in inkmint("mint", runs["recogniser"], "-n", 5, "-o", "set").sentence()
    )
    refusal = inkmint("mint", runs["unconditional"], "-n", 5, "-o", "set").sentence()
    assert "knows no classes, so its digits have no labels" in refusal
    assert "did you mean 'acgan-sa'" in inkmint("mint", "acgan-as", "-n", 5, "-o", "set").sentence()


def test_a_job_of_another_plan_and_a_folder_of_something_else_are_refused(
    inkmint: Command, tmp_path: Path
) -> None:
    assert inkmint("mint", "-n", 5, "-o", "set", "--judge", "none", *ONE).exit_code == 0
    refusal = inkmint("mint", "-n", 5, "-o", "set", "--judge", "none", "--seed", 3).sentence()
    assert "set is a job whose seed is 0, not 3" in refusal
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("")
    assert "other holds other files" in inkmint("mint", "-n", 5, "-o", "other").sentence()
    assert "is a file, not a folder" in inkmint("mint", "-n", 5, "-o", "other/thesis.tex/deep").sentence()


def test_generators_and_judges_of_other_classes_do_not_go_together(
    inkmint: Command, short: Callable[..., Recipe], few: Splits, tmp_path: Path
) -> None:
    from dataclasses import replace

    names = tuple("abcdefghij")
    parts = {part: replace(getattr(few, part), class_names=names) for part in ("train", "validation", "test")}
    letters = session.train(
        short("acgan-sa-quick", epochs=1), Splits(**parts, source="letters"), tmp_path, threads=1
    ).path
    assert (
        "knows other classes than the generator" in inkmint("mint", letters, "-n", 5, "-o", "set").sentence()
    )
    mixed = (
        "mint",
        letters,
        "--counts",
        "b=2,j=3",
        "-o",
        "set",
        "--judge",
        "none",
        "--format",
        "folder",
        *ONE,
    )
    assert inkmint(*mixed).exit_code == 0
    assert read_minted(tmp_path / "set").class_names == names
    assert read_minted(tmp_path / "set").counts() == [0, 2, 0, 0, 0, 0, 0, 0, 0, 3]


def test_stacked_digits_are_refused(inkmint: Command, tmp_path: Path) -> None:
    recipe = find_recipe("acgan-sa-quick")
    config = ModelConfig(
        kind="generator",
        model=recipe.model,
        options=recipe.options,
        class_names=STACKED_NAMES,
        image_channels=3,
        recipe=recipe.name,
        data="stacked-starter",
        seed=0,
    )
    save_model(tmp_path / "stacked", config.build(), config)
    refusal = inkmint("mint", "stacked", "-n", 5, "-o", "set", "--judge", "none").sentence()
    assert "draws images of 3 channels" in refusal
