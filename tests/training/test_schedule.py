"""The learning rate over a run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkmint.training.recipe import Schedule

shares = st.floats(0, 1, exclude_max=True)
schedules = st.builds(
    Schedule, kind=st.sampled_from(["constant", "linear-decay", "one-cycle"]), turn=st.floats(0, 0.99)
)


@given(schedule=schedules, progress=shares)
def test_a_factor_lies_between_zero_and_one(schedule: Schedule, progress: float) -> None:
    assert 0 <= schedule.factor(progress) <= 1


@given(turn=shares, progress=shares)
def test_constant_stays_at_one(turn: float, progress: float) -> None:
    assert Schedule(kind="constant", turn=turn).factor(progress) == 1


@given(turn=st.floats(0, 0.99), one=shares, other=shares)
def test_linear_decay_holds_until_the_turn_and_never_rises(turn: float, one: float, other: float) -> None:
    schedule = Schedule(kind="linear-decay", turn=turn)
    early, late = sorted((one, other))
    assert schedule.factor(early) >= schedule.factor(late)
    assert schedule.factor(turn * one) == 1


@given(turn=st.floats(0.01, 0.99), one=shares, other=shares)
def test_one_cycle_rises_to_one_at_the_turn_and_then_falls(turn: float, one: float, other: float) -> None:
    schedule = Schedule(kind="one-cycle", turn=turn)
    early, late = sorted((one, other))
    assert schedule.factor(turn * early) <= schedule.factor(turn * late) + 1e-12
    falling = [schedule.factor(turn + (1 - turn) * share) for share in (early, late)]
    assert falling[0] >= falling[1] - 1e-12
    assert schedule.factor(turn) == pytest.approx(1)
    assert schedule.factor(0) == pytest.approx(0.04)


def test_linear_decay_is_a_straight_line_to_zero() -> None:
    schedule = Schedule(kind="linear-decay", turn=0.4)
    assert [schedule.factor(share) for share in (0.4, 0.7, 0.85)] == pytest.approx([1, 0.5, 0.25])
    assert schedule.factor(1 - 1e-9) == pytest.approx(0, abs=1e-8)


def test_one_cycle_without_a_rise_begins_at_its_top() -> None:
    assert Schedule(kind="one-cycle").factor(0) == 1
