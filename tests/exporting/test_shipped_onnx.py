"""The ONNX files that come with inkmint are of the weights that come with it."""

import numpy as np
import pytest

from inkmint.exporting.comparison import generator_difference, recogniser_difference
from inkmint.inference.folders import find_model
from inkmint.inference.generator import OnnxGenerator
from inkmint.inference.onnx_file import FILE_NAME
from inkmint.inference.recogniser import OnnxRecogniser
from inkmint.models import Generator, Recogniser

ADVICE = "write it anew: python scripts/build_weights.py --onnx"


@pytest.mark.parametrize(("name", "most_bytes"), [("house", 4_000_000), ("lenet-attention", 300_000)])
def test_they_are_small(name: str, most_bytes: int) -> None:
    assert (find_model(name) / FILE_NAME).stat().st_size <= most_bytes


def test_the_house_draws_as_its_weights_do() -> None:
    generator, model = OnnxGenerator.from_pretrained("house", threads=1), Generator.from_pretrained("house")
    assert generator.weights_sha256 == model.weights_sha256, ADVICE
    largest, share = generator_difference(generator, model)
    assert share <= 1e-3
    assert generator.config.largest_difference >= 0 and largest <= 255


def test_the_reader_answers_as_its_weights_do(few: object) -> None:
    recogniser = OnnxRecogniser.from_pretrained("lenet-attention", threads=1)
    model = Recogniser.from_pretrained("lenet-attention")
    assert recogniser.weights_sha256 == model.weights_sha256, ADVICE
    assert recogniser_difference(recogniser, model) < 1e-5


def test_the_shipped_mask_is_torchs(few: object) -> None:
    from inkmint.data.pixels import to_network

    recogniser = OnnxRecogniser.from_pretrained("lenet-attention", threads=1)
    network = Recogniser.from_pretrained("lenet-attention").network_
    seen = []
    network.attention.register_forward_hook(lambda layer, inputs, _: seen.append(layer.mask(*inputs)))
    images = few.validation.images[:8]
    network(to_network(images))
    assert np.abs(recogniser.attention(images.numpy()) - seen[0][:, 0].numpy()).max() < 1e-5
