"""Model folders: a network's weights as safetensors beside the JSON that says how to build it."""

from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor, nn

from inkmint import __version__
from inkmint.errors import ModelError, SettingsError
from inkmint.files import atomic_path, read_json, sha256_bytes, write_json
from inkmint.specs import Spec
from inkmint.zoo import find

FORMAT = 1


class ModelConfig(BaseModel):
    """How to build a network and where its weights come from.

    Attributes:
        format: Version of this layout.
        kind: `generator` or `recogniser`.
        model: Row of the zoo.
        options: The row's options.
        class_names: One name per class, in label order.
        image_channels: Of the images that it draws or reads.
        recipe: Name of the recipe that trained it.
        data: Name of the data it was trained on.
        seed: Of the training run.
        background: What a generator's network itself draws: ink bright on `dark`, or dark ink on `paper`.
        stored_as: How the file holds the network's float32 numbers; `float16` takes half the room and keeps about
            three digits of each. The network computes in float32 either way.
        inkmint: Version that wrote it.
        weights_sha256: Of the file `model.safetensors`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = FORMAT
    kind: str
    model: str
    options: dict[str, Any]
    class_names: tuple[str, ...] = Field(min_length=1)
    image_channels: int = Field(1, ge=1, le=64)
    recipe: str
    data: str
    seed: int
    background: Literal["dark", "paper"] = "dark"
    stored_as: Literal["float32", "float16"] = "float32"
    inkmint: str = __version__
    weights_sha256: str = ""

    @property
    def spec(self) -> Spec:
        """The row of the zoo."""
        return find(self.model)

    def build(self) -> nn.Module:
        """The network, with weights that still have to be loaded."""
        spec = self.spec
        with torch.random.fork_rng(devices=[]):
            return spec.build(self.options, len(self.class_names), self.image_channels)[spec.kind]


def save_model(path: Path, network: nn.Module, config: ModelConfig) -> ModelConfig:
    """Write a model folder; an earlier one at the same path is replaced file by file.

    A network that is stored as float16 stays as it is in memory: what it is rounded to, `load_model` tells.

    Returns:
        The configuration with the weights' hash filled in.

    Raises:
        ModelError: Some weights are too large for float16.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    if config.stored_as == "float16":
        tensors = {name: _halved(name, tensor) for name, tensor in tensors.items()}
    content = save_tensors(tensors)
    config = config.model_copy(update={"weights_sha256": sha256_bytes(content)})
    with atomic_path(path / "model.safetensors") as temporary:
        temporary.write_bytes(content)
    write_json(path / "config.json", config.model_dump(mode="json"))
    return config


def load_model(path: Path) -> tuple[nn.Module, ModelConfig]:
    """Read a model folder.

    Returns:
        The network in evaluation mode on the CPU, and its configuration.

    Raises:
        ModelError: The folder is missing or damaged, or its weights do not fit the named model.
    """
    config = read_config(path)
    weights_path = path / "model.safetensors"
    try:
        content = weights_path.read_bytes()
        if sha256_bytes(content) != config.weights_sha256:
            raise ModelError(
                f"{weights_path} does not match the hash in its config.json; copy the whole folder again."
            )
        network = config.build()
        tensors = load_tensors(content)
        if config.stored_as == "float16":
            tensors = {name: _widened(tensor) for name, tensor in tensors.items()}
        network.load_state_dict(tensors)
    except OSError as error:
        raise ModelError(
            f"{weights_path} cannot be read ({error.strerror}); copy the whole folder again."
        ) from error
    except (SafetensorError, RuntimeError, TypeError, SettingsError) as error:
        raise ModelError(
            f"{weights_path} does not hold the weights of {config.model!r}; copy it again."
        ) from error
    return network.requires_grad_(False).eval(), config


def _halved(name: str, tensor: Tensor) -> Tensor:
    """Float32 as float16; integers, flags and float64 as they are."""
    if tensor.dtype != torch.float32:
        return tensor
    half = tensor.half()
    if not torch.equal(half.isfinite(), tensor.isfinite()):
        raise ModelError(
            f"{name} has numbers beyond {torch.finfo(torch.float16).max:,.0f}, which float16 does not hold; store this "
            "model as float32."
        )
    return half


def _widened(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.dtype == torch.float16 else tensor


def read_config(folder: Path) -> ModelConfig:
    """What a model folder holds, without its weights.

    Raises:
        ModelError: There is no model, or its config.json is damaged or of another format.
    """
    path = folder / "config.json"
    try:
        data = read_json(path)
        if data["format"] != FORMAT:
            raise ModelError(
                f"{path} has format {data['format']}, this inkmint reads {FORMAT}; train the model again."
            )
        return ModelConfig.model_validate(data)
    except FileNotFoundError as error:
        raise ModelError(
            f"{folder} holds no model; give a run folder or one written by save_pretrained."
        ) from error
    except (OSError, ValueError, ValidationError, KeyError, TypeError) as error:
        raise ModelError(f"{path} is damaged and cannot be read; copy the whole folder again.") from error
