"""How many images of each class are in which shard."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkmint.data.plan import PLAN_NAME, Plan, balanced_counts, first_counts, read_plan
from inkmint.errors import DataError

FACTS: dict[str, Any] = {
    "generator": "acgan-sa",
    "generator_sha256": "a" * 64,
    "seed": 0,
    "format": "npz",
    "judge": None,
    "judge_sha256": None,
    "min_confidence": None,
}


def plan(counts: tuple[int, ...], shard_size: int) -> Plan:
    names = tuple(map(str, range(len(counts))))
    return Plan(**FACTS, class_names=names, counts=counts, shard_size=shard_size)


some_counts = st.lists(st.integers(0, 30), min_size=1, max_size=6).filter(sum).map(tuple)


@given(some_counts, st.integers(1, 100))
def test_shards_add_up_to_the_counts_and_are_full_but_for_the_last(
    counts: tuple[int, ...], shard_size: int
) -> None:
    whole = plan(counts, shard_size)
    per_shard = [whole.shard_counts(shard) for shard in range(whole.num_shards)]
    assert tuple(sum(per_shard)) == counts
    sizes = [int(part.sum()) for part in per_shard]
    assert sizes[:-1] == [shard_size] * (len(sizes) - 1)
    assert 0 < sizes[-1] <= shard_size


@given(some_counts)
def test_no_class_loses_an_image_as_the_set_grows(counts: tuple[int, ...]) -> None:
    placed = np.array([first_counts(counts, number) for number in range(sum(counts) + 1)])
    assert np.array_equal(placed.sum(axis=1), np.arange(sum(counts) + 1))
    assert (np.diff(placed, axis=0) >= 0).all()


@given(some_counts, st.integers(1, 100))
def test_every_shard_has_the_shares_of_the_whole(counts: tuple[int, ...], shard_size: int) -> None:
    """Webster's method may be off by more than one image, yet by less than one for every two classes."""
    whole = plan(counts, shard_size)
    fair = np.array(counts) * shard_size / sum(counts)
    for shard in range(whole.num_shards - 1):
        assert (abs(whole.shard_counts(shard) - fair) <= 1 + len(counts) / 2).all()


def test_a_thousand_million_images_are_planned_at_once() -> None:
    whole = plan((10**9, 1, 10**3), 10**4)
    assert sum(whole.shard_counts(50_000)) == 10**4
    assert [int(whole.shard_counts(50_000)[1]), int(whole.shard_counts(3)[1])] == [1, 0]


def test_what_cannot_be_parted_equally_goes_to_the_first_classes() -> None:
    assert balanced_counts(23, 10) == (3, 3, 3, 2, 2, 2, 2, 2, 2, 2)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is damaged"),
        ("[]", "is damaged"),
        ("{}", "is damaged"),
        (json.dumps({"layout": 99}), "has layout version 99"),
        (json.dumps({"layout": 1}), "is damaged"),
        ("\x00\x01", "is damaged"),
    ],
)
def test_a_plan_that_cannot_be_read_is_refused(content: str, words: str, tmp_path: Path) -> None:
    (tmp_path / PLAN_NAME).write_text(content)
    with pytest.raises(DataError, match=words):
        read_plan(tmp_path)
