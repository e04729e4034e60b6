"""raza2021: a fully connected GAN."""

from inkmint.recipes.common import in_a_hurry, players
from inkmint.training.recipe import Optimiser, Recipe

_GAN = Recipe(
    name="raza2021/gan",
    model="gan",
    about="200 epochs, as printed",
    choices=(
        "The document prints layers and 200 epochs only. Batch 64, Adam at 0.0002 with beta1 0.5, dropout 0.3 and "
        "LeakyReLU of slope 0.2 are ours, being the field's usual values."
    ),
    epochs=200,
    batch_size=64,
    optimisers=players(Optimiser(learning_rate=2e-4, beta1=0.5)),
)

RECIPES = (
    _GAN,
    in_a_hurry(
        _GAN,
        about="8 epochs at a higher, falling rate",
        choices="For a laptop: 8 epochs, batch 128, Adam at 0.0005 falling linearly, weights averaged.",
        epochs=8,
        batch_size=128,
        optimisers=players(Optimiser(learning_rate=5e-4, beta1=0.5)),
    ),
)
