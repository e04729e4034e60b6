"""Train on synthetic, test on real: figures, budgets, and the learners that are kept."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from inkmint.data.digits import DigitSet, Splits
from inkmint.errors import DataError, Interrupted, SettingsError
from inkmint.evaluation import teaching
from inkmint.evaluation.distributions import mean_interval
from inkmint.evaluation.metrics import wilson_interval
from inkmint.models import Generator, recogniser
from inkmint.recipes import find_recipe
from inkmint.studies import synthetic
from inkmint.studies.synthetic import accuracies_on_real, digits_to_learn_from, train_on_synthetic
from inkmint.training import session
from inkmint.training.recipe import Recipe
from inkmint.training.runs import Run

SEEDS = (3, 5)
NAMES = ["tstr_lenet-quick_200", "tstr_gap_lenet-quick_200", "trts_lenet-quick_200"]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and learners that may make few steps."""
    monkeypatch.setenv("INKMINT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(recogniser, "FEWEST_STEPS", 4)
    return tmp_path / "cache" / "learners"


@pytest.fixture
def learner(short: Callable[..., Recipe]) -> Recipe:
    return short("lenet-quick", epochs=4)


@pytest.fixture
def trainings(cache: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[DigitSet, int, Recipe]]:
    """What was trained on, from which seed, by which recipe, in order."""
    train = session.train
    found: list[tuple[DigitSet, int, Recipe]] = []

    def noted(recipe: Recipe, splits: Splits, parent: Path, *, seed: int, **options: Any) -> Run:
        found.append((splits.train, seed, recipe))
        return train(recipe, splits, parent, seed=seed, **options)

    monkeypatch.setattr(session, "train", noted)
    return found


@pytest.fixture
def noisy(few: Splits) -> DigitSet:
    """Stands for minted digits: real ones with a third of the labels wrong, so that they teach less."""
    labels = few.train.labels.clone()
    labels[::3] = (labels[::3] + 1) % 10
    return DigitSet(few.train.images, labels, "noisy digits")


def learn(
    generated: DigitSet, few: Splits, learner: Recipe, seeds: Sequence[int] = SEEDS, **options: Any
) -> Any:
    return train_on_synthetic(generated, few, learner=learner, seeds=seeds, threads=1, **options)


# What is trained


def test_both_sides_have_the_same_budget(
    few: Splits, noisy: DigitSet, learner: Recipe, trainings: list[tuple[DigitSet, int, Recipe]]
) -> None:
    found = learn(noisy, few, learner)
    assert sorted(seed for _, seed, _ in trainings) == [3, 3, 5, 5]
    assert {len(digits) for digits, _, _ in trainings} == {200}
    assert len({recipe.model_dump_json() for _, _, recipe in trainings}) == 1
    on_minted = [digits for digits, _, _ in trainings if digits.fingerprint == noisy.fingerprint]
    assert len(on_minted) == 2
    assert found.num_train == 200
    assert (len(found.synthetic), len(found.real), len(found.minted)) == (2, 2, 2)


def test_small_sets_are_gone_over_until_enough_steps_are_made(
    few: Splits,
    learner: Recipe,
    trainings: list[tuple[DigitSet, int, Recipe]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recogniser, "FEWEST_STEPS", 24)
    accuracies_on_real(few, learner=learner.derive(epochs=1), threads=1)
    [(_, _, recipe)] = trainings
    assert recipe.epochs * (200 // recipe.batch_size) == 25


def test_the_real_side_has_the_class_balance_of_the_minted(
    few: Splits, learner: Recipe, trainings: list[tuple[DigitSet, int, Recipe]]
) -> None:
    rows = torch.cat([torch.nonzero(few.train.labels == label).flatten()[: label + 5] for label in range(10)])
    lopsided = few.train.subset(rows, "lopsided digits")
    found = learn(lopsided, few, learner, seeds=(0,))
    real = next(digits for digits, _, _ in trainings if digits.name != "lopsided digits")
    assert real.counts() == lopsided.counts() == list(range(5, 15))
    assert not any("balance" in note for note in found.notes)


def test_a_class_that_runs_out_is_filled_up_and_told(
    few: Splits, learner: Recipe, trainings: list[tuple[DigitSet, int, Recipe]]
) -> None:
    twos = torch.nonzero(few.train.labels == 2).flatten()
    others = torch.nonzero(few.train.labels != 2).flatten()[:90]
    lopsided = few.train.subset(torch.cat([twos, twos, others]), "lopsided digits")
    found = learn(lopsided, few, learner, seeds=(0,))
    real = next(digits for digits, _, _ in trainings if digits.name != "lopsided digits")
    assert len(real) == len(lopsided) == 130
    assert real.counts()[2] == 20
    [note] = [note for note in found.notes if "balance" in note]
    assert "most for 2: 40 minted and 20 real" in note


def test_a_part_can_be_asked_for(
    few: Splits, noisy: DigitSet, learner: Recipe, trainings: list[tuple[DigitSet, int, Recipe]]
) -> None:
    found = learn(noisy, few, learner, seeds=(0,), num_images=120)
    assert {len(digits) for digits, _, _ in trainings} == {120}
    assert found.figures[0].name == "tstr_lenet-quick_120"
    assert found.figures[0].reference_name == "trained on 120 real digits"


# Figures


def test_several_seeds_give_the_figures_their_interval(
    few: Splits, noisy: DigitSet, learner: Recipe, cache: Path
) -> None:
    found = learn(noisy, few, learner)
    assert [figure.name for figure in found.figures] == NAMES
    tstr, gap, trts = found.figures
    assert all(figure.seeds == SEEDS and figure.judge_sha256 is None for figure in found.figures)
    assert (tstr.num_images, trts.num_images) == (100, 200)
    assert tstr.value == pytest.approx(np.mean(found.synthetic))
    assert tstr.reference == trts.reference == pytest.approx(np.mean(found.real))
    assert trts.value == pytest.approx(np.mean(found.minted))
    low, high = mean_interval(np.array(found.synthetic))
    assert tstr.interval == pytest.approx((max(0, low), min(1, high)))
    differences = np.subtract(found.synthetic, found.real)
    assert gap.value == pytest.approx(differences.mean())
    assert gap.interval == pytest.approx(mean_interval(differences))
    assert "over 2 seeds" in tstr.protocol
    assert not any("McNemar" in note for note in found.notes)


def test_a_single_seed_has_wilsons_interval_and_mcnemars_test(
    few: Splits, noisy: DigitSet, learner: Recipe, cache: Path
) -> None:
    found = learn(noisy, few, learner, seeds=(3,))
    assert [figure.name for figure in found.figures] == [NAMES[0], NAMES[2]]
    tstr = found.figures[0]
    assert tstr.interval == wilson_interval(round(100 * found.synthetic[0]), 100)
    assert "Wilson" in tstr.protocol
    assert any("McNemar" in note for note in found.notes)


def test_the_same_seeds_give_the_same_figures(
    few: Splits,
    noisy: DigitSet,
    learner: Recipe,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    cache: Path,
) -> None:
    first = learn(noisy, few, learner)
    monkeypatch.setenv("INKMINT_CACHE", str(tmp_path / "another"))
    assert learn(noisy, few, learner) == first
    assert learn(noisy, few, learner, seeds=(7, 8)) != first


def test_real_digits_teach_what_real_digits_teach(few: Splits, learner: Recipe, cache: Path) -> None:
    found = learn(few.train, few, learner)
    assert found.synthetic == found.real
    assert found.figures[1].value == 0


def test_wrong_labels_teach_less(
    few: Splits, noisy: DigitSet, short: Callable[..., Recipe], cache: Path
) -> None:
    found = learn(noisy, few, short("lenet-quick", epochs=20), seeds=(0,))
    tstr, trts = found.figures
    assert tstr.value < tstr.reference
    assert trts.value < trts.reference


def test_pairs_must_be_complete(few: Splits) -> None:
    judge: Any = object()
    with pytest.raises(DataError, match="one pair for each seed"):
        teaching.train_synthetic_test_real(
            [judge], [judge, judge], few.test, learner="x", num_train=1, seeds=(0,)
        )


# Learners of real digits are kept


def test_a_learner_of_real_digits_is_trained_once(
    few: Splits, noisy: DigitSet, learner: Recipe, trainings: list[tuple[DigitSet, int, Recipe]], cache: Path
) -> None:
    ceiling = accuracies_on_real(few, learner=learner, seeds=SEEDS, threads=1)
    assert len(trainings) == 2
    assert len(list(cache.iterdir())) == 2
    first = learn(noisy, few, learner)
    assert len(trainings) == 4
    assert first.real == ceiling
    assert learn(noisy, few, learner) == first
    assert len(trainings) == 6, "minted digits are learnt anew, real ones are not"


@pytest.mark.parametrize("change", ["recipe", "data", "seed", "threads", "torch"])
def test_other_learners_have_their_own(
    change: str,
    few: Splits,
    learner: Recipe,
    trainings: list[tuple[DigitSet, int, Recipe]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    accuracies_on_real(few, learner=learner, seeds=(0,), threads=1)
    changed: dict[str, Any] = {"learner": learner, "seeds": (0,), "threads": 1}
    splits = few
    match change:
        case "recipe":
            changed["learner"] = learner.derive(epochs=3)
        case "data":
            splits = Splits(few.train.subset(torch.arange(190)), few.validation, few.test, "fewer")
        case "seed":
            changed["seeds"] = (1,)
        case "threads":
            monkeypatch.setattr(synthetic, "set_threads", lambda _: 7)
        case "torch":
            monkeypatch.setattr(torch, "__version__", "0.0.0")
    accuracies_on_real(splits, **changed)
    assert len(trainings) == 2


def test_words_of_a_recipe_do_not_matter(
    few: Splits, learner: Recipe, trainings: list[tuple[DigitSet, int, Recipe]]
) -> None:
    for about in ("one thing", "another"):
        accuracies_on_real(few, learner=learner.derive(about=about), threads=1)
    assert len(trainings) == 1


@pytest.mark.parametrize("damage", ["config", "weights", "no weights", "another model"])
def test_a_damaged_learner_is_passed_over(
    damage: str, few: Splits, learner: Recipe, trainings: list[tuple[DigitSet, int, Recipe]], cache: Path
) -> None:
    [before] = accuracies_on_real(few, learner=learner, threads=1)
    [folder] = cache.iterdir()
    config, weights = folder / "config.json", folder / "model.safetensors"
    match damage:
        case "config":
            config.write_text("{")
        case "weights":
            weights.write_bytes(weights.read_bytes()[:-1] + b"?")
        case "no weights":
            weights.unlink()
        case "another model":
            config.write_text(json.dumps(json.loads(config.read_text()) | {"seed": 99}))
    assert accuracies_on_real(few, learner=learner, threads=1) == (before,)
    assert len(trainings) == 2
    assert accuracies_on_real(few, learner=learner, threads=1) == (before,)
    assert len(trainings) == 2, "and put right"


def test_a_cache_that_cannot_be_written_does_no_harm(
    few: Splits,
    learner: Recipe,
    trainings: list[tuple[DigitSet, int, Recipe]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("INKMINT_CACHE", str(tmp_path / "file"))
    first = accuracies_on_real(few, learner=learner, threads=1)
    assert accuracies_on_real(few, learner=learner, threads=1) == first
    assert len(trainings) == 2


def test_what_was_stopped_is_swept_away_and_told(
    few: Splits,
    noisy: DigitSet,
    learner: Recipe,
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    train = session.train

    def stopped(recipe: Recipe, splits: Splits, parent: Path, **options: Any) -> Run:
        if splits.train.fingerprint == noisy.fingerprint:
            raise Interrupted(f"Stopped; go on with: inkmint train --resume {parent}")
        return train(recipe, splits, parent, **options)

    monkeypatch.setattr(session, "train", stopped)
    with pytest.raises(Interrupted, match="are kept") as caught:
        learn(noisy, few, learner)
    assert "--resume" not in str(caught.value)
    assert len(list(cache.iterdir())) == 1
    assert not list(tmp_path.glob("inkmint-*"))


# What is learnt from


def test_a_generator_mints_the_classes_of_the_real_digits(few: Splits) -> None:
    minted = digits_to_learn_from("acgan-sa", few, seed=0)
    assert torch.equal(minted.labels, few.train.labels)
    measured = Generator.from_pretrained("acgan-sa").sample(200, labels=few.train.labels.numpy(), seed=0)
    assert not np.array_equal(minted.images.numpy(), measured), "other digits than those that are measured"
    assert torch.equal(minted.images, digits_to_learn_from("acgan-sa", few, seed=0).images)


def test_a_set_is_taken_whole(few: Splits, few_path: Path) -> None:
    assert digits_to_learn_from(str(few_path), few, seed=0).fingerprint == few.train.fingerprint


def test_labels_are_needed(few: Splits, short: Callable[..., Recipe], tmp_path: Path) -> None:
    run = session.train(short("raza2021/gan-quick", epochs=1), few, tmp_path, threads=1)
    with pytest.raises(SettingsError, match="does not know classes"):
        digits_to_learn_from(str(run.path), few, seed=0)
    with pytest.raises(SettingsError, match="is a recogniser"):
        digits_to_learn_from("lenet-attention", few, seed=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"learner": find_recipe("acgan-sa-quick")}, "trains a generator"),
        ({"seeds": ()}, "seeds"),
        ({"seeds": (1, 1)}, "seeds"),
        ({"num_images": 201}, "1 to 200"),
        ({"num_images": 0}, "1 to 200"),
    ],
)
def test_what_does_not_fit_is_refused_before_any_training(
    options: dict[str, Any],
    message: str,
    few: Splits,
    learner: Recipe,
    trainings: list[tuple[DigitSet, int, Recipe]],
) -> None:
    settings = {"learner": learner, **options}
    with pytest.raises(SettingsError, match=message):
        train_on_synthetic(few.train, few, **settings)
    assert not trainings


def test_other_or_missing_classes_are_refused(few: Splits, learner: Recipe, cache: Path) -> None:
    letters = DigitSet(few.train.images, few.train.labels, "letters", tuple("abcdefghij"))
    with pytest.raises(DataError, match="same classes"):
        learn(letters, few, learner)
    sevens_missing = few.train.subset(torch.nonzero(few.train.labels != 7).flatten())
    with pytest.raises(DataError, match="no image of class 7"):
        learn(sevens_missing, few, learner)
