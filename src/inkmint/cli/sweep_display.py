"""What people see of a sweep: a live table in a terminal, a line per trial elsewhere."""

import threading
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from inkmint.cli.display import duration
from inkmint.errors import StorageError
from inkmint.evaluation.figure import value_in_words
from inkmint.sweeping.space import settings_text, value_text
from inkmint.sweeping.trial import best_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inkmint.sweeping.objective import Metric
    from inkmint.sweeping.study import Sweep
    from inkmint.sweeping.trial import Trial

_LOOK_SEC = 1.0
_FRAME_LINES = 8
_FEWEST_ROWS = 6


class SweepDisplay:
    """Shows a sweep on standard error while work goes on, whoever does it.

    Args:
        sweep: The sweep; looked at once a second.
    """

    def __init__(self, sweep: "Sweep") -> None:
        self._sweep = sweep
        self._console = Console(stderr=True, highlight=False)
        self._shown: RenderableType = ""
        self._live = Live(
            console=self._console,
            get_renderable=lambda: self._shown,
            refresh_per_second=2,
            transient=True,
        )
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._metric = sweep.metric
        self._fields = [axis.field for axis in sweep.plan.axes]
        self._told = {trial.number for trial in sweep.trials() if _has_ended(trial)}

    def __enter__(self) -> Self:
        self._update()
        if self._console.is_terminal:
            self._live.start()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        self._update()
        if self._console.is_terminal:
            self._live.stop()

    def _look(self) -> None:
        while not self._ended.wait(_LOOK_SEC):
            self._update()

    def _update(self) -> None:
        with suppress(StorageError):  # the workers say so
            trials, num_trials = self._sweep.trials(), self._sweep.num_trials
            if self._console.is_terminal:
                self._shown = self._picture(trials, num_trials)
            else:
                self._tell(trials, num_trials)

    def _tell(self, trials: "Sequence[Trial]", num_trials: int) -> None:
        num_ended = sum(map(_has_ended, trials))
        for trial in trials:
            if _has_ended(trial) and trial.number not in self._told:
                self._told.add(trial.number)
                self._console.print(
                    f"trial {trial.number}  {_result(trial, self._metric)}  {settings_text(trial.settings)}  "
                    f"{num_ended:,}/{num_trials:,}{_left_in_words(trials, num_trials)}",
                    soft_wrap=True,
                    markup=False,
                )

    def _picture(self, trials: "Sequence[Trial]", num_trials: int) -> RenderableType:
        """The trials at work, and as many of the best as there is room for."""
        num_rows = max(_FEWEST_ROWS, self._console.height - _FRAME_LINES)
        running = [trial for trial in trials if trial.state == "running"]
        done = sorted(
            (trial for trial in trials if trial.value is not None),
            key=lambda trial: (trial.value or 0.0) * (-1 if self._metric.better == "higher" else 1),
        )
        shown = [*running, *done][:num_rows]
        line = f"{self._sweep.name}: {sum(map(_has_ended, trials)):,} of {num_trials:,} trials done"
        num_broken = sum(trial.state == "broken" for trial in trials)
        line += f", {num_broken:,} of them broken" if num_broken else ""
        return Group(
            _table(shown, self._fields, self._metric, best_of(trials, self._metric)),
            Text(f"{line}{_left_in_words(trials, num_trials)}"),
        )


def print_trials(sweep: "Sweep") -> None:
    """Print all trials on standard output, in their order."""
    trials = sweep.trials()
    fields = [axis.field for axis in sweep.plan.axes]
    console = Console(highlight=False)
    console.print(_table(trials, fields, sweep.metric, best_of(trials, sweep.metric)))


def _table(
    trials: "Sequence[Trial]", fields: "Sequence[str]", metric: "Metric", best: "Trial | None"
) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="not bold")
    for heading in ("trial", *fields, metric.name, "time", "machine"):
        table.add_column(Text(heading), overflow="fold")
    for trial in trials:
        settings = (trial.settings.get(field) for field in fields)
        style = "bold" if best and trial.number == best.number else ""
        table.add_row(
            str(trial.number),
            *(
                "" if value is None else f"{value:.4g}" if isinstance(value, float) else value_text(value)
                for value in settings
            ),
            Text(f"{_result(trial, metric)}{' *' if style else ''}", style=style),
            "" if trial.seconds is None else duration(trial.seconds),
            trial.machine,
        )
    return table


def _has_ended(trial: "Trial") -> bool:
    return trial.state in ("done", "broken")


def _result(trial: "Trial", metric: "Metric") -> str:
    if trial.value is not None:
        return value_in_words(trial.value, metric.unit)
    if trial.state == "running":
        return f"{trial.share:.0%} done" if trial.machine else "left"
    return f"broken: {trial.error}" if trial.error else trial.state


def _left_in_words(trials: "Sequence[Trial]", num_trials: int) -> str:
    """Time left, at the mean time of the trials so far and with as many at work as now; empty if that says nothing."""
    seconds = [trial.seconds for trial in trials if trial.seconds is not None]
    running = [trial for trial in trials if trial.state == "running" and trial.machine]
    num_left = num_trials - sum(map(_has_ended, trials)) - sum(trial.share for trial in running)
    if not seconds or not running or num_left <= 0:
        return ""
    return f", {duration(num_left * sum(seconds) / len(seconds) / len(running))} left"
