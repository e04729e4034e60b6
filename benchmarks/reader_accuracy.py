"""Accuracy of our recogniser `house-reader`, of single networks and of all of them together.

    python benchmarks/reader_accuracy.py [--seeds 0 1 2 3] [--threads 1] [--runs FOLDER] [--recipe NAME]

The recipe is trained once with every seed on MNIST's 50,000 training images; the seconds are those of the run's
status.json. The networks together give each class the mean of their probabilities. The recipe was chosen on
validation images, and all that is asked is printed for those too; the test images are read once by each finished run.
Runs are kept in the folder: a finished one is not trained again, and one that was stopped goes on.
"""

import argparse
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from reader_speed import finished_run

from inkmint.data.digits import DigitSet
from inkmint.data.sources import load_splits
from inkmint.evaluation.distributions import mean_interval
from inkmint.evaluation.metrics import wilson_interval
from inkmint.models import Recogniser
from inkmint.recipes import find_recipe
from inkmint.runtime import environment

RECIPE = "inkmint/house-reader"


def num_right(probability_NK: NDArray[np.float32], digits: DigitSet) -> int:
    return int((probability_NK.argmax(axis=1) == digits.labels.numpy()).sum())


def share(count: int, digits: DigitSet) -> str:
    low, high = wilson_interval(count, len(digits))
    return f"{count / len(digits):.2%} ({low:.2%} to {high:.2%})"


def print_accuracies(readers: Sequence[Recogniser], seconds: Sequence[float], digits: DigitSet) -> None:
    probability_SNK = np.stack([reader.predict_proba(digits.images.numpy()) for reader in readers])
    counts = [num_right(probability_NK, digits) for probability_NK in probability_SNK]
    for reader, count, seconds_taken in zip(readers, counts, seconds, strict=True):
        print(f"  seed {reader.config_.seed}    {share(count, digits)}, {seconds_taken:,.0f} s of training")
    if len(counts) > 1:
        shares = np.array(counts) / len(digits)
        low, high = mean_interval(shares)
        print(
            f"  mean      {shares.mean():.2%} ± {statistics.stdev(shares):.2%} (95 % {low:.2%} to {high:.2%})"
        )
        together = num_right(probability_SNK.mean(axis=0), digits)
        print(f"  together  {share(together, digits)}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--runs", type=Path, default=Path("runs/reader-speed"))
    parser.add_argument("--recipe", default=RECIPE)
    arguments = parser.parse_args()
    splits, recipe = load_splits("mnist"), find_recipe(arguments.recipe)
    runs = [finished_run(recipe, seed, splits, arguments.runs, arguments.threads) for seed in arguments.seeds]
    readers = [Recogniser.from_pretrained(run.path) for run in runs]
    seconds = [float(run.read_status()["seconds"]) for run in runs]
    machine = environment()
    print(f"command   python {' '.join(sys.argv)}")
    print(f"machine   {machine['processor']}, {machine['num_cpus']} CPUs, {arguments.threads} threads")
    print(f"versions  Python {machine['python']}, {machine['versions']}")
    print(
        f"{recipe.name}, {recipe.epochs} epochs, {len(splits.train):,} training images; Wilson's 95 % intervals"
    )
    for name, digits in (("validation", splits.validation), ("test", splits.test)):
        print(f"{len(digits):,} {name} images")
        print_accuracies(readers, seconds, digits)


if __name__ == "__main__":
    main()
