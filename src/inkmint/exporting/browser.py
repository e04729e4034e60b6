"""A folder that reads and mints digits in a browser, for any server of plain files."""

import shutil
import tempfile
from importlib import resources
from pathlib import Path

from inkmint.errors import ModelError, SettingsError
from inkmint.exporting.onnx_model import onnx_of_folder
from inkmint.files import make_folder, write_json, write_text
from inkmint.inference.onnx_file import FILE_NAME, OnnxConfig
from inkmint.models import Recogniser

RUNTIME_FILES = ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm")
"""What the page needs of onnxruntime-web."""

_PAGE = ("index.html", "app.js", "style.css")
_WHERE = (".", "dist", "package/dist", "node_modules/onnxruntime-web/dist")
_ADVICE = """\
## onnxruntime-web is not in here

The page runs its networks on onnxruntime-web (MIT licence), two files of which belong into the folder `ort`:

```sh
npm pack onnxruntime-web && tar xzf onnxruntime-web-*.tgz
mkdir -p ort && cp package/dist/{ort.wasm.bundle.min.mjs,ort-wasm-simd-threaded.wasm} ort/
```

`inkmint export --to browser --ort package` puts them there.
"""


def write_browser(
    recogniser: Path, generator: Path, folder: Path, runtime: Path | None = None
) -> tuple[OnnxConfig, OnnxConfig]:
    """Write the page, both models, and a README.

    Args:
        recogniser: Model folder of what reads.
        generator: Model folder of what mints, images of one channel.
        folder: Where to; it exists.
        runtime: Folder of the npm package onnxruntime-web, or of its files; None to leave them to the user.

    Returns:
        What was written of both.

    Raises:
        ModelError: A model cannot be exported, or draws in colour.
        SettingsError: The runtime's files are not in that folder.
    """
    found = _runtime_files(runtime) if runtime else []
    read_by, minted_by = (
        _model(source, folder / f"{kind}.onnx")
        for kind, source in (("recogniser", recogniser), ("generator", generator))
    )
    if minted_by.image_channels != 1:
        raise ModelError(
            f"The generator {minted_by.model!r} draws images of {minted_by.image_channels} channels, which the page "
            "does not show; export one of single digits."
        )
    temperature = Recogniser.from_pretrained(recogniser).reader().calibration.temperature
    models = {
        config.kind: config.model_dump(mode="json") | {"file": f"{config.kind}.onnx"}
        for config in (read_by, minted_by)
    }
    models["recogniser"]["temperature"] = temperature
    write_json(folder / "models.json", models)
    page = resources.files("inkmint.exporting").joinpath("page")
    for name in _PAGE:
        write_text(folder / name, page.joinpath(name).read_text(encoding="utf-8"))
    for file in found:
        shutil.copyfile(file, make_folder(folder / "ort") / file.name)
    write_text(folder / "README.md", _readme(read_by, minted_by, complete=bool(found)))
    return read_by, minted_by


def _model(source: Path, path: Path) -> OnnxConfig:
    with tempfile.TemporaryDirectory() as scratch:
        config = onnx_of_folder(source, Path(scratch))
        shutil.copyfile(Path(scratch) / FILE_NAME, path)
    return config


def _runtime_files(runtime: Path) -> list[Path]:
    """The files of onnxruntime-web at or below a folder.

    Raises:
        SettingsError: They are not there.
    """
    for place in _WHERE:
        files = [runtime / place / name for name in RUNTIME_FILES]
        if all(file.is_file() for file in files):
            return files
    raise SettingsError(
        f"{runtime} does not hold {' and '.join(RUNTIME_FILES)}; give the folder that this unpacks: npm pack "
        "onnxruntime-web && tar xzf onnxruntime-web-*.tgz"
    )


def _readme(read_by: OnnxConfig, minted_by: OnnxConfig, *, complete: bool) -> str:
    start = f"""\
# Digits in a browser

`{read_by.model}` reads the digit that you draw, `{minted_by.model}` mints digits; both run in the browser, and nothing
is sent anywhere. Serve this folder with any server of plain files, then open the page:

```sh
python -m http.server --bind 127.0.0.1
```

A browser does not load the models of a page that is opened as a file, so it needs the server.
"""
    return start if complete else f"{start}\n{_ADVICE}"
