"""`kill -9` at any moment, then `--resume`: the same weights as if nothing had happened."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from inkmint.data.digits import Splits
from inkmint.recipes import find_recipe
from inkmint.training import session
from inkmint.training.recipe import Recipe
from inkmint.training.runs import Run

TRAIN = [sys.executable, "-m", "inkmint", "train"]


def start(arguments: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*TRAIN, *arguments],
        env={**os.environ, "INKMINT_OFFLINE": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(arguments: list[str]) -> None:
    process = start(arguments)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors


def kill(process: subprocess.Popen[str]) -> bool:
    """Kill it outright; whether it was still running."""
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return process.returncode == -signal.SIGKILL


def new_run(recipe: Recipe, folder: Path) -> list[str]:
    """The arguments that start a run of `recipe` in `folder/runs`."""
    recipe.save(folder / "recipe.toml")
    options = ["--data", "starter", "--threads", "1", "--judge", "none", "--runs", str(folder / "runs")]
    return [str(folder / "recipe.toml"), *options]


def only_run(folder: Path) -> Run | None:
    """The run in `folder/runs`, if it got as far as writing its configuration."""
    found = list((folder / "runs").glob("*/config.json"))
    assert len(found) <= 1
    return Run(found[0].parent) if found else None


def outcome(run: Run) -> dict[str, Any]:
    """Every weight and optimiser state of the last checkpoint, flat, and the saved model."""
    state = run.load_checkpoint()
    assert state is not None
    assert run.read_status()["state"] == "finished"
    del state["seconds"]
    flat: dict[str, Any] = {"model": (run.model_path / "model.safetensors").read_bytes()}

    def flatten(value: Any, place: str) -> None:
        if isinstance(value, dict | list):
            for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
                flatten(inner, f"{place}/{key}")
        else:
            flat[place] = value

    flatten(state, "")
    return flat


def assert_same_outcome(run: Run, expected: dict[str, Any]) -> None:
    found = outcome(run)
    assert found.keys() == expected.keys()
    for place, value in found.items():
        same = torch.equal(value, expected[place]) if torch.is_tensor(value) else value == expected[place]
        assert same, place


def wait_for_records(run: Callable[[], Run | None], num_records: int, process: subprocess.Popen[str]) -> None:
    while process.poll() is None:
        there = run()
        if there is not None and len(there.read_metrics()) >= num_records:
            return
        time.sleep(0.002)


def test_killed_twice_and_resumed_a_run_ends_with_the_same_weights(starter: Splits, tmp_path: Path) -> None:
    recipe = find_recipe("lenet-attention-quick").derive(epochs=4, batch_size=100)
    whole = session.train(recipe, starter, tmp_path / "whole", threads=1)
    num_records = len(whole.read_metrics())

    arguments = new_run(recipe, tmp_path)
    for share in (0.4, 0.65):  # of the run, each in the midst of an epoch
        process = start(arguments)
        wait_for_records(partial(only_run, tmp_path), int(share * num_records), process)
        assert kill(process)
        run = only_run(tmp_path)
        assert run is not None
        assert run.read_status()["state"] == "running"
        arguments = ["--resume", str(run.path)]
    finish(arguments)
    assert_same_outcome(run, outcome(whole))
    assert [r["step"] for r in run.read_metrics()] == [r["step"] for r in whole.read_metrics()]


@pytest.mark.slow
@pytest.mark.parametrize(
    "recipe",
    [
        find_recipe("acgan-sa-quick").derive(epochs=3, batch_size=200, **{"options.num_channels": 8}),
        find_recipe("lenet-attention-quick").derive(epochs=5, batch_size=100),
    ],
    ids=lambda recipe: recipe.model,
)
def test_killed_at_twenty_random_moments_a_run_ends_with_the_same_weights(
    recipe: Recipe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "whole").mkdir()
    finish(new_run(recipe, tmp_path / "whole"))
    whole = only_run(tmp_path / "whole")
    assert whole is not None
    written = [(path / "config.json").stat().st_mtime for path in (whole.path, whole.model_path)]
    duration_sec = written[1] - written[0]  # from the first file of a run to its last
    expected = outcome(whole)
    seed = random.randrange(2**32)
    moments = random.Random(seed)
    killed: list[str] = []
    while len(killed) < 20:
        folder = tmp_path / f"{len(killed)}"
        folder.mkdir()
        arguments = new_run(recipe, folder)
        moment_sec = moments.uniform(0, duration_sec)
        process = start(arguments)
        wait_for_records(partial(only_run, folder), 0, process)
        time.sleep(moment_sec)
        was_running = kill(process)
        run = only_run(folder)
        assert run is not None
        state = run.load_checkpoint()
        kept = f"step {state['step']}" if state else "nothing"
        killed.append(f"{moment_sec:.2f} s ({kept} kept{'' if was_running else ', had finished'})")
        finish(["--resume", str(run.path)])
        assert_same_outcome(run, expected)
    with capsys.disabled():
        print(f"\n{recipe.name}, {duration_sec:.1f} s, seed {seed}, killed after:", json.dumps(killed))
