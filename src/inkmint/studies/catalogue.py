"""The recipes and their models as one table, for the command line, scripts and the documentation."""

from typing import Any

import torch
from torch import nn

from inkmint.data.digits import DIGIT_NAMES
from inkmint.options import Choice, Option, Switch
from inkmint.recipes import RECIPES
from inkmint.specs import FittedSpec
from inkmint.training.recipe import Recipe
from inkmint.zoo import find


def catalogue() -> list[dict[str, Any]]:
    """One entry per recipe, in the order of the documents."""
    return [entry(recipe) for recipe in RECIPES.values()]


def entry(recipe: Recipe) -> dict[str, Any]:
    """A recipe with its model: paper, parameters, options, and whether labels decide what is drawn.

    Returns:
        Plain data. `paper` is that of the recipe's name, or the model's where the name has none. Parameters count what
        training changes, all networks together and by network, what two have in common with the first; a model that is
        `fitted` has None and nothing.
    """
    spec = find(recipe.model)
    fitted = isinstance(spec, FittedSpec)
    counts = {} if fitted else _parameters(recipe)
    settings = spec.settle(recipe.options)
    return {
        "recipe": recipe.name,
        "model": recipe.model,
        "paper": recipe.name.rpartition("/")[0] or spec.paper,
        "kind": spec.kind,
        "conditional": spec.conditional,
        "fitted": fitted,
        "parameters": None if fitted else sum(counts.values()),
        "parameters_by_network": counts,
        "printed_parameters": dict(spec.printed_parameters),
        "epochs": recipe.epochs,
        "batch_size": recipe.batch_size,
        "about": recipe.about,
        "model_about": spec.about,
        "choices": recipe.choices,
        "options": {
            name: {**described(option), "value": settings[name]} for name, option in spec.options.items()
        },
    }


def described(option: Option) -> dict[str, Any]:
    """An option as plain data: its type and default, and the range (`low`, `high`) or the `values` that make sense."""
    data = {"type": type(option).__name__.lower(), **vars(option)}
    match option:
        case Choice():
            data["values"] = list(data.pop("names"))
        case Switch():
            data["values"] = [False, True]
    return data


def _parameters(recipe: Recipe) -> dict[str, int]:
    with torch.device("meta"):
        networks = find(recipe.model).build(recipe.options, len(DIGIT_NAMES))
    counts: dict[str, int] = {}
    counted: set[nn.Parameter] = set()
    for role, network in networks.items():
        own = set(network.parameters()) - counted
        counts[role] = sum(parameter.numel() for parameter in own)
        counted |= own
    return counts
