"""Weights that are stored as float16: half the room, the same numbers to three digits, and float32 when they run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from inkmint.errors import ModelError
from inkmint.files import read_json, sha256_file, write_json
from inkmint.models import Generator
from inkmint.training.engine import initialise
from inkmint.training.weights import ModelConfig, load_model, read_config, save_model

Written = Callable[..., tuple[nn.Module, Path, ModelConfig]]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """A freshly initialised network, written as told: the network, the folder, and what `save_model` returned."""

    def write(model: str, stored_as: str, **changes: Any) -> tuple[nn.Module, Path, ModelConfig]:
        config = ModelConfig(
            kind="generator" if model in ("acgan-sa", "house") else "recogniser",
            model=model,
            options={},
            class_names=tuple("0123456789"),
            recipe="none",
            data="none",
            seed=0,
            stored_as=stored_as,  # type: ignore[arg-type]
        )
        initialise(0)
        network = config.build()
        for name, value in changes.items():
            network.get_parameter(name).data.flatten()[0] = value
        folder = tmp_path / stored_as
        return network, folder, save_model(folder, network, config)

    return write


@pytest.mark.parametrize("model", ["acgan-sa", "house", "resnet"])
def test_half_the_bytes_hold_the_same_weights_to_three_digits(model: str, written: Written) -> None:
    network, folder, config = written(model, "float16")
    _, full, _ = written(model, "float32")
    ratio = (folder / "model.safetensors").stat().st_size / (full / "model.safetensors").stat().st_size
    assert 0.49 < ratio < 0.54
    loaded, found = load_model(folder)
    assert found == config
    assert config.weights_sha256 == sha256_file(folder / "model.safetensors")
    for name, weight in network.state_dict().items():
        stored = loaded.state_dict()[name]
        assert stored.dtype == weight.dtype
        assert torch.allclose(stored, weight, rtol=2**-11, atol=2**-25), name


def test_integers_stay_integers_and_floats_are_halved(written: Written) -> None:
    network, folder, _ = written("resnet", "float16")
    on_disk = load_file(folder / "model.safetensors")
    expected = {
        name: torch.float16 if weight.dtype == torch.float32 else weight.dtype
        for name, weight in network.state_dict().items()
    }
    assert {name: tensor.dtype for name, tensor in on_disk.items()} == expected
    assert set(expected.values()) == {torch.float16, torch.int64}


def test_saved_again_the_file_is_the_same(written: Written, tmp_path: Path) -> None:
    _, folder, config = written("acgan-sa", "float16")
    generator = Generator.from_pretrained(folder)
    generator.save_pretrained(tmp_path / "again")
    assert read_config(tmp_path / "again") == config
    again = Generator.from_pretrained(tmp_path / "again")
    assert np.array_equal(generator.sample(3, seed=0), again.sample(3, seed=0))


def test_numbers_that_float16_does_not_hold_are_refused_before_anything_is_written(
    written: Written, tmp_path: Path
) -> None:
    with pytest.raises(
        ModelError, match=r"head\.bias has numbers beyond 65,504.*store this model as float32"
    ):
        written("lenet", "float16", **{"head.bias": 1e5})
    assert not (tmp_path / "float16").exists()
    written("lenet", "float32", **{"head.bias": 1e5})


def test_a_folder_from_before_there_was_a_choice_holds_float32(written: Written) -> None:
    network, folder, _ = written("lenet", "float32")
    config = read_json(folder / "config.json")
    assert config.pop("stored_as") == "float32"
    write_json(folder / "config.json", config)
    loaded, _ = load_model(folder)
    for name, weight in network.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], weight)
