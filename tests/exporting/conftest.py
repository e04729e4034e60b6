"""Untrained models of any row of the zoo, narrow, as they are exported."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from torch import nn

from inkmint.data.digits import DIGIT_NAMES, Splits
from inkmint.exporting import comparison, directions
from inkmint.exporting.onnx_model import to_onnx
from inkmint.inference.onnx_file import OnnxConfig
from inkmint.models import Generator, Recogniser
from inkmint.specs import FittedSpec
from inkmint.training.engine import initialise
from inkmint.training.weights import ModelConfig
from inkmint.zoo import ZOO

NARROW = {
    "width": 0.0625,
    "num_channels": 8,
    "num_components": 8,
    "flow_width": 8,
    "flow_depth": 1,
    "num_steps": 1,
    "sureness": 0.1,  # about half of an untrained flow's codes
    "attention": 1,
}


def see_batches(network: nn.Module, kind: str, image_channels: int) -> None:
    """Give normalisations the statistics of batches, so that an untrained generator does not draw one grey alone."""
    with torch.no_grad():
        for _ in range(20):
            if kind == "generator":
                network(torch.randn(32, network.latent_size), torch.arange(32) % 10)
            else:
                network(torch.rand(32, image_channels, 28, 28) * 2 - 1)


Model = Generator | Recogniser
Make = Callable[..., Model]


class Exported(NamedTuple):
    model: Any
    folder: Path
    config: OnnxConfig


@pytest.fixture(scope="session")
def model_of(few: Splits) -> Make:
    """Build a row, fitted if that is how it learns."""

    def make(name: str, image_channels: int = 1, **options: Any) -> Model:
        spec = ZOO[name]
        options = {key: value for key, value in NARROW.items() if key in spec.options} | options
        initialise(0)
        network = spec.build(options, len(DIGIT_NAMES), image_channels)[spec.kind]
        if isinstance(spec, FittedSpec):
            network.fit(few.train.images, few.train.labels)
        else:
            see_batches(network, spec.kind, image_channels)
        config = ModelConfig(
            kind=spec.kind,
            model=name,
            options=options,
            class_names=DIGIT_NAMES,
            image_channels=image_channels,
            recipe=name,
            data="few",
            seed=0,
        )
        network.requires_grad_(False).eval()
        if spec.kind == "generator":
            return Generator(network, config)
        recogniser = Recogniser()
        recogniser._take(network, config, few.train.labels.unique().numpy())
        return recogniser

    return make


@pytest.fixture(scope="session", autouse=True)
def quick() -> Any:
    """Enough images to show that all is connected."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(directions, "NUM_IMAGES", 200)
        patch.setattr(directions, "_IMAGES_PER_NUMBER", 0)
        patch.setattr(comparison, "NUM_IMAGES", 40)
        yield


@pytest.fixture(scope="session")
def exported(model_of: Make, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Exported]:
    """A row as ONNX; each is exported once, as that takes seconds."""
    done: dict[str, Exported] = {}

    def export(name: str) -> Exported:
        if name not in done:
            model, folder = model_of(name), tmp_path_factory.mktemp(name)
            done[name] = Exported(model, folder, to_onnx(model, folder))
        return done[name]

    return export
