"""hu2024: auxiliary-classifier GANs, without and with self-attention."""

from inkmint.recipes.common import in_a_hurry, players
from inkmint.training.recipe import Optimiser, Recipe


def _paper(model: str) -> Recipe:
    return Recipe(
        name=f"hu2024/{model}",
        model=model,
        about="50 epochs",
        choices=(
            "The document prints no sizes, optimiser, batch or number of epochs. Batch 64 and Adam at 0.0002 with "
            "beta1 0.5 are those of Odena et al. (2017), which it builds on; 50 epochs and the layer sizes are ours."
        ),
        epochs=50,
        batch_size=64,
        optimisers=players(Optimiser(learning_rate=2e-4, beta1=0.5)),
    )


def _quick(paper: Recipe) -> Recipe:
    return in_a_hurry(
        paper,
        about="3 epochs at a higher, falling rate",
        choices=(
            "For a laptop: latents of 64, spectral normalisation in the discriminator as in SAGAN, Adam at 0.002 (0.5, "
            "0.99) falling linearly, weights averaged."
        ),
        options={"latent_size": 64, "spectral_norm": True},
        epochs=3,
        optimisers=players(Optimiser(learning_rate=2e-3, beta1=0.5, beta2=0.99)),
    )


_ACGAN, _ACGAN_SA = _paper("acgan"), _paper("acgan-sa")

_ON_PAPER = _quick(_ACGAN_SA).derive(
    name="hu2024/acgan-sa-paper",
    about="acgan-sa-quick, dark ink on white paper",
    choices=(
        "The document sees its generator turn dark backgrounds into bright ones as it trains and does not say how. "
        "Here the training images are dark ink on white, and every epoch records background and contrast."
    ),
    background="paper",
)

RECIPES = (_ACGAN, _ACGAN_SA, _quick(_ACGAN), _quick(_ACGAN_SA), _ON_PAPER)
