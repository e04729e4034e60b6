"""Finds and loads the network of a model."""

from pathlib import Path

from torch import nn

from inkmint.errors import ModelError
from inkmint.inference.folders import find_model
from inkmint.training.weights import ModelConfig, load_model

BATCH_IMAGES = 500
"""That pass through a network at once."""


def load(path_or_name: str | Path, kind: str) -> tuple[nn.Module, ModelConfig]:
    """The network, in evaluation mode, and what it is.

    Args:
        path_or_name: Run folder, model folder, or the name of a model that comes with inkmint.
        kind: `generator` or `recogniser`.

    Raises:
        ModelError: There is no such model, it is damaged, or it is of the other kind.
    """
    network, config = load_model(find_model(path_or_name))
    if config.kind != kind:
        raise ModelError(f"{path_or_name} is a {config.kind}, not a {kind}; give the folder of a {kind}.")
    return network, config
