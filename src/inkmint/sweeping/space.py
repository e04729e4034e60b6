"""What a sweep varies: fields of a recipe, each with some choices or a range."""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict

from inkmint.errors import SettingsError
from inkmint.options import Value
from inkmint.training.recipe import Recipe, assignment

if TYPE_CHECKING:
    from optuna.trial import Trial

MOST_CELLS = 10_000
"""Cells of a grid; with more, it is a search that is wanted."""


class Axis(BaseModel):
    """One field and the values it may take: either `choices`, or the range from `low` to `high`.

    Attributes:
        field: Dotted name of a field of the recipe.
        choices: Two values or more, all different; empty for a range.
        low: Smallest value; a range of two whole numbers holds whole numbers alone.
        high: Greatest value, itself in the range.
        log: Whether factors count, not differences.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    field: str
    choices: tuple[Value, ...] = ()
    low: int | float = 0
    high: int | float = 0
    log: bool = False

    def __str__(self) -> str:
        if self.choices:
            return f"{self.field}={','.join(map(value_text, self.choices))}"
        return f"{self.field}={self.low}..{self.high}{':log' * self.log}"

    @property
    def is_whole(self) -> bool:
        """Whether it is a range of whole numbers."""
        return not self.choices and isinstance(self.low, int) and isinstance(self.high, int)

    def suggest(self, trial: "Trial") -> Value:
        """The value that a trial has, or is now given by the search."""
        if self.choices:
            chosen = trial.suggest_categorical(self.field, self.choices)
            assert chosen is not None
            return chosen
        if self.is_whole:
            return trial.suggest_int(self.field, int(self.low), int(self.high), log=self.log)
        return trial.suggest_float(self.field, self.low, self.high, log=self.log)

    def cells(self) -> tuple[Value, ...]:
        """Its values, for a grid.

        Raises:
            SettingsError: There are too many to tell them one by one.
        """
        if self.choices:
            return self.choices
        if self.is_whole and self.high - self.low < MOST_CELLS:
            return tuple(range(int(self.low), int(self.high) + 1))
        raise SettingsError(
            f"A grid needs the values of {self.field} one by one; say how many as in {self}:5, or leave out --grid."
        )


def value_text(value: Value) -> str:
    """A value as `--set` takes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def parse_settings(texts: Iterable[str], recipe: Recipe) -> tuple[dict[str, Value], tuple[Axis, ...]]:
    """Read what `--set` was given: `field=value`, `field=a,b,c`, or `field=low..high`, `:log` and `:number` behind it.

    Args:
        texts: As from the command line.
        recipe: Whose fields they are.

    Returns:
        Fields with a single value, and those that are to be varied.

    Raises:
        SettingsError: One cannot be read, or the recipe does not take one of its values.
    """
    fixed: dict[str, Value] = {}
    axes: list[Axis] = []
    for text in texts:
        field, value = assignment(text)
        given = text.partition("=")[2].strip()
        if field in fixed or any(axis.field == field for axis in axes):
            raise SettingsError(f"--set names {field} twice; give all its values at once.")
        if ".." in given:
            axes.append(_range(field, given, recipe))
        elif "," in given and not given.startswith(("[", "{", '"', "'")):
            axes.append(_choices(field, [assignment(f"{field}={part}")[1] for part in given.split(",")]))
        else:
            fixed[field] = value
    base = recipe.derive(**fixed)
    for axis in axes:
        for value in axis.choices or (axis.low, axis.high):
            base.derive(**{axis.field: value})
    return fixed, tuple(axes)


def grid(axes: Sequence[Axis]) -> list[dict[str, Value]]:
    """All combinations, the last axis changing fastest.

    Raises:
        SettingsError: There are too many.
    """
    values = [axis.cells() for axis in axes]
    num_cells = math.prod(map(len, values))
    if num_cells > MOST_CELLS:
        raise SettingsError(
            f"The grid has {num_cells:,} cells, more than {MOST_CELLS:,}; give fewer values, or leave out --grid."
        )
    return [dict(zip((axis.field for axis in axes), cell, strict=True)) for cell in product(*values)]


def settings_text(settings: Mapping[str, Value]) -> str:
    """Settings in one line, numbers in four digits."""
    return "  ".join(
        f"{field}={f'{value:.4g}' if isinstance(value, float) else value_text(value)}"
        for field, value in settings.items()
    )


def _choices(field: str, values: Sequence[Value]) -> Axis:
    if any(not isinstance(value, bool | int | float | str) or value == "" for value in values):
        raise SettingsError(
            f"A value of {field} is missing; separate them by single commas, as in {field}=1,2."
        )
    if len(set(values)) < len(values):
        raise SettingsError(f"The values of {field} are not all different; give each once.")
    return Axis(field=field, choices=tuple(values))


def _range(field: str, given: str, recipe: Recipe) -> Axis:
    ends, *marks = given.split(":")
    low_text, _, high_text = ends.partition("..")
    try:
        low, high = _number(low_text), _number(high_text)
        log = "log" in marks
        numbers = [int(mark) for mark in marks if mark != "log"]
    except ValueError as error:
        raise _unreadable(field, given) from error
    if len(numbers) > 1 or marks.count("log") > 1:
        raise _unreadable(field, given)
    if not low < high or (log and low <= 0):
        rule = "begin above 0 to have a logarithm" if log and low < high else "rise"
        raise SettingsError(f"The range {given} of {field} must {rule}; write it as in {field}=0.1..1.0.")
    if isinstance(low, int) and isinstance(high, int) and _takes_fractions(field, low, recipe):
        low, high = float(low), float(high)
    axis = Axis(field=field, low=low, high=high, log=log)
    return axis if not numbers else _choices(field, _spread(axis, numbers[0]))


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        number = float(text)
        if not math.isfinite(number):
            raise
        return number


def _unreadable(field: str, given: str) -> SettingsError:
    return SettingsError(
        f"{given!r} is no range of {field}; write the ends as in 1e-4..1e-2, and :log behind them for factors, or :5 "
        "for five values."
    )


def _takes_fractions(field: str, low: int, recipe: Recipe) -> bool:
    try:
        recipe.derive(**{field: low + 0.5})
    except SettingsError:
        return False
    return True


def _spread(axis: Axis, number: int) -> list[Value]:
    """So many values of a range, evenly spaced; rounded where the range is of whole numbers."""
    if not 2 <= number <= MOST_CELLS:
        raise SettingsError(f"{number} values of {axis.field} make no grid; ask for 2 or more.")
    space = np.geomspace if axis.log else np.linspace
    values = space(axis.low, axis.high, number).tolist()
    if axis.is_whole:
        return sorted({round(value) for value in values})
    # Six digits are read more easily than seventeen; the ends stay what they are.
    return [axis.low, *(float(f"{value:.6g}") for value in values[1:-1]), axis.high]
