"""What Markdown documents with pictures are made of."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from inkmint.files import atomic_path, sha256_bytes
from inkmint.report.pictures import Pixels

_MOST_WIDE_PX = 640


class Album:
    """Pictures of a document, each kept once, in a folder beside it.

    Args:
        folder: Of the document.
        name: Of the folder.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._paths: dict[str, str] = {}

    def shown(self, name: str, title: str, content: bytes) -> list[str]:
        """Keep a picture, a PNG file; the lines that show it with its title.

        Raises:
            StorageError: It cannot be written.
        """
        return ["", f"![{title}]({self._kept(name, content)})", "", f"{title}."]

    def _kept(self, name: str, content: bytes) -> str:
        """Its path beside the document, or that of the same picture under another name."""
        digest = sha256_bytes(content)
        if digest not in self._paths:
            path = f"{self._name}/{name}.png"
            with atomic_path(self._folder / path) as temporary:
                temporary.write_bytes(content)
            self._paths[digest] = path
        return self._paths[digest]

    def forget_others(self) -> None:
        """Delete pictures of an earlier document that this one does not have."""
        kept = {self._folder / path for path in self._paths.values()}
        for path in (self._folder / self._name).glob("*.png"):
            if path not in kept:
                path.unlink()


def cell(text: str) -> str:
    """Text that may stand in a table."""
    return text.replace("|", "\\|").replace("\n", " ")


def png(pixels: Pixels, as_it_is: bool = False) -> bytes:
    """Ink on white paper, unless the background is the point; enlarged where it is small."""
    shown = pixels if as_it_is else np.bitwise_not(pixels)
    scale = max(1, _MOST_WIDE_PX // shown.shape[1])
    image = Image.fromarray(shown.repeat(scale, axis=0).repeat(scale, axis=1))
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()
