"""lin2018: PacGAN's stacked digits, with which it shows what packing does against mode collapse.

These recipes are for `--data stacked-mnist`.
"""

from inkmint.recipes.common import in_a_hurry, players
from inkmint.training.recipe import Optimiser, Recipe

_DCGAN = Recipe(
    name="lin2018/dcgan-stacked",
    model="dcgan",
    about="for --data stacked-mnist: batch 64, Adam at 0.0002, 50 epochs, as in PacGAN's code",
    choices=(
        "For three digits an image (--data stacked-mnist), not MNIST; parameters are counted for one. Batch, rate, "
        "beta1, epochs and latents of 100 are those of the authors' code. Theirs has four layers of 64 to 512 maps of "
        "5x5 in each player, uniform latents, pixels in 0..1, two generator steps to one of the discriminator, and "
        "digits of the test set among the training images; ours has the layers of qin2021's DCGAN, normal latents, "
        "pixels in -1..1, one step, and training images only. To pack m images set options.packing to m, and for as "
        "many steps of as many packs as theirs m times the batch and the epochs."
    ),
    epochs=50,
    batch_size=64,
    optimisers=players(Optimiser(learning_rate=2e-4, beta1=0.5)),
)

RECIPES = (
    _DCGAN,
    in_a_hurry(
        _DCGAN,
        about="for --data stacked-mnist: 4 epochs with half the channels at higher, falling rates",
        choices=(
            "For a laptop and three digits an image (--data stacked-mnist); parameters are counted for one. Half the "
            "channels, Adam at 0.002 (generator) and 0.0005 (discriminator) falling linearly, weights averaged, 4 "
            "epochs; no label smoothing, so that packing is the only remedy against mode collapse."
        ),
        options={"num_channels": 32},
        epochs=4,
        optimisers=players(
            Optimiser(learning_rate=2e-3, beta1=0.5), Optimiser(learning_rate=5e-4, beta1=0.5)
        ),
    ),
)


def packed(recipe: Recipe, packing: int) -> Recipe:
    """The recipe with packs of so many images: as many steps, of as many packs.

    PacGAN's epoch is 128,000 packs and its batch 64 packs, whatever the packing. An epoch of ours is all images once,
    so that it takes `packing` times the epochs, and the time, for as many steps.

    Args:
        recipe: Without packing.
        packing: M, images of a pack; 1 changes nothing.

    Raises:
        SettingsError: The model cannot pack so many.
    """
    if packing == 1:
        return recipe
    return recipe.derive(
        **{
            "name": f"{recipe.name}-pack{packing}",
            "options.packing": packing,
            "batch_size": packing * recipe.batch_size,
            "epochs": packing * recipe.epochs,
        }
    )
