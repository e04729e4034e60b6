"""What Markdown pages tell their readers to type, checked against the real command line, and run.

A block's language says what it is, and a second word when the tests run it:

```sh           run in the fast tests, in the order of the page
```sh slow      run in the slow tests alone
```sh unrun     not run, for it does not end or needs what a test has not; its commands are checked all the same
```python       likewise
```text         what the block before it prints, where ... stands for anything
"""

import io
import re
import shlex
from collections.abc import Iterator
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, OutputChecker
from pathlib import Path
from typing import Any

import click
import pytest

from inkmint.cli.main import cli, main
from inkmint.recipes import find_recipe
from inkmint.sweeping.space import parse_settings
from inkmint.training.recipe import assignment

FAST, SLOW, UNRUN = "", "slow", "unrun"
_BLOCK = re.compile(r"^```(\w*) ?(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`(inkmint [a-z][^`]*)`")


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        language: `sh`, `python`, `text`, or nothing.
        kind: When it is run: `FAST`, `SLOW` or `UNRUN`.
        text: Between the fences.
    """

    language: str
    kind: str
    text: str

    @property
    def lines(self) -> list[str]:
        """What a shell takes as one line each."""
        return re.sub(r"\\\n\s*", "", self.text).splitlines()

    @property
    def commands(self) -> list[str]:
        """Its lines that call inkmint."""
        return [line for line in self.lines if line.startswith("inkmint ")]


def blocks(page: Path) -> list[Block]:
    """All blocks of a page, in its order."""
    return [Block(*found) for found in _BLOCK.findall(page.read_text(encoding="utf-8"))]


def inline_commands(page: Path) -> list[str]:
    """Commands in the text between blocks, on one line as code."""
    text = _BLOCK.sub("", page.read_text(encoding="utf-8"))
    return [" ".join(found.split()) for found in _INLINE.findall(text)]


def words_of(line: str) -> tuple[list[str], str | None]:
    """The words of a line without the program's name, and the file that its output goes to."""
    words = shlex.split(line, comments=True)[1:]
    return (words[:-2], words[-1]) if words[-2:-1] == [">"] else (words, None)


def parsed(words: list[str]) -> click.Context:
    """The command with its options and arguments checked, but not called."""
    command, name, rest = _resolved(words)
    return command.make_context(name, rest)


def is_a_name(words: list[str]) -> bool:
    """Whether the words name a command and say nothing of what it is to do."""
    return not _resolved(words)[2]


def _resolved(words: list[str]) -> tuple[click.Command, str, list[str]]:
    name, *rest = words
    command: click.Command | None = cli.get_command(click.Context(cli), name)
    while isinstance(command, click.Group) and rest and rest[0] in command.commands:
        name, *rest = rest
        command = command.commands[name]
    assert command is not None
    return command, name, rest


def check(words: list[str]) -> None:
    """Refuse a command that inkmint would refuse before it looks at any file."""
    context = parsed(words)
    given = context.params
    if context.info_name in ("train", "recipes"):
        name = given.get("recipe") or given.get("name")
        if name and not name.endswith((".toml", ".json")):
            find_recipe(name).derive(**dict(map(assignment, given.get("assignments", ()))))
    if context.info_name == "sweep" and len(given["words"]) == 2:
        _, axes = parse_settings(given["assignments"], find_recipe(given["words"][0]))
        assert axes


def run_page(page: Path, kinds: tuple[str, ...]) -> Iterator[str]:
    """Run the blocks of these kinds in the current folder, and hold what they print against the page.

    Yields:
        Every command and block as it is done, for whoever counts them.
    """
    names: dict[str, Any] = {}
    printed: str | None = None
    for block in blocks(page):
        if block.language == "text":
            if printed is not None:
                _compare(block.text, printed, page)
            continue
        printed = None
        if block.kind not in kinds:
            continue
        if block.language == "sh":
            printed = "".join(_run(line) for line in block.lines)
            yield from block.lines
        elif block.language == "python":
            with redirect_stdout(io.StringIO()) as out:
                exec(compile(block.text, page.name, "exec"), names)
            printed = out.getvalue()
            yield block.text


def _run(line: str) -> str:
    """What a line of the shell prints; what it sends to a file is written there."""
    words, target = words_of(line)
    out, err = io.StringIO(), io.StringIO()
    with ExitStack() as stack:
        stack.enter_context(redirect_stdout(out))
        stack.enter_context(redirect_stderr(err))
        try:
            main(words)
        except SystemExit as ended:
            if ended.code:
                pytest.fail(f"{line}\n{err.getvalue()}", pytrace=False)
    if target is None:
        return out.getvalue()
    Path(target).write_text(out.getvalue(), encoding="utf-8")
    return ""


def _compare(wanted: str, printed: str, page: Path) -> None:
    if not OutputChecker().check_output(wanted, printed, ELLIPSIS | NORMALIZE_WHITESPACE):
        pytest.fail(f"{page.name} says:\n{wanted}\nIt is:\n{printed}", pytrace=False)
