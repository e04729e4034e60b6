import json
import subprocess
import sys

import pytest
from click.testing import CliRunner
from PIL import Image

from inkmint.cli.data import data
from inkmint.errors import DataError


def invoke(*arguments):
    return CliRunner().invoke(data, arguments, catch_exceptions=False)


def test_list_shows_every_source():
    output = invoke("list").output
    for word in ("starter", "mnist", "fashion-mnist", "50,000", "bundled", "CC BY-SA 3.0"):
        assert word in output


def test_list_as_json(tiny, tmp_path):
    tiny.write_to(tmp_path / "cache" / "tiny")
    rows = {row["name"]: row for row in json.loads(invoke("list", "--json").output)}
    assert rows["starter"]["state"] == "bundled"
    assert rows["mnist"]["state"] == "not fetched"
    assert rows["tiny"]["state"] == "cached"
    assert rows["mnist"]["train"] == 50_000


def test_fetch_into_the_cache(mirror, make_tiny):
    tiny = make_tiny(mirror.url)
    mirror.serve(tiny.contents)
    assert json.loads(invoke("fetch", "tiny", "--json").stdout)["state"] == "cached"
    assert invoke("fetch", "tiny", "--offline").stdout == "tiny: cached, verified.\n"


def test_fetch_does_not_pass_the_starter_off_as_mnist():
    with pytest.raises(DataError, match="network is switched off"):
        invoke("fetch", "mnist", "--offline")


def test_fetch_of_the_bundled_set():
    assert invoke("fetch", "starter").stdout == "starter: bundled, verified.\n"


@pytest.mark.parametrize("options", [[], ["--paper", "--split", "test", "--per-class", "3"]])
def test_show_writes_a_contact_sheet(tmp_path, monkeypatch, options):
    monkeypatch.chdir(tmp_path)
    assert "starter.png" in invoke("show", "starter", *options).stdout
    with Image.open("starter.png") as image:
        assert image.mode == "L"
        assert image.getpixel((2, 2)) == (255 if options else 0)


def test_show_as_json(tmp_path):
    result = invoke("show", "starter", "-o", str(tmp_path / "a.png"), "--json")
    record = json.loads(result.stdout)
    assert record["images_per_class"]["7"] == 400
    assert (tmp_path / "a.png").is_file()


def test_importing_the_commands_is_light():
    code = "import sys, inkmint.cli.data; print({'torch', 'numpy', 'rich', 'PIL'} & set(sys.modules))"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert output.stdout.strip() == "set()"
