"""What recipes of several papers share."""

from inkmint.training.recipe import Optimiser


def players(
    generator: Optimiser, discriminator: Optimiser | None = None, **others: Optimiser
) -> dict[str, Optimiser]:
    """Optimisers of a GAN; the discriminator takes the generator's unless it has its own."""
    return {"generator": generator, "discriminator": discriminator or generator, **others}
