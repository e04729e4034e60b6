"""Models as ONNX files, each held against torch before it is kept."""

import copy
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from inkmint import __version__
from inkmint.data.arrays import IMAGE_SIZE
from inkmint.errors import ModelError, SettingsError
from inkmint.files import atomic_path
from inkmint.inference.generator import OnnxGenerator
from inkmint.inference.onnx_file import FILE_NAME, METADATA_KEY, OnnxConfig, open_onnx
from inkmint.inference.recogniser import OnnxRecogniser
from inkmint.models import Generator, Recogniser
from inkmint.reading.model import save_reader
from inkmint.specs import FittedSpec
from inkmint.training.weights import ModelConfig, read_config

if TYPE_CHECKING:
    import onnx

_TRACED_IMAGES = 3  # 0 and 1 would be taken for constants


def to_onnx(model: Generator | Recogniser, folder: Path) -> OnnxConfig:
    """Write `model.onnx` into a folder, and beside it a recogniser's calibration if there is one.

    The file takes any number of images at a time. It computes in float32; numbers that float16 holds exactly are
    stored as such.

    Args:
        model: A generator, or a recogniser that is a network.
        folder: Made if it is not there; only the files themselves are replaced.

    Returns:
        What the file says of itself, among it how far its answers are from torch's.

    Raises:
        ModelError: ONNX cannot hold the model, or gives other answers than torch.
        SettingsError: onnx or onnxscript is not installed.
    """
    for package in ("onnx", "onnxscript"):
        if find_spec(package) is None:
            raise SettingsError(f"Writing ONNX needs {package}; get it with: pip install 'inkmint[export]'")
    return _generator(model, folder) if isinstance(model, Generator) else _recogniser(model, folder)


def onnx_of_folder(source: Path, folder: Path) -> OnnxConfig:
    """Write the model of a model folder as ONNX: a copy of what lies beside its weights, or a new one.

    Args:
        source: A model folder.
        folder: As for `to_onnx`.

    Raises:
        ModelError: The model is damaged, or as `to_onnx`.
        SettingsError: As `to_onnx`.
    """
    kind = read_config(source).kind
    model = (Generator if kind == "generator" else Recogniser).from_pretrained(source)
    try:
        _, config, _ = open_onnx(source, kind, threads=1)
    except ModelError:
        return to_onnx(model, folder)
    shutil.copyfile(source / FILE_NAME, folder / FILE_NAME)
    if isinstance(model, Recogniser):
        save_reader(model.reader(), folder)
    return config


def _generator(model: Generator, folder: Path) -> OnnxConfig:
    from inkmint.exporting.comparison import generator_difference
    from inkmint.exporting.directions import find_directions
    from inkmint.exporting.graphs import GeneratorGraph
    from inkmint.exporting.onnx_graph import onnx_of

    inputs = {
        "latents": torch.zeros(_TRACED_IMAGES, model.latent_size),
        "labels": torch.zeros(_TRACED_IMAGES, dtype=torch.int64),
    }
    graph = GeneratorGraph(model.network, on_paper=model.config.background == "paper")
    proto = onnx_of(model.name, graph, inputs, ["images"])
    config = _config(
        model.config,
        image_channels=model.config.image_channels,
        conditional=model.conditional,
        latent_size=model.latent_size,
        directions=find_directions(model),
    )
    path = _write(proto, config, folder)
    largest, share = generator_difference(OnnxGenerator.from_pretrained(path, threads=1), model)
    config = config.model_copy(update={"largest_difference": largest, "differing_share": share})
    _write(proto, config, folder)
    return config


def _recogniser(model: Recogniser, folder: Path) -> OnnxConfig:
    from inkmint.exporting.attention import attention_area
    from inkmint.exporting.comparison import recogniser_difference
    from inkmint.exporting.graphs import RecogniserGraph
    from inkmint.exporting.onnx_graph import onnx_of

    if isinstance(model.config_.spec, FittedSpec):
        raise ModelError(
            f"The recogniser {model.name!r} computes with scikit-learn, which ONNX cannot hold; export one that is a "
            "network, such as 'lenet-attention' or 'house-reader'."
        )
    graph = RecogniserGraph(copy.deepcopy(model.network_))
    inputs = {"images": torch.zeros((_TRACED_IMAGES, IMAGE_SIZE, IMAGE_SIZE), dtype=torch.uint8)}
    proto = onnx_of(model.name, graph, inputs, graph.output_names)
    config = _config(model.config_, attention_area=attention_area(model.network_))
    path = _write(proto, config, folder)
    difference = recogniser_difference(OnnxRecogniser.from_pretrained(path, threads=1), model)
    config = config.model_copy(update={"largest_difference": difference})
    _write(proto, config, folder)
    save_reader(model.reader(), folder)
    return config


def _config(trained: ModelConfig, **found: Any) -> OnnxConfig:
    kept = ("kind", "model", "class_names", "recipe", "data", "seed", "weights_sha256")
    return OnnxConfig(inkmint=__version__, **{name: getattr(trained, name) for name in kept}, **found)


def _write(proto: "onnx.ModelProto", config: OnnxConfig, folder: Path) -> Path:
    """Write the file with this metadata; the path of it."""
    del proto.metadata_props[:]
    proto.metadata_props.add(key=METADATA_KEY, value=config.model_dump_json())
    path = folder / FILE_NAME
    with atomic_path(path) as temporary:
        temporary.write_bytes(proto.SerializeToString())
    return path
