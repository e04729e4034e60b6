"""Seconds of training, quality and speed of our generator `house`, over several seeds.

    python benchmarks/generator_quality.py [--recipes NAME ...] [--seeds 0 1 2] [--threads 2] [--runs FOLDER]
                                           [--learner RECIPE]

Every recipe is trained once with every seed on MNIST's 50,000 training images; the seconds are those of the run's
status.json. Each run then mints 10,000 digits, which the fixed judge holds against the test images, and 50,000, from
which alone a recogniser learns that is tested on real images (TSTR). Recipes and everything in them were chosen on
validation images. Runs and their figures are kept in the folder: what is there is not made again.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import torch
from reader_speed import finished_run

from inkmint.data.digits import Splits
from inkmint.data.sources import load_splits
from inkmint.evaluation.distributions import mean_interval
from inkmint.evaluation.figure import Figure
from inkmint.evaluation.judge import JUDGE, SECOND_JUDGE, load_judge
from inkmint.evaluation.record import Evaluation, load_evaluations, save_evaluation
from inkmint.evaluation.subjects import evaluate_subject
from inkmint.models import Generator
from inkmint.recipes import find_recipe
from inkmint.runtime import environment
from inkmint.studies.synthetic import digits_to_learn_from, train_on_synthetic
from inkmint.training.runs import Run

OURS = ("inkmint/house-minute", "inkmint/house-quick", "inkmint/house")
LEARNER = "hao2020/lenet-quick"
NUM_TIMED, NUM_TURNS = 5_000, 5

PER_CENT, PLAIN, OF_REFERENCE = "%", "", "of the reference"
ROWS = (
    ("label_agreement_judge", PER_CENT),
    ("label_agreement_second", PER_CENT),
    ("frechet_judge", PLAIN),
    ("frechet_judge", OF_REFERENCE),
    ("recall", OF_REFERENCE),
    ("coverage", OF_REFERENCE),
    ("precision", OF_REFERENCE),
    ("density", OF_REFERENCE),
    ("tstr_", PER_CENT),
    ("nearest", OF_REFERENCE),
)


def evaluations(run: Run, splits: Splits, learner: str) -> tuple[Evaluation, ...]:
    """Of the finished run, measured now if it was not before."""
    found = {evaluation.name: evaluation for evaluation in load_evaluations(run.path)}
    taught = f"teaching-{learner.replace('/', '-')}"
    if "digits" not in found:
        evaluation = evaluate_subject(
            str(run.path),
            splits,
            lambda: load_judge(JUDGE),
            second=lambda: load_judge(SECOND_JUDGE),
            num_minted=None,
            seed=1,
        )
        save_evaluation(evaluation, run.path)
        found[evaluation.name] = evaluation
    if taught not in found:
        lesson = digits_to_learn_from(str(run.path), splits, seed=1)
        seed = run.read_config().seed
        study = train_on_synthetic(lesson, splits, learner=find_recipe(learner), seeds=(seed,))
        evaluation = Evaluation(taught, study.figures, lesson.class_names, notes=study.notes)
        save_evaluation(evaluation, run.path)
        found[taught] = evaluation
    return found["digits"], found[taught]


def images_per_second(run: Run) -> float:
    """Median over turns of minting digits, with torch's present number of threads."""
    generator, seconds = Generator.from_pretrained(run.path), []
    for _ in range(NUM_TURNS + 1):
        start = time.perf_counter()
        generator.mint(NUM_TIMED, seed=0)
        seconds.append(time.perf_counter() - start)
    return NUM_TIMED / statistics.median(seconds[1:])


def shown(figure: Figure, kind: str) -> float:
    if kind == OF_REFERENCE:
        assert figure.reference is not None
        return figure.value / figure.reference
    return 100 * figure.value if kind == PER_CENT else figure.value


def spread(values: list[float], unit: str, digits: int) -> str:
    mean = statistics.mean(values)
    single = ", ".join(f"{value:,.{digits}f}" for value in values)
    if len(values) == 1:
        return f"{mean:,.{digits}f} {unit}".rstrip()
    low, high = mean_interval(torch.tensor(values, dtype=torch.float64).numpy())
    return (
        f"{mean:,.{digits}f} ± {statistics.stdev(values):,.{digits}f} {unit}".rstrip()
        + f" (95 % {low:,.{digits}f} to {high:,.{digits}f}; {single})"
    )


def print_recipe(name: str, runs: Mapping[int, Run], splits: Splits, learner: str) -> None:
    figures = [
        [figure for evaluation in evaluations(run, splits, learner) for figure in evaluation.figures]
        for run in runs.values()
    ]
    speeds = [images_per_second(run) for run in runs.values()]
    size = next(iter(runs.values())).model_path.joinpath("model.safetensors").stat().st_size
    print(f"\n{name}, {find_recipe(name).epochs} epochs, seeds {', '.join(map(str, runs))}")
    print(f"  {'training':<44} {spread([float(r.read_status()['seconds']) for r in runs.values()], 's', 0)}")
    for prefix, kind in ROWS:
        rows = [next((f for f in found if f.name.startswith(prefix)), None) for found in figures]
        if all(rows):
            values = [shown(figure, kind) for figure in rows if figure]
            unit = f"x, {rows[0].reference_name}" if rows[0] and kind == OF_REFERENCE else kind
            digits = 3 if kind == PLAIN else 2
            print(f"  {rows[0].name if rows[0] else '':<44} {spread(values, unit, digits)}")
    ceilings = [next(f for f in found if f.name.startswith("tstr_")).reference or 0.0 for found in figures]
    print(f"  {'the same learner on real digits':<44} {spread([100 * c for c in ceilings], '%', 2)}")
    print(f"  {'minting':<44} {spread(speeds, 'images/s', 0)}")
    print(f"  {'weights':<44} {size / 1e6:.2f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipes", nargs="+", default=list(OURS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=Path, default=Path("runs/generator-quality"))
    parser.add_argument("--learner", default=LEARNER)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    splits = load_splits("mnist")
    runs = {
        name: {
            seed: finished_run(find_recipe(name), seed, splits, arguments.runs, arguments.threads)
            for seed in arguments.seeds
        }
        for name in arguments.recipes
    }
    machine = environment()
    print(f"command   python {' '.join(sys.argv)}")
    print(f"machine   {machine['processor']}, {machine['num_cpus']} CPUs, {arguments.threads} threads")
    print(f"versions  Python {machine['python']}, {machine['versions']}")
    print(f"{len(splits.train):,} training images; mean ± standard deviation over seeds")
    for name, by_seed in runs.items():
        print_recipe(name, by_seed, splits, arguments.learner)


if __name__ == "__main__":
    main()
