"""docs/scale-out.md: every command in it is one that torchrun and inkmint take, and its sentences are ours."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from page_blocks import check
from torch.distributed.run import get_args_parser

from inkmint.cli.main import COMMANDS
from inkmint.recipes import find_recipe

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "scale-out.md").read_text(encoding="utf-8")
SOURCE = "\n".join(
    path.read_text(encoding="utf-8") for path in sorted((ROOT / "src" / "inkmint").rglob("*.py"))
)


def commands() -> Iterator[str]:
    """Of every block, lines that end in a backslash joined, variables of the shell filled in."""
    for block in re.findall(r"^```\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL):
        for line in re.sub(r"\\\n\s*", "", block).splitlines():
            if re.search(rf"\binkmint ({'|'.join(COMMANDS)})\b", line):
                filled = re.sub(r"\$\(\(.*?\)\)|\\?\$\w+", "1", line).strip()
                srun = re.fullmatch(r'srun bash -c "(.*)"', filled)
                yield srun[1] if srun else filled


LINES = list(commands())


@pytest.mark.parametrize("line", LINES)
def test_a_command_is_one_that_inkmint_takes(line: str) -> None:
    words = shlex.split(line)
    if words[0] == "torchrun":
        options = get_args_parser().parse_args(words[1:])
        assert options.module
        assert options.training_script == "inkmint"
        words = [options.training_script, *options.training_script_args]
    assert words[0] == "inkmint"
    check(words[1:])


def test_the_commands_were_found() -> None:
    """Of every kind, for Slurm, Kubernetes and two laptops."""
    for command, least in (("inkmint train", 6), ("inkmint sweep", 8), ("inkmint mint", 6)):
        assert sum(command in line for line in LINES) >= least, command
    for heading in ("Slurm", "Kubernetes", "laptops"):
        assert heading in PAGE


def test_a_batch_fits_the_workers_it_is_given_to() -> None:
    """Four nodes of one worker, and of four."""
    assert find_recipe("hu2024/acgan-sa").derive(batch_size=256).batch_size % 16 == 0
    assert find_recipe("acgan-sa-quick").batch_size % 2 == 0


def test_the_sentences_that_it_quotes_are_ours() -> None:
    """Each piece of a quoted message, between what differs from case to case, stands in the source."""
    source = re.sub(r'"\s*\n\s*f?"', "", SOURCE)
    quoted = [
        text
        for cell in re.findall(r"^\|.*\|$", PAGE, re.MULTILINE)
        for text in re.findall(r"`([^`]{40,})`", cell)
    ]
    assert len(quoted) >= 8
    for text in quoted:
        pieces = re.split(r"\.\.\.|\(|\)|\b\d+\b|'[^']*'|data's fingerprint|digits is| seed is", text)
        for piece in (piece.strip(" ,;") for piece in pieces):
            if len(piece) > 12:
                assert piece in source, piece


def test_links_lead_somewhere() -> None:
    for name in re.findall(r"`(tests/\S+\.py)`", PAGE):
        assert (ROOT / name).exists()
