"""Two workers under torchrun, on loopback: the same weights on both, and a clear end if one is lost."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from inkmint.data.sources import load_splits
from inkmint.training import session
from inkmint.training.recipe import Recipe
from inkmint.training.runs import Run

WORKER = Path(__file__).with_name("distributed_worker.py")
NOBODY = (-1, -1)
Weights = dict[str, dict[str, torch.Tensor]]


def train(
    folder: Path, arguments: list[str], *, num_workers: int = 2, doomed: tuple[int, int] = NOBODY
) -> subprocess.CompletedProcess[str]:
    folder.mkdir(exist_ok=True)
    alone = [sys.executable]
    together = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    return subprocess.run(
        [*(alone if num_workers == 1 else together), str(WORKER), str(folder), *map(str, doomed), *arguments],
        env={**os.environ, "INKMINT_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=150,
    )


def new_run(recipe: Recipe, data: Path, folder: Path) -> list[str]:
    folder.mkdir(exist_ok=True)
    recipe.save(folder / "recipe.toml")
    options = ["--data", str(data), "--threads", "1", "--judge", "none", "--runs", str(folder / "runs")]
    return [str(folder / "recipe.toml"), *options]


def only_run(folder: Path) -> Run:
    (path,) = (folder / "runs").iterdir()
    return Run(path)


def final_weights(folder: Path) -> Weights:
    """What both ranks ended with, which must be the same to the last bit."""
    first, second = (torch.load(folder / f"rank{rank}.pt") for rank in range(2))
    assert_same(second, first)
    return first


def assert_same(one: Weights, other: Weights) -> None:
    assert one.keys() == other.keys()
    for role, weights in one.items():
        assert weights.keys() == other[role].keys()
        for name, weight in weights.items():
            assert torch.equal(weight, other[role][name]), f"{role}.{name}"


MakeRecipe = Callable[..., Recipe]


def slim(short: MakeRecipe, name: str, **changes: Any) -> Recipe:
    channels = {"options.num_channels": 8} if "acgan" in name else {}
    return short(name, batch_size=20, **channels, **changes)


def test_two_workers_end_with_the_same_weights_and_with_those_of_one_worker(
    short: MakeRecipe, few_path: Path, tmp_path: Path
) -> None:
    """LeNet draws no dropout and has no batch statistics, so two halves of a batch are the batch."""
    recipe = slim(short, "lenet-attention-quick", epochs=1)
    done = train(tmp_path, new_run(recipe, few_path, tmp_path))
    assert done.returncode == 0, done.stderr
    assert only_run(tmp_path).read_config().workers == 2
    together = final_weights(tmp_path)["recogniser"]

    state = session.train(recipe, load_splits(str(few_path)), tmp_path / "alone", threads=1).load_checkpoint()
    assert state is not None
    for name, weight in state["networks"]["recogniser"].items():
        torch.testing.assert_close(together[name], weight, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "doomed_rank"),
    [
        ("acgan-sa-quick", 1),
        pytest.param("acgan-sa-quick", 0, marks=pytest.mark.slow),
        pytest.param("raza2021/gan-quick", 1, marks=pytest.mark.slow),
        pytest.param("house-quick", 1, marks=pytest.mark.slow),
        pytest.param("lenet-attention-quick", 1, marks=pytest.mark.slow),
    ],
)
def test_a_lost_worker_ends_the_run_in_a_sentence_and_resume_ends_as_if_it_had_not(
    name: str, doomed_rank: int, short: MakeRecipe, few_path: Path, tmp_path: Path
) -> None:
    recipe = slim(short, name)  # 2 epochs of 7 steps
    whole, lost = tmp_path / "whole", tmp_path / "lost"
    done = train(whole, new_run(recipe, few_path, whole))
    assert done.returncode == 0, done.stderr

    failed = train(lost, new_run(recipe, few_path, lost), doomed=(doomed_rank, 9))
    assert failed.returncode != 0
    sentences = [line for line in failed.stderr.splitlines() if line.startswith("inkmint: ")]
    assert len(sentences) == 1, failed.stderr
    assert "lost contact with another" in sentences[0]
    assert "--resume" in sentences[0]
    assert "/inkmint/" not in failed.stderr, "no traceback of ours"
    run = only_run(lost)
    assert run.read_status()["state"] == ("failed" if doomed_rank else "running")

    resumed = train(lost, ["--resume", str(run.path)])
    assert resumed.returncode == 0, resumed.stderr
    assert run.read_status()["state"] == "finished"
    assert_same(final_weights(lost), final_weights(whole))
    models = [only_run(folder).model_path / "model.safetensors" for folder in (whole, lost)]
    assert models[0].read_bytes() == models[1].read_bytes()


@pytest.mark.slow
def test_another_number_of_workers_is_refused_on_resume(
    short: MakeRecipe, few_path: Path, tmp_path: Path
) -> None:
    assert train(tmp_path, new_run(slim(short, "lenet-quick"), few_path, tmp_path)).returncode == 0
    alone = train(tmp_path, ["--resume", str(only_run(tmp_path).path)], num_workers=1)
    assert alone.returncode == 2
    assert "'workers' differs: the run has 2, you gave 1" in alone.stderr


@pytest.mark.slow
def test_a_batch_that_cannot_be_shared_is_refused_by_both(
    short: MakeRecipe, few_path: Path, tmp_path: Path
) -> None:
    recipe = short("lenet-quick", batch_size=21)
    done = train(tmp_path, new_run(recipe, few_path, tmp_path))
    assert done.returncode != 0
    assert "cannot be shared evenly by 2 workers" in done.stderr
    assert not (tmp_path / "runs").exists()
