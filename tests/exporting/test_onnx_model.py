"""What an export refuses, and what it leaves alone."""

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from inkmint.errors import ModelError, SettingsError
from inkmint.exporting.graphs import GeneratorGraph
from inkmint.exporting.onnx_graph import onnx_of
from inkmint.exporting.onnx_model import onnx_of_folder, to_onnx
from inkmint.inference.generator import OnnxGenerator
from inkmint.inference.onnx_file import FILE_NAME, open_onnx
from inkmint.inference.recogniser import OnnxRecogniser


@pytest.mark.parametrize("name", ["lbp-svm", "src", "knn"])
def test_what_computes_with_scikit_learn_is_refused(name: str, model_of: Any, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=f"{name!r} computes with scikit-learn"):
        to_onnx(model_of(name), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_recogniser_that_answers_otherwise_is_refused(
    exported: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from inkmint.exporting.comparison import recogniser_difference

    model, folder, _ = exported("lenet-attention")
    recogniser = OnnxRecogniser.from_pretrained(folder, threads=1)
    assert recogniser_difference(recogniser, model) < 1e-5
    right = recogniser.features
    monkeypatch.setattr(recogniser, "features", lambda images: right(images) * 1.01)
    with pytest.raises(ModelError, match=r"differs from torch by .* in features"):
        recogniser_difference(recogniser, model)


def test_a_generator_that_draws_otherwise_is_refused(exported: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from inkmint.exporting.comparison import generator_difference

    model, folder, _ = exported("acgan-sa")
    generator = OnnxGenerator.from_pretrained(folder, threads=1)
    assert generator_difference(generator, model)[1] == 0
    right = generator.sample
    monkeypatch.setattr(generator, "sample", lambda labels, seed: right(labels, seed=seed + 1))
    with pytest.raises(ModelError, match="draws otherwise than torch"):
        generator_difference(generator, model)


def test_a_network_that_is_not_torchs_own_is_refused() -> None:
    class Foreign(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.from_numpy(np.sort(x.numpy()))

    with pytest.raises(ModelError, match="'mine' does something that ONNX does not know"):
        onnx_of("mine", Foreign(), {"x": torch.zeros(3, 2)}, ["y"])


def test_numbers_that_float16_holds_are_stored_in_half_the_room() -> None:
    rough, fine = nn.Linear(30, 30, bias=False), nn.Linear(30, 30, bias=False)
    rough.weight.data = rough.weight.data.half().float()
    sizes = [
        onnx_of("x", layer.eval(), {"input": torch.zeros(3, 30)}, ["y"]).ByteSize() for layer in (rough, fine)
    ]
    assert sizes[1] - sizes[0] > 0.9 * 30 * 30 * 2


@pytest.mark.parametrize("package", ["onnx", "onnxscript"])
def test_a_missing_package_is_named(
    package: str, model_of: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        "inkmint.exporting.onnx_model.find_spec", lambda name: None if name == package else find_spec(name)
    )
    with pytest.raises(SettingsError, match=rf"Writing ONNX needs {package}; .*inkmint\[export\]"):
        to_onnx(model_of("lenet"), tmp_path)


def test_the_model_is_left_as_it_was(exported: Any, few: Any) -> None:
    model, *_ = exported("lenet-attention")
    for layer in model.network_.modules():
        assert not layer._forward_hooks and not layer._forward_pre_hooks
    assert not any(parameter.requires_grad for parameter in model.network_.parameters())


def test_dark_ink_on_paper_becomes_bright_on_dark(model_of: Any) -> None:
    model = model_of("acgan-sa")
    model.config = model.config.model_copy(update={"background": "paper"})
    expected = model.sample(5, seed=1)
    latents = torch.randn(5, model.latent_size, generator=torch.Generator().manual_seed(1))
    images = GeneratorGraph(model.network, on_paper=True)(latents, torch.arange(5))
    assert np.array_equal(images.numpy(), expected)


@pytest.mark.slow
def test_images_of_several_channels_are_drawn(model_of: Any, tmp_path: Path) -> None:
    model = model_of("acgan-sa", image_channels=3)
    config = to_onnx(model, tmp_path)
    images = OnnxGenerator.from_pretrained(tmp_path, threads=1).sample([4, 2], seed=0)
    assert images.shape == (2, 3, 28, 28) and config.image_channels == 3
    assert np.abs(images.astype(int) - model.sample(2, labels=[4, 2], seed=0)).max() <= 1
    assert not any(direction.name for direction in config.directions)


def test_what_lies_beside_the_weights_is_copied_and_what_is_stale_is_not(
    exported: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, folder, _ = exported("lenet-attention")
    source = tmp_path / "source"
    model.save_pretrained(source)
    (tmp_path / "other").mkdir()
    exports = []
    monkeypatch.setattr("inkmint.exporting.onnx_model.to_onnx", lambda *given: exports.append(given))
    onnx_of_folder(source, tmp_path / "other")
    assert len(exports) == 1  # there was none
    (source / FILE_NAME).write_bytes((folder / FILE_NAME).read_bytes())
    with pytest.raises(ModelError, match="other weights"):
        open_onnx(source, "recogniser", 1)  # it was exported before the weights had a hash
    onnx_of_folder(source, tmp_path / "other")
    assert len(exports) == 2
    onnx_of_folder(
        Path(str(importlib.util.find_spec("inkmint").submodule_search_locations[0])) / "weights/house",
        tmp_path,
    )
    assert len(exports) == 2 and (tmp_path / FILE_NAME).is_file()
