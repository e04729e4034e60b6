"""rzayev2021's arms that several of its figures share: grids over capacity F, depth D and batch B, and its reader.

A budget has the arms in which one of the three differs from the document's best; all 27 are for the full one.
"""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from inkmint.studies.reproduction.rows import Arm, Budget

CAPACITIES, DEPTHS, BATCHES = (1, 2, 3), (1, 2, 3), (32, 64, 128)
DCGAN_BEST, CCGAN_BEST = "1-1-32", "1-1-64"
PLAIN: Mapping[str, Any] = {"options.label_smoothing": 0.0}


def name_of(capacity: int, depth: int, batch: int) -> str:
    """As the document names its curves: F, D, B."""
    return f"{capacity}-{depth}-{batch}"


def changes_of(name: str) -> dict[str, Any]:
    """Fields of the recipe for an arm of that name."""
    capacity, depth, batch = map(int, name.split("-"))
    return {"options.capacity": capacity, "options.depth": depth, "batch_size": batch, **PLAIN}


def grid(recipe: str, best: str, protocol: str, says: Mapping[str, float]) -> tuple[Arm, ...]:
    """All 27 arms, the best one first, then its neighbours.

    Args:
        recipe: Of either model.
        best: Name of the arm that the document calls best.
        protocol: Name of the reduction.
        says: The document's numbers of that arm.
    """
    order: dict[Budget, int] = {"quick": 0, "laptop": 1, "full": 2}
    arms = list(_arms(recipe, best, protocol, says))
    return tuple(sorted(arms, key=lambda arm: (arm.name != best, order[arm.least])))


def _arms(recipe: str, best: str, protocol: str, says: Mapping[str, float]) -> Iterator[Arm]:
    for sizes in product(CAPACITIES, DEPTHS, BATCHES):
        name = name_of(*sizes)
        own = says if name == best else {}
        yield Arm(name, recipe, changes_of(name), protocol, own, _least(sizes, best))


def _least(sizes: tuple[int, int, int], best: str) -> Budget:
    """The least budget of an arm: one of D and B a step from the best for quick, any one but an F of 3 for laptop."""
    middle = tuple(map(int, best.split("-")))
    changed = [place for place in range(3) if sizes[place] != middle[place]]
    if not changed:
        return "quick"
    if len(changed) > 1 or sizes[0] == max(CAPACITIES):
        return "full"
    is_far = sizes[1] == max(DEPTHS) or sizes[2] == max(BATCHES)
    return "laptop" if is_far or sizes[0] > 1 else "quick"


DCGAN, CCGAN = "rzayev2021/dcgan", "rzayev2021/ccgan"
READ: dict[str, Any] = {
    "batch_size": 32,
    "optimisers.recogniser.kind": "adam",
    "optimisers.recogniser.learning_rate": 0.001,
    "optimisers.recogniser.beta1": 0.9,
    "augment.flip": False,
    "augment.jitter": 0.0,
}
READER = Arm("LeNet", "hao2020/lenet", {**READ, "epochs": 5}, "reader", says={"train": 0.994, "test": 0.988})
ON_GRID = grid(DCGAN, DCGAN_BEST, "grid", {})
ON_CLASS_GRID = grid(CCGAN, CCGAN_BEST, "grid", {"score": 0.947})
BEST_DCGAN = next(arm for arm in ON_GRID if arm.name == DCGAN_BEST)
HALVES = Arm("virtual", DCGAN, {**changes_of(DCGAN_BEST), "options.normalisation": "half-batch"}, "grid")
SMOOTH = Arm("smoothed labels", CCGAN, {}, "best", says={"score": 0.976})
ROUGH = Arm("without smoothing", CCGAN, PLAIN, "best", says={"score": 0.947})
HALVES_OF_CLASSES = Arm(
    "virtual", CCGAN, {**PLAIN, "options.normalisation": "half-batch"}, "best", least="full"
)
PRETRAINED = Arm("pre-trained discriminator", CCGAN, {"options.pretrain_steps": 500}, "best", least="full")
UNNAMED = "The figure is a picture of curves whose values the text does not name."
"""What many of its figures are."""
