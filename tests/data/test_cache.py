import json
import os
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path

import pytest

import inkmint
from inkmint.data.cache import CacheWarning, cache_folder, is_cached, load_files
from inkmint.data.fetch import NotFetchedError
from inkmint.files import sha256_bytes

CHILD = """
import json, sys
from inkmint.data.cache import load_files
from inkmint.data.catalogue import KnownFile, Source
from inkmint.files import sha256_bytes
row = json.loads(sys.argv[1])
row["files"] = tuple(KnownFile(**file) for file in row["files"])
contents = load_files(Source(**row))
print(json.dumps({name: sha256_bytes(content) for name, content in contents.items()}))
"""


def start(source):
    """Start a process that loads `source` through the cache and prints the hashes."""
    environment = os.environ | {"PYTHONPATH": str(Path(inkmint.__file__).parents[1])}
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, json.dumps(asdict(source))], stdout=subprocess.PIPE, env=environment
    )


def cached_names(source):
    return sorted(
        path.name for path in cache_folder().rglob("*") if path.is_file() and path.suffix != ".lock"
    )


def test_fetched_once_then_read(mirror, make_tiny):
    tiny = make_tiny(mirror.url)
    mirror.serve(tiny.contents)
    assert not is_cached(tiny.source)
    assert load_files(tiny.source) == tiny.contents
    assert load_files(tiny.source, offline=True) == tiny.contents
    assert is_cached(tiny.source)
    assert len(mirror.asked) == 4
    assert cached_names(tiny.source) == sorted(tiny.contents)


@pytest.mark.parametrize("damage", [lambda old: old[:-1], lambda old: old[:-1] + b"?", lambda old: b""])
def test_a_damaged_file_is_fetched_again(mirror, make_tiny, damage):
    tiny = make_tiny(mirror.url)
    mirror.serve(tiny.contents)
    load_files(tiny.source)
    victim = cache_folder() / "tiny" / tiny.source.files[0].name
    victim.write_bytes(damage(victim.read_bytes()))
    with pytest.warns(CacheWarning, match="was damaged"):
        assert load_files(tiny.source) == tiny.contents
    assert victim.read_bytes() == tiny.contents[victim.name]
    assert len(mirror.asked) == 5


def test_an_interrupted_download_leaves_nothing(mirror, make_tiny):
    tiny = make_tiny(mirror.url)
    mirror.serve(tiny.contents)
    mirror.truncate = True
    with pytest.raises(NotFetchedError):
        load_files(tiny.source)
    assert cached_names(tiny.source) == []
    mirror.truncate = False
    assert load_files(tiny.source) == tiny.contents


def test_control_c_leaves_nothing_and_frees_the_lock(mirror, make_tiny):
    tiny = make_tiny(mirror.url)
    mirror.serve(tiny.contents)

    def interrupt(*report):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_files(tiny.source, progress=interrupt)
    assert cached_names(tiny.source) == []
    assert load_files(tiny.source) == tiny.contents


def test_wrong_bytes_are_never_cached(mirror, make_tiny):
    tiny = make_tiny(mirror.url)
    mirror.serve({name: content[:-1] + b"?" for name, content in tiny.contents.items()})
    with pytest.raises(NotFetchedError):
        load_files(tiny.source)
    assert cached_names(tiny.source) == []


def test_a_cache_that_cannot_be_written_does_not_stop_the_work(mirror, make_tiny, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("INKMINT_CACHE", str(tmp_path / "file"))
    tiny = make_tiny(mirror.url)
    mirror.serve(tiny.contents)
    with pytest.warns(CacheWarning, match="without being cached"):
        assert load_files(tiny.source) == tiny.contents
    assert (tmp_path / "file").read_text() == "in the way"


def test_two_processes_fetch_once(mirror, make_tiny):
    tiny = make_tiny(mirror.url)
    mirror.serve(tiny.contents)
    mirror.gate = threading.Event()
    children = [start(tiny.source) for _ in range(2)]
    assert mirror.at_gate.wait(10)
    mirror.gate.set()
    expected = {name: sha256_bytes(content) for name, content in tiny.contents.items()}
    for child in children:
        output, _ = child.communicate(timeout=20)
        assert json.loads(output) == expected
    assert sorted(mirror.asked) == sorted(f"/{name}.gz" for name in tiny.contents)


def test_a_killed_process_leaves_nothing_and_frees_the_lock(mirror, make_tiny):
    tiny = make_tiny(mirror.url)
    mirror.serve(tiny.contents)
    mirror.gate = threading.Event()
    child = start(tiny.source)
    assert mirror.at_gate.wait(10)
    child.kill()
    child.communicate(timeout=10)
    assert cached_names(tiny.source) == []
    mirror.gate.set()
    assert load_files(tiny.source) == tiny.contents
