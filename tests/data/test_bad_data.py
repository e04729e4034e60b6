"""Every kind of bad input is refused in one sentence, and nothing that was there before is lost."""

import contextlib
import gzip
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inkmint.cli.main import main
from inkmint.data.idx import write_idx
from inkmint.data.sources import load_splits

IMAGES = np.zeros((40, 28, 28), np.uint8)
LABELS = (np.arange(40) % 10).astype(np.uint8)


def idx_bytes(array, kind=8, shape=None):
    shape = shape or array.shape
    return bytes([0, 0, kind, len(shape)]) + np.array(shape, ">u4").tobytes() + array.tobytes()


GOOD_IMAGES, GOOD_LABELS = idx_bytes(IMAGES), idx_bytes(LABELS)


def png_bytes(pixels, mode=None):
    buffer = io.BytesIO()
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(buffer, "PNG")
    return buffer.getvalue()


def npz_bytes(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def noisy(shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def idx_pair(images=GOOD_IMAGES, labels=GOOD_LABELS):
    return {"images-idx3-ubyte": images, "labels-idx1-ubyte": labels}


def flipped(content, at):
    return content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]


def lying_npz():
    """An NPZ whose array claims a size that the file does not have."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|u1", "fortran_order": False, "shape": (10**12, 28, 28)}
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("images.npy", header.getvalue())
        archive.writestr("labels.npy", header.getvalue())
    return buffer.getvalue()


def animated_gif():
    frames = [Image.fromarray(noisy((28, 28))), Image.fromarray(np.zeros((28, 28), np.uint8))]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    return buffer.getvalue()


GREY_PNG = png_bytes(noisy((28, 28)))
NPZ = npz_bytes(images=IMAGES, labels=LABELS)
SPLIT = {"x_train": IMAGES, "y_train": LABELS, "x_test": IMAGES, "y_test": LABELS}

# What lies in the folder `given` (a dict of files) or in the file `given` (bytes), and a word of the message.
BAD = {
    "IDX truncated": (idx_pair(GOOD_IMAGES[:-1]), "cut short"),
    "IDX truncated in its header": (idx_pair(GOOD_IMAGES[:9]), "cut short within its header"),
    "IDX empty": (idx_pair(b""), "not an IDX file"),
    "IDX with trailing bytes": (idx_pair(GOOD_IMAGES + b"\0"), "goes on after"),
    "IDX swapped": (idx_pair(GOOD_LABELS, GOOD_IMAGES), "swap the two files"),
    "IDX of floats": (idx_pair(idx_bytes(IMAGES, kind=0x0D)), "unsigned bytes"),
    "IDX of two dimensions": (idx_pair(idx_bytes(IMAGES, shape=(40, 784))), "2-dimensional"),
    "IDX of absurd dimensions": (idx_pair(idx_bytes(IMAGES, shape=(2**32 - 1,) * 3)), "more than 2 GiB"),
    "IDX of other image size": (idx_pair(idx_bytes(np.zeros((40, 32, 32), np.uint8))), "resize them"),
    "IDX of no images": (idx_pair(idx_bytes(IMAGES[:0]), idx_bytes(LABELS[:0])), "no images"),
    "IDX that is text": (idx_pair(b"<html>not found</html>"), "not an IDX file"),
    "IDX gzip corrupted": (idx_pair(flipped(gzip.compress(GOOD_IMAGES), 40)), "cannot be read"),
    "IDX gzip truncated": (idx_pair(gzip.compress(GOOD_IMAGES)[:-9]), "cannot be read"),
    "IDX gzip with trailing garbage": (idx_pair(gzip.compress(GOOD_IMAGES) + b"garbage"), "cannot be read"),
    "IDX count mismatch": (idx_pair(labels=idx_bytes(LABELS[:-1])), "40 images but 39 labels"),
    "IDX label out of range": (idx_pair(labels=idx_bytes(LABELS + 1)), "label 10, outside 0..9"),
    "IDX without labels": ({"images-idx3-ubyte": GOOD_IMAGES}, "no labels"),
    "IDX labels alone": ({"labels-idx1-ubyte": GOOD_LABELS}, "0 IDX files of images"),
    "IDX two odd pairs": (
        {f"{name}-{key}": value for name in "ab" for key, value in idx_pair().items()},
        "2 IDX files of images",
    ),
    "NPZ truncated": (NPZ[:-30], "cannot be read"),
    "NPZ corrupted": (flipped(NPZ, len(NPZ) // 2), "cannot be read"),
    "NPZ not a zip": (b"\x93NUMPY nonsense", "cannot be read"),
    "NPZ empty file": (b"", "cannot be read"),
    "NPZ lacks labels": (npz_bytes(images=IMAGES), "name the arrays"),
    "NPZ lacks test": (npz_bytes(x_train=IMAGES, y_train=LABELS), "name the arrays"),
    "NPZ of objects": (npz_bytes(images=np.array([{}, []], object), labels=LABELS), "never unpickles"),
    "NPZ of texts": (npz_bytes(images=IMAGES, labels=LABELS.astype(str)), "whole numbers"),
    "NPZ with half labels": (npz_bytes(images=IMAGES, labels=LABELS + 0.5), "whole numbers"),
    "NPZ with NaN": (npz_bytes(images=np.full((40, 784), np.nan), labels=LABELS), "not numbers"),
    "NPZ pixels too large": (npz_bytes(images=IMAGES.astype(int) + 300, labels=LABELS), "from 300 to 300"),
    "NPZ pixels negative": (npz_bytes(images=IMAGES - 1.0, labels=LABELS), "from -1 to -1"),
    "NPZ colour images": (npz_bytes(images=np.zeros((40, 28, 28, 3)), labels=LABELS), "(N, 28, 28)"),
    "NPZ one-hot labels": (npz_bytes(images=IMAGES, labels=np.eye(10)[LABELS]), "one whole number"),
    "NPZ label out of range": (npz_bytes(images=IMAGES, labels=LABELS - 1.0), "label -1"),
    "NPZ count mismatch": (npz_bytes(images=IMAGES[:9], labels=LABELS), "9 images but 40 labels"),
    "NPZ test mismatch": (npz_bytes(**SPLIT | {"y_test": LABELS[:5]}), "40 images but 5 labels"),
    "NPZ of a lonely class": (npz_bytes(images=IMAGES[:5], labels=LABELS[:5]), "only 1 of class"),
    "NPZ lies about its size": (lying_npz(), "more than the file holds"),
    "folder with a wrong size": ({"3/a.png": png_bytes(noisy((32, 28)))}, "28x32 pixels; resize"),
    "folder with colour": ({"3/a.png": png_bytes(noisy((28, 28, 3)))}, "in colour"),
    "folder with transparency": ({"3/a.png": png_bytes(noisy((28, 28, 4)))}, "transparency"),
    "folder with grey and alpha": ({"3/a.png": png_bytes(noisy((28, 28)), "LA")}, "transparency"),
    "folder with 16 bits": ({"3/a.png": png_bytes(noisy((28, 28)).astype(np.uint16))}, "8 bits"),
    "folder with a truncated PNG": ({"3/a.png": GREY_PNG[:300]}, "cannot be read as an image"),
    "folder with a corrupted PNG": ({"3/a.png": flipped(GREY_PNG, 100)}, "cannot be read as an image"),
    "folder with a text named PNG": ({"3/a.png": b"hello"}, "cannot be read as an image"),
    "folder with an empty PNG": ({"3/a.png": b""}, "cannot be read as an image"),
    "folder with an animation": ({"3/a.gif": animated_gif()}, "animated"),
    "folder with another format": ({"3/a.tiff": GREY_PNG}, "not named as PNG"),
    "folder with a folder in a class": ({"3/more/a.png": GREY_PNG}, "folder within a class"),
    "folder with an empty class": ({"3/a.png": GREY_PNG, "4/": b""}, "holds no images"),
    "folder with loose images": ({"a.png": GREY_PNG}, "no class folders"),
    "folder with train but no test": ({"train/3/a.png": GREY_PNG}, "no folder test"),
    "folder empty": ({}, "no class folders"),
}


@pytest.mark.parametrize(("content", "word"), BAD.values(), ids=BAD.keys())
def test_bad_content(tmp_path, content, word):
    given = tmp_path / "given"
    if isinstance(content, bytes):
        given.write_bytes(content)
    else:
        given.mkdir()
        for name, value in content.items():
            path = given / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if name.endswith("/"):
                path.mkdir()
            else:
                path.write_bytes(value)
    before = snapshot(tmp_path)
    assert word in refusal(str(given))
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("mnits", "did you mean 'mnist'?"),
        ("", "neither a data source nor a path"),
        ("no/such/folder", "neither a data source nor a path"),
        ("no\0name", "neither a data source nor a path"),
        ("x" * 5000, "cannot be read"),
        ("~nobody-of-this-name/x", "cannot be read"),
        ("fashion-mnist", "network is switched off"),
    ],
)
def test_bad_names(name, word):
    assert word in refusal(name)


@pytest.mark.parametrize(
    ("files", "word"),
    [
        (None, "no folder"),
        ({"train-images-idx3-ubyte": GOOD_IMAGES}, "SHA-256 differs"),
        ({"train-images-idx3-ubyte.gz": gzip.compress(GOOD_IMAGES)}, "SHA-256 differs"),
        ({"train-images-idx3-ubyte.gz": gzip.compress(GOOD_IMAGES)[:-5]}, "cannot be read"),
        ({"train-images-idx3-ubyte.gz": gzip.compress(bytes(48_000_000))}, "unpacks to more"),
        ({"t10k-labels-idx1-ubyte": GOOD_LABELS}, "lacks train-images-idx3-ubyte"),
    ],
)
def test_bad_inkmint_data(tmp_path, monkeypatch, files, word):
    monkeypatch.setenv("INKMINT_DATA", str(tmp_path / "given"))
    for name, content in (files or {}).items():
        (tmp_path / "given").mkdir(exist_ok=True)
        (tmp_path / "given" / name).write_bytes(content)
    before = snapshot(tmp_path)
    assert word in refusal("mnist")
    assert snapshot(tmp_path) == before


def refusal(name_or_path: str) -> str:
    """What the command line says of it, having exited with an error."""
    said = io.StringIO()
    with pytest.raises(SystemExit) as caught, contextlib.redirect_stderr(said):
        main(["data", "show", "--output", "no/such/sheet.png", "--", name_or_path])
    assert caught.value.code not in (0, None)
    assert not Path("no").exists()
    message = said.getvalue().removeprefix("inkmint: ").removesuffix("\n")
    assert "\n" not in message
    assert message.endswith(".")
    assert ";" in message or ":" in message, "what is wrong, then what to do"
    return message


def snapshot(folder: Path) -> dict[str, bytes | None]:
    return {str(path): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def test_the_good_twins_are_taken(tmp_path):
    write_idx(tmp_path / "idx" / "images-idx3-ubyte", IMAGES)
    write_idx(tmp_path / "idx" / "labels-idx1-ubyte", LABELS)
    (tmp_path / "given").write_bytes(NPZ)
    for name in ("idx", "given"):
        assert len(load_splits(str(tmp_path / name)).train) == 20
