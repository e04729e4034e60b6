"""Seconds of training and test accuracy of our recogniser `house-reader` beside hao2020's LeNet, over several seeds.

    python benchmarks/reader_speed.py [--seeds 0 1 2] [--threads 2] [--runs FOLDER] [--recipes NAME ...]

Every recipe is trained once with every seed on MNIST's 50,000 training images; the seconds are those of the run's
status.json. They take turns seed by seed, so that a machine whose speed drifts slows them all. Recipes and everything
in them were chosen on validation images; the test images are read once by each finished run. Runs are kept in the
folder: a finished one is not trained again, and one that was stopped goes on.
"""

import argparse
import statistics
import sys
from pathlib import Path

import numpy as np

from inkmint.data.digits import Splits
from inkmint.data.sources import load_splits
from inkmint.evaluation.comparisons import paired_difference
from inkmint.evaluation.figure import Figure
from inkmint.evaluation.protocols import accuracy
from inkmint.models import Recogniser
from inkmint.recipes import find_recipe
from inkmint.runtime import environment
from inkmint.training.recipe import Recipe
from inkmint.training.runs import Run
from inkmint.training.session import resume, train

OURS = ("inkmint/house-reader-sprint", "inkmint/house-reader-quick")
THEIRS = "hao2020/lenet-quick"


def finished_run(recipe: Recipe, seed: int, splits: Splits, folder: Path, threads: int) -> Run:
    name = f"{recipe.name.replace('/', '-')}-s{seed}-t{threads}"
    run = Run(folder / name)
    if run.read_status().get("state") == "finished":
        return run
    if run.path.exists():
        return resume(run, splits)
    return train(recipe, splits, folder, name=name, seed=seed, threads=threads)


def spread(values: list[float], digits: int, unit: str) -> str:
    mean, deviation = statistics.mean(values), statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{mean:.{digits}f} ± {deviation:.{digits}f} {unit}"


def per_cent(figure: Figure) -> str:
    assert figure.interval is not None
    low, high = figure.interval
    return f"{figure.value:.2%} ({low:.2%} to {high:.2%})"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=Path, default=Path("runs/reader-speed"))
    parser.add_argument("--recipes", nargs="+", default=[*OURS, THEIRS])
    arguments = parser.parse_args()
    splits = load_splits("mnist")
    recipes = [find_recipe(name) for name in arguments.recipes]

    runs = {
        (recipe.name, seed): finished_run(recipe, seed, splits, arguments.runs, arguments.threads)
        for seed in arguments.seeds
        for recipe in recipes
    }
    figures = {key: accuracy(Recogniser.from_pretrained(run.path), splits.test) for key, run in runs.items()}
    seconds = {key: float(run.read_status()["seconds"]) for key, run in runs.items()}

    machine = environment()
    print(f"command   python {' '.join(sys.argv)}")
    print(f"machine   {machine['processor']}, {machine['num_cpus']} CPUs, {arguments.threads} threads")
    print(f"versions  Python {machine['python']}, {machine['versions']}")
    print(
        f"{len(splits.train):,} training images; accuracy on {len(splits.test):,} test images (Wilson's 95 % interval)"
    )
    print("last lines: mean ± standard deviation over seeds")
    for recipe in recipes:
        keys = [(recipe.name, seed) for seed in arguments.seeds]
        print(f"\n{recipe.name}, epochs {recipe.epochs}")
        for key in keys:
            print(f"  seed {key[1]}  {seconds[key]:6.1f} s  {per_cent(figures[key])}")
        print(
            f"  mean    {spread([seconds[key] for key in keys], 1, 's')}, "
            f"{spread([100 * figures[key].value for key in keys], 2, '%')}"
        )
        if recipe.name != THEIRS and THEIRS in arguments.recipes and len(keys) > 1:
            ours = np.array([figures[key].value for key in keys])
            theirs = np.array([figures[THEIRS, seed].value for seed in arguments.seeds])
            gap, (low, high) = paired_difference(ours, theirs)
            times = [seconds[THEIRS, seed] / seconds[recipe.name, seed] for seed in arguments.seeds]
            print(f"  beside {THEIRS}, by seed:")
            print(f"    accuracy {100 * gap:+.2f} ({100 * low:+.2f} to {100 * high:+.2f}) points")
            print(
                f"    seconds  {statistics.median(times):.1f} ({min(times):.1f} to {max(times):.1f}) times fewer"
            )


if __name__ == "__main__":
    main()
