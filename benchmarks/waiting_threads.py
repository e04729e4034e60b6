"""What a training step costs under three ways for OpenMP's threads to wait, alone and beside a busy process.

    python benchmarks/waiting_threads.py [--rounds 3] [--steps 20]

Each measurement is a process of its own, because OpenMP reads its settings once. The ways take turns.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from itertools import pairwise

WAYS = {
    "default": {},
    "GOMP_SPINCOUNT=3000": {"GOMP_SPINCOUNT": "3000"},
    "OMP_WAIT_POLICY=PASSIVE": {"OMP_WAIT_POLICY": "PASSIVE"},
}
RECIPES = ("hu2024/acgan-sa", "raza2021/gan")


def step_sec(name: str, num_steps: int) -> float:
    """Median seconds of a training step in this process, after five to warm up."""
    import torch

    from inkmint.data.sources import load_starter
    from inkmint.recipes import find_recipe
    from inkmint.training.build import build_task
    from inkmint.training.engine import Engine, Logged

    digits = load_starter().train
    recipe = find_recipe(name).derive(epochs=1)
    digits = digits.subset(torch.arange((num_steps + 5) * recipe.batch_size))
    moments: list[float] = []
    engine = Engine(
        recipe,
        build_task(recipe, digits),
        digits,
        seed=0,
        device=torch.device("cpu"),
        observers=[lambda event: moments.append(time.perf_counter()) if isinstance(event, Logged) else None],
        log_every_steps=1,
    )
    engine.train()
    return statistics.median(after - before for before, after in pairwise(moments[4:]))


def measured(name: str, num_steps: int, settings: dict[str, str]) -> float:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("GOMP_", "OMP_"))}
    command = [sys.executable, __file__, "--child", name, "--steps", str(num_steps)]
    result = subprocess.run(command, env=clean | settings, check=True, capture_output=True, text=True)
    return float(result.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(step_sec(arguments.child, arguments.steps))
        return

    from inkmint.runtime import environment

    machine = environment()
    print(f"command   python {' '.join(sys.argv)}")
    print(f"machine   {machine['processor']}, {machine['num_cpus']} CPUs, {machine['threads']} threads")
    print(f"versions  Python {machine['python']}, {machine['versions']}")
    print(
        f"milliseconds a step: median over {arguments.rounds} processes (range), {arguments.steps} steps each\n"
    )
    for num_busy in (0, 1):
        busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(num_busy)]
        try:
            for name in RECIPES:
                turns = [
                    {way: 1000 * measured(name, arguments.steps, settings) for way, settings in WAYS.items()}
                    for _ in range(arguments.rounds)
                ]
                print(f"{name}, beside {num_busy} busy process{'es' if num_busy != 1 else ''}")
                for way in WAYS:
                    values = [turn[way] for turn in turns]
                    print(
                        f"  {way:24}{statistics.median(values):7.1f} ({min(values):.1f} to {max(values):.1f})"
                    )
        finally:
            for process in busy:
                process.kill()
                process.wait()


if __name__ == "__main__":
    main()
