"""What recipes of several papers share."""

from typing import Any

from inkmint.training.recipe import Optimiser, Recipe, Schedule


def players(
    generator: Optimiser, discriminator: Optimiser | None = None, **others: Optimiser
) -> dict[str, Optimiser]:
    """Optimisers of a GAN; the discriminator takes the generator's unless it has its own."""
    return {"generator": generator, "discriminator": discriminator or generator, **others}


def in_a_hurry(paper: Recipe, **changes: Any) -> Recipe:
    """The quick variant of a GAN's recipe: a rate that falls from 40 % of the run on, and averaged weights."""
    return paper.derive(
        **{
            "name": f"{paper.name}-quick",
            "schedule": Schedule(kind="linear-decay", turn=0.4),
            "average": 0.999,
            **changes,
        }
    )
