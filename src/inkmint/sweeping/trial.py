"""One trial of a sweep, as its storage knows it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from inkmint.options import Value
from inkmint.sweeping.objective import Metric

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

State = Literal["waiting", "running", "done", "broken"]

HOLDER, BEAT, VALUES, SECONDS, ERROR = "holder", "beat", "values", "seconds", "error"
"""What is kept beside Optuna's own record of a trial."""


@dataclass(frozen=True)
class Trial:
    """What is known of a trial.

    Attributes:
        number: From 0.
        state: `broken` if its settings do not fit together, or training with them broke down.
        settings: The values of the axes; empty while it waits in a search.
        value: Of the metric, the mean over the seeds; None until it is done.
        values: Of each seed.
        seconds: Of training, of all seeds together.
        share: Of the work that is done, in [0, 1], as of the last beat.
        machine: Host and process that were last at work on it; empty if none was, or it was left.
        error: Why it is broken.
    """

    number: int
    state: State
    settings: Mapping[str, Value]
    value: float | None = None
    values: tuple[float, ...] = ()
    seconds: float | None = None
    share: float = 0.0
    machine: str = ""
    error: str = ""


def best_of(trials: Iterable[Trial], metric: Metric) -> Trial | None:
    """The trial with the best value, the first of equals; None if none is done."""
    done = [(trial.value, trial) for trial in trials if trial.value is not None]
    if not done:
        return None
    choose = max if metric.better == "higher" else min
    return choose(done, key=lambda pair: pair[0])[1]


def run_name(number: int, seed: int, num_seeds: int) -> str:
    """Name of a trial's run folder, one for each seed."""
    return f"trial-{number:04d}" + (f"-s{seed}" if num_seeds > 1 else "")


def trial_of(frozen: "FrozenTrial") -> Trial:
    """What Optuna's storage knows of a trial."""
    from optuna.trial import TrialState

    states: dict[TrialState, State] = {TrialState.WAITING: "waiting", TrialState.RUNNING: "running"}
    states[TrialState.COMPLETE] = "done"
    kept = frozen.user_attrs
    settings = frozen.params or frozen.system_attrs.get("fixed_params", {})
    return Trial(
        number=frozen.number,
        state=states.get(frozen.state, "broken"),
        settings=dict(settings),
        value=frozen.value if frozen.state is TrialState.COMPLETE else None,
        values=tuple(kept.get(VALUES, ())),
        seconds=kept.get(SECONDS),
        share=1.0 if frozen.state.is_finished() else kept.get(BEAT, {}).get("share", 0.0),
        machine=(kept.get(HOLDER) or {}).get("machine", ""),
        error=kept.get(ERROR, ""),
    )
