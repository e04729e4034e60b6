"""qin2021: GAN, DCGAN and CGAN compared, and the guidance network that it names as the remedy."""

from inkmint.recipes.common import in_a_hurry, players
from inkmint.training.recipe import Optimiser, Recipe

_ADAM = Optimiser(learning_rate=2e-4, beta1=0.5)
_SIZES = (
    "Neither layer sizes nor optimiser are printed: the sizes of raza2021, dropout 0.3, Adam with beta1 0.5. "
)

_GAN = Recipe(
    name="qin2021/gan",
    model="gan",
    about="minimax, batch 100, rate 0.0002, 100 epochs, as printed",
    choices=f"{_SIZES}The objective is equation 1 as printed, which lets the generator stall when it is far behind.",
    options={"loss": "minimax"},
    epochs=100,
    batch_size=100,
    optimisers=players(_ADAM),
)

_CGAN = Recipe(
    name="qin2021/cgan",
    model="cgan",
    about="minimax with labels, Xavier initialisation, 100 epochs, as printed",
    choices=f"{_SIZES}Batch and rate are those that the document gives for its GAN. The objective is equation 2.",
    options={"loss": "minimax"},
    epochs=100,
    batch_size=100,
    optimisers=players(_ADAM),
)

_DCGAN = Recipe(
    name="qin2021/dcgan",
    model="dcgan",
    about="the four rules, Adam with beta1 0.5, 20 epochs, as printed",
    choices=(
        "Channels (128 and 64), batch 128 and rate 0.0002 are not printed: batch, rate and N(0, 0.02) weights are "
        "those of Radford et al. (2016). The generator minimises -log D: no loss is printed for it."
    ),
    epochs=20,
    batch_size=128,
    optimisers=players(_ADAM),
)

_MGGAN = Recipe(
    name="qin2021/mggan",
    model="mggan",
    about="the GAN with a guidance network, 100 epochs",
    choices=(
        f"{_SIZES}The document names the remedy only; the autoencoder (codes of 64, 1,000 steps ahead of the GAN) and "
        "the guidance network are ours after Bang and Shim (2018). Both players use the non-saturating loss."
    ),
    epochs=100,
    batch_size=100,
    optimisers=players(_ADAM, encoder=Optimiser(learning_rate=1e-3), guide=_ADAM),
)

_FAST = Optimiser(learning_rate=5e-4, beta1=0.5)

RECIPES = (
    _GAN,
    _CGAN,
    _DCGAN,
    _MGGAN,
    in_a_hurry(
        _GAN,
        about="minimax, 8 epochs at a higher, falling rate",
        choices="For a laptop: batch 128, Adam at 0.0005 falling linearly, weights averaged; still minimax.",
        epochs=8,
        batch_size=128,
        optimisers=players(_FAST),
    ),
    in_a_hurry(
        _CGAN,
        about="8 epochs, non-saturating, at a higher, falling rate",
        choices="For a laptop: the non-saturating loss, batch 128, Adam at 0.0005 falling linearly, weights averaged.",
        options={},
        epochs=8,
        batch_size=128,
        optimisers=players(_FAST),
    ),
    in_a_hurry(
        _DCGAN,
        about="4 epochs with half the channels at higher, falling rates",
        choices=(
            "For a laptop: half the channels, batch 64, Adam at 0.002 (generator) and 0.0005 (discriminator) "
            "falling linearly, labels smoothed by 0.1, weights averaged."
        ),
        options={"num_channels": 32, "label_smoothing": 0.1},
        epochs=4,
        batch_size=64,
        optimisers=players(
            Optimiser(learning_rate=2e-3, beta1=0.5), Optimiser(learning_rate=5e-4, beta1=0.5)
        ),
    ),
    in_a_hurry(
        _MGGAN,
        about="9 epochs at higher, falling rates",
        choices=(
            "For a laptop: batch 128, Adam at 0.0005 (0.0001 for the guide) falling linearly, weights averaged, 400 "
            "encoder steps."
        ),
        options={"encoder_steps": 400},
        epochs=9,
        batch_size=128,
        optimisers=players(
            _FAST,
            encoder=Optimiser(learning_rate=1e-3),
            guide=Optimiser(learning_rate=1e-4, beta1=0.5),
        ),
    ),
)
