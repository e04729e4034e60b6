"""A document's tables and figures as rows: what it says, what is trained for it, and why ours may differ."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from inkmint.studies.reproduction.claims import Claim

if TYPE_CHECKING:
    from inkmint.studies.reproduction.bench import Measurement
    from inkmint.studies.reproduction.plan import Plan
    from inkmint.studies.reproduction.shown import Shown

Budget = Literal["quick", "laptop", "full"]
BUDGETS: tuple[Budget, ...] = ("quick", "laptop", "full")
"""From the least to the document's own protocol."""

Found = Mapping[str, Mapping[str, Any]]
"""What was measured, by the key of the measurement."""

BROKEN = "broke_down"
"""In place of figures: the message of a training run that could not go on."""


@dataclass(frozen=True, eq=False)
class Arm:
    """One row of a table or one curve of a figure.

    Attributes:
        name: As the document calls it.
        recipe: Name of the recipe.
        changes: Fields of the recipe with other values, as `Recipe.derive` takes them.
        protocol: Name of the reduction that budgets apply; empty for the recipe's own.
        says: The document's numbers by column; shares in [0, 1].
        least: The least budget that has this arm.
    """

    name: str
    recipe: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    protocol: str = ""
    says: Mapping[str, float] = field(default_factory=dict)
    least: Budget = "quick"


class Kind(ABC):
    """What an item is measured by and how it is shown; the same for all items of a kind but for its settings."""

    @abstractmethod
    def measurements(self, item: "Item", plan: "Plan") -> "Sequence[Measurement]":
        """All that has to be measured, in an order that makes sense."""

    @abstractmethod
    def show(self, item: "Item", plan: "Plan", found: Found) -> "Shown":
        """What there is to see of what was found so far."""


@dataclass(frozen=True, eq=False)
class Item:
    """A table, a figure, or a statement of a document.

    Attributes:
        id: `PAPER/NAME`, such as `rzayev2021/fig7`.
        title: What it shows.
        place: Where it stands in the document.
        says: What the document reports, in our words.
        kind: How it is measured and shown.
        arms: Its rows or curves.
        claims: What the document says of them.
        why: Our explanation of what may differ; no result.
        ours: Whether the document names it as open, or has no table or figure of it, so that measuring it is our part.
    """

    id: str
    title: str
    place: str
    says: str
    kind: Kind
    arms: tuple[Arm, ...] = ()
    claims: tuple[Claim, ...] = ()
    why: str = ""
    ours: bool = False

    @property
    def name(self) -> str:
        """Without the paper."""
        return self.id.partition("/")[2]


@dataclass(frozen=True)
class Reduction:
    """What a budget leaves of a protocol.

    Attributes:
        seeds: Training runs of each arm.
        epochs: Share of the recipe's epochs, rounded up.
        images: To train on, equally many of every class; 0: all.
        hurried: Whether the recipe's quick variant takes its place.
        changes: Fields with other values, applied last but for the epochs.
    """

    seeds: int = 3
    epochs: float = 1.0
    images: int = 0
    hurried: bool = False
    changes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Scale:
    """What a budget means for a paper.

    Attributes:
        reductions: By name of a recipe or of an arm's protocol; the empty name is for all others.
        num_minted: Digits that each generator mints to be measured.
        num_read: Training images on which training accuracy is measured, at most.
        lesson_per_class: Digits of every class that recognisers learn from where they learn from real and minted ones.
        lesson_images: That each of those passes over, however many different ones there are.
        learner_seeds: How often each of those is trained.
    """

    reductions: Mapping[str, Reduction]
    num_minted: int = 10_000
    num_read: int = 10_000
    lesson_per_class: int = 1000
    lesson_images: int = 50_000
    learner_seeds: int = 3


@dataclass(frozen=True, eq=False)
class Paper:
    """A document.

    Attributes:
        name: Short, as recipes call it.
        title: In full.
        authors: As printed.
        items: In the order of the document.
        scales: By budget.
        watched: Names of `watching.WATCHERS` that look at its generators while they learn.
        note: What holds for all of its items.
    """

    name: str
    title: str
    authors: str
    items: tuple[Item, ...]
    scales: Mapping[Budget, Scale]
    watched: tuple[str, ...] = ()
    note: str = ""
