"""`inkmint write`, `inkmint morph` and `inkmint sample --text`: what they write, say and refuse."""

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

Command = Callable[..., Any]


def test_a_number_in_a_hand_of_its_own(inkmint: Command, tmp_path: Path) -> None:
    result = inkmint("write", "2026-11-21", "--hand", 3)
    assert result.exit_code == 0, result.err
    assert result.out.startswith("written.png: 10 glyphs in hand 3 by house, ")
    assert "replaced" not in result.out
    first = (tmp_path / "written.png").read_bytes()
    again = inkmint("write", "2026-11-21", "--hand", 3)
    assert again.out.endswith(" An earlier written.png was replaced.\n")
    assert (tmp_path / "written.png").read_bytes() == first
    named = inkmint("write", "7", "-o", "any.png").out.split("hand ")[1].split()[0]
    assert inkmint("write", "7", "-o", "same.png", "--hand", named).exit_code == 0
    assert (tmp_path / "same.png").read_bytes() == (tmp_path / "any.png").read_bytes()


def test_json_tells_where_every_glyph_is(inkmint: Command, tmp_path: Path) -> None:
    result = inkmint("write", r"1.5\n+7", "--json", "--height", 30, "--ink-colour", "black")
    record = json.loads(result.out)
    with Image.open(tmp_path / "written.png") as picture:
        assert picture.size == (record["width"], record["height"])
        grey = np.asarray(picture.convert("L"))
    assert [glyph["character"] for glyph in record["glyphs"]] == list("1.5+7")
    assert [glyph["digit"] for glyph in record["glyphs"]] == ["1", None, "5", None, "7"]
    assert [glyph["line"] for glyph in record["glyphs"]] == [1, 1, 1, 2, 2]
    for glyph in record["glyphs"]:
        box = glyph["box"]
        assert grey[box["top"] : box["bottom"], box["left"] : box["right"]].min() < 80
    assert record["replaced"] is False
    assert len(record["weights_sha256"]) == 64


def test_a_file_and_a_pipe_are_written_line_by_line(
    inkmint: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "numbers.txt").write_text("12\r\n\r\n34\n", encoding="utf-8")
    record = json.loads(inkmint("write", "--text-file", "numbers.txt", "--hand", 0, "--json").out)
    assert [(glyph["character"], glyph["line"]) for glyph in record["glyphs"]] == [
        ("1", 1),
        ("2", 1),
        ("3", 3),
        ("4", 3),
    ]
    monkeypatch.setattr("sys.stdin", io.StringIO("12\n\n34"))
    assert (
        json.loads(inkmint("write", "--text-file", "-", "--hand", 0, "--json").out)["glyphs"]
        == record["glyphs"]
    )


def test_transparent_ink_has_its_colour(inkmint: Command, tmp_path: Path) -> None:
    assert inkmint("write", "8", "--transparent", "--ink-colour", "#ff0000", "-o", "red.png").exit_code == 0
    with Image.open(tmp_path / "red.png") as picture:
        assert picture.mode == "RGBA"
        pixels = np.asarray(picture)
    assert (pixels[..., :3] == (255, 0, 0)).all()
    assert pixels[0, 0, 3] == 0
    assert pixels[..., 3].max() > 200


def test_sample_writes_a_text_in_its_own_manner(inkmint: Command, tmp_path: Path) -> None:
    """Bright on dark unless on paper, as all that it writes; the seed is the hand."""
    for name, options in (("dark", ()), ("paper", ("--paper",)), ("clear", ("--transparent",))):
        result = inkmint("sample", "--text", "2026-11-21", "--seed", 4, *options, "-o", f"{name}.png")
        assert result.exit_code == 0, result.err
    assert inkmint("write", "2026-11-21", "--hand", 4).exit_code == 0
    grey, modes = {}, {}
    for path in tmp_path.glob("*.png"):
        with Image.open(path) as picture:
            grey[path.stem], modes[path.stem] = np.asarray(picture.convert("L")), picture.mode
    assert grey["dark"][0, 0] == 0
    assert grey["dark"].max() > 200
    assert np.array_equal(grey["paper"], grey["written"])
    assert modes["clear"] == "RGBA"


def test_a_film_and_a_strip(inkmint: Command, tmp_path: Path) -> None:
    result = inkmint("morph", 3, 8, "--hand", 0, "--frames", 5, "--height", 20)
    assert result.out == "morph.gif: 6 frames of 3 8 in hand 0 by house.\n"
    with Image.open(tmp_path / "morph.gif") as film:
        assert (film.format, film.n_frames, film.size) == ("GIF", 10, (28, 28))
    result = inkmint(
        "morph", 5, "--hand", 1, "--to-hand", 2, "--frames", 5, "--height", 20, "-o", "s.png", "--json"
    )
    assert json.loads(result.out)["to_hand"] == 2
    with Image.open(tmp_path / "s.png") as strip:
        assert strip.size == (6 * 28, 28)
    assert "An earlier morph.gif was replaced." in inkmint("morph", 3, 8, "--frames", 1, "--height", 20).out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["write"], "Say what to write"),
        (["write", "12", "--text-file", "x.txt"], "Say what to write"),
        (["write", "12e"], "character 'e' cannot be written"),
        (["write", "--text-file", "nowhere.txt"], "nowhere.txt cannot be read as text"),
        (["write", "12", "-o", "a.jpg"], "ending in .png"),
        (["write", "12", "--ink-colour", "inky"], "'inky' is no colour"),
        (["write", "12", "--transparent", "--paper-colour", "red"], "has no paper"),
        (["write", "12", "--model", "lenet-attention"], "not a generator"),
        (["sample", "--text", "12", "-n", "5"], "leave out --number"),
        (["sample", "--transparent"], "--transparent is for --text"),
        (["morph", "5"], "alone changes into nothing"),
        (["morph", "5", "x"], "draws no 'x'"),
        (["morph", "5", "6", "-o", "m.mp4"], "ending in .gif or .png"),
    ],
)
def test_refusals_are_one_sentence(
    arguments: list[str], message: str, inkmint: Command, tmp_path: Path
) -> None:
    assert message in inkmint(*arguments).sentence()
    assert not list(tmp_path.glob("*.png"))


@pytest.mark.parametrize("command", ["write", "morph", "sample"])
def test_the_help_imports_no_torch(command: str) -> None:
    run = f"from inkmint.cli.main import main; main(['{command}', '--help'])"
    script = f"import sys; {run}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "Usage: " in done.stdout
    assert done.stdout.rstrip().endswith("False")
