"""A training run of a script that can be stopped at any time and called again."""

from pathlib import Path

from inkmint.cli.display import Display
from inkmint.data.digits import Splits
from inkmint.training.recipe import Recipe
from inkmint.training.runs import Run
from inkmint.training.session import resume, train
from inkmint.training.views import Judge


def finished(recipe: Recipe, splits: Splits, path: Path, *, seed: int, judge: Judge | None = None) -> Run:
    """The run at this path when it has finished: new, gone on with where it was interrupted, or as it lies there."""
    if not path.exists():
        observers = [Display(path.name)]
        return train(recipe, splits, path.parent, name=path.name, seed=seed, judge=judge, observers=observers)
    run = Run.open(path)
    if run.read_status().get("state") == "finished" and run.read_config().recipe == recipe:
        return run
    asked = {"recipe": recipe.model_dump(mode="json"), "seed": seed}
    return resume(run, splits, asked=asked, judge=judge, observers=[Display(path.name, run.read_metrics())])
