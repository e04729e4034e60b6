import numpy as np
import pytest
from PIL import Image

from inkmint.data.sheet import contact_sheet, grid, save_png
from inkmint.errors import SettingsError, StorageError


def test_grid_puts_images_in_rows():
    images = np.arange(5, dtype=np.uint8)[:, None, None] + np.full((1, 3, 4), 100, np.uint8)
    sheet = grid(images, 3)
    assert sheet.shape == (2 * 4 + 1, 3 * 5 + 1)
    for index in range(5):
        row, column = divmod(index, 3)
        cell = sheet[row * 4 + 1 : row * 4 + 4, column * 5 + 1 : column * 5 + 5]
        assert (cell == 100 + index).all()
    assert (sheet[5:8, 11:15] == 0).all()
    assert len(np.unique(sheet[::4])) == len(np.unique(sheet[:, ::5])) == 1


def test_paper_inverts():
    images = np.zeros((1, 2, 2), np.uint8)
    np.testing.assert_array_equal(grid(images, 1, paper=True), 255 - grid(images, 1))


@pytest.mark.parametrize(("count", "columns"), [(0, 3), (3, 0)])
def test_an_empty_grid_is_refused(count, columns):
    with pytest.raises(SettingsError, match="at least one"):
        grid(np.zeros((count, 2, 2), np.uint8), columns)


def test_contact_sheet_has_a_row_per_class(digits):
    sheet = contact_sheet(digits, per_class=4, scale=1)
    body_width = 4 * 29 + 1
    assert sheet.height == 10 * 29 + 1
    assert sheet.width > body_width
    body = np.asarray(sheet)[:, -body_width:]
    images = digits.images.numpy()
    for label in range(10):
        cell = body[label * 29 + 1 : label * 29 + 29, 1:29]
        assert any((cell == image).all() for image in images[digits.labels.numpy() == label])
    names = np.asarray(sheet)[:, : sheet.width - body_width]
    assert all(names[label * 29 : (label + 1) * 29].max() > 128 for label in range(10))


def test_contact_sheet_is_repeatable_and_seeded(digits):
    first = contact_sheet(digits, 3).tobytes()
    assert contact_sheet(digits, 3).tobytes() == first
    assert contact_sheet(digits, 3, seed=1).tobytes() != first


def test_contact_sheet_leaves_blanks_where_images_lack(digits):
    sheet = contact_sheet(digits, per_class=8, scale=1)
    assert np.asarray(sheet)[1:29, -29:-1].max() == 0


def test_save_png_round_trip(tmp_path):
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    save_png(pixels, tmp_path / "new" / "a.png")
    with Image.open(tmp_path / "new" / "a.png") as image:
        np.testing.assert_array_equal(np.asarray(image), pixels)


def test_save_png_keeps_the_earlier_file_on_failure(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_text("earlier")
    monkeypatch.setattr(Image.Image, "save", lambda *args, **kw: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(StorageError, match="disk is full"):
        save_png(np.zeros((2, 2), np.uint8), path)
    assert path.read_text() == "earlier"
    assert list(tmp_path.iterdir()) == [path]
