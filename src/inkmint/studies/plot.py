"""Curves as plain data that a page or a document can draw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Unit = Literal["share", "distance", "classes", "ratio", "loss", "steps", "seconds", "parameters"]

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Line:
    """A curve: one list of points for every seed, all at the same places.

    Attributes:
        name: What it is of.
        by_seed: Points of each seed, at least one.
    """

    name: str
    by_seed: Mapping[int, Points]


@dataclass(frozen=True)
class Plot:
    """Curves over a common axis.

    Attributes:
        title: What it shows.
        x_label: Of the axis.
        unit: Of the values.
        lines: In the order of the legend.
        by_place: Whether the places are labelled one by one and set apart evenly, and not by their distance.
    """

    title: str
    x_label: str
    unit: Unit
    lines: tuple[Line, ...]
    by_place: bool = False
