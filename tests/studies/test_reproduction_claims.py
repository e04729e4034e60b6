"""What documents claim and print, held against what was measured."""

from collections.abc import Mapping

import pytest

from inkmint.studies.plot import Unit
from inkmint.studies.reproduction.claims import Above, Best, Claim, Level, compared, judged
from inkmint.studies.reproduction.shown import Column, Judged, Protocol, Row, Shown, Table, Values

SURE = {0: 0.90, 1: 0.91, 2: 0.92}
LOWER = {0: 0.80, 1: 0.81, 2: 0.82}
LOOSE = {0: 0.70, 1: 0.99, 2: 0.80}


def table(unit: Unit = "share", says: float | None = None, **arms: Mapping[int, float]) -> Table:
    rows = tuple(Row(name, {"test": Values(by_seed, says=says)}) for name, by_seed in arms.items())
    return Table((Column("test", unit),), rows)


@pytest.mark.parametrize(
    ("claim", "outcome"),
    [
        (Above("a beats b", "test", "a", "b"), "holds"),
        (Above("b beats a", "test", "b", "a"), "fails"),
        (Above("b has less", "test", "b", "a", lower=True), "holds"),
        (Above("c beats b", "test", "c", "b"), "open"),
        (Best("a is best", "test", "a"), "open"),
        (Best("b is best", "test", "b"), "fails"),
        (Best("b is worst", "test", "b", lower=True), "open"),
        (Level("a is like b", "test", "a", "b", within=0.2), "holds"),
        (Level("a is like b", "test", "a", "b", within=0.05), "fails"),
        (Level("b is no better", "test", "b", "a", within=0.05, one_sided=True), "holds"),
        (Level("c is like b", "test", "c", "b", within=0.05), "open"),
    ],
)
def test_claims_are_judged_by_the_interval_of_paired_differences(claim: Claim, outcome: str) -> None:
    found = claim.judge(table(a=SURE, b=LOWER, c=LOOSE))
    assert found is not None
    assert found.outcome == outcome
    assert found.sentence.startswith(f"The document: {claim.text}. It ")


def test_sentences_have_the_numbers() -> None:
    found = Above("a beats b", "test", "a", "b").judge(table(a=SURE, b={0: 0.80, 1: 0.82, 2: 0.81}))
    assert found is not None
    assert found.sentence == (
        "The document: a beats b. It holds: a lies 10.0 points above b (7.5 points to 12.5 points over 3 seeds)."
    )
    found = Above("b beats a", "test", "b", "a").judge(table(a=SURE, b={0: 0.80, 1: 0.82, 2: 0.81}))
    assert found is not None
    assert "It does not hold: b lies 10.0 points below a (7.5 points to 12.5 points over" in found.sentence


def test_differences_that_cancel_out_are_none() -> None:
    found = Above("a beats b", "test", "a", "b").judge(
        table(a={0: 0.9925, 1: 0.9935, 2: 0.9922}, b={0: 0.9931, 1: 0.9933, 2: 0.9918})
    )
    assert found is not None
    assert "a equals b (" in found.sentence


def test_a_single_seed_decides_nothing() -> None:
    found = Above("a beats b", "test", "a", "b").judge(table(a={0: 0.9}, b={0: 0.1}))
    assert found is not None
    assert found.outcome == "open"
    assert "a single seed, which tells nothing of the spread" in found.sentence


def test_only_seeds_that_both_have_are_paired() -> None:
    found = Above("a beats b", "test", "a", "b").judge(table(a={0: 0.9, 1: 0.1}, b={0: 0.8, 2: 0.95}))
    assert found is not None
    assert "10.0 points above" in found.sentence
    assert Above("a beats b", "test", "a", "b").judge(table(a={1: 0.9}, b={0: 0.8})) is None
    assert Best("a is best", "test", "a").judge(table(a=SURE)) is None
    found = Above("b has less", "test", "b", "a", lower=True).judge(table(a=SURE, b={0: 0.80, 1: 0.82}))
    assert found is not None
    assert found.sentence.endswith("over 2 seeds).")


def test_what_has_no_random_part_is_the_same_for_every_seed() -> None:
    rows = (Row("a", {"test": Values(SURE)}), Row("b", {"test": Values({0: 0.8}, fixed=True)}))
    for claim in (Above("a beats b", "test", "a", "b"), Above("b has less", "test", "b", "a", lower=True)):
        found = claim.judge(Table((Column("test"),), rows))
        assert found is not None
        assert found.outcome == "holds"
        assert "over 3 seeds" in found.sentence


def test_runs_that_never_came_to_it_are_not_left_out() -> None:
    rows = (Row("a", {"test": Values({0: 5, 1: 6})}), Row("b", {"test": Values({0: 9}, num_without=1)}))
    claim = Above("a needs less", "test", "a", "b", lower=True)
    found = claim.judge(Table((Column("test", "steps"),), rows))
    assert found is not None
    assert found.outcome == "open"
    assert found.sentence == (
        "The document: a needs less. It cannot be told: 2 of 2 runs of a and 1 of 2 runs of b came to it."
    )


def test_the_best_is_held_against_all_others() -> None:
    best = Best("a is best", "test", "a")
    wide = {0: 0.70, 1: 0.85, 2: 0.80}
    found = best.judge(table(a=SURE, b=LOWER, c=wide))
    assert found is not None
    assert found.outcome == "open", "b is told apart and has the larger mean, c is not"
    assert "a lies 12.7 points above c" in found.sentence
    assert found.sentence.endswith("; held against 2 in all.")
    assert best.judge(table(a=SURE, b=LOWER, c={})) is None, "c is still to be measured"
    broken = table(a=SURE, b=LOWER)
    broken = Table(broken.columns, (*broken.rows, Row("c", {"test": Values({}, num_broken=3)})))
    found = best.judge(broken)
    assert found is not None
    assert found.outcome == "holds"


def test_a_better_one_among_many_must_stand_out_more() -> None:
    better = {0: 0.903, 1: 0.914, 2: 0.925}
    others = {f"c{number}": LOWER for number in range(20)}
    for arms, outcome in (({}, "fails"), (others, "open")):
        found = Best("a is best", "test", "a").judge(table(a=SURE, b=better, **arms))
        assert found is not None
        assert found.outcome == outcome


def test_an_arm_can_be_held_against_itself() -> None:
    columns = (Column("start", "loss"), Column("end", "loss"))
    values = {"start": Values({0: 1.0, 1: 1.1}), "end": Values({0: 2.0, 1: 2.1})}
    claim = Above("it rises", "end", "a", "a", than_column="start")
    found = claim.judge(Table(columns, (Row("a", values),)))
    assert found is not None
    assert found.outcome == "holds"
    assert "end of a lies 1.000 above start" in found.sentence


@pytest.mark.parametrize(
    ("says", "agrees", "words"),
    [
        (0.912, True, "the same"),
        (0.90, None, "1.0 points above, which the spread cannot tell from it"),
        (0.70, False, "21.0 points above"),
        (0.95, False, "4.0 points below"),
    ],
)
def test_numbers_agree_where_they_are_near(says: float, agrees: bool | None, words: str) -> None:
    [found] = compared(table(says=says, a=SURE))
    assert found.agrees is agrees
    assert found.sentence.endswith(f"(88.5% to 93.5%, 3 seeds), {words}.")


def test_a_single_seed_has_its_interval_over_images() -> None:
    values = Values({0: 0.9}, over_images=(0.88, 0.92), says=0.89)
    [found] = compared(Table((Column("test"),), (Row("a", {"test": values}),)))
    assert found.agrees is None
    assert "(88.0% to 92.0%, one seed)" in found.sentence
    [found] = compared(table(says=0.5, a={0: 0.9}))
    assert found.agrees is None
    assert found.sentence.endswith("(one seed), 40.0 points above, which a single seed cannot tell from it.")


@pytest.mark.parametrize(
    ("protocol", "says", "agrees", "words"),
    [
        ("less", 0.95, None, "4.0 points below, which less training than the document's may explain"),
        ("less", 0.70, False, "21.0 points above"),
        ("less", 0.912, True, "the same"),
        ("other", 0.95, None, "4.0 points below, by another recipe than the document's"),
        ("other", 0.70, None, "21.0 points above, by another recipe than the document's"),
    ],
)
def test_what_the_budget_left_out_may_explain_a_difference(
    protocol: Protocol, says: float, agrees: bool | None, words: str
) -> None:
    values = Values(SURE, says=says, protocol=protocol)
    [found] = compared(Table((Column("test"),), (Row("a", {"test": values}),)))
    assert found.agrees is agrees
    assert found.sentence.endswith(f"3 seeds), {words}.")


def test_the_status_is_the_sum_of_it_all() -> None:
    claims = [Above("a beats b", "test", "a", "b")]
    assert judged(Shown(), (), True).status == "shown"
    assert judged(Shown(table(a=SURE, b=LOWER)), claims, True).status == "reproduced"
    assert judged(Shown(table(a=SURE, b=LOWER)), claims, False).status == "in part"
    assert judged(Shown(table(a=LOWER, b=SURE)), claims, True).status == "differs"
    assert judged(Shown(table(a=SURE, b=LOOSE)), claims, True).status == "open"
    lacking = [*claims, Above("a beats c", "test", "a", "c")]
    verdict = judged(Shown(table(a=SURE, b=LOWER)), lacking, True)
    assert verdict.status == "open"
    assert verdict.untold == [
        "The document: a beats c. It cannot be told: not all that it speaks of was measured."
    ]
    assert not judged(Shown(table(a=SURE, b=LOWER)), lacking, False).untold
    assert judged(Shown(table(a={0: 1.0}, b={})), claims, True).status == "open"
    assert judged(Shown(table(a=SURE)), (), True).status == "shown"
    assert judged(Shown(checked=(Judged("holds", "It is."),)), (), True).status == "reproduced"
    assert judged(Shown(checked=(Judged("fails", "It is not."),)), (), True).differences == ["It is not."]
    verdict = judged(Shown(table(says=0.5, a=SURE)), (), True)
    assert verdict.status == "differs"
    assert verdict.differences == [verdict.numbers[0].sentence]


def test_other_units_are_near_by_their_ratio() -> None:
    near, far = (
        [*compared(Table((Column("test", "parameters"),), (Row("a", {"test": values}),)))]
        for says in (6_900_000, 310_000)
        if (values := Values({0: 7_000_000}, says=says, fixed=True))
    )
    assert near[0].agrees is True
    assert "here it is 7,000,000, the same." in near[0].sentence
    assert far[0].agrees is False
    assert "6,690,000 above" in far[0].sentence


def test_values_know_their_interval() -> None:
    assert Values({}).mean is None
    assert Values({}, over_images=(0.1, 0.2)).interval("share") is None
    low, high = Values({0: 0.1, 1: 0.9}).interval("share") or (None, None)
    assert (low, high) == (0.0, 1.0)
    assert [Values({0: 1.0, 1: 30.0}).interval(unit)[0] for unit in ("distance", "classes")] == [0.0, 1.0]  # type: ignore[index]
    assert (Values({0: 1.0, 1: 30.0}).interval("loss") or (0.0,))[0] < 0
    assert Values({0: 1.0}).interval("loss") is None
