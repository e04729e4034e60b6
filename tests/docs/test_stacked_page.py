"""scripts/stacked_mnist.py: the page of its results beside PacGAN's."""

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inkmint.data.catalogue import STACKED_NAMES
from inkmint.recipes import find_recipe
from inkmint.recipes.lin2018 import packed

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(SCRIPTS)
    yield import_module("stacked_mnist")
    sys.modules.pop("stacked_mnist")


def result(packing: int, seed: int, modes: float, divergence: float) -> dict[str, Any]:
    recipe = packed(find_recipe("lin2018/dcgan-stacked-quick"), packing)
    common = {"judge_sha256": "0123456789abcdef"}
    return {
        "recipe": recipe.name,
        "packing": packing,
        "epochs": recipe.epochs,
        "seed": seed,
        "figures": [
            common
            | {
                "name": "modes_judge_26k",
                "value": modes,
                "interval": [modes - 2, modes],
                "reference": 1000.0,
            },
            common
            | {
                "name": "mode_kl_judge_26k",
                "value": divergence,
                "interval": [divergence, 1.0],
                "reference": 0.0271,
            },
        ],
        "seconds": 240.4,
        "machine": "A machine, 2 threads, torch 2",
    }


def test_without_results_the_page_says_so_and_shows_what_is_printed(script: Any) -> None:
    page = script.page({})
    assert "No results yet." in page
    assert "| 1 | 78.9 ± 6.46 | 4.50 ± 0.127 |" in page
    assert "![" not in page


def test_ours_stand_beside_theirs(script: Any) -> None:
    results = {
        "a": result(1, 0, 812.0, 0.5),
        "b": result(2, 0, 998.0, 0.1),
        "c": result(2, 1, 1000.0, 0.2),
    }
    page = script.page(results)
    assert "## `lin2018/dcgan-stacked-quick`, 4 epochs" in page
    assert "| real test digits | | | 1,000 | 0.027 | | |" in page
    assert (
        "| 1 | 78.9 ± 6.46 | 4.50 ± 0.127 | 812.0 (810.0 to 812.0) | 0.500 (0.500 to 1.000) | 1 | 240 |"
        in page
    )
    assert "| 2 | 1000.0 ± 0.00 | 0.06 ± 0.003 | 999.0 ± 1.0 | 0.150 ± 0.050 | 2 | 240 |" in page
    assert "| 4 | 1000.0 ± 0.00 | 0.07 ± 0.005 | not trained yet | | | |" in page
    assert page.count("![") == 2
    assert "(stacked/lin2018-dcgan-stacked-quick-pack2-e8-s0.png)" in page


def test_what_cannot_pack_stands_beside_the_paper_without_packing(script: Any) -> None:
    alone = result(1, 0, 1000.0, 0.02) | {"recipe": "inkmint/house-quick", "epochs": 11}
    page = script.page({"a": alone})
    assert "## `inkmint/house-quick`, 11 epochs" in page
    assert (
        "| 1 | 78.9 ± 6.46 | 4.50 ± 0.127 | 1000.0 (998.0 to 1000.0) | 0.020 (0.020 to 1.000) | 1 | 240 |"
        in page
    )
    assert "not trained yet" not in page


class Drawer:
    """Draws black images and notes what it is asked for."""

    name, class_names = "drawer", STACKED_NAMES

    def __init__(self, conditional: bool) -> None:
        self.conditional = conditional

    def sample(self, n: int, labels: Any, seed: int) -> Any:
        return np.zeros((n, 3, 28, 28), np.uint8)

    def mint(self, n: int, seed: int) -> str:
        return f"{n} digits of any class"


def test_classes_are_asked_for_at_random_and_not_evenly(script: Any) -> None:
    counts = np.bincount(script.drawn(Drawer(conditional=True)).labels, minlength=1000)
    shares = counts / counts.sum()
    divergence = float(np.sum(shares * np.log(shares * 1000)))
    assert divergence == pytest.approx(0.019, abs=0.003)
    assert script.drawn(Drawer(conditional=False)) == "26000 digits of any class"


def test_packings_are_whole_numbers(script: Any) -> None:
    from click.testing import CliRunner

    refused = CliRunner().invoke(script.main, ["--packings", "1,two"])
    assert refused.exit_code == 2
    assert "give whole numbers with commas, such as 1,2,4" in refused.output
