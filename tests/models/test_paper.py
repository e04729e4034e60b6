"""Dark backgrounds and bright ones: what a generator gives, whichever its network draws."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from inkmint import Generator, Recogniser
from inkmint.data.contrast import ink_contrast
from inkmint.data.digits import DIGIT_NAMES, Splits
from inkmint.errors import ModelError
from inkmint.evaluation import subjects
from inkmint.models import find_model
from inkmint.recipes import find_recipe
from inkmint.training import session
from inkmint.training.weights import ModelConfig, read_config, save_model

Background = Literal["dark", "paper"]
BACKGROUNDS: tuple[Background, ...] = ("dark", "paper")
NUM_STROKE_PX = 4 * 12
MODELS = ("gan", "acgan-sa")


class Drawing(nn.Module):
    """Draws an upright bar, and writes one latent into a corner pixel so that seeds differ."""

    latent_size = 3

    def __init__(self, background: Background) -> None:
        super().__init__()
        self.sign = 1 if background == "dark" else -1

    def forward(self, z_NZ: Tensor, y_N: Tensor) -> Tensor:
        assert z_NZ.shape == (len(y_N), self.latent_size)
        x_NCHW = torch.full((len(y_N), 1, 28, 28), -1.0)
        x_NCHW[:, :, 8:20, 12:16] = 1
        x_NCHW[:, 0, 0, 0] = z_NZ[:, 0].tanh() - 0.5
        return (x_NCHW * self.sign).clamp(-1, 1)


def config_of(model: str, background: Background) -> ModelConfig:
    return ModelConfig(
        kind="generator",
        model=model,
        options={},
        class_names=DIGIT_NAMES,
        recipe="a test",
        data="none",
        seed=0,
        background=background,
    )


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def drawing(model: str) -> Callable[[Background], Generator]:
    return lambda background: Generator(Drawing(background), config_of(model, background))


@pytest.mark.parametrize("background", BACKGROUNDS)
def test_digits_are_bright_on_dark_whatever_the_network_draws(
    background: Background, drawing: Callable[[Background], Generator]
) -> None:
    generator = drawing(background)
    for images in (generator.sample(12, seed=1), generator.mint(12, seed=1).images.numpy()):
        assert images.dtype == np.uint8
        assert (images[:, 8:20, 12:16] == 255).all()
        assert (images[:, :, 20:] == 0).all()
        assert ((images == 255).sum(axis=(1, 2)) == NUM_STROKE_PX).all()


@pytest.mark.parametrize("background", BACKGROUNDS)
def test_on_paper_they_are_dark_on_white_whatever_the_network_draws(
    background: Background, drawing: Callable[[Background], Generator]
) -> None:
    images = drawing(background).sample(12, seed=1, paper=True)
    assert images.dtype == np.uint8
    assert (images[:, 8:20, 12:16] == 0).all()
    assert (images[:, :, 20:] == 255).all()


@pytest.mark.parametrize("background", BACKGROUNDS)
def test_paper_is_the_exact_inverse_for_the_same_seed(
    background: Background, drawing: Callable[[Background], Generator]
) -> None:
    generator = drawing(background)
    dark = generator.sample(12, seed=1)
    assert np.array_equal(generator.sample(12, seed=1, paper=True), 255 - dark)
    assert len(np.unique(dark[:, 0, 0])) > 6
    assert not np.array_equal(generator.sample(12, seed=2), dark)


def test_paper_and_classes_go_together() -> None:
    generator = Generator.from_pretrained("acgan-sa")
    sevens = generator.sample(4, digit=7, seed=1)
    assert np.array_equal(generator.sample(4, digit=7, seed=1, paper=True), 255 - sevens)
    assert ink_contrast(torch.from_numpy(sevens)).background < 0.1


@pytest.mark.parametrize("background", BACKGROUNDS)
def test_a_saved_generator_remembers_what_it_draws(background: Background, tmp_path: Path) -> None:
    shipped = Generator.from_pretrained("acgan-sa")
    config = shipped.config.model_copy(update={"background": background})
    Generator(shipped.network, config).save_pretrained(tmp_path)
    loaded = Generator.from_pretrained(tmp_path)
    assert loaded.config.background == background
    drawn = shipped.sample(5, seed=1)
    assert np.array_equal(loaded.sample(5, seed=1, paper=background == "paper"), drawn)
    assert np.array_equal(loaded.sample(5, seed=1, paper=background == "dark"), 255 - drawn)


def test_a_model_from_before_backgrounds_draws_on_dark(tmp_path: Path) -> None:
    shipped = Generator.from_pretrained("acgan-sa")
    shipped.save_pretrained(tmp_path)
    path = tmp_path / "config.json"
    data = json.loads(path.read_text())
    del data["background"]
    path.write_text(json.dumps(data))
    assert read_config(tmp_path).background == "dark"
    assert np.array_equal(Generator.from_pretrained(tmp_path).sample(5, seed=1), shipped.sample(5, seed=1))


def test_a_background_that_there_is_not_is_damage(tmp_path: Path) -> None:
    config = read_config(find_model("acgan-sa"))
    (tmp_path / "config.json").write_text(json.dumps({**config.model_dump(), "background": "grey"}))
    with pytest.raises(ModelError, match="damaged"):
        read_config(tmp_path)


@pytest.mark.parametrize("background", BACKGROUNDS)
def test_evaluations_see_bright_ink_on_dark(
    background: Background,
    few: Splits,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    judge = Recogniser.from_pretrained("lenet-attention")
    network = Drawing(background)
    monkeypatch.setattr(ModelConfig, "build", lambda _: network)
    save_model(tmp_path, network, config_of("gan", background))
    seen: list[Tensor] = []
    measure = subjects.evaluate_digits

    def spy(digits, *arguments, **settings):
        seen.append(digits.images)
        return measure(digits, *arguments, **settings)

    monkeypatch.setattr(subjects, "evaluate_digits", spy)
    subjects.evaluate_subject(str(tmp_path), few, lambda: judge, num_minted=100, seed=0)
    [images] = seen
    assert ink_contrast(images).background < 0.1
    assert (images[:, 8:20, 12:16] == 255).all()


@pytest.mark.parametrize("background", BACKGROUNDS)
@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("hu2024/acgan-sa-quick", {"epochs": 6, "batch_size": 20}),
        ("rzayev2021/pca", {"options": {"num_components": 5}}),
    ],
)
def test_a_run_on_either_background_gives_both(
    name: str, changes: dict[str, Any], background: Background, few: Splits, tmp_path: Path
) -> None:
    recipe = find_recipe(name).derive(background=background, **changes)
    generator = Generator.from_pretrained(session.train(recipe, few, tmp_path, threads=1).path)
    assert generator.config.background == background
    dark = torch.from_numpy(generator.sample(100, seed=0))
    paper = torch.from_numpy(generator.sample(100, seed=0, paper=True))
    assert ink_contrast(dark).background < 0.3
    assert ink_contrast(paper).background > 0.7
