"""Which training runs and measurements a budget asks for, what it leaves out, and how long it will take."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from inkmint.recipes import find_recipe
from inkmint.studies.reproduction.bench import Measurement
from inkmint.studies.reproduction.costs import MNIST_IMAGES
from inkmint.studies.reproduction.rows import BUDGETS, Arm, Budget, Item, Paper, Reduction, Scale
from inkmint.studies.reproduction.shown import Protocol
from inkmint.studies.reproduction.trainings import Training
from inkmint.training.recipe import Recipe
from inkmint.training.runs import differences
from inkmint.zoo import find

_MOST_NAMED = 6


@dataclass(frozen=True, eq=False)
class Plan:
    """A paper, or some of its items, at a budget.

    Attributes:
        paper: The document.
        budget: How much of its protocol is kept.
        items: What is to be measured.
    """

    paper: Paper
    budget: Budget
    items: tuple[Item, ...]

    @property
    def scale(self) -> Scale:
        """What the budget means."""
        return self.paper.scales[self.budget]

    def arms(self, item: Item) -> list[Arm]:
        """Those that the budget has."""
        return [arm for arm in item.arms if BUDGETS.index(arm.least) <= BUDGETS.index(self.budget)]

    def reduction(self, arm: Arm) -> Reduction:
        """What is left of an arm's protocol."""
        reductions = self.scale.reductions
        return reductions.get(arm.protocol or arm.recipe) or reductions[""]

    def full_recipe(self, arm: Arm) -> Recipe:
        """An arm's recipe as the document has it."""
        return find_recipe(arm.recipe).derive(**arm.changes)

    def recipe(self, arm: Arm) -> Recipe:
        """An arm's recipe as it is trained."""
        reduction = self.reduction(arm)
        changes = {**arm.changes, **reduction.changes}
        recipe = self._base(arm).derive(**changes)
        return recipe.derive(epochs=max(1, math.ceil(round(recipe.epochs * reduction.epochs, 6))))

    def _base(self, arm: Arm) -> Recipe:
        return find_recipe(f"{arm.recipe}-quick" if self.reduction(arm).hurried else arm.recipe)

    def protocol(self, arm: Arm) -> Protocol:
        """How an arm is trained, held against the document."""
        reduction = self.reduction(arm)
        if reduction.hurried:
            return "other"
        is_whole = not reduction.images and self.recipe(arm) == self.full_recipe(arm)
        return "full" if is_whole else "less"

    def trainings(self, arm: Arm) -> tuple[Training, ...]:
        """An arm's training runs, one for each seed; a model without a random part is fitted once."""
        reduction, recipe = self.reduction(arm), self.recipe(arm)
        watched = self.paper.watched if find(recipe.model).kind == "generator" and recipe.optimisers else ()
        seeds = reduction.seeds if recipe.optimisers else 1
        return tuple(Training(recipe, seed, reduction.images, watched) for seed in range(seeds))

    @cached_property
    def measurements(self) -> dict[str, Measurement]:
        """All that has to be measured, each once, by key."""
        found = (each for item in self.items for each in self.measurements_of(item))
        return {measurement.key: measurement for measurement in found}

    def measurements_of(self, item: Item) -> Iterable[Measurement]:
        """What an item needs."""
        return item.kind.measurements(item, self)

    def seconds(
        self,
        measurements: Iterable[Measurement],
        without: Iterable[str] = (),
        available: int = MNIST_IMAGES,
    ) -> float:
        """Expected on two cores, each training run once.

        Args:
            measurements: What is to be measured.
            without: Keys of training runs that are finished.
            available: Training images that there are.
        """
        measurements, finished = list(measurements), set(without)
        trainings = {training.key: training for each in measurements for training in each.needs}
        return sum(each.seconds for each in measurements) + sum(
            training.seconds(available) for key, training in trainings.items() if key not in finished
        )

    def reduced(self, item: Item) -> list[str]:
        """What an item's arms leave out of the document's protocol at this budget, in clauses."""
        if not list(self.measurements_of(item)):
            return []
        names: dict[str, list[str]] = {}
        for arm in self.arms(item):
            names.setdefault(self.reduced_arm(arm), []).append(arm.name)
        all_alike = len(names) == 1
        told = [words if all_alike else f"{', '.join(arms)}: {words}" for words, arms in names.items()]
        left_out = [arm.name for arm in item.arms if arm not in self.arms(item)]
        if len(left_out) > _MOST_NAMED:
            told.append(f"{len(left_out)} of {len(item.arms)} are left out")
        elif left_out:
            told.append(f"left out: {', '.join(left_out)}")
        return told

    def reduced_arm(self, arm: Arm) -> str:
        """What is left of an arm's protocol, in a clause."""
        reduction, recipe = self.reduction(arm), self.recipe(arm)
        parts = []
        base = self._base(arm)
        if reduction.hurried:
            parts.append(f"the recipe {base.name} ({base.about}) in place of {arm.recipe}")
        parts += _changes(recipe, base.derive(**arm.changes), reduction.hurried)
        if reduction.images:
            parts.append(f"{reduction.images:,} training images")
        num_seeds = len(self.trainings(arm))
        fitted = "fitted once" if not recipe.optimisers else "one seed"
        parts.append(f"{num_seeds} seeds" if num_seeds > 1 else fitted)
        return ", ".join(parts)


def _changes(recipe: Recipe, full: Recipe, instead: bool) -> Iterator[str]:
    for name, value, before in differences(recipe.deciding(), full.deciding()):
        if name == "epochs":
            yield f"{value} epochs" if instead else f"{value} of {before} epochs"
        else:
            yield f"{name.removeprefix('options.')} {_shown(value)} in place of {_shown(before)}"


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
