"""One shard: its labels, its seeds, its filter."""

import numpy as np
import pytest

from inkmint.data.plan import Plan
from inkmint.errors import DataError, SettingsError
from inkmint.evaluation.judge import NamedJudge
from inkmint.minting import draw
from inkmint.minting.draw import draw_shard
from inkmint.minting.session import make_plan
from inkmint.models import Generator


@pytest.fixture(scope="module")
def good() -> Generator:
    """The generator that comes with inkmint: a filter needs some images that are readable."""
    return Generator.from_pretrained("acgan-sa")


@pytest.fixture(scope="module")
def plan(good: Generator, judge: NamedJudge) -> Plan:
    return make_plan(good, judge, (30, 0, 5, *(10,) * 7), shard_size=60)


def test_labels_are_as_planned_and_mixed(plan: Plan, good: Generator) -> None:
    labels = [draw_shard(plan, number, good, None).shard.digits.labels for number in range(2)]
    assert [len(part) for part in labels] == [60, 45]
    assert tuple(sum(np.bincount(part, minlength=10) for part in labels)) == plan.counts
    assert labels[0].tolist() != sorted(labels[0].tolist())


def test_an_image_is_minted_again_from_its_seed(plan: Plan, good: Generator) -> None:
    shard = draw_shard(plan, 0, good, None).shard
    for place in (0, 17, 59):
        label, seed = int(shard.digits.labels[place]), int(shard.seeds[place])
        again = good.sample(1, digit=label, seed=seed)[0].astype(int)
        assert abs(again - shard.digits.images[place].numpy()).max() <= 1


def test_each_digit_needs_a_seed_and_a_class(good: Generator) -> None:
    seeds = [5, 2**80, -1]
    assert good.sample_each([1, 2, 3], seeds).shape == (3, 28, 28)
    assert np.array_equal(good.sample_each([1, 2, 3], seeds)[:1], good.sample_each([1, 4, 4], seeds)[:1])
    with pytest.raises(DataError, match="2 labels for 3 digits"):
        good.sample_each([1, 2], seeds)
    with pytest.raises(DataError, match="the label 10"):
        good.sample_each([1, 2, 10], seeds)
    with pytest.raises(SettingsError, match="0 digits cannot be minted"):
        good.sample_each([], [])


def test_seeds_never_repeat_within_or_between_shards_and_jobs(plan: Plan, good: Generator) -> None:
    other = plan.model_copy(update={"seed": 1})
    seeds = np.concatenate(
        [draw_shard(job, number, good, None).shard.seeds for job in (plan, other) for number in range(2)]
    )
    assert len(set(seeds.tolist())) == len(seeds) == 210
    assert (seeds >= 0).all()


def test_the_judge_says_how_sure_it_is_of_every_label(plan: Plan, good: Generator, judge: NamedJudge) -> None:
    shard = draw_shard(plan, 0, good, judge).shard
    answers = judge.predict_proba(shard.digits.images)
    assert shard.confidence is not None
    assert np.allclose(shard.confidence, answers[np.arange(60), shard.digits.labels], atol=1e-5)
    assert np.array_equal(shard.read, answers.argmax(axis=1))


def test_the_filter_draws_again_until_every_count_is_full(
    plan: Plan, good: Generator, judge: NamedJudge
) -> None:
    unfiltered = draw_shard(plan, 0, good, judge)
    strict = plan.model_copy(update={"min_confidence": 0.995})
    drawn = draw_shard(strict, 0, good, judge)
    assert drawn.shard.confidence is not None
    assert unfiltered.shard.confidence is not None
    assert unfiltered.shard.confidence.min() < 0.995 <= drawn.shard.confidence.min()
    assert not unfiltered.rejected.any()
    assert drawn.rejected.sum() > 0
    assert drawn.rejected[1] == 0  # of a class that is not minted
    assert drawn.shard.digits.counts() == unfiltered.shard.digits.counts()
    kept = unfiltered.shard.confidence >= 0.995
    assert np.array_equal(drawn.shard.digits.images[kept], unfiltered.shard.digits.images[kept])
    again = draw_shard(strict, 0, good, judge)
    assert np.array_equal(again.shard.seeds, drawn.shard.seeds)
    assert np.array_equal(again.rejected, drawn.rejected)


def test_progress_grows_to_the_whole_shard(
    plan: Plan, good: Generator, judge: NamedJudge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draw, "BATCH_IMAGES", 16)
    told: list[int] = []
    draw_shard(plan.model_copy(update={"min_confidence": 0.99}), 0, good, judge, told.append)
    assert told == sorted(told)
    assert told[-1] == 60
    assert len(told) > 4


def test_a_filter_that_nothing_passes_is_given_up(good: Generator, judge: NamedJudge) -> None:
    hopeless = make_plan(good, judge, (200,) * 10, min_confidence=1.0)
    with pytest.raises(SettingsError, match=r"a confidence of 1 or more; lower --min-confidence") as raised:
        draw_shard(hopeless, 0, good, judge)
    assert "1,000 digits of class" in str(raised.value)


def test_a_judge_that_answers_no_numbers_is_refused(
    plan: Plan, good: Generator, judge: NamedJudge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(NamedJudge, "predict_proba", lambda *_: np.full((60, 10), np.nan, np.float32))
    with pytest.raises(DataError, match="not finite"):
        draw_shard(plan, 0, good, judge)
