"""Files are either whole or absent, and a refusal of the system becomes a sentence."""

import errno
import json
import math
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from inkmint.errors import StorageError
from inkmint.files import (
    atomic_path,
    make_folder,
    read_json,
    sha256_bytes,
    sha256_file,
    write_json,
    write_text,
)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_written_file_replaces_the_earlier_one_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "down" / "a.txt"
    for text in ("first", "second, héllo"):
        write_text(path, text)
        assert path.read_text(encoding="utf-8") == text
    assert names(path.parent) == ["a.txt"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failure_on_the_way_keeps_the_earlier_file(error: type[BaseException], tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "earlier")
    with pytest.raises(error), atomic_path(path) as temporary:
        temporary.write_text("half of the n")
        raise error
    assert path.read_text() == "earlier"
    assert names(tmp_path) == ["a.txt"]


def test_a_new_file_has_the_rights_that_the_user_gives_new_files(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        write_text(tmp_path / "a.txt", "")
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o640


@pytest.mark.parametrize(
    ("number", "cause"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EDQUOT, "quota"),
        (errno.EACCES, "permission is denied"),
        (errno.EROFS, "read-only"),
        (errno.EIO, os.strerror(errno.EIO)),
    ],
)
def test_a_system_that_refuses_to_write_is_quoted_and_the_earlier_file_kept(
    number: int, cause: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "earlier")

    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StorageError, match=cause) as error:
        write_text(path, "new")
    assert str(path) in str(error.value)
    assert path.read_text() == "earlier"
    assert names(tmp_path) == ["a.txt"]


LIMITED = """
import resource, signal, sys
from pathlib import Path
from inkmint.errors import StorageError
from inkmint.files import write_text

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    write_text(Path(sys.argv[1]), "x" * 10_000)
except StorageError as error:
    print(error)
"""


def test_a_file_that_the_system_cuts_off_does_not_replace_the_earlier_one(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("earlier")
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"Cannot write {path}: the system says: {os.strerror(errno.EFBIG)}")
    assert path.read_text() == "earlier"
    assert names(tmp_path) == ["a.txt"]


def test_a_folder_whose_place_is_taken_by_a_file_is_refused(tmp_path: Path) -> None:
    """Root may write everywhere, but not even root makes a folder inside a file."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="in the way"):
        make_folder(tmp_path / "file")
    with pytest.raises(StorageError, match="is a file, not a folder"):
        write_text(tmp_path / "file" / "deeper" / "a.txt", "")


def test_a_file_whose_place_is_taken_by_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(StorageError, match="it is a folder"):
        write_text(tmp_path / "a.txt", "new")
    assert names(tmp_path) == ["a.txt"]


def test_a_name_that_is_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="too long"):
        make_folder(tmp_path / ("x" * 300))


def test_json_survives_and_numbers_that_are_none_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    value = {"name": "é", "numbers": [1, 0.1, 1e-300], "none": None}
    write_json(path, value)
    assert read_json(path) == json.loads(path.read_text(encoding="utf-8")) == value
    for number in (math.nan, math.inf):
        with pytest.raises(ValueError, match="JSON"):
            write_json(path, {"number": number})
    assert read_json(path) == value


def test_hashes_are_sha256(tmp_path: Path) -> None:
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, "abc"
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256_bytes(b"abc") == sha256_file(tmp_path / "abc") == expected
