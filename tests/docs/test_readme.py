"""README.md: its table of models is the zoo, its training commands name recipes, and its links lead somewhere."""

import re
import shlex
from pathlib import Path

import pytest
from page_blocks import blocks, check, words_of

from inkmint.recipes import find_recipe
from inkmint.training.recipe import assignment
from inkmint.zoo import ZOO

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(
    r"^(?:torchrun .* -m )?inkmint (?:train|recipes) (?!-)(\S.*?)(?:   .*)?$", README, re.MULTILINE
)


def test_the_table_of_models_is_the_zoo() -> None:
    table = README.split("## The zoo")[1].split("```")[0]
    rows = [line.split("|")[2] for line in table.splitlines() if line.startswith("| ")][1:]
    assert sorted(name for row in rows for name in re.findall(r"`([^`]+)`", row)) == sorted(ZOO)
    assert f"{len(ZOO)} rows" in table


@pytest.mark.parametrize("command", COMMANDS)
def test_a_training_command_names_a_recipe_and_fits_it(command: str) -> None:
    name, *arguments = shlex.split(command)
    recipe = find_recipe(name)
    changes = [value for flag, value in zip(arguments[::2], arguments[1::2], strict=True) if flag == "--set"]
    if changes:
        assert recipe.derive(**dict(map(assignment, changes))) != recipe


def test_every_command_is_one_that_inkmint_takes() -> None:
    lines = [re.sub(r"   .*", "", line) for block in blocks(ROOT / "README.md") for line in block.commands]
    assert len(lines) >= 15
    for line in lines:
        check(words_of(line)[0])


def test_the_commands_were_found() -> None:
    assert "raza2021/gan-quick --set options.loss=hinge" in COMMANDS
    assert len(COMMANDS) >= 6


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/adding-a-model.md", "docs/zoo.md"])
def test_links_between_pages_lead_somewhere(page: str) -> None:
    path = ROOT / page
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target
