"""Where models lie: the folder of a run, of a saved model, or of one that comes with inkmint."""

from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from inkmint.errors import ModelError, did_you_mean
from inkmint.inference.hub import fetch_from_hub, is_hub_name


def pretrained_names() -> list[str]:
    """Names of the models that come with inkmint."""
    return sorted(path.name for path in _shipped() if (path / "config.json").is_file())


def _shipped() -> Iterator[Path]:
    folder = Path(str(resources.files("inkmint"))) / "weights"
    return folder.iterdir() if folder.is_dir() else iter(())


def is_shipped(folder: Path) -> bool:
    """Whether a model folder is one that comes with inkmint."""
    return folder.resolve() in {shipped.resolve() for shipped in _shipped()}


def find_model(path_or_name: str | Path) -> Path:
    """The model folder at a path (of a run or a model), of a shipped name, or of OWNER/NAME on the Hugging Face hub.

    A path that holds a model wins, and then a shipped name: nothing is fetched but what is not there.

    Raises:
        ModelError: There is none.
    """
    path = Path(path_or_name)
    if (path / "model" / "config.json").is_file():
        return path / "model"
    name, shipped = str(path_or_name), {folder.name: folder for folder in _shipped()}
    if name in shipped and not any((path / file).is_file() for file in ("config.json", "model.onnx")):
        return shipped[name]
    if path.exists():
        return path
    if is_hub_name(name):
        return fetch_from_hub(name)
    raise ModelError(
        f"There is no model {name!r}{did_you_mean(name, shipped)}; give the folder of a finished run or of a saved "
        f"model, or the name of one that comes with inkmint: {', '.join(shipped)}."
    )
