"""The page of a sweep: the best with its command, three pictures, every trial, and nothing from elsewhere."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from inkmint.data.digits import Splits
from inkmint.options import Value
from inkmint.report.sweep import render_sweep, write_sweep
from inkmint.report.sweep_figures import short_names
from inkmint.sweeping import session
from inkmint.sweeping.study import Sweep

pytest.importorskip("optuna")

RATE = "optimisers.recogniser.learning_rate"
Result = Callable[[Mapping[str, Value]], float | None]


@pytest.fixture
def sweep_of(few: Splits, tmp_path: Path) -> Callable[[int, Result], Sweep]:
    """A sweep of so many trials whose results are made up; None breaks."""

    def make(num_trials: int, result: Result) -> Sweep:
        settings = (f"{RATE}=1e-3..1e-1:log", "batch_size=20,40", "average=0.0..0.9")
        plan = session.make_plan("lenet-quick", settings, few, data="few", epochs=2)
        sweep = session.begin_sweep(plan, "made-up", tmp_path, None, num_trials + 1)
        for _ in range(num_trials):
            with sweep.next_claim() as claim:
                assert claim is not None
                value = result(claim.settings)
                sweep.finish(
                    claim, () if value is None else (value,), 1.0, "It <broke> down." if value is None else ""
                )
        return sweep

    return make


def test_the_page_holds_all_it_shows(sweep_of: Callable[[int, Result], Sweep]) -> None:
    def result(settings: Mapping[str, Value]) -> float | None:
        batch = settings["batch_size"]
        return None if settings["average"] > 0.8 else 0.5 + 0.01 * float(batch) / 40 + 0.1 * (batch == 20)

    sweep = sweep_of(16, result)
    page = render_sweep(sweep)
    assert "16 of 17 trials\n  of a search" in page
    assert page.count('<img class="chart" src="data:image/svg+xml;base64,') == 3
    assert page.count('<th scope="row">') == 16
    assert page.count('class="best"') == 1
    assert re.search(
        r"<pre>inkmint train lenet-quick --data few --seed 0 --set epochs=2 .*batch_size=20", page
    )
    assert "It &lt;broke&gt; down." in page
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert "<script" not in page
    assert write_sweep(sweep) == sweep.folder / "report.html"
    importance = re.search(r"Share of the variance by field: (\S+)", page)
    assert importance is not None
    assert importance[1] == "batch_size"


@pytest.mark.parametrize(("num_trials", "words"), [(0, "0 of 1 trials"), (3, "nothing can be told")])
def test_a_sweep_that_has_only_just_begun_has_a_page_too(
    sweep_of: Callable[[int, Result], Sweep], num_trials: int, words: str
) -> None:
    assert words in render_sweep(sweep_of(num_trials, lambda _: 0.5))


def test_names_are_as_short_as_they_can_be() -> None:
    fields = ["optimisers.generator.learning_rate", "optimisers.discriminator.learning_rate", "batch_size"]
    assert list(short_names(fields).values()) == [
        "generator.learning_rate",
        "discriminator.learning_rate",
        "batch_size",
    ]
    assert short_names(fields[1:]) == {fields[1]: "learning_rate", "batch_size": "batch_size"}
