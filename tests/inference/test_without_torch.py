"""Minting and reading need no torch: a server starts without it."""

import subprocess
import sys

import pytest

READ_A_PICTURE = """
import sys
sys.modules["torch"] = None
import numpy as np
from inkmint.inference.generator import OnnxGenerator
from inkmint.inference.recogniser import OnnxRecogniser
from inkmint.reading.model import load_reader
from inkmint.reading.annotate import annotated

digits = OnnxGenerator.from_pretrained("house", threads=1).sample([3, 1, 4], seed=1)
page = np.full((60, 140), 255, np.uint8)
for place, digit in enumerate(digits):
    page[16:44, 10 + 40 * place : 38 + 40 * place] -= digit
recogniser = OnnxRecogniser.from_pretrained("lenet-attention", threads=1)
reading = load_reader(recogniser, recogniser.folder).read(page)
annotated(reading)
recogniser.attention(digits)
print(reading.text.replace(" ", ""))
"""


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_picture_is_minted_and_read_without_torch() -> None:
    assert run(READ_A_PICTURE) == "314\n"


@pytest.mark.parametrize("module", ["folders", "hub", "noise", "onnx_file", "generator", "recogniser"])
def test_no_module_of_this_layer_imports_torch(module: str) -> None:
    code = f"import sys, inkmint.inference.{module}; print('torch' in sys.modules)"
    assert run(code) == "False\n"
