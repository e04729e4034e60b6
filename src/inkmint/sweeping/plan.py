"""What all workers of a sweep must agree on."""

import shlex
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from inkmint.errors import RunError, SettingsError
from inkmint.options import Value
from inkmint.sweeping.space import Axis, value_text
from inkmint.training.recipe import Recipe

FORMAT = 1
"""Version of the plan; another one is refused rather than guessed at."""


class Plan(BaseModel):
    """Everything that decides what a sweep tries, and what it measures.

    Attributes:
        recipe: What is varied, with the fixed settings in it.
        recipe_given: The recipe as it was asked for, a name or a path.
        fixed: The fixed settings.
        axes: What is varied.
        is_grid: Whether every combination is tried, and not a search.
        metric: One of `objective.METRICS`.
        judge: Measures digits that a generator mints; None of recognisers.
        judge_sha256: Of its weights.
        data: What was given for the data; another machine may have it elsewhere.
        data_fingerprint: Of the training digits.
        validation_fingerprint: Of the digits that trials are measured on.
        num_seeds: Runs of a trial, from the seeds 0, 1, ...; their mean counts.
        seed: Of the search.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = FORMAT
    recipe: Recipe
    recipe_given: str
    fixed: dict[str, Value]
    axes: tuple[Axis, ...]
    is_grid: bool
    metric: str
    judge: str | None
    judge_sha256: str | None
    data: str
    data_fingerprint: str
    validation_fingerprint: str
    num_seeds: int
    seed: int


def train_command(plan: Plan, settings: Mapping[str, Value], seed: int = 0) -> str:
    """The command that trains a trial's model again, as a shell takes it."""
    changes = {**plan.fixed, **settings}
    words = ["inkmint", "train", plan.recipe_given, "--data", plan.data, "--seed", str(seed)]
    for field, value in changes.items():
        words += ["--set", f"{field}={value_text(value)}"]
    return shlex.join(words)


def parse_plan(name: str, data: Any) -> Plan:
    """The plan of an existing sweep.

    Raises:
        RunError: It is none, or of another version.
    """
    try:
        if data["format"] != FORMAT:
            raise RunError(
                f"The sweep {name!r} is of version {data['format']}, this inkmint goes on with version {FORMAT}; "
                "use the inkmint that began it, or choose another name."
            )
        return Plan.model_validate(data)
    except (ValidationError, KeyError, TypeError, SettingsError) as error:
        raise RunError(f"The plan of the sweep {name!r} cannot be read; choose another name.") from error


_OWN_TO_A_MACHINE = {"data", "recipe_given", "judge"}
_ASKED_BY = {
    "recipe": "recipe or --epochs",
    "fixed": "--set",
    "axes": "--set",
    "is_grid": "--grid",
    "judge_sha256": "--judge",
    "data_fingerprint": "--data",
    "validation_fingerprint": "--data",
    "num_seeds": "--seeds",
}


def require_same(name: str, found: Plan, asked: Plan) -> None:
    """Refuse to join a sweep with other settings; paths may differ where what they lead to is the same.

    Raises:
        SettingsError: Naming the first difference.
    """
    theirs, ours = (plan.model_dump(mode="json", exclude=_OWN_TO_A_MACHINE) for plan in (found, asked))
    for field, value in theirs.items():
        if ours[field] != value:
            option = _ASKED_BY.get(field, f"--{field}")
            raise SettingsError(
                f"The sweep {name!r} was begun with another {option}; join it with `inkmint sweep {name}`, or choose "
                "another name."
            )
