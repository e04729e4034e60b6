"""Names of runs in addresses, and the guard that no address leads out of the folder of runs.

A run lies in a folder, or in folders of folders, below the folder of runs. In an address it is one part: the folders
with `:` between them, so `demo-0001/generator` is `demo-0001:generator`. In a folder's own name `:` is `~1` and `~`
is `~0`.
"""

from pathlib import Path

from inkmint.serving.refusals import Refusal


def name_of(root: Path, folder: Path) -> str:
    """The name of a folder below the folder of runs."""
    return ":".join(part.replace("~", "~0").replace(":", "~1") for part in folder.relative_to(root).parts)


def folder_of(root: Path, name: str) -> Path:
    """The folder of a name.

    Raises:
        Refusal: 404, there is none, or it would lie outside of the folder of runs.
    """
    parts = [part.replace("~1", ":").replace("~0", "~") for part in name.split(":")]
    folder = inside(root, parts)
    if folder is None or not folder.is_dir():
        raise no_such_run(name)
    return folder


def no_such_run(name: str) -> Refusal:
    """The refusal of a name that no run has."""
    return Refusal(404, f"There is no run {name[:200]!r}; see api/runs for their names.")


def inside(root: Path, parts: list[str]) -> Path | None:
    """The path of these parts below the root; None if it leads out of it, by its parts or by links, or is not there."""
    if not all(part and part not in (".", "..") and not set(part) & set("/\\\0") for part in parts):
        return None
    path = root.joinpath(*parts)
    try:
        return path if path.resolve(strict=True).is_relative_to(root.resolve(strict=True)) else None
    except (OSError, RuntimeError, ValueError):
        return None
