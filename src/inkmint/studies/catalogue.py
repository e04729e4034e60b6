"""The recipes and their models as one table, for the command line, scripts and the documentation."""

from typing import Any

import torch

from inkmint.data.digits import DIGIT_NAMES
from inkmint.recipes import RECIPES
from inkmint.zoo import GanSpec, find


def catalogue() -> list[dict[str, Any]]:
    """One row per recipe: its model, paper, parameters, and whether labels decide what is drawn."""
    rows = []
    for recipe in RECIPES.values():
        spec = find(recipe.model)
        with torch.device("meta"):
            networks = spec.build(recipe.options, len(DIGIT_NAMES))
        counts = {role: sum(p.numel() for p in network.parameters()) for role, network in networks.items()}
        rows.append(
            {
                "recipe": recipe.name,
                "model": recipe.model,
                "paper": spec.paper,
                "kind": spec.kind,
                "conditional": isinstance(spec, GanSpec) and spec.conditional,
                "parameters": sum(counts.values()),
                "parameters_by_network": counts,
                "epochs": recipe.epochs,
                "batch_size": recipe.batch_size,
                "about": recipe.about,
                "model_about": spec.about,
                "choices": recipe.choices,
            }
        )
    return rows
