"""Train the models that come with inkmint and write them, each with its card, into src/inkmint/weights/.

    make weights                                              the reader and the generator
    python scripts/build_weights.py judge-v1                  one by its name
    python scripts/build_weights.py judge-v1 --run runs/...   one from a finished run of its recipe, untrained

The cards' figures are what this script measured on MNIST. A judge prints the hash to pin in
src/inkmint/evaluation/judge.py. A judge that is pinned already is not trained again without --force, which breaks every
comparison with its earlier figures: a new judge is a new version, with a new name there.
"""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
from train_zoo import protocol

from inkmint.cli.display import Display
from inkmint.data.digits import Splits
from inkmint.data.sources import load_splits
from inkmint.evaluation.figure import Figure, interval_in_words, value_in_words
from inkmint.evaluation.judge import JUDGE, PINS, SECOND_JUDGE, as_judge, load_judge
from inkmint.evaluation.subjects import evaluate_subject
from inkmint.files import write_text
from inkmint.models import Recogniser
from inkmint.recipes import find_recipe
from inkmint.runtime import environment
from inkmint.studies.judges import training_facts, write_judge
from inkmint.training.recipe import Recipe
from inkmint.training.runs import Run
from inkmint.training.session import train
from inkmint.zoo import find

WEIGHTS = Path(__file__).parent.parent / "src" / "inkmint" / "weights"
SEED = 0
RECIPES = {
    JUDGE: "inkmint/judge",
    SECOND_JUDGE: "inkmint/second-judge",
    "lenet-attention": "hao2020/lenet-attention-quick",
    "acgan-sa": "hu2024/acgan-sa-quick",
}
LICENCE = "Licence: MIT, like the rest of the package. MNIST is by LeCun, Cortes and Burges (CC BY-SA 3.0)."
SCOPE = (
    "It knows digits as MNIST shows them: 28x28, bright ink on dark, 20 pixels tall, centred. Nothing is promised of "
    "others."
)


def made(name: str) -> str:
    version = environment()["versions"]["inkmint"]
    return (
        f"Made {datetime.now(UTC):%Y-%m-%d} by `python scripts/build_weights.py {name}`, inkmint {version}."
    )


def card(name: str, recipe: Recipe, run: Run, figures: Sequence[Figure]) -> str:
    rows = "\n".join(
        f"| {figure.name} | {value_in_words(figure.value, figure.unit)} | {interval_in_words(figure)} "
        f"| {'' if figure.reference is None else value_in_words(figure.reference, figure.unit)} "
        f"| {figure.num_images:,} |"
        for figure in figures
    )
    return f"""# {name}

{find(recipe.model).about} ({find(recipe.model).paper}).

- {training_facts(run)}
- Data: MNIST, the first 50,000 training images; progress watched on the last 10,000, which decided nothing.
- {made(name)}
- {LICENCE}

Measured on the MNIST test images. One training run: the intervals are over images, not over seeds.

| figure | value | 95 % interval | bound | images |
|---|---:|---:|---:|---:|
{rows}

{SCOPE}
"""


def install_judge(name: str, run: Run, splits: Splits) -> None:
    recogniser = Recogniser.from_pretrained(run.path)
    recogniser.config_ = recogniser.config_.model_copy(update={"recipe": RECIPES[name]})
    judge = replace(as_judge(recogniser), name=name)
    folder = WEIGHTS / name
    shutil.rmtree(folder, ignore_errors=True)
    sheet = write_judge(judge, splits, folder, facts=[training_facts(run), made(name), LICENCE, SCOPE])
    click.echo((folder / "README.md").read_text(encoding="utf-8"))
    click.echo(f'Pin it in src/inkmint/evaluation/judge.py: PINS[{name!r}] = "{sheet.weights_sha256}"')


def install_model(name: str, run: Run, splits: Splits) -> None:
    evaluation = evaluate_subject(
        str(run.path),
        splits,
        lambda: load_judge(JUDGE),
        second=lambda: load_judge(SECOND_JUDGE),
        num_minted=10_000,
        seed=SEED,
    )
    folder = WEIGHTS / name
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(run.model_path, folder)
    write_text(folder / "README.md", card(name, find_recipe(RECIPES[name]), run, evaluation.figures))
    click.echo((folder / "README.md").read_text(encoding="utf-8"))


def trained(name: str, splits: Splits, scratch: Path) -> Run:
    recipe = find_recipe(RECIPES[name])
    watch = load_judge(JUDGE).recogniser.judge if find(recipe.model).kind == "generator" else None
    return train(recipe, splits, scratch, seed=SEED, judge=watch, observers=[Display(name)])


def require_run_of(name: str, run: Run, splits: Splits) -> Run:
    config = run.read_config()
    found = {**protocol(config.recipe), "name": "", "data": config.data_fingerprint, "seed": config.seed}
    wanted = {
        **protocol(find_recipe(RECIPES[name])),
        "name": "",
        "data": splits.train.fingerprint,
        "seed": SEED,
    }
    if differing := [field for field in wanted if found[field] != wanted[field]]:
        raise click.UsageError(f"{run.path} is no run of {RECIPES[name]}: {', '.join(differing)} differ.")
    return run


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(RECIPES)))
@click.option(
    "--run", "run_path", type=click.Path(path_type=Path), help="A finished run in place of training."
)
@click.option("--force", is_flag=True, help="Replace a judge that is pinned.")
def main(names: tuple[str, ...], run_path: Path | None, force: bool) -> None:
    """Build the models of these NAMES; without any, all but the judges."""
    names = names or tuple(name for name in RECIPES if name not in PINS)
    for name in names:
        if PINS.get(name) and not force:
            raise click.UsageError(f"{name} is pinned; give a new judge a new name, or --force.")
    if run_path is not None and len(names) != 1:
        raise click.UsageError("--run is of one model; name it alone.")
    splits = load_splits("mnist")
    if splits.source != "mnist":
        raise click.ClickException("The full MNIST is needed; fetch it with: inkmint data fetch mnist")
    for name in names:
        with tempfile.TemporaryDirectory() as scratch:
            run = (
                require_run_of(name, Run.open(run_path), splits)
                if run_path
                else trained(name, splits, Path(scratch))
            )
            (install_judge if name in PINS else install_model)(name, run, splits)


if __name__ == "__main__":
    main()
