"""What the display prints of figures and findings."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from inkmint.cli.display import Display
from inkmint.data.digits import Splits
from inkmint.recipes import find_recipe
from inkmint.training.build import build_task
from inkmint.training.engine import Engine, EpochEnded, Finished, Logged, Started

GOOD = {"contrast": 0.88, "classes_present": 10.0, "smallest_class": 0.08, "diversity": 0.93}
COLLAPSED = {**GOOD, "classes_present": 7.0, "smallest_class": 0.0, "diversity": 0.15}
LOSSES = {"discriminator/real": 0.6, "discriminator/fake": 0.6, "generator/adversarial": 0.9}
Show = Callable[..., str]


@pytest.fixture
def show(few: Splits, capsys: pytest.CaptureFixture[str]) -> Show:
    """What a display prints of epochs with these figures, 500 steps each, from `begin` on."""

    def show(*epochs: dict[str, float], begin: int = 0, records: Any = ()) -> str:
        recipe = find_recipe("raza2021/gan-quick").derive(batch_size=40)
        engine = Engine(
            recipe, build_task(recipe, few.validation), few.train, seed=0, device=torch.device("cpu")
        )
        engine.steps_per_epoch = 500
        engine.step = 500 * begin
        display = Display("gan", records)
        display(Started(engine))
        for figures in epochs:
            engine.step += 500
            display(Logged(engine, LOSSES, 1000.0))
            display(EpochEnded(engine, figures, None))
        display(Finished(engine))
        return capsys.readouterr().err

    return show


def test_figures_are_shown_in_their_units(show: Show) -> None:
    line = show({**GOOD, "classes_present": 1.0, "label_agreement": 0.5}).splitlines()[0]
    assert "contrast 88.00 %  classes 1  rarest 8.00 %  diversity 0.93  agreement 50.00 %" in line


def test_a_finding_is_told_when_it_is_new_and_not_again(show: Show) -> None:
    lines = [line for line in show(GOOD, GOOD, *[COLLAPSED] * 5).splitlines() if "collapse" in line]
    assert lines == [
        "gan  epoch 3  7 of 10 classes are present and samples of one class differ by 0.15 of what real ones do: mode "
        "collapse; try options.packing=2 or options.minibatch_stddev=true"
    ]


def test_each_kind_is_told_for_itself(show: Show) -> None:
    printed = show(GOOD, COLLAPSED, {**COLLAPSED, "contrast": 0.01})
    assert printed.count("mode collapse") == printed.count("draws nothing") == 1
    assert printed.index("mode collapse") < printed.index("draws nothing")


def test_nothing_is_told_of_a_good_run(show: Show) -> None:
    printed = show(*[GOOD] * 4)
    assert printed.count("\n") == 4
    assert "try" not in printed


def test_after_a_resume_the_records_before_it_are_taken_into_account(show: Show) -> None:
    """The first epoch alone would be too early to tell."""
    assert "collapse" not in show(COLLAPSED, begin=1)
    logged = [{"step": step, "epoch": step / 500, "losses": LOSSES} for step in (250, 500)]
    before = [*logged, {"step": 500, "epoch": 1.0, "figures": GOOD}]
    assert "mode collapse" in show(COLLAPSED, begin=1, records=before)


def test_records_that_the_resume_forgets_are_forgotten(show: Show) -> None:
    """As when a run is killed after its last checkpoint: its records of later steps are computed again."""
    later = [{"step": 800, "epoch": 1.6, "losses": LOSSES}, {"step": 1000, "epoch": 2.0, "figures": GOOD}]
    assert "collapse" not in show(COLLAPSED, begin=1, records=later)
