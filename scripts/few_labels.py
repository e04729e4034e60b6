"""Train a recogniser of ten labels per class in several ways, over several seeds, and once with all labels.

    python scripts/few_labels.py [CONTENDER ...] [--seeds N]

Writes docs/few-labels/results.json; `make docs` turns it into docs/few-labels.md. What has a result is skipped and an
interrupted run goes on, so it can be stopped at any time. Every seed draws another hundred labels and other first
weights, the same for all contenders. Recipes and contenders were chosen on validation images, whose 10,000 labels
nothing is trained on; the test images are read once by each finished run.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from resumable import finished

from inkmint.data.digits import DigitSet, Splits
from inkmint.data.sources import load_splits
from inkmint.evaluation.comparisons import paired_difference
from inkmint.evaluation.distributions import mean_interval
from inkmint.evaluation.protocols import accuracy
from inkmint.files import write_json
from inkmint.models import Generator, Recogniser
from inkmint.recipes import find_recipe
from inkmint.runtime import machine_in_words
from inkmint.training.engine import digits_of_run
from inkmint.training.recipe import Recipe
from inkmint.training.weights import read_config

RESULTS = Path(__file__).parent.parent / "docs" / "few-labels" / "results.json"
TRIED = RESULTS.with_name("tried.json")
RUNS = Path("runs") / "few-labels"
WITH_UNLABELLED, ALONE = find_recipe("inkmint/few-labels"), find_recipe("inkmint/few-labels-only")
PER_CLASS = ALONE.labels_per_class


@dataclass(frozen=True)
class Contender:
    """A way to learn from few labels.

    Attributes:
        name: In the table.
        about: What it learns from.
        learner: Recipe of the recogniser.
        generator: Recipe of a generator that learns from the same labelled images alone and mints more, or None.
    """

    name: str
    about: str
    learner: Recipe
    generator: Recipe | None = None

    @property
    def protocol(self) -> dict[str, Any]:
        """What decides a result."""
        minting = {"generator": self.generator.deciding(), "minted": NUM_MINTED} if self.generator else {}
        return {"learner": self.learner.deciding(), **minting}


NUM_MINTED, NUM_REAL = 2_500, 2_500
"""Of minted and of repeated real images in what a recogniser with minted digits learns from."""

_MINTERS = {
    "pca": find_recipe("rzayev2021/pca").derive(options={"num_components": PER_CLASS - 1}),
}
_BARE = ALONE.augment.model_copy(
    update=dict.fromkeys(type(ALONE.augment).model_fields, 0.0) | {"flip": False}
)

CONTENDERS = (
    Contender("plain", f"{PER_CLASS} labelled images per class as they are", ALONE.derive(augment=_BARE)),
    Contender("augmented", "the same, changed at random", ALONE),
    *(
        Contender(
            f"augmented and minted by {name}",
            f"half the same, half minted by `{recipe.model}` fitted to them, all changed at random",
            ALONE,
            recipe.derive(labels_per_class=PER_CLASS),
        )
        for name, recipe in _MINTERS.items()
    ),
    Contender("unlabelled", "the labelled images and all others without their labels", WITH_UNLABELLED),
    Contender(
        "all labels",
        "all images with their labels, as many steps as augmented",
        ALONE.derive(labels_per_class=0),
    ),
)
PAIRS = (
    ("augmented", "plain"),
    *((contender.name, "augmented") for contender in CONTENDERS if contender.generator),
    ("unlabelled", "augmented"),
    ("all labels", "unlabelled"),
)


def read_results() -> dict[str, Any]:
    results: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    return results


def read_tried() -> dict[str, Any]:
    """Validation accuracies after every epoch: of an earlier recipe, `start`, and of changes of it."""
    tried: dict[str, Any] = json.loads(TRIED.read_text(encoding="utf-8"))
    return tried


def run_path(name: str, seed: int) -> Path:
    return RUNS / f"{name}-s{seed}".replace(" ", "-")


def joined_by_minted(contender: Contender, seed: int, splits: Splits) -> Splits:
    """In place of the training images the labelled ones of this seed, repeated, and as many minted."""
    assert contender.generator is not None
    generator = contender.generator
    run = finished(generator, splits, run_path(generator.model, seed), seed=seed)
    minted = Generator.from_pretrained(run.path).mint(NUM_MINTED, seed=seed)
    real = digits_of_run(generator, splits.train, seed).repeated(NUM_REAL)
    joined = DigitSet(
        torch.cat([real.images, minted.images]),
        torch.cat([real.labels, minted.labels]),
        f"{real.name} and digits {minted.name}",
        real.class_names,
    )
    return replace(splits, train=joined)


def measured(contender: Contender, seed: int, splits: Splits) -> dict[str, Any]:
    """Accuracies of one run."""
    learner, given = contender.learner, splits
    if contender.generator is not None:
        learner, given = learner.derive(labels_per_class=0), joined_by_minted(contender, seed, splits)
    run = finished(learner, given, run_path(contender.name, seed), seed=seed)
    recogniser = Recogniser.from_pretrained(run.path)
    return {
        "contender": contender.name,
        "seed": seed,
        "test": accuracy(recogniser, splits.test).value,
        "validation": accuracy(recogniser, splits.validation).value,
        "num_test": len(splits.test),
        "seconds": run.read_status()["seconds"],
        "weights": read_config(run.model_path).weights_sha256,
        "data": splits.train.fingerprint,
        "protocol": contender.protocol,
        "machine": machine_in_words(run.read_environment()),
    }


def of(contender: Contender, results: Mapping[str, Any]) -> dict[int, Any]:
    """The contender's valid results by seed."""
    found = [result for result in results.values() if result["contender"] == contender.name]
    return {
        result["seed"]: result
        for result in sorted(found, key=lambda result: result["seed"])
        if result["protocol"] == contender.protocol
    }


def page(results: Mapping[str, Any]) -> str:
    """The page below its notice; what was not measured yet is said to be so."""
    by_name = {contender.name: of(contender, results) for contender in CONTENDERS}
    machines = sorted({result["machine"] for found in by_name.values() for result in found.values()})
    return "\n".join(
        [
            "# Few labels",
            "",
            f"What a recogniser reads that has seen {PER_CLASS} labels of every class, {10 * PER_CLASS} in all. Every",
            "seed draws other labels and other first weights, the same for all contenders. Accuracy on the 10,000 real",
            "test images; ± is the standard deviation over seeds, the interval Student's over seeds. Made by",
            f"`python scripts/few_labels.py`{' on ' + '; '.join(machines) if machines else ''}.",
            "",
            "The recipes, and what stands in this table at all, were chosen on MNIST's 10,000 validation images, and",
            "so with more labels than the hundred that are trained on: someone who has no more than a hundred could",
            "not have chosen so well. The validation images teach nothing, neither as labelled nor as unlabelled ones.",
            "The test images were read once by each finished run.",
            "",
            *_table(by_name),
            "",
            "## Differences",
            "",
            "Points of test accuracy, paired by seed, with Student's 95 % interval; bold where it does not hold 0.",
            "",
            *_differences(by_name),
            "",
            *_tried(read_tried()),
            "## With digits of your own",
            "",
            "Labelled pictures in one sub-folder per class, the others in a sub-folder `unlabelled`, all 28x28, grey:",
            "",
            "```",
            "my-digits/0/... my-digits/1/... my-digits/9/... my-digits/unlabelled/...",
            "inkmint train few-labels --data my-digits/",
            "```",
            "",
            "There every label counts, however many there are, but for 30 % that are kept for validation and test. If",
            "there are no unlabelled pictures: `inkmint train few-labels-only --data my-digits/ --set",
            "labels_per_class=0`. In Python: `Recogniser('inkmint/few-labels').fit(images, labels)`, with the label -1",
            "for images that have none.",
            "",
        ]
    )


def _shares(found: Mapping[int, Any], kind: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([result[kind] for result in found.values()])


def _spread(values: Sequence[float] | np.ndarray[Any, Any]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def _table(by_name: Mapping[str, Mapping[int, Any]]) -> Iterator[str]:
    yield "| contender | learns from | test accuracy | 95 % interval | validation | seconds a run | seeds |"
    yield "|---|---|---:|---:|---:|---:|---|"
    for contender in CONTENDERS:
        found = by_name[contender.name]
        if not found:
            yield f"| {contender.name} | {contender.about} | not measured yet | | | | |"
            continue
        test, validation = _shares(found, "test"), _shares(found, "validation")
        interval = ""
        if len(found) > 1:
            low, high = mean_interval(test)
            interval = f"{low:.2%} to {min(1.0, high):.2%}"
        yield (
            f"| {contender.name} | {contender.about} | {test.mean():.2%} ± {100 * _spread(test):.2f} | {interval} "
            f"| {validation.mean():.2%} | {_shares(found, 'seconds').mean():.0f} | {', '.join(map(str, found))} |"
        )


def _differences(by_name: Mapping[str, Mapping[int, Any]]) -> Iterator[str]:
    yield "| difference | points | 95 % interval | seeds |"
    yield "|---|---:|---:|---:|"
    for first, second in PAIRS:
        shared = sorted(by_name[first].keys() & by_name[second].keys())
        if len(shared) < 2:
            yield f"| {first} less {second} | not measured yet | | |"
            continue
        values = [np.array([by_name[name][seed]["test"] for seed in shared]) for name in (first, second)]
        mean, (low, high) = paired_difference(*values)
        words = f"{100 * mean:+.2f}"
        words = f"**{words}**" if low > 0 or high < 0 else words
        yield f"| {first} less {second} | {words} | {100 * low:+.2f} to {100 * high:+.2f} | {len(shared)} |"


def _tried(tried: Mapping[str, Any]) -> Iterator[str]:
    yield from (
        "## What was tried",
        "",
        "Changes of an earlier recipe of `unlabelled`, whose guesses had to be sure and were taught as certain, and",
        "which erased nothing. One seed, whose labelled sevens all lack the bar that others have; read as another",
        "class at first, those became sure to be one. Most runs were ended early. Measured once, on validation images,",
        "with a forerunner of the code that is kept.",
        "",
        "| change | seed | epochs of 5 | validation | without it | points |",
        "|---|---:|---:|---:|---:|---:|",
    )
    for run in tried["runs"]:
        epochs = len(run["validation"])
        changed, unchanged = run["validation"][-1], tried["start"][str(run["seed"])][epochs - 1]
        yield (
            f"| {run['change']} | {run['seed']} | {epochs} | {changed:.2%} | {unchanged:.2%} "
            f"| {100 * (changed - unchanged):+.2f} |"
        )
    yield ""


@click.command()
@click.argument("names", metavar="[CONTENDER]...", nargs=-1)
@click.option("--seeds", type=click.IntRange(min=1), default=5, show_default=True, help="How many.")
def main(names: tuple[str, ...], seeds: int) -> None:
    """Train and measure these contenders, or all; what has a result is skipped."""
    known = {contender.name: contender for contender in CONTENDERS}
    if unknown := set(names) - known.keys():
        raise click.BadParameter(f"there is no contender {unknown.pop()!r}; choose of {', '.join(known)}")
    results, splits = read_results(), load_splits("mnist")
    if splits.source != "mnist":
        raise click.ClickException("The full MNIST is needed; fetch it with: inkmint data fetch mnist")
    for seed in range(seeds):
        for contender in [known[name] for name in names] or CONTENDERS:
            if seed in of(contender, results):
                continue
            result = measured(contender, seed, splits)
            results = {**read_results(), f"{contender.name}, seed {seed}": result}
            write_json(RESULTS, results)
            click.echo(f"{contender.name}, seed {seed}: {result['test']:.2%} in {result['seconds']:.0f} s")
    click.echo("\n".join(_table({contender.name: of(contender, results) for contender in CONTENDERS})))
    click.echo("\n".join(_differences({contender.name: of(contender, results) for contender in CONTENDERS})))


if __name__ == "__main__":
    main()
