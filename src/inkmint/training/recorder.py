"""Writes what the engine does into the run folder: metrics, sample grids, checkpoints, status."""

import time

from inkmint.data.sheet import grid, save_png
from inkmint.training.diagnosis import diagnose_run
from inkmint.training.engine import EpochEnded, Event, Finished, Logged, Started, Stopped
from inkmint.training.runs import Run
from inkmint.training.views import PICTURES_PER_CLASS

CHECKPOINT_EVERY_SEC = 30.0


class Recorder:
    """An observer that keeps a run folder up to date.

    Args:
        run: The folder, locked by this process.
        checkpoint_every_sec: Longest time between two checkpoints; there is one after every epoch as well.
    """

    def __init__(self, run: Run, checkpoint_every_sec: float = CHECKPOINT_EVERY_SEC) -> None:
        self._run = run
        self._every_sec = checkpoint_every_sec
        self._saved_at = time.monotonic()

    def __call__(self, event: Event) -> None:
        """Record one event."""
        engine = event.engine
        place = {
            "step": engine.step,
            "epoch": engine.step / engine.steps_per_epoch,
            "seconds": engine.clock.seconds,
        }
        match event:
            case Started():
                self._run.write_status("running", step=engine.step)
            case Logged(losses=losses, images_per_sec=speed):
                self._run.append_metrics({**place, "losses": losses, "images_per_sec": speed})
                due = time.monotonic() - self._saved_at >= self._every_sec
                if due and not engine.at_epoch_end:
                    engine.require_finite()
                    self._checkpoint(event)
            case EpochEnded(figures=figures, pictures_MHW=pictures_MHW):
                record = {**place, "figures": figures}
                findings = diagnose_run(engine, [*self._run.read_metrics(), record])
                self._run.append_metrics({**record, "findings": [finding.text for finding in findings]})
                if pictures_MHW is not None:
                    name = f"epoch_{engine.epoch:04d}.png"
                    save_png(
                        grid(pictures_MHW.numpy(), columns=PICTURES_PER_CLASS),
                        self._run.path / "samples" / name,
                    )
                self._checkpoint(event)
            case Stopped():
                self._checkpoint(event)
                self._run.write_status("interrupted", step=engine.step)
            case Finished():
                self._run.write_status("finished", step=engine.step, seconds=engine.clock.seconds)

    def _checkpoint(self, event: Event) -> None:
        self._run.save_checkpoint(event.engine.state_dict())
        self._saved_at = time.monotonic()
