"""benchmarks/: every script starts, and both loops of loop_speed.py train the networks that they are timed with."""

import sys
from importlib import import_module
from pathlib import Path

import pytest

from inkmint.data.digits import Splits
from inkmint.recipes import find_recipe

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SCRIPTS = sorted(path.stem for path in BENCHMARKS.glob("*.py") if "def main(" in path.read_text())


@pytest.fixture(autouse=True)
def beside_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)


@pytest.mark.parametrize("name", [name for name in SCRIPTS if name != "public_gan_run"])
def test_a_benchmark_tells_how_it_is_called(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--help"])
    with pytest.raises(SystemExit) as ended:
        import_module(name).main()
    assert ended.value.code == 0
    assert f"usage: {name}.py" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["raza2021/gan", "hu2024/acgan-sa"])
def test_both_loops_train(name: str, few: Splits) -> None:
    loop_speed = import_module("loop_speed")
    recipe = find_recipe(name).derive(epochs=1, average=0.0, batch_size=16)
    loops = [loop_speed.plain_loop(recipe, few.train, 0), loop_speed.our_loop(recipe, few.train)]
    assert all(loop_speed.images_per_sec(loop, len(few.train)) > 0 for loop in loops)
