"""Train every recipe that fits a laptop once on the full MNIST and measure what came out.

    python scripts/train_zoo.py [RECIPE ...]

One training run each, seed 0. Writes docs/zoo/results.json and a contact sheet per generator; `make docs` turns them
into docs/zoo.md. Without arguments it trains what has no result yet, or one of a recipe that changed since, so that an
interrupted run goes on.
About 40 minutes on two cores.
"""

import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from inkmint.cli.display import Display
from inkmint.data.digits import Splits
from inkmint.data.sheet import grid, save_png
from inkmint.data.sources import load_splits
from inkmint.evaluation.protocols import accuracy, frechet, label_agreement, seen_classes
from inkmint.files import write_json
from inkmint.models import Generator, Recogniser
from inkmint.recipes import RECIPES, find_recipe
from inkmint.runtime import environment
from inkmint.training.recipe import Recipe
from inkmint.training.runs import Run
from inkmint.training.session import train
from inkmint.zoo import find

FOLDER = Path(__file__).parent.parent / "docs" / "zoo"
RESULTS = FOLDER / "results.json"
SEED = 0
NUM_MINTED = 10_000
SHEET_ROWS = 10


def fits_a_laptop(recipe: Recipe) -> bool:
    return recipe.name.endswith(("-quick", "-paper")) or not recipe.optimisers


def protocol(recipe: Recipe) -> dict[str, Any]:
    """What decides a result: the recipe without its words, and every option of its model."""
    data = recipe.model_dump(mode="json", exclude={"about", "choices"})
    return data | {"options": dict(find(recipe.model).settle(recipe.options))}


def is_due(recipe: Recipe, results: Mapping[str, Any]) -> bool:
    now = protocol(recipe)
    return recipe.name not in results or results[recipe.name].get("protocol", now) != now


def read_results() -> dict[str, Any]:
    results: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    return results


def measured(recipe: Recipe, run: Run, splits: Splits, judge: Recogniser) -> dict[str, Any]:
    if find(recipe.model).kind == "recogniser":
        figure = accuracy(Recogniser.from_pretrained(run.path), splits.test)
        return {"accuracy": figure.value, "accuracy_interval": figure.interval}
    generator = Generator.from_pretrained(run.path)
    minted = generator.mint(NUM_MINTED, seed=SEED)
    seen_N = seen_classes(judge, minted)
    distance = frechet(minted, splits, judge, labelled=generator.conditional)
    agreement = label_agreement(minted, splits, judge) if generator.conditional else None
    draw_sheet(recipe, generator)
    return {
        "frechet": distance.value,
        "frechet_floor": distance.reference,
        "agreement": agreement and agreement.value,
        "agreement_ceiling": agreement and agreement.reference,
        "histogram": np.bincount(seen_N, minlength=splits.test.num_classes).tolist(),
        "judge": judge.weights_sha256,
    }


def sheet_name(recipe: Recipe) -> str:
    return f"{recipe.name.replace('/', '-')}.png"


def draw_sheet(recipe: Recipe, generator: Generator) -> None:
    """Ten rows: of one class each where the generator knows classes."""
    labels = np.arange(SHEET_ROWS).repeat(2 * SHEET_ROWS) if generator.conditional else None
    images = generator.sample(2 * SHEET_ROWS**2, labels=labels, seed=SEED)
    sheet = grid(images, columns=2 * SHEET_ROWS, paper=recipe.background == "paper")
    save_png(sheet, FOLDER / sheet_name(recipe))


def main() -> None:
    results = read_results()
    asked = [find_recipe(name) for name in sys.argv[1:]]
    due = asked or [
        recipe for recipe in RECIPES.values() if fits_a_laptop(recipe) and is_due(recipe, results)
    ]
    splits, judge = load_splits("mnist"), Recogniser.from_pretrained("lenet-attention")
    if splits.source != "mnist":
        sys.exit("The full MNIST is needed; fetch it with: inkmint data fetch mnist")
    for recipe in due:
        with tempfile.TemporaryDirectory() as scratch:
            run = train(
                recipe, splits, Path(scratch), seed=SEED, judge=judge.judge, observers=[Display(recipe.name)]
            )
            machine = environment()
            results[recipe.name] = {
                **measured(recipe, run, splits, judge),
                "seconds": run.read_status()["seconds"],
                "epochs": recipe.epochs,
                "protocol": protocol(recipe),
                "seed": SEED,
                "machine": f"{machine['processor']}, {machine['threads']} threads, "
                f"torch {machine['versions']['torch']}",
            }
        write_json(RESULTS, results)
        print(recipe.name, json.dumps(results[recipe.name]), flush=True)


if __name__ == "__main__":
    main()
