"""Every paper's protocol as data, and a quick variant of each for a laptop.

A recipe's `choices` says where its document is silent or contradicts itself, and what we chose.
"""

from collections.abc import Mapping
from pathlib import Path

from inkmint.data.augment import Augment
from inkmint.errors import SettingsError, did_you_mean
from inkmint.training.recipe import Optimiser, Recipe, Schedule, load


def _pair(generator: Optimiser, discriminator: Optimiser | None = None) -> dict[str, Optimiser]:
    return {"generator": generator, "discriminator": discriminator or generator}


_RAZA2021 = Recipe(
    name="raza2021/gan",
    model="gan",
    about="200 epochs, as printed",
    choices=(
        "The document prints layers and 200 epochs only. Batch 64, Adam at 0.0002 with beta1 0.5, dropout 0.3 and "
        "LeakyReLU of slope 0.2 are ours, being the field's usual values."
    ),
    epochs=200,
    batch_size=64,
    optimisers=_pair(Optimiser(learning_rate=2e-4, beta1=0.5)),
)

_HU2024 = Recipe(
    name="hu2024/acgan-sa",
    model="acgan-sa",
    about="50 epochs",
    choices=(
        "The document prints no sizes, optimiser, batch or number of epochs. Batch 64 and Adam at 0.0002 with beta1 "
        "0.5 are those of Odena et al. (2017), which it builds on; 50 epochs and the layer sizes are ours."
    ),
    epochs=50,
    batch_size=64,
    optimisers=_pair(Optimiser(learning_rate=2e-4, beta1=0.5)),
)


def _hao2020(model: str) -> Recipe:
    return Recipe(
        name=f"hao2020/{model}",
        model=model,
        about="SGD at 0.01, batch 96, 100 epochs, flip and jitter as printed",
        choices=(
            "Plain SGD, as no momentum is named. The document names horizontal flips and 'image jittering' without "
            "sizes: a flip with probability one half, and brightness and contrast by up to 20 %. A flip turns some "
            "digits into no digit at all; it is kept because it is printed."
        ),
        epochs=100,
        batch_size=96,
        optimisers={"recogniser": Optimiser(kind="sgd", learning_rate=0.01, beta1=0.0)},
        augment=Augment(flip=True, jitter=0.2),
    )


def _quick_recogniser(paper: Recipe) -> Recipe:
    return paper.derive(
        name=f"{paper.name}-quick",
        about="one-cycle SGD with momentum, small shifts, 8 epochs",
        choices="For a laptop: momentum, a one-cycle rate and shifts by up to 1.5 pixels in place of 100 epochs.",
        epochs=8,
        optimisers={"recogniser": Optimiser(kind="sgd", learning_rate=0.1, beta1=0.9, weight_decay=5e-4)},
        schedule=Schedule(kind="one-cycle", turn=0.2),
        augment=Augment(shift_px=1.5),
    )


_PAPERS = (_RAZA2021, _HU2024, _hao2020("lenet"), _hao2020("lenet-attention"))

_QUICK = (
    _RAZA2021.derive(
        name="raza2021/gan-quick",
        about="10 epochs at a higher, falling rate",
        choices="For a laptop: 10 epochs, batch 128, Adam at 0.0005 falling linearly, weights averaged.",
        epochs=10,
        batch_size=128,
        optimisers=_pair(Optimiser(learning_rate=5e-4, beta1=0.5)),
        schedule=Schedule(kind="linear-decay", turn=0.4),
        average=0.999,
    ),
    _HU2024.derive(
        name="hu2024/acgan-sa-quick",
        about="3 epochs at a higher, falling rate",
        choices=(
            "For a laptop: latents of 64, spectral normalisation in the discriminator as in SAGAN, Adam at 0.002 (0.5, "
            "0.99) falling linearly, weights averaged."
        ),
        options={"latent_size": 64, "spectral_norm": True},
        epochs=3,
        optimisers=_pair(Optimiser(learning_rate=2e-3, beta1=0.5, beta2=0.99)),
        schedule=Schedule(kind="linear-decay", turn=0.4),
        average=0.999,
    ),
    _quick_recogniser(_PAPERS[2]),
    _quick_recogniser(_PAPERS[3]),
)

RECIPES: Mapping[str, Recipe] = {recipe.name: recipe for recipe in (*_PAPERS, *_QUICK)}


def find_recipe(name_or_path: str) -> Recipe:
    """The recipe of that name, or the one in a TOML or JSON file.

    The document's name may be left out where no two recipes share the rest: `acgan-sa-quick`.

    Raises:
        SettingsError: There is none; the message names the nearest and lists all.
    """
    if name_or_path in RECIPES:
        return RECIPES[name_or_path]
    if name_or_path.endswith((".toml", ".json")):
        return load(Path(name_or_path))
    short = [recipe for name, recipe in RECIPES.items() if name.split("/")[1] == name_or_path]
    if len(short) == 1:
        return short[0]
    raise SettingsError(
        f"There is no recipe {name_or_path!r}{did_you_mean(name_or_path, RECIPES)}; "
        f"choose one of {', '.join(RECIPES)}, or give a TOML or JSON file."
    )
