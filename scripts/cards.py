"""The card of a model that comes with inkmint, as figures.json holds it; card_page.py renders README.md from it.

<model>/
  model.safetensors  config.json     what `from_pretrained` reads
  figures.json                       everything that the card says, with the figures of every training run
  README.md                          the same for people
  *.png                              what the card shows

Shape suffixes: S seeds.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike
from pydantic import BaseModel, ConfigDict

from inkmint.data.digits import DIGIT_NAMES
from inkmint.errors import DataError, ModelError
from inkmint.evaluation.distributions import mean_interval
from inkmint.evaluation.figure import Figure, family
from inkmint.evaluation.metrics import CONFIDENCE
from inkmint.files import read_json
from inkmint.training.recipe import Recipe
from inkmint.zoo import find

FIGURES = "figures.json"

Interval = tuple[float, float]

ANYWHERE = (-math.inf, math.inf)
BOUNDS: Mapping[str, Interval] = {
    **dict.fromkeys(("digit_inception_score", "effective_classes"), (1.0, float(len(DIGIT_NAMES)))),
    **dict.fromkeys(("frechet", "density", "diversity", "nearest_distance"), (0.0, math.inf)),
    "tstr_gap": (-1.0, 1.0),
}
"""Where figures can lie, by family; a kernel distance can be negative, and other shares lie from 0 to 1."""


class Part(BaseModel):
    """Frozen, with unknown fields and numbers that are none refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class SeedFigure(Part):
    """One figure of the shipped weights and of every seed that was trained.

    Attributes:
        shipped: Of the shipped weights, with its interval over images.
        values: By seed, in the order of the card's runs; the first is the shipped weights'.
        references: What each is held against, likewise; None if there is nothing.
        mean: Over the seeds.
        standard_deviation: Over the seeds, with S - 1 below; None of a single seed, like the intervals.
        mean_interval: Student's 95 % interval of the mean over seeds.
        prediction_interval: Where the figure of one more seed falls in 95 of 100 cases, if the seeds' figures are
            normally distributed: mean ± t s sqrt(1 + 1 / S).
    """

    shipped: Figure
    values: tuple[float, ...]
    references: tuple[float | None, ...]
    mean: float
    standard_deviation: float | None = None
    mean_interval: Interval | None = None
    prediction_interval: Interval | None = None

    @classmethod
    def of(cls, figures: Sequence[Figure]) -> Self:
        """One figure, measured of each seed."""
        values_S = np.array([figure.value for figure in figures])
        shipped, several = figures[0], len(figures) > 1
        return cls(
            shipped=shipped,
            values=tuple(values_S.tolist()),
            references=tuple(figure.reference for figure in figures),
            mean=float(values_S.mean()),
            standard_deviation=float(values_S.std(ddof=1)) if several else None,
            mean_interval=_bounded(mean_interval(values_S), shipped) if several else None,
            prediction_interval=_bounded(prediction_interval(values_S), shipped) if several else None,
        )


class TrainingRun(Part):
    """A training run behind a card: its seed, seconds and machine, and the hash of its weights as stored."""

    seed: int
    seconds: float
    machine: str
    weights_sha256: str


class Speed(Part):
    """Images per second, the median and both extremes of several times."""

    num_images: int
    num_times: int
    median: float
    slowest: float
    fastest: float
    machine: str


class Card(Part):
    """Everything that is known of a shipped model.

    Attributes:
        format: Version of this layout.
        name: Of the model's folder.
        kind: `generator` or `recogniser`.
        model: Row of the zoo.
        recipe: Name of the recipe.
        settings: Every value of the recipe that is not the default, by dotted name.
        made: Day, year first.
        inkmint: Version that made it.
        runs: The training runs, the shipped one first.
        num_parameters: Weights that were learned.
        num_bytes: Of the weights file.
        stored_as: Type of the numbers in it.
        weights_sha256: Of that file.
        speed: Minting digits, or reading them.
        figures: What was measured on test images.
        failures: What goes wrong, as sentences with numbers.
        notes: What was left out, and why.
        pictures: What each picture beside the card shows, by its name without `.png`.
    """

    format: Literal[1] = 1
    name: str
    kind: str
    model: str
    recipe: str
    settings: dict[str, Any]
    made: str
    inkmint: str
    runs: tuple[TrainingRun, ...]
    num_parameters: int
    num_bytes: int
    stored_as: str
    weights_sha256: str
    speed: Speed
    figures: tuple[SeedFigure, ...]
    failures: tuple[str, ...]
    notes: tuple[str, ...]
    pictures: dict[str, str]

    @property
    def seeds(self) -> tuple[int, ...]:
        """Of the training runs, the shipped one first."""
        return tuple(run.seed for run in self.runs)


def read_card(folder: Path) -> Card:
    """The card of a model folder.

    Raises:
        ModelError: It has none, or a damaged one.
    """
    try:
        return Card.model_validate(read_json(folder / FIGURES))
    except FileNotFoundError as error:
        raise ModelError(
            f"{folder} has no {FIGURES}; build it with: python scripts/build_weights.py {folder.name}"
        ) from error
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder / FIGURES} is damaged; build the model again.") from error


# Over seeds


def prediction_interval(values_S: ArrayLike, confidence: float = CONFIDENCE) -> Interval:
    r"""Where one more value falls, drawn from the same normal distribution: $\bar v \pm t_{S-1} s \sqrt{1 + 1/S}$.

    Raises:
        DataError: There are fewer than two values.
    """
    values = np.asarray(values_S)
    low, high = mean_interval(values, confidence)
    centre, half_width = (low + high) / 2, (high - low) / 2 * np.sqrt(len(values) + 1)
    return float(centre - half_width), float(centre + half_width)


def _bounded(interval: Interval, figure: Figure) -> Interval:
    """The part of an interval in which the figure can lie at all."""
    lowest, highest = BOUNDS.get(family(figure), (0.0, 1.0) if figure.unit == "share" else ANYWHERE)
    return max(lowest, interval[0]), min(highest, interval[1])


def over_seeds(by_seed: Sequence[Sequence[Figure]]) -> tuple[SeedFigure, ...]:
    """The figures of several training runs, the shipped one first, side by side.

    Raises:
        DataError: Not all runs have the same figures.
    """
    names = [[figure.name for figure in figures] for figures in by_seed]
    if any(other != names[0] for other in names[1:]):
        raise DataError("The training runs have different figures; measure all with the same protocols.")
    return tuple(SeedFigure.of(figures) for figures in zip(*by_seed, strict=True))


class Verdict(NamedTuple):
    """Whether the figure of one more seed falls where the card says.

    Attributes:
        figure: As it was measured now.
        interval: Where the card says that it falls.
        inside: Whether it does.
    """

    figure: Figure
    interval: Interval
    inside: bool


def require_several_seeds(card: Card) -> Card:
    """The card, if it rests on several seeds.

    Raises:
        ModelError: It rests on one, so that nothing is known of others.
    """
    if len(card.runs) < 2:
        raise ModelError(
            f"The card of {card.name} rests on one seed, which says nothing of others; build it with --seeds 3."
        )
    return card


def verdicts(card: Card, figures: Sequence[Figure], *, jointly: bool = False) -> list[Verdict]:
    """Hold the figures of one more seed against the card.

    Args:
        card: Of at least two seeds.
        figures: Of one more, measured in the same way.
        jointly: Whether the intervals are to hold all at once in 95 of 100 cases (Bonferroni's, wider) and not each.

    Raises:
        ModelError: The card rests on one seed, so that nothing is known of others.
        DataError: The figures are not the card's.
    """
    require_several_seeds(card)
    if [figure.name for figure in figures] != [known.shipped.name for known in card.figures]:
        raise DataError(f"These are not the figures of the card of {card.name}; measure the same ones.")
    confidence = 1 - (1 - CONFIDENCE) / len(figures) if jointly else CONFIDENCE
    found = []
    for figure, known in zip(figures, card.figures, strict=True):
        low, high = _bounded(prediction_interval(known.values, confidence), figure)
        found.append(Verdict(figure, (low, high), low <= figure.value <= high))
    return found


# What a recipe sets


def settings(recipe: Recipe) -> dict[str, Any]:
    """Every value of a recipe that is not the default of recipes, or of its row of the zoo, by dotted name."""
    data = recipe.model_dump(
        mode="json", exclude_defaults=True, exclude={"name", "model", "about", "choices"}
    )
    defaults = find(recipe.model).settle({})
    options = {name: value for name, value in data.pop("options", {}).items() if value != defaults[name]}
    if options:
        data["options"] = options
    return dict(_flat(data))


def _flat(data: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for name, value in data.items():
        nested = isinstance(value, dict) and value
        pairs += _flat(value, f"{prefix}{name}.") if nested else [(prefix + name, value)]
    return pairs
