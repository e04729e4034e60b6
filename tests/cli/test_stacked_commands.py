"""Stacked digits from end to end on the command line, and what cannot be done with them."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from inkmint.data.digits import Splits
from inkmint.data.sources import load_splits
from inkmint.training import session
from inkmint.training.recipe import Recipe

Command = Callable[..., Any]
JUDGE = ("--judge", "lenet-attention")


@pytest.fixture(scope="module")
def stacked() -> Splits:
    return load_splits("stacked-starter")


@pytest.fixture(scope="module")
def conditional(
    stacked: Splits, short: Callable[..., Recipe], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    options = {"num_channels": 2, "latent_size": 8}
    recipe = short("acgan-quick", epochs=1, batch_size=500, options=options)
    one_of_each = replace(stacked, train=stacked.train.sample_per_class(1, seed=0))
    return session.train(recipe, one_of_each, tmp_path_factory.mktemp("runs"), threads=1).path


@pytest.fixture(scope="module")
def single(few: Splits, short: Callable[..., Recipe], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return session.train(
        short("acgan-quick", epochs=1), few, tmp_path_factory.mktemp("single"), threads=1
    ).path


def test_train_watch_sample_and_evaluate(inkmint: Command) -> None:
    narrow = (
        "--set",
        "options.num_channels=1",
        "--set",
        "batch_size=6400",
        "--set",
        "average=0",
        "--epochs",
        1,
    )
    trained = inkmint(
        "train", "dcgan-stacked-quick", "--data", "stacked-starter", *narrow, *JUDGE, "--threads", 1, "--json"
    )
    assert trained.exit_code == 0, trained.err
    report = json.loads(trained.out)
    assert "nothing watches" not in trained.err
    assert 1 <= report["figures"]["classes_present"] <= 1000
    inkmint("sample", report["run"], "-n", 12, "--seed", 0, "-o", "sheet.png")
    with Image.open("sheet.png") as image:
        assert (image.mode, image.size) == ("RGB", (10 * 29 + 1, 2 * 29 + 1))
    evaluated = inkmint("evaluate", report["run"], "--data", "stacked-starter", "-n", 200, "--json", *JUDGE)
    modes, divergence = json.loads(evaluated.out)
    assert modes["name"].startswith("modes_lenet-attention")
    assert divergence["name"].startswith("mode_kl_lenet-attention")
    assert modes["value"] <= 200 < 1000
    assert modes["reference"] > 150
    assert (Path(report["run"]) / "evaluation" / "stacked.json").is_file()


def test_a_conditional_generator_is_held_to_all_three_digits(conditional: Path, inkmint: Command) -> None:
    evaluated = inkmint("evaluate", conditional, "--data", "stacked-starter", "-n", 200, "--json", *JUDGE)
    agreement, *_ = json.loads(evaluated.out)
    assert agreement["name"].startswith("label_agreement")
    assert 0 <= agreement["value"] < 0.2
    assert agreement["reference"] > 0.93


def test_nothing_is_learnt_from_stacked_digits(conditional: Path, inkmint: Command) -> None:
    sentence = inkmint("evaluate", conditional, "--data", "stacked-starter", "--tstr", *JUDGE).sentence()
    assert "readers learn from single ones" in sentence


def test_stacked_generators_are_compared_by_their_modes(conditional: Path, inkmint: Command) -> None:
    compared = inkmint(
        "compare", conditional, conditional, "--data", "stacked-starter", "-n", 200, "--json", *JUDGE
    )
    first, second = json.loads(compared.out)["subjects"]
    assert [figure["name"].split("_lenet")[0] for figure in first["figures"]] == [
        "label_agreement",
        "modes",
        "mode_kl",
    ]
    assert first["figures"] == second["figures"]


def test_stacked_digits_are_written_as_a_sheet_only(conditional: Path, inkmint: Command) -> None:
    for output in ("digits.npz", "digits"):
        sentence = inkmint("sample", conditional, "-n", 3, "-o", output).sentence()
        assert "images of 3 channels" in sentence
        assert "write a .png sheet" in sentence
        assert not Path(output).exists()
    assert inkmint("sample", conditional, "-n", 3, "--digit", 123, "-o", "a.png").exit_code == 0
    assert "outside 0..999" in inkmint("sample", conditional, "--digit", 1000, "-o", "b.png").sentence()


@pytest.mark.parametrize("subject", ["conditional", "few.npz", "lenet-attention", "single"])
def test_mixed_up_data_is_refused_in_one_sentence(
    subject: str, few_path: Path, inkmint: Command, request: pytest.FixtureRequest
) -> None:
    path = {"few.npz": few_path, "lenet-attention": "lenet-attention"}.get(subject)
    path = path or request.getfixturevalue(subject)
    data, advice = ("starter", "stacked-mnist") if subject == "conditional" else ("stacked-starter", "mnist")
    sentence = inkmint("evaluate", path, "--data", data, *JUDGE).sentence()
    assert f"--data {advice}." in sentence
    assert len(sentence) < 300


def test_a_recogniser_cannot_be_trained_on_them(inkmint: Command) -> None:
    sentence = inkmint("train", "lenet-quick", "--data", "stacked-starter").sentence()
    assert "The model 'lenet' takes grey images, and these have 3 channels" in sentence
    assert not Path("runs").exists()
