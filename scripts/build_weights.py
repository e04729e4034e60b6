"""Train the models that come with inkmint and write them, each with its card, into src/inkmint/weights/.

    make weights

Both are trained by their quick recipes; the reader judges the generator. About four minutes on two cores. The cards'
figures are what this script measured on the MNIST test images.
"""

import shutil
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from inkmint.cli.display import Display
from inkmint.data.sources import load_splits
from inkmint.evaluation.figure import Figure, interval_in_words, value_in_words
from inkmint.evaluation.subjects import evaluate_subject
from inkmint.files import write_text
from inkmint.models import Recogniser
from inkmint.recipes import find_recipe
from inkmint.runtime import environment
from inkmint.training.recipe import Recipe
from inkmint.training.session import train
from inkmint.zoo import find

WEIGHTS = Path(__file__).parent.parent / "src" / "inkmint" / "weights"
SEED = 0
RECIPES = (find_recipe("hao2020/lenet-attention-quick"), find_recipe("hu2024/acgan-sa-quick"))


def card(recipe: Recipe, figures: Sequence[Figure], seconds: float) -> str:
    rows = "\n".join(
        f"| {figure.name} | {value_in_words(figure.value, figure.unit)} | {interval_in_words(figure)} "
        f"| {'' if figure.reference is None else value_in_words(figure.reference, figure.unit)} "
        f"| {figure.num_images:,} |"
        for figure in figures
    )
    machine = environment()
    return f"""# {recipe.model}

{find(recipe.model).about} ({find(recipe.model).paper}).

- Recipe `{recipe.name}`, {recipe.epochs} epochs, seed {SEED}; {seconds:.0f} s of training on {machine["processor"]},
  {machine["threads"]} threads, torch {machine["versions"]["torch"]}.
- Data: MNIST, the first 50,000 training images; progress watched on the last 10,000, which decided nothing.
- Made {datetime.now(UTC):%Y-%m-%d} by `make weights` with inkmint {machine["versions"]["inkmint"]}.
- Licence: MIT, like the rest of the package. MNIST is by LeCun, Cortes and Burges (CC BY-SA 3.0).

Measured on the MNIST test images. One training run: the intervals are over images, not over seeds.

| figure | value | 95 % interval | bound | images |
|---|---:|---:|---:|---:|
{rows}

It knows digits as MNIST shows them: 28x28, bright ink on dark, 20 pixels tall, centred. Nothing is promised of others.
"""


def main() -> None:
    splits = load_splits("mnist")
    if splits.source != "mnist":
        sys.exit("The full MNIST is needed; fetch it with: inkmint data fetch mnist")
    with tempfile.TemporaryDirectory() as scratch:
        judge: Recogniser | None = None
        for recipe in RECIPES:
            watch = judge.judge if judge else None
            run = train(
                recipe, splits, Path(scratch), seed=SEED, judge=watch, observers=[Display(recipe.model)]
            )
            judge = judge or Recogniser.from_pretrained(run.path)
            evaluation = evaluate_subject(
                str(run.path), splits, lambda judge=judge: judge, num_minted=10_000, seed=SEED
            )
            folder = WEIGHTS / recipe.model
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(run.model_path, folder)
            write_text(folder / "README.md", card(recipe, evaluation.figures, run.read_status()["seconds"]))
            print((folder / "README.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
