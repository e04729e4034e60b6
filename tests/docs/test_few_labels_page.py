"""scripts/few_labels.py: the page of its results, and digits minted from few labels."""

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch

from inkmint.data.digits import Splits
from inkmint.training.engine import digits_of_run

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    monkeypatch.syspath_prepend(SCRIPTS)
    module = import_module("few_labels")
    monkeypatch.setattr(module, "RUNS", tmp_path)
    yield module
    sys.modules.pop("few_labels")


def result(script: Any, name: str, seed: int, test: float, **changes: Any) -> dict[str, Any]:
    contender = next(each for each in script.CONTENDERS if each.name == name)
    return {
        "contender": name,
        "seed": seed,
        "test": test,
        "validation": test - 0.001,
        "num_test": 10_000,
        "seconds": 100.4,
        "protocol": contender.protocol,
        "machine": "A machine, 2 threads, torch 2",
        **changes,
    }


def test_without_results_every_contender_waits(script: Any) -> None:
    page = script.page({})
    assert page.count("not measured yet") == len(script.CONTENDERS) + len(script.PAIRS)


def test_results_stand_with_spread_interval_and_paired_differences(script: Any) -> None:
    shares = {"unlabelled": (0.99, 0.992, 0.991), "augmented": (0.95, 0.954, 0.949)}
    results = {
        f"{name}, {seed}": result(script, name, seed, share)
        for name, each in shares.items()
        for seed, share in enumerate(each)
    }
    page = script.page(results)
    assert "| 99.10% ± 0.10 | 98.85% to 99.35% | 99.00% | 100 | 0, 1, 2 |" in page
    assert "| unlabelled less augmented | **+4.00** | +3.50 to +4.50 | 3 |" in page
    assert "on A machine, 2 threads, torch 2." in page


def test_results_of_another_protocol_do_not_count(script: Any) -> None:
    other = result(script, "unlabelled", 0, 0.99, protocol={"learner": {}})
    assert "99.00%" not in script.page({"unlabelled, seed 0": other})


def test_minted_digits_come_from_the_labelled_ones_alone(script: Any, few: Splits) -> None:
    minting = [contender for contender in script.CONTENDERS if contender.generator]
    assert minting
    for contender in minting:
        generator = contender.generator
        if generator.optimisers:
            contender = type(contender)(
                contender.name, contender.about, contender.learner, generator.derive(epochs=1, batch_size=20)
            )
        joined = script.joined_by_minted(contender, 0, few)
        labelled = digits_of_run(contender.generator, few.train, 0)
        real = {image.numpy().tobytes() for image in labelled.images}
        assert len(real) == 10 * script.PER_CLASS
        found = [image.numpy().tobytes() in real for image in joined.train.images]
        assert sum(found) == script.NUM_REAL
        assert len(found) == script.NUM_REAL + script.NUM_MINTED
        assert torch.equal(joined.test.images, few.test.images)
