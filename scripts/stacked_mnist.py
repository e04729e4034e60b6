"""Train generators on stacked MNIST and count the modes they find, as PacGAN's table 2 does: GANs with packing, too.

    python scripts/stacked_mnist.py [--recipe RECIPE] [--epochs N] [--seeds N] [--packings 1,2]
    python scripts/stacked_mnist.py --recipe inkmint/house-quick --packings 1 --seeds 3

Writes docs/stacked/results.json and a sheet of every generator; `make docs` turns them into docs/stacked-mnist.md. What
has a result is skipped and an interrupted run goes on, so it can be stopped at any time. Sheets are of the first
images, and the results hold the seconds that each run took.
"""

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import torch
from resumable import finished

from inkmint.data.digits import DigitSet, Splits
from inkmint.data.sheet import grid, save_png
from inkmint.data.sources import load_splits
from inkmint.data.stacked import is_stacked
from inkmint.evaluation.judge import JUDGE, NamedJudge, load_judge
from inkmint.evaluation.stacked import NUM_MINTED, evaluate_stacked
from inkmint.files import write_json
from inkmint.models import Generator
from inkmint.recipes import find_recipe
from inkmint.recipes.lin2018 import packed
from inkmint.runtime import machine_in_words
from inkmint.training.recipe import Recipe
from inkmint.training.runs import Run
from inkmint.training.views import StackedJudge
from inkmint.zoo import find

FOLDER = Path(__file__).parent.parent / "docs" / "stacked"
RESULTS = FOLDER / "results.json"
RUNS = Path("runs") / "stacked-mnist"
SOURCE = "stacked-mnist"
MINTING_SEED = 0
SHEET_IMAGES, SHEET_COLUMNS = 80, 16

PRINTED: Mapping[int, tuple[str, str]] = {
    1: ("78.9 ± 6.46", "4.50 ± 0.127"),
    2: ("1000.0 ± 0.00", "0.06 ± 0.003"),
    3: ("1000.0 ± 0.00", "0.06 ± 0.003"),
    4: ("1000.0 ± 0.00", "0.07 ± 0.005"),
}
"""Modes and KL by packing: Lin et al. (2018), table 2, "our implementation" and PacDCGAN2 to 4; means of 10 trials with
standard errors."""

QUOTED = (
    ("DCGAN", "99.0", "3.40"),
    ("ALI", "16.0", "5.40"),
    ("Unrolled GAN", "48.7", "4.32"),
    ("VEEGAN", "150.0", "2.95"),
)
"""The same table's upper half."""


def run_name(recipe: Recipe, seed: int) -> str:
    return f"{recipe.name.replace('/', '-')}-e{recipe.epochs}-s{seed}"


def read_results() -> dict[str, Any]:
    results: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    return results


def drawn(generator: Generator) -> DigitSet:
    """What is counted; of a generator that knows classes, random ones are asked for, as its training draws them.

    As many of every class would come nearer to even shares than the drawing alone allows.
    """
    if not generator.conditional:
        return generator.mint(NUM_MINTED, seed=MINTING_SEED)
    random = torch.Generator().manual_seed(MINTING_SEED)
    labels_N = torch.randint(len(generator.class_names), (NUM_MINTED,), generator=random)
    images = generator.sample(NUM_MINTED, labels=labels_N.numpy(), seed=MINTING_SEED)
    return DigitSet(torch.from_numpy(images), labels_N, f"minted by {generator.name}", generator.class_names)


def packs(recipe: str) -> bool:
    """Whether what the recipe trains can judge several images together."""
    return "packing" in find(find_recipe(recipe).model).options


def measured(recipe: Recipe, seed: int, run: Run, splits: Splits, judge: NamedJudge) -> dict[str, Any]:
    generator = Generator.from_pretrained(run.path)
    minted = drawn(generator)
    save_png(
        grid(minted.images[:SHEET_IMAGES].numpy(), SHEET_COLUMNS), FOLDER / f"{run_name(recipe, seed)}.png"
    )
    modes, divergence = evaluate_stacked(minted, splits, judge, seeds=(seed,)).figures
    return {
        "recipe": recipe.name,
        "packing": recipe.options.get("packing", 1),
        "epochs": recipe.epochs,
        "seed": seed,
        "figures": [modes.model_dump(mode="json"), divergence.model_dump(mode="json")],
        "seconds": run.read_status()["seconds"],
        "protocol": recipe.deciding(),
        "data": splits.train.fingerprint,
        "machine": machine_in_words(run.read_environment()),
    }


def page(results: Mapping[str, Any]) -> str:
    """What was measured beside what the paper prints; one table for every recipe, length and judge."""
    groups: dict[tuple[str, int, str], dict[int, list[Any]]] = {}
    for result in results.values():
        packing = result["packing"]
        base = result["recipe"].removesuffix(f"-pack{packing}")
        key = (base, result["epochs"] // packing, result["figures"][0]["name"])
        groups.setdefault(key, {}).setdefault(packing, []).append(result)
    tables = [line for key, group in groups.items() for line in table(*key, group)]
    machines = sorted({result["machine"] for result in results.values()})
    return "\n".join(
        [
            "# Stacked MNIST: how many of 1,000 modes a generator finds",
            "",
            "Three random MNIST digits are the colour channels of one image, so that there are 1,000 classes, about",
            "equally frequent. A generator that has learnt from 128,000 such images draws 26,000; a judge reads every",
            "channel; we count the classes found, and take the divergence KL(p || u) of their shares from even",
            "ones, in nats. Packing lets the discriminator judge several images together, against mode collapse. A",
            "generator that knows classes is asked for random ones of the 1,000.",
            "",
            "The protocol, and the columns named PacGAN, are those of Lin et al., PacGAN (NeurIPS 2018,",
            "arXiv:1712.04086), section 4.1 and table 2 as [their repository](https://github.com/fjxmlzn/PacGAN) has",
            "it: means of 10 trials with standard errors. Their networks are larger than ours; they train for 50",
            "epochs of 2,000 steps, take two steps of the generator to one of the discriminator, and draw training",
            "digits from MNIST's test images as well. `inkmint recipes lin2018/dcgan-stacked` says what else differs.",
            "An epoch here is 128,000 packs, as theirs: 2,000 steps of 64.",
            "",
            f"Made by `python scripts/stacked_mnist.py`{' on ' + '; '.join(machines) if machines else ''}. Ours: with",
            "one seed the value and its 95 % interval over images; with several the mean and the standard error over",
            "seeds. Even draws of 26,000 images find all 1,000 classes and diverge by 0.019 from the drawing alone.",
            "",
            *(tables or ["No results yet.", "", *printed_alone()]),
            "## Other GANs",
            "",
            "The upper half of PacGAN's table 2, which it sets beside its own.",
            "",
            "| GAN | modes | KL |",
            "|---|---:|---:|",
            *(f"| {name} | {modes} | {divergence} |" for name, modes, divergence in QUOTED),
            *(["", "## Sheets", "", "The first 80 images of the first seed, not chosen."] if groups else []),
            *(
                line
                for group in groups.values()
                for packing in sorted(group)
                for line in sheets(group[packing])
            ),
            "",
        ]
    )


def printed_alone() -> list[str]:
    return [
        "| packing | modes, PacGAN | KL, PacGAN |",
        "|---:|---:|---:|",
        *(f"| {packing} | {modes} | {divergence} |" for packing, (modes, divergence) in PRINTED.items()),
        "",
    ]


def table(recipe: str, epochs: int, figure: str, group: Mapping[int, Sequence[Any]]) -> list[str]:
    examples = next(iter(group.values()))[0]["figures"]
    real_modes, real_divergence = (each["reference"] for each in examples)
    return [
        f"## `{recipe}`, {epochs} {'epoch' if epochs == 1 else 'epochs'}",
        "",
        f"`{figure}` and its divergence, by the judge with the weights {examples[0]['judge_sha256'][:12]}.",
        "",
        "| packing | modes, PacGAN | KL, PacGAN | modes, ours | KL, ours | seeds | seconds a run |",
        "|---:|---:|---:|---:|---:|---:|---:|",
        f"| real test digits | | | {real_modes:,.0f} | {real_divergence:.3f} | | |",
        *(
            row(packing, group.get(packing, ()))
            for packing in sorted({*(PRINTED if packs(recipe) else ()), *group})
        ),
        "",
    ]


def row(packing: int, results: Sequence[Any]) -> str:
    """PacGAN's figures beside ours; those without packing beside what cannot be packed."""
    printed = " | ".join(PRINTED.get(packing, ("", "")))
    if not results:
        return f"| {packing} | {printed} | not trained yet | | | |"
    modes, divergence = (
        summary([result["figures"][place] for result in results], digits)
        for place, digits in enumerate((1, 3))
    )
    seconds = statistics.mean(result["seconds"] for result in results)
    return f"| {packing} | {printed} | {modes} | {divergence} | {len(results)} | {seconds:.0f} |"


def summary(figures: Sequence[Any], digits: int) -> str:
    values = [figure["value"] for figure in figures]
    if len(values) == 1:
        low, high = figures[0]["interval"]
        return f"{values[0]:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"
    error = statistics.stdev(values) / len(values) ** 0.5
    return f"{statistics.mean(values):.{digits}f} ± {error:.{digits}f}"


def sheets(results: Sequence[Any]) -> list[str]:
    """The first seed's sheet."""
    first = min(results, key=lambda result: result["seed"])
    name = f"{first['recipe'].replace('/', '-')}-e{first['epochs']}-s{first['seed']}"
    return ["", f"### {name}", "", f"![stacked digits by {name}](stacked/{name}.png)"]


def as_packings(context: click.Context, parameter: click.Parameter, text: str) -> list[int]:  # noqa: ARG001
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        raise click.BadParameter("give whole numbers with commas, such as 1,2,4") from error


@click.command()
@click.option("--recipe", default="lin2018/dcgan-stacked-quick", show_default=True, help="What is packed.")
@click.option("--epochs", type=click.IntRange(min=1), help="Of 2,000 steps; default: the recipe's.")
@click.option("--seeds", type=click.IntRange(min=1), default=1, show_default=True, help="How many.")
@click.option("--packings", default="1,2", show_default=True, callback=as_packings, help="Images of a pack.")
@click.option("--judge", default=JUDGE, show_default=True, help="Recogniser of single digits.")
def main(recipe: str, epochs: int | None, seeds: int, packings: list[int], judge: str) -> None:
    """Train, mint 26,000, count modes; what has a result is skipped."""
    plain = find_recipe(recipe)
    plain = plain if epochs is None else plain.derive(epochs=epochs)
    recipes = [packed(plain, packing) for packing in packings]
    reader = load_judge(judge)
    watch = StackedJudge(reader.recogniser.judge)
    results, splits = read_results(), load_splits(SOURCE)
    if splits.source != SOURCE or not is_stacked(splits.train):
        raise click.ClickException("The full MNIST is needed; fetch it with: inkmint data fetch mnist")
    for seed in range(seeds):
        for chosen in recipes:
            name = run_name(chosen, seed)
            known = results.get(name, {})
            sha256s = {figure["judge_sha256"] for figure in known.get("figures", [])}
            if known.get("protocol") == chosen.deciding() and sha256s == {reader.weights_sha256}:
                continue
            run = finished(chosen, splits, RUNS / name, seed=seed, judge=watch)
            results[name] = measured(chosen, seed, run, splits, reader)
            write_json(RESULTS, results)
            click.echo(f"{name} {json.dumps(results[name]['figures'])}")


if __name__ == "__main__":
    main()
