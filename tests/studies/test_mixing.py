"""Mixing real and minted digits: lessons, honest generators, what is kept, and the words of the verdict."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from filelock import FileLock

from inkmint.data.augment import Augment
from inkmint.data.digits import DigitSet, Splits
from inkmint.errors import DataError, Interrupted, RunError, SettingsError
from inkmint.evaluation.comparisons import paired_difference
from inkmint.models import Recogniser
from inkmint.recipes import find_recipe
from inkmint.report.mixing import render_mixing, write_mixing
from inkmint.studies import minters
from inkmint.studies.minters import MintedBefore, TrainedOnTheSame, find_minter, fitted_to
from inkmint.studies.mixing import AUGMENT, Advance, Findings, Mixing, Settings
from inkmint.studies.mixing_record import Cell, Record, Series, cell_key
from inkmint.studies.mixing_verdict import enough, gain_of, judge_mixing
from inkmint.studies.mixtures import (
    Mixture,
    Plan,
    chosen_mixture,
    counts_plan,
    lesson,
    shares_plan,
)

NAMES = tuple("0123456789")


# Mixtures and lessons


def test_real_digits_alone_are_always_among_the_counts() -> None:
    plan = counts_plan([20, 5], [100, 10], NAMES)
    assert plan.pools == (5, 20)
    assert [mixture.level for mixture in plan.of(5, "common")] == [0, 10, 100]
    assert plan.of(5, "common")[0].is_real_alone
    assert plan.most_minted(20) == (100,) * 10


def test_shares_keep_total_and_balance_and_have_all_real() -> None:
    plan = shares_plan(50, [0, 50], NAMES)
    assert [mixture.level for mixture in plan.mixtures] == [0, 50, 100]
    for mixture in plan.mixtures:
        assert {real + minted for real, minted in zip(mixture.real, mixture.minted, strict=True)} == {5}
    assert plan.mixtures[0].minted == (5,) * 10
    assert plan.mixtures[-1].is_real_alone


def test_classes_by_hand_vary_every_common_mixture() -> None:
    plan = shares_plan(100, [10], NAMES, {"4": 0.4})
    varied = plan.of(10, "by hand")
    assert [(mixture.level, mixture.real[4], mixture.real[3]) for mixture in varied] == [
        (10, 4, 1),
        (100, 4, 10),
    ]
    plan = counts_plan([5], [100], ("a", "b"), {"b": 7})
    assert [mixture.minted for mixture in plan.of(5, "by hand")] == [(0, 7), (100, 7)]
    assert plan.most_minted(5) == (100, 100)


def test_a_variant_that_is_a_common_mixture_is_left_out() -> None:
    plan = counts_plan([5], [10], ("a", "b"), {"a": 10, "b": 10})
    assert [(mixture.level, mixture.kind) for mixture in plan.mixtures] == [(0, "common"), (10, "common")]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: counts_plan([0], [10], NAMES), "start at 1"),
        (lambda: counts_plan([5], [-1], NAMES), "start at 1"),
        (lambda: counts_plan([5], [10], NAMES, {"x": 1}), "no class 'x'"),
        (lambda: counts_plan([5], [10], NAMES, {"4": 0.5}), "no number of minted digits"),
        (lambda: shares_plan(55, [10], NAMES), "cannot be shared evenly by 10 classes; take 60"),
        (lambda: shares_plan(50, [101], NAMES), "0 to 100"),
        (lambda: shares_plan(50, [10], NAMES, {"4": 2}), "no share of real digits"),
    ],
)
def test_mixtures_that_make_no_sense_are_refused(make: Callable[[], Plan], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        make()


def test_every_class_gets_what_serves_it_best_and_little_where_that_is_as_good() -> None:
    mixtures = counts_plan([5], [10, 100], ("a", "b", "c")).of(5, "common")
    recall = np.array([[0.9, 0.5, 0.7], [0.9, 0.6, 0.7], [0.8, 0.6, 0.8]])
    assert chosen_mixture(mixtures, recall).minted == (0, 10, 100)
    assert chosen_mixture(mixtures, recall).real == (5, 5, 5)


def digits_of(counts: Sequence[int], first_pixel: int) -> DigitSet:
    """Images that are told apart by their first pixel."""
    labels = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    images = torch.zeros(len(labels), 28, 28, dtype=torch.uint8)
    images[:, 0, 0] = first_pixel + torch.arange(len(labels), dtype=torch.uint8)
    return DigitSet(images, labels, "some", ("a", "b"))


def test_a_lesson_has_the_images_asked_for_and_every_class_equally_often() -> None:
    real, minted = digits_of([3, 3], 0), digits_of([20, 20], 100)
    [mixture] = counts_plan([2], [16], ("a", "b")).of(2, "common")[1:]
    found = lesson(mixture, real, minted, 80, 0.5)
    assert found.counts() == [40, 40]
    seen, times = torch.unique(found.images[found.labels == 0][:, 0, 0], return_counts=True)
    assert seen.tolist() == [0, 1, *range(100, 116)]
    assert times[:2].tolist() == [10, 10]
    assert set(times[2:].tolist()) == {1, 2}
    natural = lesson(mixture, real, minted, 36, 0.0)
    assert torch.unique(natural.images[:, 0, 0], return_counts=True)[1].tolist() == [1] * 36
    alone = lesson(replace(mixture, minted=(0, 0)), real, minted, 7, 0.5)
    assert alone.counts() == [4, 3]
    assert int(alone.images.max()) < 100
    nothing_real = lesson(replace(mixture, real=(0, 0)), real, minted, 40, 0.5)
    assert int(nothing_real.images[:, 0, 0].min()) >= 100


def test_a_lesson_too_short_for_every_image_is_refused() -> None:
    real, minted = digits_of([3, 3], 0), digits_of([20, 20], 100)
    with pytest.raises(SettingsError, match="too few to see 3 real and 20 minted"):
        lesson(Mixture(3, 20, (3, 3), (20, 20)), real, minted, 20, 0.5)


# Where minted digits come from


def test_a_generator_learns_from_the_learners_digits_alone(few: Splits, tmp_path: Path) -> None:
    minter = find_minter("rzayev2021/pca", few, tmp_path, threads=1)
    assert isinstance(minter, TrainedOnTheSame)
    assert minter.warning == ""
    real = few.train.sample_per_class(3, seed=0)
    told: list[str] = []
    minted = minter.mint(real, (4,) * 10, 0, told.append)
    assert minted.counts() == [4] * 10
    config = json.loads((tmp_path / "real-3-seed-0" / "config.json").read_text())
    assert config["data_fingerprint"] == real.fingerprint != few.train.fingerprint
    assert config["recipe"]["options"]["num_components"] == 2
    again = minter.mint(real, (6, *[0] * 9), 0, told.append)
    assert torch.equal(again.images[:4], minted.images[:4])
    assert told.count("training the generator on 30 digits") == 1


def test_small_sets_make_enough_steps(few: Splits) -> None:
    recipe = fitted_to(find_recipe("inkmint/house-minute"), few.train)
    num_images = len(recipe.digits_to_learn_from(few.train, torch.Generator()))
    assert recipe.epochs * (num_images // recipe.batch_size) >= minters.FEWEST_STEPS
    with pytest.raises(DataError, match="two real digits of every class"):
        fitted_to(find_recipe("rzayev2021/pca"), few.train.sample_per_class(1, 0))


@pytest.mark.parametrize("name", ["rzayev2021/dcgan", "lenet-quick", "judge-v1"])
def test_what_mints_no_labelled_digits_is_refused(name: str, few: Splits, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="name a"):
        find_minter(name, few, tmp_path)


def test_what_a_trained_generator_may_know_is_told(few: Splits, tmp_path: Path) -> None:
    minter = find_minter("rzayev2021/pca", few, tmp_path, threads=1)
    minter.mint(few.train, (1,) * 10, 0, print)
    assert (
        "all 200 training digits of few, more real digits"
        in find_minter(str(tmp_path / "real-20-seed-0"), few, tmp_path).warning
    )
    shipped = find_minter("acgan-sa", few, tmp_path)
    assert "how many digits of it is not known" in shipped.warning
    assert shipped.mint(few.train, (2, *[0] * 9), 0, print).counts()[0] == 2


def test_digits_minted_before_are_drawn_anew_by_every_seed(few: Splits) -> None:
    minter = MintedBefore(few.validation, "made/")
    first, other = (minter.mint(few.train, (5,) * 10, seed, print) for seed in (0, 1))
    assert first.counts() == [5] * 10
    assert not torch.equal(first.images, other.images)
    with pytest.raises(DataError, match="made/ has 10 digits of class 0, and 11"):
        minter.mint(few.train, (11, *[0] * 9), 0, print)


# The experiment


class Stub:
    """A minter of copies of real digits, which are fast."""

    about, warning = "copies", ""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    def deciding(self) -> dict[str, Any]:
        return {"copies": True}

    def mint(self, real: DigitSet, counts: Sequence[int], seed: int, told: Callable[[str], None]) -> DigitSet:
        self.asked.append((real.fingerprint, seed))
        labels = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
        rows = torch.searchsorted(real.labels, labels)
        return DigitSet(real.images[rows], labels, "copies", real.class_names)


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, Any]]:
    """Learners that are not trained: every other of them reads all images as the class 0, the others one better."""
    found: list[tuple[Any, Any]] = []

    def fit(self: Recogniser, images: Any, labels: Any) -> Recogniser:
        found.append((self.recipe, labels))
        self.network_ = None  # type: ignore[assignment]
        return self

    def predict(self: Recogniser, images: Any) -> Any:
        return np.zeros(len(images), dtype=np.int64)

    monkeypatch.setattr(Recogniser, "fit", fit)
    monkeypatch.setattr(Recogniser, "predict_indices", predict)
    return found


def mixing(few: Splits, path: Path, **changes: Any) -> Mixing:
    given: dict[str, Any] = {
        "plan": counts_plan([2, 5], [3], NAMES),
        "minter": Stub(),
        "settings": Settings(num_steps=2),
        "seeds": (0, 1),
    }
    return Mixing(path, few, **(given | changes))


def test_all_contenders_have_the_same_steps_and_augmentation_is_among_them(
    few: Splits, fits: list[tuple[Any, Any]], tmp_path: Path
) -> None:
    study = mixing(few, tmp_path)
    findings = study.run()
    assert len(fits) == len(findings.cells) == 2 * 2 * 2 * 2
    assert {len(labels) for _, labels in fits} == {200}
    assert {tuple(np.bincount(labels)) for _, labels in fits} == {(20,) * 10}
    kinds = [recipe.augment for recipe, _ in fits]
    assert kinds.count(Augment()) == kinds.count(find_recipe("few-labels-only").augment) == 8
    minter = study.minter
    assert isinstance(minter, Stub)
    assert len(set(minter.asked)) == len(minter.asked) == 4
    expected = {few.train.sample_per_class(pool, seed).fingerprint for pool, seed in product((2, 5), (0, 1))}
    assert {fingerprint for fingerprint, _ in minter.asked} == expected
    assert (tmp_path / "minted" / "real-5.png").exists()


def test_an_unaugmented_learner_is_given_the_house_augmentation() -> None:
    assert Settings(find_recipe("house-reader-sprint")).augmentation == AUGMENT
    assert Settings(find_recipe("lenet-quick")).augmentation == find_recipe("lenet-quick").augment
    with pytest.raises(SettingsError, match="makes no steps"):
        Settings(find_recipe("classic/knn"))


def test_a_stopped_experiment_goes_on_where_it_was(
    few: Splits, fits: list[tuple[Any, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add, left = Record.add, [5]

    def interrupted(self: Record, cell: Cell) -> None:
        add(self, cell)
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt

    monkeypatch.setattr(Record, "add", interrupted)
    with pytest.raises(Interrupted, match="after 5 of 16 learners; the same command goes on"):
        mixing(few, tmp_path).run()
    assert len(json.loads((tmp_path / "results.json").read_text())["cells"]) == 5
    told: list[Any] = []
    findings = mixing(few, tmp_path, told=told.append).run()
    assert (len(findings.cells), len(fits)) == (16, 16)
    assert (told[0].num_done, told[-1].num_done, told[-1].num_learners) == (5, 16, 16)
    assert told[-1].seconds_left == 0
    mixing(few, tmp_path, seeds=(0, 1, 2)).run()
    assert len(fits) == 24


def test_what_another_process_is_at_comes_last(
    few: Splits, fits: list[tuple[Any, Any]], tmp_path: Path
) -> None:
    (tmp_path / "locks").mkdir()
    elsewhere = FileLock(tmp_path / "locks" / "real-2-seed-0.lock")
    doings: list[str] = []

    def told(advance: Advance) -> None:
        doings.append(advance.doing)
        if advance.num_done == 12:
            elsewhere.release()

    with elsewhere:
        findings = mixing(few, tmp_path, told=told).run()
    assert len(findings.cells) == len(fits) == 16
    assert doings[0].startswith("seed 0: 5 real")
    assert doings[-1] == "seed 0, 2 real per class"


def test_other_settings_need_another_folder(few: Splits, fits: list[tuple[Any, Any]], tmp_path: Path) -> None:
    plan = counts_plan([2], [], NAMES)
    mixing(few, tmp_path, plan=plan, seeds=(0,)).run()
    with pytest.raises(SettingsError, match="begun with another learner"):
        mixing(few, tmp_path, plan=plan, settings=Settings(num_steps=3)).run()
    (tmp_path / "results.json").write_text("{")
    with pytest.raises(RunError, match="is damaged"):
        mixing(few, tmp_path, plan=plan).run()


def test_a_class_with_too_few_images_is_one_sentence(few: Splits, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has 20 images of class 0 to train on, and 21 real ones"):
        mixing(few, tmp_path, plan=counts_plan([21], [], NAMES)).run()


def test_classes_are_chosen_for_on_validation_images(
    few: Splits, fits: list[tuple[Any, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Learners of minted digits read sevens, the others all but sevens; on test images it is the reverse."""

    def predict(self: Recogniser, images: Any) -> Any:
        labels = next(
            d.labels for d in (few.validation, few.test) if torch.equal(d.images, torch.tensor(images))
        )
        with_minted = lessons[-1] == "2: 2+3"
        on_test = torch.equal(few.test.images, torch.tensor(images))
        reads_sevens = with_minted != on_test
        return torch.where((labels == 7) == reads_sevens, labels, (labels + 1) % 10).numpy()

    lessons: list[str] = []
    learned = Mixing._learned

    def noted(self: Mixing, mixture: Mixture, *rest: Any) -> Cell:
        lessons.append(mixture.key)
        return learned(self, mixture, *rest)

    monkeypatch.setattr(Recogniser, "predict_indices", predict)
    monkeypatch.setattr(Mixing, "_learned", noted)
    findings = mixing(few, tmp_path, plan=counts_plan([2], [3], NAMES, "auto")).run()
    [chosen] = findings.plan.of(2, "chosen")
    assert chosen.minted == (0,) * 7 + (3, 0, 0)
    assert len(findings.cells) == 12
    assert any("chosen class by class" in finding.sentence for finding in judge_mixing(findings).findings)


# The verdict


def cell(lesson: str, augmented: bool, seed: int, test: float, validation: float | None = None) -> Cell:
    validation = test if validation is None else validation
    return Cell(lesson, augmented, seed, (validation,) * 10, (test,) * 10, validation, test, 1.0, "a machine")


NOISE = (0.0, 0.002, -0.002, 0.001, -0.001)
"""Shared by all contenders of a seed: paired differences do not see it."""


@pytest.fixture
def findings_of(few: Splits, tmp_path: Path) -> Callable[..., Findings]:
    """Findings with these accuracies by level and kind, in five seeds."""

    def make(plan: Plan, accuracy: dict[tuple[float, bool], float], num_seeds: int = 5) -> Findings:
        cells = {}
        for mixture in plan.mixtures:
            for augmented in (False, True):
                for seed in range(num_seeds):
                    value = (
                        accuracy[mixture.level, augmented] + NOISE[seed] + 0.0003 * (seed * mixture.level % 3)
                    )
                    one = cell(mixture.key, augmented, seed, value)
                    cells[one.key] = one
        seeds = tuple(range(num_seeds))
        return Findings(tmp_path, few, plan, Settings(), "copies", "", seeds, cells)

    return make


def sentences(findings: Findings, subject: str, augmented: bool | None) -> list[str]:
    found = judge_mixing(findings).findings
    return [each.sentence for each in found if (each.subject, each.augmented) == (subject, augmented)]


HELPS = {
    (0, False): 0.931,
    (100, False): 0.940,
    (500, False): 0.954,
    (2000, False): 0.954,
    (0, True): 0.970,
    (100, True): 0.970,
    (500, True): 0.960,
    (2000, True): 0.950,
}


def test_the_verdict_speaks_as_people_do(findings_of: Callable[..., Findings]) -> None:
    findings = findings_of(counts_plan([20], [100, 500, 2000], NAMES), HELPS)
    [gained] = sentences(findings, "minted", False)
    assert gained.startswith("With 20 real digits per class, ")
    assert (
        "minted ones per class raise accuracy from 93.1 to 95.4 % (+2.3 points, 95 % interval +2.3 to"
        in gained
    )
    [enough_] = sentences(findings, "enough", False)
    assert enough_.startswith(
        "Above 500 minted ones nothing changes that 5 seeds can tell (2,000 against 500: "
    )
    [changed] = sentences(findings, "augmentation", True)
    assert "augmentation alone raises accuracy from 93.1 to 97.0 %" in changed
    assert "that is more than what 500 minted digits per class do without it" in changed
    [none] = sentences(findings, "minted", True)
    assert "100 minted ones per class change nothing that 5 seeds can tell" in none
    [still] = sentences(findings, "enough", True)
    assert still.startswith("2,000 still change it against 500 (-1.0 points")


def test_the_numbers_of_a_sentence_are_paired_differences_on_test_images(
    findings_of: Callable[..., Findings],
) -> None:
    findings = findings_of(counts_plan([20], [100], NAMES), HELPS)
    [finding] = [f for f in judge_mixing(findings).findings if (f.subject, f.augmented) == ("minted", False)]
    alone, minted = (series.test for series in findings.series(20, False, "common"))
    assert finding.gain is not None
    assert (finding.gain.difference, finding.gain.interval) == paired_difference(minted, alone)


def test_validation_images_choose_and_test_images_do_not(findings_of: Callable[..., Findings]) -> None:
    findings = findings_of(counts_plan([20], [100, 500], NAMES), HELPS)
    favoured = counts_plan([20], [100], NAMES).mixtures[1].key
    for key, one in findings.cells.items():
        favour = one.lesson == favoured
        findings.cells[key] = replace(one, validation_accuracy=0.99 if favour else 0.1)
    [gained] = sentences(findings, "minted", False)
    assert "100 minted ones per class raise accuracy from 93.1 to 94.0" in gained
    [best] = sentences(findings, "best", None)
    assert best.startswith("Best on validation images: 100 minted digits per class, with")


def test_a_single_seed_tells_no_interval(findings_of: Callable[..., Findings]) -> None:
    findings = findings_of(counts_plan([20], [100, 500], NAMES), HELPS, 1)
    [gained] = sentences(findings, "minted", False)
    assert "of one seed, which tells no interval" in gained
    assert "raise" not in gained
    assert sentences(findings, "enough", False) == []


def test_shares_say_how_many_real_digits_are_enough(findings_of: Callable[..., Findings]) -> None:
    accuracy = {(0, False): 0.8, (50, False): 0.95, (100, False): 0.95}
    accuracy |= {(level, True): value for (level, _), value in accuracy.items()}
    findings = findings_of(shares_plan(100, [0, 50], NAMES), accuracy)
    [cost] = sentences(findings, "minted", False)
    assert (
        "having 0 % real and the others minted in place of all real changes accuracy from 95.0 to 80.0"
        in cost
    )
    [enough_] = sentences(findings, "enough", False)
    assert enough_.startswith("50 % real digits are enough")


def test_enough_is_the_first_level_from_which_on_nothing_changes() -> None:
    def series(level: int, values: Sequence[float]) -> Series:
        cells = tuple(cell("x", False, seed, value) for seed, value in enumerate(values))
        return Series(Mixture(1, level, (1,), (level,)), False, cells)

    low, dip, same, last = (
        series(level, values)
        for level, values in enumerate(
            [(0.9, 0.92, 0.9), (0.5, 0.5, 0.52), (0.91, 0.9, 0.9), (0.9, 0.91, 0.9)]
        )
    )
    assert enough([low, dip, same, last]) is same
    assert enough([low, same, last]) is low
    assert gain_of(last.test, dip.test).direction == 1
    assert gain_of(dip.test, last.test).direction == -1


def test_the_page_shows_curves_verdict_and_table(findings_of: Callable[..., Findings]) -> None:
    findings = findings_of(counts_plan([20, 50], [100, 500], NAMES, {"4": 2000}), HELPS)
    findings = replace(findings, warning="It may know more.")
    verdict = judge_mixing(findings)
    page = render_mixing(findings, verdict)
    assert page.count('<img src="data:image/svg+xml') == 3
    assert "It may know more." in page
    assert "raise accuracy from 93.1 to 95.4 %" in page
    assert "500 minted, some classes by hand" in page
    assert "20 real digits per class" in page
    assert write_mixing(findings, verdict).read_text() == page
    assert json.loads(json.dumps(verdict.as_json()))["points"][0]["mixture"]["pool"] == 20


def test_series_lack_no_seed(findings_of: Callable[..., Findings]) -> None:
    findings = findings_of(counts_plan([20], [100], NAMES), HELPS)
    del findings.cells[cell_key(findings.plan.mixtures[1].key, True, 3)]
    assert [series.mixture.level for series in findings.series(20, True, "common")] == [0]
    assert len(findings.series(20, False, "common")) == 2
