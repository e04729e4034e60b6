"""One worker of `test_distributed.py`: the command line, which then tells the weights that this rank has.

Usage: `distributed_worker.py FOLDER RANK STEP ARGUMENTS...`; rank RANK kills itself before step STEP.
"""

import os
import signal
import sys
from pathlib import Path

import torch

from inkmint.cli.main import main
from inkmint.training import session
from inkmint.training.engine import Engine

folder, doomed_rank, doomed_step = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
rank = int(os.environ.get("RANK", "0"))
engines: list[Engine] = []


class Watched(Engine):
    """An engine that is remembered, and that may die."""

    def _train_step(self) -> None:
        engines[:] = [self]
        if (rank, self.step) == (doomed_rank, doomed_step):
            os.kill(os.getpid(), signal.SIGKILL)
        super()._train_step()


session.Engine = Watched
sys.argv = ["inkmint", "train", *sys.argv[4:]]
main()
weights = {role: network.state_dict() for role, network in engines[0].task.networks.items()}
torch.save(weights, folder / f"rank{rank}.pt")
