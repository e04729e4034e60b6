"""The command line, run in this process as the shell would run it."""

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from inkmint.cli.main import main


class Result(NamedTuple):
    exit_code: int
    out: str
    err: str

    def sentence(self) -> str:
        """The one line that a refusal prints."""
        assert self.exit_code not in (0, None)
        assert self.out == ""
        assert self.err.count("\n") == 1, self.err
        assert self.err.startswith("inkmint: ")
        assert "Traceback" not in self.err
        return self.err


@pytest.fixture
def inkmint(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Result]:
    """Run the command line in an empty folder."""
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["inkmint", *map(str, arguments)])
        capsys.readouterr()
        try:
            main()
            code: object = 0
        except SystemExit as exit:
            code = exit.code or 0
        captured = capsys.readouterr()
        assert isinstance(code, int)
        return Result(code, captured.out, captured.err)

    return run
