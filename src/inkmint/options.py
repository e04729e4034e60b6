"""What a user may set of a model: its default, and the values that make sense."""

from dataclasses import dataclass
from typing import Any

Value = bool | int | float | str


@dataclass(frozen=True)
class Whole:
    """A whole number in [low, high]."""

    default: int
    low: int = 1
    high: int = 65536

    def complaint(self, value: Any) -> str | None:
        """What the value should have been; None if it fits."""
        fits = type(value) is int and self.low <= value <= self.high
        return None if fits else f"a whole number from {self.low} to {self.high}"

    @property
    def examples(self) -> tuple[Value, ...]:
        """Values that between them show everything the option does."""
        return (self.default,)


@dataclass(frozen=True)
class Real:
    """A number in [low, high]."""

    default: float
    low: float = 0.0
    high: float = 1e6

    def complaint(self, value: Any) -> str | None:
        """What the value should have been; None if it fits."""
        fits = type(value) in (int, float) and self.low <= value <= self.high
        return None if fits else f"a number from {self.low:g} to {self.high:g}"

    @property
    def examples(self) -> tuple[Value, ...]:
        """Values that between them show everything the option does."""
        return (self.default,)


@dataclass(frozen=True)
class Switch:
    """On or off."""

    default: bool = False

    def complaint(self, value: Any) -> str | None:
        """What the value should have been; None if it fits."""
        return None if type(value) is bool else "true or false"

    @property
    def examples(self) -> tuple[Value, ...]:
        """Values that between them show everything the option does."""
        return (self.default, not self.default)


@dataclass(frozen=True)
class Choice:
    """One of some names; the first is the default."""

    names: tuple[str, ...]

    @property
    def default(self) -> str:
        """The first name."""
        return self.names[0]

    def complaint(self, value: Any) -> str | None:
        """What the value should have been; None if it fits."""
        return None if value in self.names else f"one of {', '.join(self.names)}"

    @property
    def examples(self) -> tuple[Value, ...]:
        """Values that between them show everything the option does."""
        return self.names


Option = Whole | Real | Switch | Choice
