"""Train every recipe that fits a laptop once on the full MNIST and measure what came out.

    python scripts/train_zoo.py [RECIPE ...]        train what has no finished run yet, then measure
    python scripts/train_zoo.py --measure-only      measure the runs that there are

One training run each, seed 0, kept under runs/zoo/ (or --runs). Writes docs/zoo/results.json and a contact sheet per
generator; `make docs` turns them into docs/zoo.md and docs/evidence.md. What is trained and measured already is not
done again, so that an interrupted call goes on. About 40 minutes of training on two cores, a minute or two of measuring
for each generator, and as much again for each that knows classes, whose digits teach a recogniser.

Seconds are of training. A recipe that did not change keeps the seconds and the machine of its first result, so that
runs which shared their machine with other work do not count as slow.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

from inkmint.cli.display import Display
from inkmint.data.digits import Splits
from inkmint.data.sheet import grid, save_png
from inkmint.data.sources import load_splits
from inkmint.errors import RunError
from inkmint.evaluation.comparisons import rank_correlation
from inkmint.evaluation.distributions import mean_interval
from inkmint.evaluation.figure import Figure, family
from inkmint.evaluation.judge import JUDGE, SECOND_JUDGE, NamedJudge, load_judge
from inkmint.evaluation.protocols import accuracy, evaluate_digits
from inkmint.evaluation.quality import recognisable
from inkmint.evaluation.readings import OnceAsked
from inkmint.files import write_json
from inkmint.models import Generator, Recogniser
from inkmint.recipes import RECIPES, find_recipe, lin2018
from inkmint.runtime import machine_in_words
from inkmint.studies.synthetic import LEARNER, accuracies_on_real, digits_to_learn_from, train_on_synthetic
from inkmint.training.recipe import Recipe
from inkmint.training.runs import Run
from inkmint.training.session import train
from inkmint.training.weights import read_config
from inkmint.zoo import find

FOLDER = Path(__file__).parent.parent / "docs" / "zoo"
RESULTS = FOLDER / "results.json"
SEED = 0
NUM_MINTED = 10_000
SHEET_ROWS = 10
CEILING_SEEDS = 5
BY_BOTH = "recognisable_by_both"
CEILING, RANKING = "real digits", "ranking"
"""Keys of results.json that are no recipes."""


def fits_a_laptop(recipe: Recipe) -> bool:
    if recipe in lin2018.RECIPES:  # of stacked digits: scripts/stacked_mnist.py
        return False
    return recipe.name.endswith(("-quick", "-paper")) or not recipe.optimisers


def protocol(recipe: Recipe) -> dict[str, Any]:
    """What decides a result: the recipe without its words, and every option of its model."""
    return recipe.deciding()


def is_due(recipe: Recipe, results: Mapping[str, Any]) -> bool:
    now = protocol(recipe)
    return recipe.name not in results or results[recipe.name].get("protocol", now) != now


def read_results() -> dict[str, Any]:
    results: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    return results


# Training


def finished_run(runs: Path, recipe: Recipe, splits: Splits) -> Run | None:
    """The last finished run of this protocol, data and seed in a folder of run folders."""
    for path in sorted(runs.glob("*/config.json"), reverse=True):
        run = Run(path.parent)
        try:
            config = run.read_config()
        except RunError:
            continue
        same = (protocol(config.recipe), config.data_fingerprint, config.seed) == (
            protocol(recipe),
            splits.train.fingerprint,
            SEED,
        )
        if same and run.read_status().get("state") == "finished" and run.model_path.is_dir():
            return run
    return None


def timing(recipe: Recipe, run: Run, before: Mapping[str, Any] | None) -> dict[str, Any]:
    """Seconds of training and the machine: those of the earlier result where the protocol is unchanged."""
    if before and "seconds" in before and before.get("protocol") == protocol(recipe):
        return {"seconds": before["seconds"], "machine": before["machine"]}
    machine = machine_in_words(run.read_environment())
    return {"seconds": run.read_status()["seconds"], "machine": machine}


# Measuring


def compact(figure: Figure) -> dict[str, Any]:
    """What the pages show of a figure."""
    shown = ("name", "value", "unit", "interval", "reference", "num_images", "better")
    return {name: value for name, value in figure.model_dump(mode="json").items() if name in shown}


def measured(run: Run, splits: Splits, judges: Sequence[NamedJudge]) -> dict[str, Any]:
    """Figures of a run by every judge; the short names of the first's are what docs/zoo.md shows."""
    config = read_config(run.model_path)
    if config.kind == "recogniser":
        figure = accuracy(Recogniser.from_pretrained(run.path), splits.test)
        return {
            "accuracy": figure.value,
            "accuracy_interval": figure.interval,
            "weights": config.weights_sha256,
        }
    generator = Generator.from_pretrained(run.path)
    minted = generator.mint(NUM_MINTED, seed=SEED)
    asked = [OnceAsked(judge) for judge in judges]
    evaluations = [
        evaluate_digits(minted, splits, judge, labelled=generator.conditional, seeds=(SEED,))
        for judge in asked
    ]
    figures = {
        judge.name: {family(figure): compact(figure) for figure in evaluation.figures}
        for judge, evaluation in zip(judges, evaluations, strict=True)
    }
    first = figures[judges[0].name]
    first[BY_BOTH] = compact(recognisable(minted, splits, asked[0], second=asked[1], seeds=(SEED,)))
    agreement = first.get("label_agreement")
    histogram = evaluations[0].seen_K
    assert histogram is not None
    return {
        "frechet": first["frechet"]["value"],
        "frechet_floor": first["frechet"]["reference"],
        "agreement": agreement and agreement["value"],
        "agreement_ceiling": agreement and agreement["reference"],
        "histogram": histogram.tolist(),
        "judge": judges[0].weights_sha256,
        "weights": generator.weights_sha256,
        "judges": hashes(judges),
        "figures": figures,
    }


def hashes(judges: Sequence[NamedJudge]) -> dict[str, str]:
    return {judge.name: judge.weights_sha256 for judge in judges}


def taught(recipe: Recipe, run: Run, splits: Splits, num_seeds: int) -> dict[str, Any]:
    """What as many minted digits as there are real training digits teach."""
    found = train_on_synthetic(
        digits_to_learn_from(str(run.path), splits, seed=SEED),
        splits,
        seeds=range(num_seeds),
        observers=lambda title: [Display(f"{recipe.name}, {title}")],
    )
    return {
        "learner": found.learner,
        "num_train": found.num_train,
        "seeds": list(found.seeds),
        "synthetic": list(found.synthetic),
        "real": list(found.real),
        "minted": list(found.minted),
        "figures": {family(figure): compact(figure) for figure in found.figures},
        "notes": list(found.notes),
        "weights": read_config(run.model_path).weights_sha256,
        "protocol": protocol(LEARNER),
    }


def ceiling(splits: Splits) -> dict[str, Any]:
    """TSTR of the real training digits themselves over several seeds."""
    seeds = range(CEILING_SEEDS)
    shares = np.array(accuracies_on_real(splits, seeds=seeds, observers=lambda title: [Display(title)]))
    return {
        "learner": LEARNER.name,
        "num_train": len(splits.train),
        "seeds": list(seeds),
        "accuracies": shares.tolist(),
        "mean": float(shares.mean()),
        "spread": float(shares.std(ddof=1)),
        "interval": mean_interval(shares),
        "num_test": len(splits.test),
        "protocol": protocol(LEARNER),
    }


def ranking(results: Mapping[str, Any]) -> dict[str, Any]:
    """Spearman's rank correlation between the judges over the generators that both judged."""
    found: dict[str, Any] = {"judges": [JUDGE, SECOND_JUDGE]}
    for name in ("frechet", "label_agreement"):
        pairs = {
            recipe.name: [results[recipe.name]["figures"][judge][name]["value"] for judge in found["judges"]]
            for recipe in RECIPES.values()
            if not is_due(recipe, results)
            and all(
                name in results[recipe.name].get("figures", {}).get(judge, {}) for judge in found["judges"]
            )
        }
        if len(pairs) >= 3:
            values = np.array(list(pairs.values()))
            correlation = rank_correlation(values[:, 0], values[:, 1])
            found[name] = {"spearman": correlation, "values": pairs}
    return found


def sheet_name(recipe: Recipe) -> str:
    return f"{recipe.name.replace('/', '-')}.png"


def draw_sheet(recipe: Recipe, run: Run) -> None:
    """Ten rows: of one class each where the generator knows classes."""
    generator = Generator.from_pretrained(run.path)
    labels = np.arange(SHEET_ROWS).repeat(2 * SHEET_ROWS) if generator.conditional else None
    images = generator.sample(2 * SHEET_ROWS**2, labels=labels, seed=SEED)
    sheet = grid(images, columns=2 * SHEET_ROWS, paper=recipe.background == "paper")
    save_png(sheet, FOLDER / sheet_name(recipe))


# What is left to do


def is_measured(recipe: Recipe, results: Mapping[str, Any], judges: Sequence[NamedJudge]) -> bool:
    result = {} if is_due(recipe, results) else results[recipe.name]
    if find(recipe.model).kind == "recogniser":
        return "accuracy" in result
    return result.get("judges") == hashes(judges)


def is_taught(recipe: Recipe, results: Mapping[str, Any], num_seeds: int) -> bool:
    if not find(recipe.model).conditional or find(recipe.model).kind == "recogniser":
        return True
    lesson = {} if is_due(recipe, results) else results[recipe.name].get("tstr", {})
    return lesson.get("protocol") == protocol(LEARNER) and len(lesson["seeds"]) >= num_seeds


def same_weights(run: Run, result: Mapping[str, Any]) -> bool:
    return bool(result.get("weights") == read_config(run.model_path).weights_sha256)


@click.command()
@click.argument("names", metavar="[RECIPE]...", nargs=-1)
@click.option(
    "--runs",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("runs/zoo"),
    show_default=True,
    help="Folder of run folders.",
)
@click.option("--measure-only", is_flag=True, help="Train nothing; leave out what has no finished run.")
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Of the recognisers that learn from minted digits.",
)
def main(names: tuple[str, ...], runs: Path, measure_only: bool, seeds: int) -> None:
    """Train and measure these recipes; without any, all that fit a laptop."""
    results = read_results()
    recipes = [find_recipe(name) for name in names] or list(filter(fits_a_laptop, RECIPES.values()))
    splits = load_splits("mnist")
    if splits.source != "mnist":
        raise click.ClickException("The full MNIST is needed; fetch it with: inkmint data fetch mnist")
    judges = [load_judge(name) for name in (JUDGE, SECOND_JUDGE)]
    for recipe in recipes:
        complete = is_measured(recipe, results, judges) and is_taught(recipe, results, seeds)
        run = finished_run(runs, recipe, splits)
        if run is None and (measure_only or (complete and not names)):
            if not complete:
                click.echo(f"{recipe.name}: no finished run in {runs}, left as it was")
            continue
        if run is None:
            run = train(
                recipe,
                splits,
                runs,
                seed=SEED,
                judge=judges[0].recogniser.judge,
                observers=[Display(recipe.name)],
            )
        before = None if is_due(recipe, results) else results[recipe.name]
        if not (before and same_weights(run, before) and is_measured(recipe, results, judges)):
            result = measured(run, splits, judges) | timing(recipe, run, before)
            result |= {"epochs": recipe.epochs, "protocol": protocol(recipe), "seed": SEED}
            if before and same_weights(run, before.get("tstr", {})):
                result["tstr"] = before["tstr"]
            if find(recipe.model).kind == "generator":
                draw_sheet(recipe, run)
            results[recipe.name] = result
            write_json(RESULTS, results)
            click.echo(f"{recipe.name}: {json.dumps(result)}")
        if not is_taught(recipe, results, seeds):
            results[recipe.name]["tstr"] = taught(recipe, run, splits, seeds)
            write_json(RESULTS, results)
            click.echo(f"{recipe.name}: {json.dumps(results[recipe.name]['tstr'])}")
    if results.get(CEILING, {}).get("protocol") != protocol(LEARNER):
        results[CEILING] = ceiling(splits)
        click.echo(f"{CEILING}: {json.dumps(results[CEILING])}")
    results[RANKING] = ranking(results)
    write_json(RESULTS, results)
    for name, found in results[RANKING].items():
        if name != "judges":
            click.echo(
                f"{name}: Spearman {found['spearman']:.3f} between the judges, {len(found['values'])} generators"
            )


if __name__ == "__main__":
    main()
