"""Every paper's protocol as data, a quick variant of each for a laptop, and our own.

A recipe's `choices` says where its document is silent or contradicts itself, and what we chose.
"""

from collections.abc import Mapping
from pathlib import Path

from inkmint.errors import SettingsError, did_you_mean
from inkmint.recipes import few_labels, hao2020, hu2024, inkmint, lin2018, qin2021, raza2021, rzayev2021
from inkmint.training.recipe import Recipe, load

RECIPES: Mapping[str, Recipe] = {
    recipe.name: recipe
    for paper in (raza2021, qin2021, rzayev2021, hu2024, hao2020, lin2018, inkmint, few_labels)
    for recipe in paper.RECIPES
}


def find_recipe(name_or_path: str) -> Recipe:
    """The recipe of that name, or the one in a TOML or JSON file.

    The document's name may be left out where no two recipes share the rest: `acgan-sa-quick`.

    Raises:
        SettingsError: There is none, or several; the message names them.
    """
    if name_or_path in RECIPES:
        return RECIPES[name_or_path]
    if name_or_path.endswith((".toml", ".json")):
        return load(Path(name_or_path))
    short = [recipe for name, recipe in RECIPES.items() if name.split("/")[1] == name_or_path]
    if len(short) == 1:
        return short[0]
    if short:
        raise SettingsError(
            f"Several papers have a recipe {name_or_path!r}; "
            f"give one of {', '.join(recipe.name for recipe in short)}."
        )
    raise SettingsError(
        f"There is no recipe {name_or_path!r}{did_you_mean(name_or_path, RECIPES)}; "
        f"choose one of {', '.join(RECIPES)}, or give a TOML or JSON file."
    )
