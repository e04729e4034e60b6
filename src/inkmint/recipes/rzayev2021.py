"""rzayev2021: DCGAN and class-conditional DCGAN by capacity and depth, and principal components."""

from inkmint.recipes.common import in_a_hurry, players
from inkmint.training.recipe import Optimiser, Recipe

_BETA1 = 0.5
_SILENT = (
    "Adam's beta1 is not printed: 0.5, as in the DCGAN that it follows. The generator minimises -log D; the objective "
    "as printed is options.loss = 'minimax'. 25 of the printed 20 to 25 epochs. F, D, B, smoothing and virtual batch "
    "normalisation are options.capacity, options.depth, batch_size, options.label_smoothing and "
    "options.normalisation = 'half-batch'."
)

_DCGAN = Recipe(
    name="rzayev2021/dcgan",
    model="dcgan-dense",
    about="F = D = 1, B = 32, Adam at 0.002, as printed best",
    choices=_SILENT,
    epochs=25,
    batch_size=32,
    optimisers=players(Optimiser(learning_rate=2e-3, beta1=_BETA1)),
)

_CCGAN = Recipe(
    name="rzayev2021/ccgan",
    model="ccgan",
    about="F = D = 1, B = 64, Adam at 0.0001, smoothed labels, as printed best",
    choices=f"{_SILENT} The document smooths one side and prints no amount: 0.1, that of Salimans et al. (2016).",
    options={"label_smoothing": 0.1},
    epochs=25,
    batch_size=64,
    optimisers=players(Optimiser(learning_rate=1e-4, beta1=_BETA1)),
)


def _quick(paper: Recipe, learning_rate: float) -> Recipe:
    return in_a_hurry(
        paper,
        about=f"1 epoch, Adam at {learning_rate:g}, falling",
        choices=(
            f"For a laptop: one epoch, batch 64, Adam at {learning_rate:g} falling linearly, weights averaged."
        ),
        epochs=1,
        batch_size=64,
        optimisers=players(Optimiser(learning_rate=learning_rate, beta1=_BETA1)),
        average=0.99,
    )


def _components(model: str, choices: str) -> Recipe:
    return Recipe(
        name=f"rzayev2021/{model}",
        model=model,
        about="64 components, fitted once",
        choices=choices,
        epochs=1,
        batch_size=100,
        optimisers={},
    )


RECIPES = (
    _DCGAN,
    _CCGAN,
    _quick(_DCGAN, learning_rate=1e-3),
    _quick(_CCGAN, learning_rate=1e-3),
    _components(
        "pca",
        "The document projects training images on the components and calls that generating; ours draws new "
        "coordinates from a Gaussian along each component. 64 components, where the document sees its score level off.",
    ),
    _components("ppca", "Named as open in the document; Tipping and Bishop (1999), 64 components."),
)
