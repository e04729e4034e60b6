"""ONNX files that `inkmint export` writes: one network each, and as metadata all that is to be known of it."""

from pathlib import Path
from typing import Any, Literal

import onnxruntime
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from inkmint.errors import ModelError, SettingsError
from inkmint.files import read_json
from inkmint.inference.folders import find_model

FILE_NAME = "model.onnx"
METADATA_KEY = "inkmint"

_SILENT = 4  # of onnxruntime's own log: errors come as exceptions


class Direction(BaseModel):
    """A way through a generator's latents along which its digits change.

    Attributes:
        name: What changes most as one goes along, such as `slant`; empty if it has no name.
        vector: Of length 1, as many numbers as a latent has.
        deviation: Standard deviation of latents along it: a slider from -3 to 3 of these shows what there is.
        explained_variance: Share of all that differs between images of a class, in [0, 1].
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    vector: tuple[float, ...]
    deviation: float = 1.0
    explained_variance: float


class OnnxConfig(BaseModel):
    """What an ONNX file of ours holds.

    Attributes:
        format: Version of this record.
        kind: `generator` or `recogniser`.
        model: Row of the zoo.
        class_names: One name per class, in label order.
        recipe: Name of the recipe that trained it.
        data: Name of the data it was trained on.
        seed: Of the training run.
        inkmint: Version that exported it.
        weights_sha256: Of the `model.safetensors` that it was exported from.
        largest_difference: Between its answers and torch's on the same inputs, as they were compared when it was
            exported: of a recogniser in probability, of a generator in levels of grey.
        differing_share: Share of a generator's pixels that differ from torch's by more than a level.
        attention_area: Left, top, right and bottom, in pixels of the image, of what the attention mask lies on; None
            where there is no mask.
        image_channels: Of an image.
        conditional: Whether a generator's label decides what is drawn.
        latent_size: Numbers in a generator's latent; 0 of a recogniser.
        directions: Ways through a generator's latents, the most telling first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    kind: Literal["generator", "recogniser"]
    model: str
    class_names: tuple[str, ...] = Field(min_length=1)
    recipe: str
    data: str
    seed: int
    inkmint: str
    weights_sha256: str
    largest_difference: float = 0.0
    differing_share: float = 0.0
    attention_area: tuple[float, float, float, float] | None = None
    image_channels: int = 1
    conditional: bool = False
    latent_size: int = 0
    directions: tuple[Direction, ...] = ()


def open_onnx(
    path_or_name: str | Path, kind: str, threads: int | None
) -> tuple[onnxruntime.InferenceSession, OnnxConfig, Path]:
    """Open the ONNX file at a path, in a model folder, or of a model that comes with inkmint.

    Args:
        path_or_name: A file, a folder that holds `model.onnx`, or a name.
        kind: What it is to be.
        threads: CPU threads; None for one per core.

    Returns:
        What runs it, what it holds, and the folder it lies in.

    Raises:
        ModelError: There is none, it is damaged, none of ours, or of another kind or other weights.
        SettingsError: There are to be no threads.
    """
    if threads is not None and threads < 1:
        raise SettingsError(f"{threads} threads cannot compute anything; give 1 or more.")
    path = find_model(path_or_name)
    if path.is_dir():
        path /= FILE_NAME
        if not path.is_file():
            raise ModelError(
                f"{path.parent} holds no {FILE_NAME}; write one with: inkmint export {path_or_name} --to onnx"
            )
    session = _session(path, threads)
    config = _config(path, session)
    if config.kind != kind:
        raise ModelError(f"{path} is a {config.kind}, not a {kind}; give the file or folder of a {kind}.")
    _require_weights_beside(path, config)
    return session, config, path.parent


def _session(path: Path, threads: int | None) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _SILENT
    options.inter_op_num_threads = 1
    options.intra_op_num_threads = threads or 0
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}); check the path.") from error
    except Exception as error:  # onnxruntime's own exceptions have no base of their own
        raise ModelError(
            f"{path} is damaged or no ONNX file; copy it again, or write it anew with: inkmint export"
        ) from error


def _config(path: Path, session: onnxruntime.InferenceSession) -> OnnxConfig:
    record: Any = session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
    try:
        return OnnxConfig.model_validate_json(record)
    except (ValidationError, TypeError) as error:
        raise ModelError(
            f"{path} was not written by this version of inkmint; write it anew with: inkmint export"
        ) from error


def _require_weights_beside(path: Path, config: OnnxConfig) -> None:
    """Refuse a file that is older or newer than the weights in the same model folder."""
    beside = path.parent / "config.json"
    try:
        sha256 = read_json(beside)["weights_sha256"] if beside.is_file() else config.weights_sha256
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{beside} is damaged and cannot be read; copy the whole folder again.") from error
    if sha256 != config.weights_sha256:
        raise ModelError(
            f"{path} is of other weights than those beside it; write it anew with: inkmint export"
        )
