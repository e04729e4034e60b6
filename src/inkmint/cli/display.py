"""What people see while a run trains: a live line in a terminal, a line per epoch elsewhere, and what goes wrong."""

from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from inkmint.training.diagnosis import Record, diagnose_run
from inkmint.training.engine import EpochEnded, Event, Finished, Logged, Started, Stopped

_NAMES = {
    "label_agreement": "agreement",
    "validation_accuracy": "accuracy",
    "classes_present": "classes",
    "smallest_class": "rarest",
}
_FORMATS = {"classes_present": "{:.0f}", "diversity": "{:.2f}"}


class Display:
    """An observer that shows progress on standard error, and each kind of finding once.

    Args:
        title: What is being trained.
        records: Lines of metrics.jsonl from before a resume, for findings that look back.
    """

    def __init__(self, title: str, records: Sequence[Record] = ()) -> None:
        self._title = title
        self._console = Console(stderr=True, highlight=False)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[status]}"),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task: TaskID | None = None
        self._losses = self._figures = ""
        self._records = list(records)
        self._told: set[str] = set()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        engine = event.engine
        place = {"step": engine.step, "epoch": engine.step / engine.steps_per_epoch}
        match event:
            case Started():
                self._records = [record for record in self._records if record["step"] <= engine.step]
                self._task = self._progress.add_task(self._title, total=engine.num_steps, status="")
                self._progress.start()
            case Logged(losses=losses, images_per_sec=speed):
                self._losses = "  ".join(f"{name} {loss:.3f}" for name, loss in losses.items())
                status = f"{speed:,.0f} images/s  {duration(engine.seconds_left)} left  {self._figures}  {self._losses}"
                self._update(engine.step, status)
                self._records.append({**place, "losses": losses})
            case EpochEnded(figures=figures):
                self._figures = "  ".join(
                    f"{_NAMES.get(name, name)} {_figure(name, value)}" for name, value in figures.items()
                )
                if not self._console.is_terminal:
                    self._console.print(
                        f"{self._title}  epoch {engine.epoch}/{engine.recipe.epochs}  {self._figures}  {self._losses}  "
                        f"{duration(engine.clock.seconds)}, {duration(engine.seconds_left)} left",
                        soft_wrap=True,
                    )
                self._records.append({**place, "figures": figures})
                self._tell_findings(event)
            case Finished() | Stopped():
                done = f"{duration(engine.clock.seconds)}  {self._figures}"
                self._update(engine.step, f"stopped after {done}" if isinstance(event, Stopped) else done)
                self._progress.stop()

    def _tell_findings(self, event: EpochEnded) -> None:
        for kind, text in diagnose_run(event.engine, self._records):
            if kind not in self._told:
                self._told.add(kind)
                where = f"{self._title}  epoch {event.engine.epoch}"
                self._console.print(f"{where}  {text}", soft_wrap=True, markup=False)

    def _update(self, step: int, status: str) -> None:
        if self._task is not None:
            self._progress.update(self._task, completed=step, status=status)


def _figure(name: str, value: float) -> str:
    return _FORMATS[name].format(value) if name in _FORMATS else f"{100 * value:.2f} %"


def duration(seconds: float) -> str:
    """A time as people read it: `8 s`, `2:05`, `1:02:05`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
