"""`inkmint read`: what it prints, writes and refuses."""

import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inkmint.data.digits import Splits
from inkmint.data.npz import write_npz
from inkmint.models import Recogniser, find_model
from inkmint.reading import DEFAULT_MODEL

Command = Callable[..., Any]


@pytest.fixture
def picture(starter: Splits, tmp_path: Path) -> Path:
    """4 and 2 as dark ink on white, as the recogniser reads them best."""
    images, labels = starter.validation.images.numpy(), starter.validation.labels.numpy()
    confidence_NK = Recogniser.from_pretrained(DEFAULT_MODEL).predict_proba(images)
    best = [images[labels == k][confidence_NK[labels == k, k].argmax()] for k in (4, 2)]
    ink = np.hstack([np.pad(image, 6) for image in best]).repeat(3, axis=0).repeat(3, axis=1)
    path = tmp_path / "receipt.png"
    Image.fromarray(255 - ink).save(path)
    return path


def test_a_line_for_each_picture(inkmint: Command, picture: Path) -> None:
    result = inkmint("read", "receipt.png")
    assert result.exit_code == 0
    assert result.out == "receipt.png: 42 (1.00 1.00)\n"
    assert result.err == ""


def test_rejected_places_and_empty_paper(inkmint: Command, picture: Path, tmp_path: Path) -> None:
    Image.new("L", (100, 80), 240).save(tmp_path / "blank.png")
    result = inkmint("read", "receipt.png", "blank.png", "--threshold", 1)
    assert result.out.splitlines() == ["receipt.png: ?? (1.00 1.00)", "blank.png: no digits found"]


def test_json_and_csv(inkmint: Command, picture: Path) -> None:
    (record,) = json.loads(inkmint("read", "receipt.png", "--json").out)
    assert record["text"] == "42"
    (four, _two) = record["lines"][0]
    assert four["digit"] == "4"
    assert four["second"] != "4"
    rows = list(csv.DictReader(io.StringIO(inkmint("read", "receipt.png", "--csv").out)))
    assert [row["digit"] for row in rows] == ["4", "2"]
    assert int(rows[0]["left"]) == four["box"]["left"]


def test_folders_are_read_whole_and_broken_files_are_told(
    inkmint: Command, picture: Path, tmp_path: Path
) -> None:
    deep = tmp_path / "scans" / "deep"
    deep.mkdir(parents=True)
    shutil.copy(picture, deep / "b.png")
    shutil.copy(picture, tmp_path / "scans" / "c.PNG")
    (tmp_path / "scans" / "a.png").write_bytes(picture.read_bytes()[:200])
    (tmp_path / "scans" / "notes.txt").write_text("no picture")
    result = inkmint("read", "scans")
    assert result.exit_code == 1
    assert [line.split(":")[0] for line in result.out.splitlines()] == ["scans/c.PNG", "scans/deep/b.png"]
    told, total = result.err.splitlines()
    assert told.startswith("inkmint: scans/a.png cannot be read as a picture")
    assert total == "inkmint: 1 of 3 files could not be read; mend them or leave them out, as said above."


def test_pictures_with_boxes(inkmint: Command, picture: Path, tmp_path: Path) -> None:
    assert inkmint("read", "receipt.png", "--annotate", "read.png").exit_code == 0
    with Image.open(tmp_path / "read.png") as written:
        assert written.mode == "RGB"
    assert inkmint("read", "receipt.png", "receipt.png", "--annotate", "out").exit_code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "0001-receipt.png",
        "0002-receipt.png",
    ]


def test_a_pipe(inkmint: Command, picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Pipe:
        buffer = io.BytesIO(picture.read_bytes())

    monkeypatch.setattr("sys.stdin", Pipe)
    assert inkmint("read", "-").out == "standard input: 42 (1.00 1.00)\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing to read"),
        (["nowhere.png"], "nowhere.png does not exist"),
        (["receipt.png", "--json", "--csv"], "give one of them"),
        (["receipt.png", "--calibrate"], "takes no pictures"),
        (["receipt.png", "--data", "starter"], "--calibrate"),
        (["receipt.png", "receipt.png", "--annotate", "one.png"], "give a folder"),
        (["empty"], "holds no pictures"),
        (["receipt.png", "--model", "acgan-sa"], "not a recogniser"),
        (["receipt.png", "--model", "no-such"], "no model 'no-such'"),
    ],
)
def test_refusals_are_one_sentence(
    arguments: list[str], message: str, inkmint: Command, picture: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    assert message in inkmint("read", *arguments).sentence()


def test_calibrating_writes_beside_the_weights(
    inkmint: Command, picture: Path, few: Splits, tmp_path: Path
) -> None:
    model = tmp_path / "model"
    shutil.copytree(find_model("judge-v1"), model)
    write_npz(few.train, tmp_path / "few.npz")
    assert "is not calibrated" in inkmint("read", "receipt.png", "--model", "model").err
    result = inkmint("read", "--calibrate", "--model", "model", "--data", "few.npz")
    assert result.exit_code == 0, result.err
    assert result.out.startswith("model/reading.json: temperature ")
    assert (model / "reading.safetensors").is_file()
    assert inkmint("read", "receipt.png", "--model", "model").err == ""
    (model / "reading.json").write_text("{")
    assert "--calibrate" in inkmint("read", "receipt.png", "--model", "model").sentence()
