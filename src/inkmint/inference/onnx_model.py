"""What models on onnxruntime have in common."""

from pathlib import Path
from typing import ClassVar, Self

import onnxruntime

from inkmint.inference.onnx_file import OnnxConfig, open_onnx


class OnnxModel:
    """A network that onnxruntime runs; safe to use from several threads at once.

    Args:
        session: What runs the network.
        config: What the network is.
        folder: Where it lies, and its calibration if there is one.
    """

    kind: ClassVar[str]
    """`generator` or `recogniser`."""

    def __init__(self, session: onnxruntime.InferenceSession, config: OnnxConfig, folder: Path) -> None:
        self._session, self.config, self.folder = session, config, folder

    @classmethod
    def from_pretrained(cls, path_or_name: str | Path, *, threads: int | None = None) -> Self:
        """Load a model from an ONNX file or its folder, or by the name of one that comes with inkmint.

        Args:
            path_or_name: What `inkmint export --to onnx` wrote, or a name.
            threads: CPU threads for one call; None for one per core.

        Raises:
            ModelError: There is none, it is damaged, or it is of another kind.
            SettingsError: There are to be no threads.
        """
        return cls(*open_onnx(path_or_name, cls.kind, threads))

    @property
    def name(self) -> str:
        """The row of the zoo."""
        return self.config.model

    @property
    def class_names(self) -> tuple[str, ...]:
        """One name per class, in label order."""
        return self.config.class_names

    @property
    def weights_sha256(self) -> str:
        """SHA-256 of the weights that it was exported from."""
        return self.config.weights_sha256
