"""Models on the Hugging Face hub, for those who have its package; everything else works without."""

import re
from importlib import import_module
from pathlib import Path

from inkmint.data.fetch import is_offline
from inkmint.errors import ModelError

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def is_hub_name(name: str) -> bool:
    """Whether this may be OWNER/NAME on the hub: it is not if OWNER is a folder here, for then it is a path."""
    return _NAME.fullmatch(name) is not None and not Path(name).parent.exists()


def fetch_from_hub(name: str) -> Path:
    """The folder of a copy of the model OWNER/NAME, fetched unless it was fetched before.

    Raises:
        ModelError: The hub's package is not installed, the network is switched off, or there is no such model.
    """
    try:
        hub = import_module("huggingface_hub")
    except ModuleNotFoundError as error:
        raise ModelError(
            f"There is no folder {name}; check the path, or, to fetch it from the Hugging Face hub: pip install "
            "huggingface_hub"
        ) from error
    try:
        return Path(hub.snapshot_download(name, local_files_only=is_offline()))
    except Exception as error:  # of the package and of the network below it
        raise ModelError(
            f"There is no folder {name}, and the Hugging Face hub did not supply it; check the name and the network."
        ) from error
