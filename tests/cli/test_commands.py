"""`inkmint recipes`, `train` and `sample`: what they print and write, and how they refuse."""

import json
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inkmint.cli import display
from inkmint.cli.main import cli
from inkmint.data.digits import Splits
from inkmint.data.sources import load_splits
from inkmint.recipes import RECIPES
from inkmint.training import session
from inkmint.training.engine import Event, Logged
from inkmint.training.recipe import Recipe
from inkmint.training.runs import FORMAT, Run

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


TINY = ("--threads", 1, "--judge", "none", "--epochs", 1, "--set", "batch_size=50")


# What there is


@pytest.mark.parametrize("command", [(), *([name] for name in cli.commands)])
def test_every_command_explains_itself(command: tuple[str, ...], inkmint: Command) -> None:
    result = inkmint(*command, "--help")
    assert result.exit_code == 0
    assert "Usage: " in result.out
    assert result.err == ""


def test_help_and_version_answer_without_torch() -> None:
    code = """
import sys
from inkmint.cli.main import main
for arguments in (["--help"], ["train", "--help"], ["--version"]):
    sys.argv = ["inkmint", *arguments]
    try:
        main()
    except SystemExit as exit:
        assert not exit.code
slow = {"torch", "numpy", "sklearn", "pydantic", "matplotlib", "rich"} & set(sys.modules)
assert not slow, slow
"""
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


def test_the_package_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "inkmint", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("inkmint, version ")


# recipes


def test_recipes_lists_every_recipe(inkmint: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    result = inkmint("recipes")
    assert result.exit_code == 0
    for name in RECIPES:
        assert name in result.out


def test_recipes_as_json_is_one_record_per_recipe(inkmint: Command) -> None:
    rows = json.loads(inkmint("recipes", "--json").out)
    assert [row["recipe"] for row in rows] == list(RECIPES)
    parameters = {row["recipe"]: row["parameters"] for row in rows}
    assert parameters["hao2020/lenet"] == 61_706


@pytest.mark.parametrize("name", RECIPES)
def test_a_shown_recipe_is_the_recipe(name: str, inkmint: Command) -> None:
    data = RECIPES[name].model_dump(mode="json")
    assert tomllib.loads(inkmint("recipes", name).out) == data
    assert json.loads(inkmint("recipes", name, "--json").out) == data


def test_a_shown_recipe_can_be_changed_and_trained(inkmint: Command, few_path: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(inkmint("recipes", "lenet-quick").out.replace("hao2020/lenet-quick", "mine"))
    result = inkmint("train", path, "--data", few_path, *TINY)
    assert result.exit_code == 0
    config = Run(tmp_path / "runs" / "mine-s0-0001").read_config()
    assert config.recipe == RECIPES["hao2020/lenet-quick"].derive(name="mine", epochs=1, batch_size=50)


# train


def test_train_makes_a_run_and_says_where(inkmint: Command, tmp_path: Path) -> None:
    arguments = ("lenet-quick", "--data", "starter", "--threads", 1, "--epochs", 1)
    result = inkmint("train", *arguments, "--set", "batch_size=500", "--seed", 3, "--runs", "mine")
    assert result.exit_code == 0
    assert result.out.startswith("mine/hao2020-lenet-quick-s3-0001: finished")
    assert "epoch 1/1" in result.err
    run = Run(tmp_path / "mine" / "hao2020-lenet-quick-s3-0001")
    config = run.read_config()
    assert (config.data, config.seed, config.threads) == ("starter", 3, 1)
    assert (config.recipe.epochs, config.recipe.batch_size) == (1, 500)
    assert run.read_status()["state"] == "finished"


def test_train_as_json_prints_one_record_and_nothing_else(inkmint: Command, few_path: Path) -> None:
    result = inkmint("train", "lenet-quick", "--data", few_path, *TINY, "--json")
    record = json.loads(result.out)
    assert record["state"] == "finished"
    assert record["step"] == 2
    assert 0 <= record["figures"]["validation_accuracy"] <= 1
    assert Run.open(Path(record["run"]))


def test_settings_reach_nested_fields(inkmint: Command, few_path: Path, tmp_path: Path) -> None:
    changes = ("optimisers.generator.learning_rate=0.001", "options.num_channels=8", "augment.flip=true")
    result = inkmint(
        "train", "acgan-sa-quick", "--data", few_path, *TINY, *(x for c in changes for x in ("--set", c))
    )
    assert result.exit_code == 0, result.err
    recipe = Run(tmp_path / "runs" / "hu2024-acgan-sa-quick-s0-0001").read_config().recipe
    assert recipe.optimisers["generator"].learning_rate == 0.001
    assert recipe.options["num_channels"] == 8
    assert recipe.augment.flip


def test_ctrl_c_says_how_to_go_on_and_that_works(
    inkmint: Command, few_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Pressing(display.Display):
        def __call__(self, event: Event) -> None:
            super().__call__(event)
            if isinstance(event, Logged):
                signal.raise_signal(signal.SIGINT)

    arguments = ("train", "lenet-quick", "--data", few_path, *TINY)
    with monkeypatch.context() as patched:
        patched.setattr(display, "Display", Pressing)
        stopped = inkmint(*arguments, "--runs", tmp_path / "stopped")
    assert stopped.exit_code == 130
    last = stopped.err.splitlines()[-1]
    assert last.startswith("inkmint: Stopped at step 1; go on with: inkmint train --resume ")
    assert inkmint(*last.split("inkmint ")[-1].split()).exit_code == 0
    assert inkmint(*arguments, "--runs", tmp_path / "whole").exit_code == 0
    models = [
        next((tmp_path / name).glob("*/model/model.safetensors")).read_bytes()
        for name in ("stopped", "whole")
    ]
    assert models[0] == models[1]


# Refusals of train


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lenet-quik"], "did you mean 'hao2020/lenet-quick'"),
        (["no-such-file.toml"], "cannot be read"),
        ([], "Name a recipe"),
        (["lenet-quick", "--set", "epoch=3"], "no field 'epoch'"),
        (["lenet-quick", "--set", "optimisers.recogniser.rate=3"], "no field 'optimisers.recogniser.rate'"),
        (["lenet-quick", "--set", "epochs=many"], "'epochs'"),
        (["lenet-quick", "--set", "epochs=2.5"], "'epochs'"),
        (["lenet-quick", "--set", "average=1"], "'average'"),
        (["lenet-quick", "--set", "epochs"], "not an assignment"),
        (["lenet-quick", "--set", "options.wings=2"], "no option 'wings'"),
        (["acgan-sa-quick", "--set", "options.latent_size=0"], "'latent_size'"),
        (["raza2021/gan-quick", "--set", "options.dropout=1.5", "--judge", "none"], "dropout"),
        (["lenet-quick", "--set", "batch_size=5000"], "set batch_size to 4000"),
        (["lenet-quick", "--init-from", "nowhere"], "no run or model at nowhere"),
        (["acgan-sa-quick", "--judge", "no-such-model"], "no model 'no-such-model'"),
        (["--resume", "x", "--init-from", "y"], "give one of them"),
    ],
)
def test_train_refuses_in_one_sentence_and_leaves_nothing_behind(
    arguments: list[str], message: str, inkmint: Command, tmp_path: Path
) -> None:
    result = inkmint("train", *arguments, "--data", "starter", "--threads", 1)
    assert message in result.sentence()
    assert not list(tmp_path.iterdir())


def test_refused_settings_exit_with_2_as_misused_commands_do(inkmint: Command) -> None:
    assert inkmint("train", "lenet-quik", "--data", "starter").exit_code == 2
    assert inkmint("train", "--no-such-option").exit_code == 2


@pytest.mark.parametrize("value", ["-1", "zero", "1.5"])
def test_numbers_out_of_range_are_refused_without_a_traceback(value: str, inkmint: Command) -> None:
    result = inkmint("train", "lenet-quick", "--data", "starter", "--epochs", value)
    assert result.exit_code == 2
    assert "--epochs" in result.err
    assert "Traceback" not in result.err


def test_data_of_another_size_are_refused(inkmint: Command, tmp_path: Path) -> None:
    images, labels = np.zeros((40, 27, 27), dtype=np.uint8), np.arange(40) % 10
    np.savez(tmp_path / "wrong.npz", images=images, labels=labels)
    result = inkmint("train", "lenet-quick", "--data", "wrong.npz")
    assert "27" in result.sentence()
    assert "28x28" in result.err


def test_data_that_are_not_there_are_refused(inkmint: Command) -> None:
    assert "nowhere.npz" in inkmint("train", "lenet-quick", "--data", "nowhere.npz").sentence()


def test_a_folder_for_runs_that_is_a_file_is_refused(inkmint: Command, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    arguments = ("train", "lenet-quick", "--data", "starter", "--runs")
    assert inkmint(*arguments, "file").exit_code == 2
    assert "Cannot write" in inkmint(*arguments, "file/deeper").sentence()


@pytest.fixture
def run(runs: dict[str, Path], few_path: Path, tmp_path: Path) -> Path:
    """A copy of a finished run, whose data are the file."""
    path = tmp_path / "a-run"
    path.mkdir()
    for name in ("config.json", "environment.json"):
        (path / name).write_bytes((runs["lenet-quick"] / name).read_bytes())
    set_config(path, data=str(few_path), data_fingerprint=load_splits(str(few_path)).train.fingerprint)
    return path


def set_config(run: Path, **changes: object) -> None:
    path = run / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_what_is_no_run_cannot_be_resumed(inkmint: Command, tmp_path: Path) -> None:
    assert "not a run folder" in inkmint("train", "--resume", tmp_path).sentence()


def test_a_run_of_another_layout_cannot_be_resumed(inkmint: Command, run: Path) -> None:
    set_config(run, format=FORMAT + 1)
    assert f"layout version {FORMAT + 1}" in inkmint("train", "--resume", run).sentence()


def test_a_busy_run_cannot_be_resumed(inkmint: Command, run: Path) -> None:
    with Run(run).locked():
        assert "in use by another process" in inkmint("train", "--resume", run).sentence()


def test_a_run_whose_data_changed_cannot_be_resumed(inkmint: Command, run: Path) -> None:
    set_config(run, data_fingerprint="0" * 16)
    assert "data_fingerprint" in inkmint("train", "--resume", run).sentence()


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (["--seed", "1"], "'seed'"),
        (["--threads", "2"], "'threads'"),
        (["--epochs", "9"], "'recipe.epochs'"),
        (["--set", "batch_size=7"], "'recipe.batch_size'"),
        (["lenet"], "'recipe."),
    ],
)
def test_a_run_cannot_be_resumed_with_other_settings(
    arguments: list[str], field: str, inkmint: Command, run: Path
) -> None:
    result = inkmint("train", *arguments, "--resume", run)
    assert field in result.sentence()
    assert "--init-from" in result.err


def test_a_run_is_resumed_with_its_own_settings_given_anew(inkmint: Command, run: Path) -> None:
    same = ("--seed", 0, "--threads", 1, "--epochs", 1, "--set", "batch_size=40")
    result = inkmint("train", "lenet-quick", "--resume", run, *same, "--json")
    assert result.exit_code == 0, result.err
    assert json.loads(result.out)["state"] == "finished"


def test_a_run_starts_from_the_weights_of_another(
    inkmint: Command, runs: dict[str, Path], few_path: Path
) -> None:
    arguments = ("--data", few_path, *TINY, "--init-from")
    assert inkmint("train", "lenet-quick", *arguments, runs["lenet-quick"]).exit_code == 0
    assert "do not fit" in inkmint("train", "lenet-quick", *arguments, runs["raza2021/gan-quick"]).sentence()


# sample


def test_a_sheet_is_a_picture(inkmint: Command, runs: dict[str, Path], tmp_path: Path) -> None:
    result = inkmint("sample", runs["acgan-sa-quick"], "-n", 20, "--seed", 1)
    assert result.exit_code == 0
    assert result.out == "digits.png: 20 digits by acgan-sa.\n"
    with Image.open(tmp_path / "digits.png") as picture:
        width, height = picture.size
        dark = np.asarray(picture)
    assert width >= 10 * 28
    assert height >= 2 * 28
    inkmint("sample", runs["acgan-sa-quick"], "-n", 20, "--seed", 1, "--paper", "-o", "paper.png")
    with Image.open(tmp_path / "paper.png") as picture:
        assert np.array_equal(255 - np.asarray(picture), dark)


def test_arrays_can_be_loaded_as_data(inkmint: Command, runs: dict[str, Path], tmp_path: Path) -> None:
    assert inkmint("sample", runs["acgan-sa-quick"], "-n", 60, "-o", "minted.npz").exit_code == 0
    splits = load_splits(str(tmp_path / "minted.npz"))
    assert sum(len(part) for part in (splits.train, splits.validation, splits.test)) == 60


def test_a_folder_holds_single_images_by_class(
    inkmint: Command, runs: dict[str, Path], tmp_path: Path
) -> None:
    assert inkmint("sample", runs["acgan-sa-quick"], "-n", 4, "--digit", 7, "-o", "sevens").exit_code == 0
    pictures = list((tmp_path / "sevens").rglob("*.png"))
    assert len(pictures) == 4
    assert {path.parent.name for path in pictures} == {"7"}


def test_the_same_seed_writes_the_same_file(inkmint: Command, runs: dict[str, Path], tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        inkmint("sample", runs["raza2021/gan-quick"], "-n", 5, "--seed", seed, "-o", f"{name}.png")
    a, b, c = ((tmp_path / f"{name}.png").read_bytes() for name in "abc")
    assert a == b != c


def test_sample_as_json_names_the_weights(inkmint: Command, runs: dict[str, Path]) -> None:
    record = json.loads(inkmint("sample", runs["acgan-sa-quick"], "-n", 3, "--seed", 5, "--json").out)
    config = json.loads((runs["acgan-sa-quick"] / "model" / "config.json").read_text())
    assert record == {
        "output": "digits.png",
        "number": 3,
        "model": "acgan-sa",
        "seed": 5,
        "weights_sha256": config["weights_sha256"],
    }


@pytest.mark.parametrize(
    ("model", "arguments", "message"),
    [
        ("acgan-sa-quick", ["-o", "digits.jpg"], "cannot be written as .jpg"),
        ("acgan-sa-quick", ["-n", "1001"], "A sheet holds 1000"),
        ("acgan-sa-quick", ["--digit", "10"], "label 10"),
        ("raza2021/gan-quick", ["--digit", "3"], "does not know classes"),
        ("raza2021/gan-quick", ["-o", "digits.npz"], "knows no classes"),
        ("lenet-quick", [], "is a recogniser, not a generator"),
    ],
)
def test_sample_refuses_in_one_sentence_and_writes_nothing(
    model: str, arguments: list[str], message: str, inkmint: Command, runs: dict[str, Path], tmp_path: Path
) -> None:
    assert message in inkmint("sample", runs[model], *arguments).sentence()
    assert not list(tmp_path.iterdir())


def test_an_unknown_model_is_refused(inkmint: Command) -> None:
    assert "no model 'no-such-model'" in inkmint("sample", "no-such-model").sentence()


def test_a_flipped_byte_in_the_weights_is_noticed(
    inkmint: Command, runs: dict[str, Path], tmp_path: Path
) -> None:
    (tmp_path / "model").mkdir()
    for path in (runs["acgan-sa-quick"] / "model").iterdir():
        content = bytearray(path.read_bytes())
        if path.suffix == ".safetensors":
            content[len(content) // 2] ^= 1
        (tmp_path / "model" / path.name).write_bytes(content)
    assert "does not match the hash" in inkmint("sample", "model").sentence()
    (tmp_path / "model" / "config.json").unlink()
    assert "holds no model" in inkmint("sample", "model").sentence()
