"""What kinds have in common: one measurement of one training run, and its values over the seeds of an arm."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inkmint.evaluation.figure import Figure
from inkmint.studies.reproduction.bench import Measurement
from inkmint.studies.reproduction.plan import Plan
from inkmint.studies.reproduction.rows import BROKEN, Arm, Found
from inkmint.studies.reproduction.shown import Values
from inkmint.studies.reproduction.trainings import Training

Of = Callable[[Training], Measurement]
"""What is measured of a training run."""

Plain = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class OfOneRun(Measurement):
    """A measurement of a single training run.

    Attributes:
        training: The run.
    """

    training: Training

    @property
    def key(self) -> str:
        """The kind and settings of the measurement, then the run."""
        return f"{self.settings}: {self.training.key}"

    @property
    @abstractmethod
    def settings(self) -> str:
        """What is measured, and how."""

    @property
    def needs(self) -> tuple[Training, ...]:
        """The run."""
        return (self.training,)


def of_arms(arms: Iterable[Arm], plan: Plan, of: Of) -> list[Measurement]:
    """The measurement of every seed of these arms."""
    return [of(training) for arm in arms for training in plan.trainings(arm)]


def found_of(plan: Plan, arm: Arm, found: Found, of: Of) -> dict[int, Plain]:
    """What was measured of an arm, by seed; without what broke down."""
    known = {training.seed: found.get(of(training).key) for training in plan.trainings(arm)}
    return {seed: plain for seed, plain in known.items() if plain is not None and BROKEN not in plain}


def values_of(
    plan: Plan,
    arm: Arm,
    found: Found,
    of: Of,
    pick: Callable[[Plain], float | None],
    over_images: Callable[[Plain], Sequence[float] | None] = lambda _: None,
    column: str = "",
) -> Values:
    """One value of every seed of an arm.

    Args:
        plan: Gives the training runs.
        arm: The arm.
        found: Everything that was measured.
        of: The measurement.
        pick: Takes the value out of what was measured; None where a run never came to have it.
        over_images: Takes the interval out of it.
        column: For the document's number.
    """
    known = found_of(plan, arm, found, of)
    values = {seed: pick(plain) for seed, plain in known.items()}
    present = {seed: value for seed, value in values.items() if value is not None}
    broken = sum(BROKEN in found.get(of(training).key, ()) for training in plan.trainings(arm))
    ends = next((over_images(known[seed]) for seed in present), None)
    return Values(
        by_seed=present,
        over_images=(ends[0], ends[1]) if ends else None,
        says=arm.says.get(column),
        num_broken=broken,
        num_without=len(values) - len(present),
        fixed=not plan.full_recipe(arm).optimisers,
        protocol=plan.protocol(arm),
    )


def compact(figure: Figure) -> dict[str, Any]:
    """What is kept of a figure."""
    kept = ("name", "value", "unit", "interval", "reference", "reference_name", "num_images")
    return {name: value for name, value in figure.model_dump(mode="json").items() if name in kept}
