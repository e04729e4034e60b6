"""`inkmint sample --paper`: dark ink on white in whatever is written."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from inkmint.data.contrast import ink_contrast
from inkmint.data.folder import read_folder
from inkmint.data.npz import read_npz

Command = Callable[..., Any]


def pixels(path: Path) -> NDArray[np.uint8]:
    """Of a sheet, of arrays, or of a folder."""
    if path.suffix == ".png":
        with Image.open(path) as picture:
            assert picture.mode == "L"
            return np.asarray(picture)
    return (read_npz(path) if path.suffix else read_folder(path)).images.numpy()


@pytest.mark.parametrize("ending", [".png", ".npz", ""])
@pytest.mark.parametrize("wish", [(), ("--digit", 7)])
def test_what_is_written_is_the_exact_inverse(
    ending: str, wish: tuple[object, ...], inkmint: Command, tmp_path: Path
) -> None:
    for name, paper in (("dark", ()), ("paper", ("--paper",))):
        written = inkmint("sample", "-n", 23, "--seed", 1, *wish, *paper, "-o", f"{name}{ending}")
        assert written.exit_code == 0, written.err
    dark, paper = pixels(tmp_path / f"dark{ending}"), pixels(tmp_path / f"paper{ending}")
    assert paper.mean() > 200 > 55 > dark.mean()
    assert np.array_equal(255 - paper, dark)


def test_labels_on_paper_are_those_asked_for(inkmint: Command, tmp_path: Path) -> None:
    assert inkmint("sample", "-n", 12, "--paper", "-o", "minted.npz").exit_code == 0
    digits = read_npz(tmp_path / "minted.npz")
    assert digits.labels.tolist() == [*range(10), 0, 1]
    assert ink_contrast(digits.images).background > 0.9


def test_a_sheet_on_paper_has_white_blanks_and_a_light_frame(inkmint: Command, tmp_path: Path) -> None:
    assert inkmint("sample", "-n", 13, "--seed", 1, "--paper").exit_code == 0
    sheet = pixels(tmp_path / "digits.png")
    assert sheet.shape == (2 * 29 + 1, 10 * 29 + 1)
    for lines in (sheet[::29], sheet[:, ::29]):
        assert 128 < lines.min() == lines.max() < 255
    cells = sheet[:-1, :-1].reshape(2, 29, 10, 29).swapaxes(1, 2)[:, :, 1:, 1:].reshape(20, 28, 28)
    assert (cells[13:] == 255).all()
    background, stroke, _ = ink_contrast(torch.from_numpy(cells[:13].copy()))
    assert background > 0.9
    assert stroke < 0.4


def test_the_help_says_what_paper_is(inkmint: Command) -> None:
    assert "dark ink on white paper" in " ".join(inkmint("sample", "--help").out.split())
