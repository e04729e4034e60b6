"""A generator that has hardly learnt, and ways to look at a job's folder."""

from collections.abc import Callable
from pathlib import Path

import pytest

from inkmint.data.digits import Splits
from inkmint.evaluation.judge import NamedJudge, load_judge
from inkmint.models import Generator
from inkmint.training import session
from inkmint.training.recipe import Recipe


@pytest.fixture(scope="session")
def tiny_path(short: Callable[..., Recipe], few: Splits, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of a conditional generator."""
    return session.train(
        short("acgan-sa-quick", epochs=1), few, tmp_path_factory.mktemp("tiny"), threads=1
    ).path


@pytest.fixture(scope="session")
def tiny(tiny_path: Path) -> Generator:
    return Generator.from_pretrained(tiny_path)


@pytest.fixture(scope="session")
def judge() -> NamedJudge:
    return load_judge("judge-v1")


@pytest.fixture(scope="session")
def contents() -> Callable[[Path], dict[str, bytes]]:
    """Every byte of a folder but for its locks, by file."""

    def read(path: Path) -> dict[str, bytes]:
        files = (file for file in path.rglob("*") if file.is_file() and ".locks" not in file.parts)
        return {file.relative_to(path).as_posix(): file.read_bytes() for file in files}

    return read
