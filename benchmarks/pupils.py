"""What our best recogniser learns from minted digits alone, beside what it learns from as many real ones (TSTR).

    python benchmarks/pupils.py [--seeds 0 1 2] [--threads 1] [--runs FOLDER] [--recipe NAME] [--generator NAME]

`inkmint evaluate --tstr` asks a small LeNet; a stronger recogniser shows what else the digits hold. With every seed the
recipe is trained once on MNIST's 50,000 training images, the same runs as those of reader_accuracy.py, and once on
50,000 digits of the same classes that the generator minted with that seed. Real validation images choose nothing here;
the test images are read once by each finished run. Runs are kept in the folder: a finished one is not trained again,
and one that was stopped goes on.
"""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from reader_speed import finished_run, per_cent, spread

from inkmint.data.digits import DigitSet
from inkmint.data.sources import load_splits
from inkmint.evaluation.comparisons import paired_difference
from inkmint.evaluation.figure import Figure
from inkmint.evaluation.protocols import accuracy
from inkmint.models import Recogniser
from inkmint.recipes import find_recipe
from inkmint.runtime import environment
from inkmint.studies.synthetic import digits_to_learn_from
from inkmint.training.runs import Run


def read_by(runs: Mapping[int, Run], digits: DigitSet) -> dict[int, Figure]:
    return {seed: accuracy(Recogniser.from_pretrained(run.path), digits) for seed, run in runs.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--runs", type=Path, default=Path("runs/reader-speed"))
    parser.add_argument("--recipe", default="inkmint/house-reader")
    parser.add_argument("--generator", default="house")
    arguments = parser.parse_args()
    splits, recipe = load_splits("mnist"), find_recipe(arguments.recipe)
    minted_runs = arguments.runs / f"minted-by-{Path(arguments.generator).name}"
    taught: dict[str, dict[int, Run]] = {"real": {}, "minted": {}}
    for seed in arguments.seeds:
        lesson = replace(splits, train=digits_to_learn_from(arguments.generator, splits, seed=seed))
        taught["real"][seed] = finished_run(recipe, seed, splits, arguments.runs, arguments.threads)
        taught["minted"][seed] = finished_run(recipe, seed, lesson, minted_runs, arguments.threads)

    machine = environment()
    print(f"command   python {' '.join(sys.argv)}")
    print(f"machine   {machine['processor']}, {machine['num_cpus']} CPUs, {arguments.threads} threads")
    print(f"versions  Python {machine['python']}, {machine['versions']}")
    print(
        f"{recipe.name}, {recipe.epochs} epochs, {len(splits.train):,} digits, "
        f"minted ones by {arguments.generator}; Wilson's 95 % intervals"
    )
    for name, digits in (("validation", splits.validation), ("test", splits.test)):
        print(f"{len(digits):,} real {name} images")
        found = {source: read_by(runs, digits) for source, runs in taught.items()}
        for source, figures in found.items():
            for seed, figure in figures.items():
                print(f"  {source:6} seed {seed}  {per_cent(figure)}")
            print(f"  {source:6} mean    {spread([100 * each.value for each in figures.values()], 2, '%')}")
        if len(arguments.seeds) > 1:
            minted, real = (
                np.array([each.value for each in found[source].values()]) for source in ("minted", "real")
            )
            gap, (low, high) = paired_difference(minted, real)
            print(
                f"  minted less real, by seed {100 * gap:+.2f} ({100 * low:+.2f} to {100 * high:+.2f}) points"
            )


if __name__ == "__main__":
    main()
