"""Workers that share a sweep, and are killed: every trial is done once, to the same weights."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inkmint.data.npz import read_npz_splits
from inkmint.recipes import find_recipe
from inkmint.training import session

Start = Callable[[str | None], Any]
EPOCHS = 30
EPOCHS_OF_FOUR = 60


def test_of_two_workers_one_is_killed_and_the_other_takes_its_trial_over(
    workers_on: Start, few_path: Path, tmp_path: Path
) -> None:
    workers = workers_on(None)
    settings = ("--set", "batch_size=20,40", "--set", "average=0.0,0.9", "--grid", "--epochs", str(EPOCHS))
    for _ in range(2):
        workers.start(*settings)
    left, pid = workers.wait_for_trial_in_its_midst()
    workers.kill(pid)
    begun = workers.begun_at(left)
    (said,) = workers.finish()
    assert said.startswith("sizes: 4 of 4 trials done; the best is trial ")
    assert (workers.sweep.folder / "report.html").is_file()
    trials = workers.require_every_trial_once(4)
    taken_over = trials[left.number]
    assert taken_over.machine != left.machine
    assert workers.begun_at(left) == begun
    recipe = find_recipe("lenet-quick").derive(epochs=EPOCHS, **taken_over.settings)
    whole = session.train(recipe, read_npz_splits(few_path), tmp_path / "whole", threads=1)
    weights = [
        path / "model" / "model.safetensors"
        for path in (whole.path, workers.sweep.folder / f"trial-{left.number:04d}")
    ]
    assert weights[0].read_bytes() == weights[1].read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("storage", ["journal", "postgresql"])
@pytest.mark.parametrize("how", ["grid", "search"])
def test_of_four_workers_two_are_killed_and_every_trial_is_done_once(
    storage: str, how: str, workers_on: Start, request: pytest.FixtureRequest
) -> None:
    workers = workers_on(request.getfixturevalue("postgresql") if storage == "postgresql" else None)
    ways = {
        "grid": ("--set", "batch_size=14,20,28,35", "--set", "average=0.0,0.9,0.99", "--grid"),
        "search": ("--set", "optimisers.recogniser.learning_rate=1e-3..1e-1:log", "--trials", "12"),
    }
    for _ in range(4):
        workers.start(*ways[how], "--epochs", str(EPOCHS_OF_FOUR))
    left, first = workers.wait_for_trial_in_its_midst()
    workers.kill(first)
    also_left, second = workers.wait_for_trial_in_its_midst(but_of=(first,))
    workers.kill(second)
    begun = [workers.begun_at(trial) for trial in (left, also_left)]
    assert len(workers.finish()) == 2
    trials = workers.require_every_trial_once(12)
    assert [workers.begun_at(trial) for trial in (left, also_left)] == begun
    for trial in (left, also_left):
        assert trials[trial.number].machine not in (left.machine, also_left.machine)
