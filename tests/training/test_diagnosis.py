"""What is said of runs that go wrong, and that nothing is said of those that do not."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from inkmint.data.digits import Splits
from inkmint.errors import Interrupted
from inkmint.models import Recogniser
from inkmint.nets.dense import DenseDiscriminator
from inkmint.recipes import RECIPES, find_recipe
from inkmint.specs import GanSpec
from inkmint.training import session
from inkmint.training.diagnosis import Finding, diagnose
from inkmint.training.engine import Event
from inkmint.training.recipe import Recipe, assignment
from inkmint.training.runs import Run
from inkmint.training.views import InformedJudge
from inkmint.zoo import ZOO, find

MakeRecipe = Callable[..., Recipe]

# Means over the epochs of acgan-sa-quick, seed 0.
GOOD_LOSSES = {"discriminator/real": 0.6, "discriminator/fake": 0.61, "generator/adversarial": 0.86}
GOOD = {
    "background": 0.016,
    "contrast": 0.88,
    "classes_present": 10.0,
    "smallest_class": 0.08,
    "label_agreement": 0.99,
    "diversity": 0.9,
}
AHEAD = {"discriminator/real": 0.004, "discriminator/fake": 0.006, "generator/adversarial": 6.0}
RISING = [{**AHEAD, "generator/adversarial": 5 + 0.3 * turn} for turn in range(10)]


def of(name: str, **changes: Any) -> Recipe:
    return find_recipe(name).derive(**changes)


def history(
    recipe: Recipe,
    *epochs: Mapping[str, float],
    losses: Mapping[str, float] | list[dict[str, float]] = GOOD_LOSSES,
    steps_per_epoch: int = 780,
) -> list[dict[str, Any]]:
    """Records as metrics.jsonl holds them: ten of losses, then the figures, for every epoch."""
    logged = losses if isinstance(losses, list) else [dict(losses)] * 10
    records: list[dict[str, Any]] = []
    for epoch, figures in enumerate(epochs):
        for turn, values in enumerate(logged, start=1):
            step = epoch * steps_per_epoch + turn * steps_per_epoch // len(logged)
            records.append({"step": step, "epoch": step / steps_per_epoch, "losses": values})
        records.append({"step": step, "epoch": epoch + 1.0, "figures": figures})
    return records


def found(recipe: Recipe, *epochs: Mapping[str, float], **settings: Any) -> list[Finding]:
    return diagnose(recipe, 10, history(recipe, *epochs, **settings))


def kinds(findings: list[Finding]) -> list[str]:
    return [finding.kind for finding in findings]


ACGAN, GAN = of("acgan-sa-quick", epochs=8), of("raza2021/gan-quick")
UNCONDITIONAL = {name: value for name, value in GOOD.items() if name != "label_agreement"}


# Healthy runs


@pytest.mark.parametrize("num_epochs", range(1, 9))
def test_nothing_is_said_of_a_good_run_at_any_epochs_end(num_epochs: int) -> None:
    assert found(ACGAN, *[GOOD] * num_epochs) == []
    assert found(GAN, *[UNCONDITIONAL] * num_epochs) == []


@pytest.mark.parametrize(
    ("name", "losses", "figures"),
    [
        # As our quick recipes recorded them.
        ("qin2021/dcgan-quick", (0.595, 0.426, 1.151), {"contrast": 0.88, "smallest_class": 0.07}),
        ("qin2021/dcgan-quick", (0.480, 0.224, 1.836), {"contrast": 0.885, "smallest_class": 0.07}),
        ("rzayev2021/ccgan-quick", (0.658, 0.522, 0.882), {"contrast": 0.873, "label_agreement": 0.927}),
        ("qin2021/cgan-quick", (0.5, 0.5, 1.2), {"contrast": 0.8, "label_agreement": 0.761}),
        ("raza2021/gan-quick", (0.5, 0.5, 1.2), {"contrast": 0.8, "smallest_class": 0.046}),
        ("qin2021/gan-quick", (0.5, 0.5, -0.5), {"contrast": 0.8, "smallest_class": 0.055}),
    ],
)
def test_nothing_is_said_of_runs_that_came_out_well(
    name: str, losses: tuple[float, float, float], figures: dict[str, float]
) -> None:
    recipe = of(name)
    good = GOOD if find(recipe.model).conditional else UNCONDITIONAL
    named = dict(zip(GOOD_LOSSES, losses, strict=True))
    epochs = [{**good, "diversity": 0.8, **figures}] * recipe.epochs
    assert found(recipe, *epochs, losses=named) == []


def test_a_slow_start_is_no_fault() -> None:
    """qin2021/mggan-quick: its generator begins after 400 steps of the encoder, 390 steps being an epoch."""
    recipe = of("mggan-quick")
    encoding = history(
        recipe,
        {"contrast": 0.039, "classes_present": 1.0, "smallest_class": 0.0, "diversity": 0.03},
        losses={"encoder/reconstruction": 0.067},
        steps_per_epoch=390,
    )
    assert diagnose(recipe, 10, encoding) == []
    seen = [
        {"contrast": 0.163, "classes_present": 4.0, "smallest_class": 0.0, "diversity": 0.17},
        {"contrast": 0.346, "classes_present": 10.0, "smallest_class": 0.009, "diversity": 0.38},
        {"contrast": 0.656, "classes_present": 10.0, "smallest_class": 0.02, "diversity": 0.6},
    ]
    for num_epochs in (1, 2, 3):
        later = history(recipe, *seen[:num_epochs], steps_per_epoch=390)
        for record in later:
            record["step"] += 390
            record["epoch"] += 1
        assert diagnose(recipe, 10, encoding + later) == []


def test_nothing_is_said_of_a_flow_while_its_autoencoder_learns() -> None:
    recipe = of("house-quick")
    blank = {
        "contrast": 0.02,
        "classes_present": 1.0,
        "smallest_class": 0.0,
        "diversity": 0.03,
        "label_agreement": 0.1,
    }
    encoding = history(recipe, *[blank] * 3, losses={"autoencoder/reconstruction": 0.08}, steps_per_epoch=390)
    assert diagnose(recipe, 10, encoding) == []


def test_a_flow_that_comes_to_nothing_is_found_out_with_advice_that_its_recipe_takes() -> None:
    recipe = of("house-quick")
    bad = {"classes_present": 1.0, "smallest_class": 0.0, "diversity": 0.03, "label_agreement": 0.1}
    losses = {"generator/flow_matching": 1.0}
    assert kinds(found(recipe, *[{**bad, "contrast": 0.02}] * 3, losses=losses)) == ["nothing drawn"]
    findings = found(recipe, *[{**bad, "contrast": 0.5}] * 3, losses=losses)
    assert kinds(findings) == ["mode collapse", "labels ignored"]
    assert findings[0].text.endswith("try optimisers.generator.learning_rate=0.001")
    assert found(recipe, *[GOOD] * 3, losses=losses) == []


def test_a_winning_discriminator_is_no_fault_while_the_digits_are_good() -> None:
    assert found(ACGAN, GOOD, GOOD, losses=RISING) == []


@pytest.mark.parametrize("name", ["hao2020/lenet-quick", "rzayev2021/pca"])
def test_nothing_is_said_where_there_is_no_adversary(name: str) -> None:
    for losses in ({}, {"recogniser/cross_entropy": 0.001}):
        assert found(of(name), {"contrast": 0.01}, {"contrast": 0.01}, losses=losses) == []


# Mode collapse


def test_missing_classes_and_equal_samples_are_one_finding_with_its_remedies() -> None:
    figures = {**UNCONDITIONAL, "classes_present": 7.0, "smallest_class": 0.0, "diversity": 0.15}
    (finding,) = found(GAN, figures, figures)
    assert finding == (
        "mode collapse",
        "7 of 10 classes are present and samples of one class differ by 0.15 of what real ones do: mode collapse; "
        "try options.packing=2 or options.minibatch_stddev=true",
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"classes_present": 9.0, "smallest_class": 0.0}, "9 of 10 classes are present: mode collapse"),
        ({"smallest_class": 0.004}, "the rarest of 10 classes is 0.4% of the digits: mode collapse"),
        ({"diversity": 0.24}, "samples of one class differ by 0.24 of what real ones do: mode collapse"),
    ],
)
def test_each_sign_of_collapse_suffices(changes: dict[str, float], said: str) -> None:
    (finding,) = found(GAN, UNCONDITIONAL, {**UNCONDITIONAL, **changes})
    assert finding.text.startswith(said)


def test_the_rarest_of_many_classes_says_nothing_by_1000_samples() -> None:
    recipe, figures = GAN, {**UNCONDITIONAL, "classes_present": 90.0, "smallest_class": 0.0}
    assert diagnose(recipe, 100, history(recipe, figures, figures)) == []


@pytest.mark.parametrize(
    ("name", "changes", "tries"),
    [
        ("raza2021/gan-quick", {"options.packing": 2}, "options.packing=4 or options.minibatch_stddev=true"),
        (
            "raza2021/gan-quick",
            {"options.packing": 16},  # the most there is
            "options.minibatch_stddev=true or optimisers.generator.learning_rate=0.00025",
        ),
        ("raza2021/gan-quick", {"batch_size": 125}, "options.minibatch_stddev=true or optimisers.generator"),
        ("acgan-sa-quick", {}, "options.minibatch_stddev=true or options.conditioning=adc"),
        (
            "acgan-sa-quick",
            {"options.minibatch_stddev": True, "options.conditioning": "adc"},
            "optimisers.generator.learning_rate=0.001",
        ),
        # A gradient penalty looks at single images, which minibatch_stddev mixes.
        ("acgan-sa-quick", {"options.r1": 1.0}, "options.conditioning=adc or optimisers.generator"),
    ],
)
def test_only_what_the_recipe_takes_and_does_not_have_is_suggested(
    name: str, changes: dict[str, Any], tries: str
) -> None:
    recipe = of(name, epochs=3, **changes)
    (finding,) = found(recipe, GOOD, {**GOOD, "diversity": 0.1})
    assert f"; try {tries}" in finding.text


# Labels


def test_labels_that_are_ignored() -> None:
    figures = {**GOOD, "label_agreement": 0.104}
    (finding,) = found(of("qin2021/cgan-quick"), figures, figures)
    assert finding == (
        "labels ignored",
        "label agreement is at chance: 10.4% of the digits are read as what was asked for, and guessing would give "
        "10.0%; try a model with a class head, such as acgan",
    )
    (finding,) = found(ACGAN, figures, figures)
    assert finding.text.endswith("; try options.class_weight=2")


@pytest.mark.parametrize(("num_classes", "agreement", "told"), [(2, 0.5, 1), (2, 0.6, 0), (1, 1.0, 0)])
def test_chance_depends_on_the_number_of_classes(num_classes: int, agreement: float, told: int) -> None:
    records = history(ACGAN, *[{**GOOD, "smallest_class": 1 / num_classes, "label_agreement": agreement}] * 2)
    assert len(diagnose(ACGAN, num_classes, records)) == told


# Nothing drawn


@pytest.mark.parametrize("contrast", [0.0, 0.039, 0.099])
def test_a_generator_that_draws_nothing_is_not_called_collapsed_as_well(contrast: float) -> None:
    empty = {"contrast": contrast, "classes_present": 1.0, "smallest_class": 0.0, "diversity": 0.02}
    (finding,) = found(of("qin2021/gan-quick"), empty, empty)
    assert finding.kind == "nothing drawn"
    assert f"after 1,560 steps the ink stands out by a contrast of {contrast:.2f}" in finding.text
    assert finding.text.endswith("try options.loss=non-saturating or options.label_smoothing=0.1")


def test_a_run_that_was_too_short_to_draw_is_told_how_long_it_takes() -> None:
    recipe = of("acgan-sa-quick", epochs=2)
    (finding,) = found(recipe, {"contrast": 0.04}, {"contrast": 0.04}, steps_per_epoch=5)
    assert "after 10 steps" in finding.text
    assert "; try epochs=150 or " in finding.text


# Discriminator


@pytest.mark.parametrize("figures", [{**GOOD, "label_agreement": 0.3}, {"contrast": 0.5}])
def test_a_discriminator_that_has_won(figures: dict[str, float]) -> None:
    (finding,) = found(ACGAN, figures, figures, losses=RISING)
    assert finding == (
        "discriminator ahead",
        "the discriminator is far ahead: its losses are within 0.006 of the least there is, where guessing costs "
        "0.69, and the generator's went from 5.60 to 7.10; try options.label_smoothing=0.1 or "
        "optimisers.discriminator.learning_rate=0.001",
    )


def test_one_that_loses_its_lead_is_left_alone() -> None:
    assert found(ACGAN, {"contrast": 0.5}, {"contrast": 0.5}, losses=RISING[::-1]) == []


def ahead(**options: Any) -> list[Finding]:
    """With losses of which `real` and `fake` are 0.01, and 0.335 with smoothed labels."""
    recipe = of("raza2021/gan-quick", **{f"options.{name}": value for name, value in options.items()})
    real = 0.335 if options.get("label_smoothing") and options.get("loss") != "least-squares" else 0.01
    losses = {"discriminator/real": real, "discriminator/fake": 0.01, "generator/adversarial": 5.0}
    if options.get("loss") == "relativistic":
        losses = {"discriminator/pairs": 0.01, "generator/adversarial": 5.0}
    return found(recipe, {"contrast": 0.5}, {"contrast": 0.5}, losses=losses)


@pytest.mark.parametrize("loss", ["non-saturating", "minimax", "hinge", "relativistic"])
def test_near_nothing_is_meant_on_the_scale_of_the_loss(loss: str) -> None:
    (finding,) = ahead(loss=loss)
    assert ("options.label_smoothing" in finding.text) == (loss in ("non-saturating", "minimax"))
    assert ("options.loss=non-saturating" in finding.text) == (loss == "minimax")


def test_a_loss_of_squares_is_smaller_and_a_critics_has_no_scale() -> None:
    assert ahead(loss="least-squares") == []
    assert ahead(loss="wasserstein") == []


def test_smoothed_labels_cost_something_however_sure_the_discriminator_is() -> None:
    (finding,) = ahead(label_smoothing=0.1)
    assert "; try optimisers.discriminator.learning_rate=" in finding.text


# When


def test_at_the_first_epochs_end_of_a_long_run_only_the_extreme_is_told() -> None:
    bad = {**GOOD, "smallest_class": 0.0, "classes_present": 4.0, "label_agreement": 0.1, "contrast": 0.05}
    assert found(ACGAN, bad) == []
    assert kinds(found(ACGAN, bad, bad)) == ["nothing drawn"]
    assert found(ACGAN, {**GOOD, "diversity": 0.2}) == []
    assert kinds(found(ACGAN, {**GOOD, "diversity": 0.01})) == ["mode collapse"]
    assert kinds(found(ACGAN, {**GOOD, "contrast": 0.005})) == ["nothing drawn"]
    unseen = {"contrast": 0.5}
    assert found(ACGAN, unseen, losses=[{**AHEAD, "discriminator/fake": 0.02}] * 10) == []
    assert kinds(
        found(ACGAN, unseen, losses={**AHEAD, "discriminator/real": 0, "discriminator/fake": 0})
    ) == ["discriminator ahead"]


def test_a_run_of_one_epoch_is_judged_at_its_end() -> None:
    recipe, bad = of("rzayev2021/ccgan-quick"), {**GOOD, "label_agreement": 0.1, "diversity": 0.2}
    assert kinds(found(recipe, bad)) == ["mode collapse", "labels ignored"]


def test_small_epochs_are_no_reason_to_judge_early() -> None:
    recipe, bad = of("acgan-sa-quick", epochs=100), {**GOOD, "diversity": 0.2, "label_agreement": 0.1}
    assert found(recipe, *[bad] * 32, steps_per_epoch=31) == []
    assert kinds(found(recipe, *[bad] * 33, steps_per_epoch=31)) == ["mode collapse", "labels ignored"]
    blank = {**GOOD, "contrast": 0.0, "diversity": 0.0}
    assert found(recipe, *[blank] * 3, steps_per_epoch=31) == []
    assert kinds(found(recipe, *[blank] * 4, steps_per_epoch=31)) == ["nothing drawn"]


@pytest.mark.parametrize("name", [name for name, row in ZOO.items() if isinstance(row, GanSpec)])
def test_every_gan_of_the_zoo_gets_advice_that_its_recipes_take(name: str) -> None:
    recipes = [recipe for recipe in RECIPES.values() if recipe.model == name]
    assert recipes
    worst = {**GOOD, "smallest_class": 0.0, "classes_present": 1.0, "diversity": 0.0, "label_agreement": 0.1}
    for recipe in recipes:
        runs = [
            found(recipe, *[{**worst, "contrast": contrast}] * 100, losses=AHEAD) for contrast in (0.05, 0.5)
        ]
        findings = [finding for run in runs for finding in run]
        assert {finding.kind for finding in findings} == {
            "nothing drawn",
            "mode collapse",
            "labels ignored",
            "discriminator ahead",
        }
        for finding in findings:
            advice = finding.text.partition("; try ")[2]
            if not advice.startswith("a model"):
                for setting in advice.split(" or "):
                    recipe.derive(**dict([assignment(setting)]))


# Real runs


class Deaf(nn.Module):
    """A generator that ignores its latent and its label: one picture for everyone."""

    def __init__(self, latent_size: int) -> None:
        super().__init__()
        self.latent_size = latent_size
        self.picture = nn.Parameter(torch.zeros(1, 1, 28, 28))

    def forward(self, z_NZ: Tensor, y_N: Tensor) -> Tensor:
        return torch.tanh(self.picture).repeat(len(z_NZ), 1, 1, 1)


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch, recipe_of: MakeRecipe) -> MakeRecipe:
    """Recipes of a row whose generator is deaf."""
    row = find("gan")
    assert isinstance(row, GanSpec)
    slim = partial(DenseDiscriminator, widths=(32,))
    monkeypatch.setitem(ZOO, "deaf", replace(row, name="deaf", generator=Deaf, discriminator=slim))
    return lambda **changes: recipe_of("deaf").derive(
        **{"epochs": 16, "optimisers.generator.learning_rate": 0.05, **changes}
    )


@pytest.fixture(scope="module")
def judge(starter: Splits) -> InformedJudge:
    digits = starter.train.sample_per_class(50, seed=0)
    reader = Recogniser(epochs=2, threads=1).fit(digits.images.numpy(), digits.labels.numpy())
    return InformedJudge(reader.judge, starter.validation)


def ends(run: Run) -> list[dict[str, Any]]:
    return [record for record in run.read_metrics() if "figures" in record]


def test_a_run_whose_generator_ignores_its_latent_is_found_out(
    deaf: MakeRecipe, starter: Splits, judge: InformedJudge, tmp_path: Path
) -> None:
    """200 steps an epoch: extreme enough to be told of at the first one's end, and in full at the last one's."""
    records = ends(session.train(deaf(epochs=4), starter, tmp_path, judge=judge, threads=1))
    assert records[0]["findings"][0].startswith("samples of one class differ by 0.00")
    last = records[-1]
    assert last["figures"]["contrast"] > 0.1
    assert (last["figures"]["classes_present"], last["figures"]["diversity"]) == (1, 0)
    assert last["findings"][0] == (
        "1 of 10 classes are present and samples of one class differ by 0.00 of what real ones do: mode collapse; "
        "try options.packing=2 or options.minibatch_stddev=true"
    )


def test_a_resumed_run_records_the_same_findings(
    deaf: MakeRecipe, few: Splits, judge: InformedJudge, tmp_path: Path
) -> None:
    def stop(event: Event) -> None:
        event.engine.stop_requested = event.engine.step == 137  # within an epoch

    recipe = deaf()
    whole = session.train(recipe, few, tmp_path, name="whole", judge=judge, threads=1)
    with pytest.raises(Interrupted):
        session.train(recipe, few, tmp_path, name="stopped", judge=judge, threads=1, observers=[stop])
    stopped = session.resume(Run(tmp_path / "stopped"), few, judge=judge)
    told = [bool(record["findings"]) for record in ends(whole)]
    assert told == [False] * 9 + [True] * 7  # not before 100 steps
    for name in ("step", "figures", "findings"):
        assert [record[name] for record in ends(stopped)] == [record[name] for record in ends(whole)]
    models = [(run.model_path / "model.safetensors").read_bytes() for run in (stopped, whole)]
    assert models[0] == models[1]


def test_judging_does_not_change_training(
    deaf: MakeRecipe, few: Splits, judge: InformedJudge, tmp_path: Path
) -> None:
    runs = [
        session.train(deaf(epochs=3), few, tmp_path, name=str(number), judge=watching, threads=1)
        for number, watching in enumerate((judge, None))
    ]
    models = [(run.model_path / "model.safetensors").read_bytes() for run in runs]
    assert models[0] == models[1]


@pytest.mark.parametrize("name", ["acgan-sa-quick", "hao2020/lenet-quick"])
def test_a_few_steps_are_recorded_with_a_list_of_findings(
    name: str, short: MakeRecipe, few: Splits, judge: InformedJudge, tmp_path: Path
) -> None:
    run = session.train(short(name), few, tmp_path, judge=judge, threads=1)
    for line in run.metrics_path.read_text().splitlines():
        record = json.loads(line)
        assert ("findings" in record) == ("figures" in record)
        assert all(isinstance(finding, str) for finding in record.get("findings", []))
