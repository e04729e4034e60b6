"""Training on stacked digits: what watches it, what is said of it, and what comes out."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from inkmint import Generator
from inkmint.data.digits import Splits
from inkmint.data.pixels import to_network
from inkmint.data.stacked import stack_splits
from inkmint.errors import SettingsError
from inkmint.models import Recogniser
from inkmint.recipes import find_recipe
from inkmint.recipes.lin2018 import packed
from inkmint.training import session
from inkmint.training.diagnosis import diagnose, expected_classes
from inkmint.training.recipe import Recipe
from inkmint.training.runs import Run
from inkmint.training.tasks import Draws
from inkmint.training.views import MEASURED_SAMPLES, GeneratorView, InformedJudge, StackedJudge

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def stacked(starter: Splits) -> Splits:
    """One training image of every class."""
    splits = stack_splits(starter, (12_800, 200, 200), "stacked")
    return replace(splits, train=splits.train.sample_per_class(1, seed=0))


@pytest.fixture(scope="module")
def run(stacked: Splits, short: Callable[..., Recipe], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Ten steps of a packed DCGAN, watched by the digit judge."""
    recipe = short(
        "lin2018/dcgan-stacked-quick",
        epochs=1,
        batch_size=100,
        options={"num_channels": 4, "packing": 2},
    )
    judge = StackedJudge(Recogniser.from_pretrained("lenet-attention").judge)
    return session.train(recipe, stacked, tmp_path_factory.mktemp("runs"), threads=1, judge=judge)


def test_a_judge_of_single_digits_reads_stacked_ones(stacked: Splits) -> None:
    judge = StackedJudge(Recogniser.from_pretrained("lenet-attention").judge)
    seen_N = judge(stacked.test.images)
    assert (seen_N == stacked.test.labels).double().mean() > 0.93


def test_a_run_records_how_many_classes_there_are_and_shows_ten_of_them(run: Run) -> None:
    (figures,) = [record["figures"] for record in run.read_metrics() if "figures" in record]
    assert figures.keys() == {"background", "contrast", "classes_present"}
    with Image.open(run.path / "samples" / "epoch_0001.png") as image:
        assert image.mode == "RGB"
        assert image.size == (8 * 29 + 1, 10 * 29 + 1)


def test_its_generator_mints_stacked_digits(run: Run) -> None:
    generator = Generator.from_pretrained(run.path)
    assert generator.config.image_channels == 3
    assert generator.sample(5, seed=0).shape == (5, 3, 28, 28)
    minted = generator.mint(5, seed=0)
    assert (minted.image_channels, minted.num_classes) == (3, 1000)
    dark = generator.sample(5, seed=0)
    assert np.array_equal(255 - dark, generator.sample(5, seed=0, paper=True))


def test_a_run_can_be_gone_on_with(run: Run, stacked: Splits) -> None:
    before = Generator.from_pretrained(run.path).weights_sha256
    session.resume(run, stacked)
    assert Generator.from_pretrained(run.path).weights_sha256 == before


@pytest.mark.parametrize("name", ["lenet-quick", "rzayev2021/pca"])
def test_models_of_single_digits_refuse_before_anything_is_written(
    name: str, stacked: Splits, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match="takes grey images, and these have 3 channels"):
        session.train(find_recipe(name), stacked, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


class Faithful(nn.Module):
    """Draws a real image of the label asked for, or of those that it knows."""

    latent_size = 2

    def __init__(self, stacked: Splits, num_known: int = 1000) -> None:
        super().__init__()
        self.images = stacked.train.images
        self.num_known = num_known

    def forward(self, z_NZ: Tensor, y_N: Tensor) -> Tensor:
        return to_network(self.images[y_N % self.num_known])


def measured(stacked: Splits, num_known: int) -> dict[str, float]:
    reader = Recogniser.from_pretrained("lenet-attention").judge
    view = GeneratorView(1000, True, judge=InformedJudge(StackedJudge(reader), stacked.validation))
    draws = Draws(torch.Generator().manual_seed(0), 64, CPU)
    return view.measure(Faithful(stacked, num_known), draws)


def records(figures: dict[str, float]) -> list[dict[str, Any]]:
    losses = {"discriminator/real": 0.6, "discriminator/fake": 0.6, "generator/adversarial": 0.9}
    found: list[dict[str, Any]] = []
    for epoch in (1, 2):
        found += [{"step": 2000 * epoch - 1000, "epoch": epoch - 0.5, "losses": losses}]
        found += [{"step": 2000 * epoch, "epoch": float(epoch), "figures": figures}]
    return found


def test_the_expected_number_of_classes_is_that_of_an_even_draw() -> None:
    assert expected_classes(1000) == pytest.approx(632.3, abs=0.05)
    assert expected_classes(1, 5) == 1
    drawn = torch.randint(1000, (200, MEASURED_SAMPLES), generator=torch.Generator().manual_seed(0))
    mean = sum(len(row.unique()) for row in drawn) / 200
    assert mean == pytest.approx(expected_classes(1000), rel=0.01)


def test_a_generator_of_all_classes_raises_no_alarm_and_one_of_few_does(stacked: Splits) -> None:
    recipe = find_recipe("lin2018/dcgan-stacked-quick")
    good, collapsed = measured(stacked, 1000), measured(stacked, 79)
    assert good.keys() == {"background", "contrast", "classes_present", "label_agreement"}
    assert good["classes_present"] == pytest.approx(632, abs=30)
    assert good["label_agreement"] > 0.93
    assert diagnose(recipe, 1000, records(good)) == []
    assert collapsed.pop("label_agreement") < 0.1
    (finding,) = diagnose(recipe, 1000, records(collapsed))
    assert finding.kind == "mode collapse"
    assert "of 1,000 classes are present in 1,000 digits, where an even draw shows 632" in finding.text
    assert "options.packing=2" in finding.text


def test_packing_takes_as_many_steps_of_as_many_packs() -> None:
    plain = find_recipe("lin2018/dcgan-stacked-quick")
    assert packed(plain, 1) is plain
    for packing in (2, 3, 4):
        recipe = packed(plain, packing)
        steps, plain_steps = (each.epochs * (128_000 // each.batch_size) for each in (recipe, plain))
        assert steps == pytest.approx(plain_steps, rel=0.001)
        assert recipe.batch_size // packing == plain.batch_size
        assert recipe.options == {**plain.options, "packing": packing}
