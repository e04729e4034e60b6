"""Trained networks for use: generators that mint digits, recognisers that read them."""

from inkmint.inference.folders import find_model, pretrained_names
from inkmint.models.generator import Generator
from inkmint.models.loading import BATCH_IMAGES
from inkmint.models.recogniser import FEWEST_STEPS, Recogniser, sized

__all__ = [
    "BATCH_IMAGES",
    "FEWEST_STEPS",
    "Generator",
    "Recogniser",
    "find_model",
    "pretrained_names",
    "sized",
]
