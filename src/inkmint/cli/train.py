"""`inkmint train`: train a recipe into a run folder, or go on with one."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from inkmint.cli.options import (
    data_option,
    device_option,
    given,
    json_option,
    runs_option,
    seed_option,
    threads_option,
)
from inkmint.errors import SettingsError

if TYPE_CHECKING:
    from inkmint.data.digits import Splits
    from inkmint.training.recipe import Recipe
    from inkmint.training.runs import Run
    from inkmint.training.views import Judge

_FOLDER = click.Path(path_type=Path)


@click.command()
@click.argument("recipe", required=False)
@data_option
@click.option(
    "--set", "assignments", multiple=True, metavar="FIELD=VALUE", help="Change a field of the recipe."
)
@click.option("--epochs", type=click.IntRange(min=1), help="The same as --set epochs=N.")
@seed_option
@device_option
@threads_option
@runs_option
@click.option("--resume", type=_FOLDER, metavar="RUN", help="Go on with this run, to the same weights.")
@click.option("--init-from", type=_FOLDER, metavar="RUN|MODEL", help="Start a new run from these weights.")
@click.option(
    "--judge",
    default="judge-v1",
    show_default=True,
    metavar="MODEL|none",
    help="Watches a generator learn.",
)
@json_option
@click.pass_context
def train(
    context: click.Context,
    recipe: str | None,
    data: str,
    assignments: tuple[str, ...],
    epochs: int | None,
    seed: int,
    device: str,
    threads: int | None,
    runs: Path,
    resume: Path | None,
    init_from: Path | None,
    judge: str,
    as_json: bool,
) -> None:
    """Train RECIPE (a name of `inkmint recipes`, or a TOML or JSON file) into a new run folder.

    \b
    inkmint train acgan-sa-quick
    inkmint train lenet-quick --data my-digits/ --set epochs=20
    inkmint train --resume runs/hu2024-acgan-sa-quick-s0-0001

    Ctrl-C leaves a run that can be resumed. Under `torchrun` the workers share each batch.
    """  # noqa: D301 - click reads the character \b
    from inkmint.cli.display import Display
    from inkmint.cli.progress import loaded
    from inkmint.recipes import find_recipe
    from inkmint.training import session
    from inkmint.training.recipe import assignment
    from inkmint.training.runs import Run

    changes = dict(assignment(text) for text in assignments)
    if epochs is not None:
        changes["epochs"] = epochs

    if resume is not None:
        if init_from is not None:
            raise SettingsError(
                "--resume goes on with a run and --init-from starts a new one; give one of them."
            )
        run = Run.open(resume)
        config = run.read_config()
        chosen = find_recipe(recipe) if recipe else config.recipe
        asked: dict[str, Any] = {"recipe": chosen.derive(**changes).model_dump(mode="json")}
        values = {"seed": seed, "device": device, "threads": threads}
        asked |= {name: value for name, value in values.items() if given(context, name) and value != "auto"}
        splits = loaded(data if given(context, "data") else config.data)
        run = session.resume(
            run,
            splits,
            asked=asked,
            judge=_judge(judge, config.recipe, splits),
            observers=[Display(config.recipe.name, run.read_metrics())],
        )
    else:
        if recipe is None:
            raise SettingsError(
                "Name a recipe to train, such as acgan-sa-quick; `inkmint recipes` lists them."
            )
        chosen = find_recipe(recipe).derive(**changes)
        splits = loaded(data)
        run = session.train(
            chosen,
            splits,
            runs,
            seed=seed,
            device=device,
            threads=threads,
            judge=_judge(judge, chosen, splits),
            observers=[Display(chosen.name)],
            init_from=init_from,
        )
    _report(run, as_json)


def _judge(name: str, recipe: "Recipe", splits: "Splits") -> "Judge | None":
    from inkmint.data.digits import DIGIT_NAMES
    from inkmint.data.stacked import is_stacked
    from inkmint.evaluation.judge import load_judge
    from inkmint.training.views import StackedJudge
    from inkmint.zoo import find

    if name == "none" or find(recipe.model).kind != "generator":
        return None
    judge = load_judge(name)
    if judge.class_names == splits.train.class_names:
        return judge.recogniser.judge
    if is_stacked(splits.train) and judge.class_names == DIGIT_NAMES:
        return StackedJudge(judge.recogniser.judge)
    click.echo(
        f"The judge {name!r} knows other classes than {splits.source}: nothing watches this generator; train one "
        f"with: inkmint judge train --data {splits.source}",
        err=True,
    )
    return None


def _report(run: "Run", as_json: bool) -> None:
    from inkmint.runtime import Workers

    if not Workers.join().is_first:
        return
    last: dict[str, Any] = next(
        (record for record in reversed(run.read_metrics()) if "figures" in record), {}
    )
    seen = {"figures": last.get("figures", {}), "findings": last.get("findings", [])}
    if as_json:
        click.echo(json.dumps({"run": str(run.path), **run.read_status(), **seen}, indent=2))
    else:
        click.echo(f"{run.path}: finished; mint or look with `inkmint sample` and `inkmint evaluate`.")
