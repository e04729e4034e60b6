"""docs/adding-a-model.md: its code runs as printed, and what it says of itself is true."""

import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from inkmint.data import sources
from inkmint.data.digits import Splits
from inkmint.models import Generator
from inkmint.recipes import find_recipe
from inkmint.training.runs import Run
from inkmint.zoo import ZOO, find

PAGE = (Path(__file__).parents[2] / "docs" / "adding-a-model.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
NAME = "dense-against-conv"


@pytest.fixture
def page(few: Splits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the names on the page stand for once its first two blocks have run, on a few of the starter digits."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sources, "load_splits", lambda *_, **__: few)
    monkeypatch.setattr("inkmint.zoo.ZOO", dict(ZOO))
    names: dict[str, Any] = {}
    for block in BLOCKS[:2]:
        exec(compile(block, "docs/adding-a-model.md", "exec"), names)
    return names


def test_the_block_is_as_short_as_the_page_says() -> None:
    (block,) = re.findall(r"^    GanSpec\(\n.*?^    \)\n", BLOCKS[0], re.MULTILINE | re.DOTALL)
    (stated,) = re.findall(r"`GanSpec` is (\d+) lines", PAGE.replace("\n", " "))
    assert block.count("\n") == int(stated) <= 12


def test_the_added_model_trains_is_saved_and_samples(page: dict[str, Any], few: Splits) -> None:
    run = page["run"]
    assert run.read_status()["state"] == "finished"
    assert run.read_status()["step"] == len(few.train) // page["recipe"].batch_size
    assert page["sevens"].shape == (16, 28, 28)
    loaded = Generator.from_pretrained(run.path)
    assert loaded.name == NAME
    assert (loaded.sample(4, digit=7, seed=1) != loaded.sample(4, digit=1, seed=1)).any()


def test_the_added_model_is_found_by_name_with_its_own_default_and_takes_options(
    page: dict[str, Any],
) -> None:
    options = page["recipe"].options
    assert find(NAME).settle({})["loss"] == "least-squares"
    assert find(NAME).build(options, 10)["discriminator"].packing == 2


def test_the_added_model_works_from_the_command_line(page: dict[str, Any], tmp_path: Path) -> None:
    exec(compile(BLOCKS[2], "docs/adding-a-model.md", "exec"), page)
    run = Run(tmp_path / "runs" / "mine-dense-against-conv-s0-0002")
    assert run.read_config().recipe == page["recipe"].derive(**{"options.loss": "hinge"})
    assert find_recipe("mine.toml") == page["recipe"]
    with Image.open("sevens.png") as picture:
        assert picture.width > 28
