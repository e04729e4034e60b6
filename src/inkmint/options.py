"""What a user may set of a model: what it does, its default, and the values that make sense."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

Value = bool | int | float | str


class Option(ABC):
    """One thing that may be set.

    Attributes:
        default: Its value if nobody sets it.
        about: What it does, for tables.
    """

    default: Value
    about: str

    @property
    @abstractmethod
    def values(self) -> str:
        """The values that make sense, in words."""

    @abstractmethod
    def takes(self, value: Any) -> bool:
        """Whether the value is one of them."""

    @property
    def examples(self) -> tuple[Value, ...]:
        """Values that between them show everything it does."""
        return (self.default,)


@dataclass(frozen=True)
class Whole(Option):
    """A whole number in [low, high]."""

    default: int
    low: int = 1
    high: int = 65536
    about: str = ""

    @property
    def values(self) -> str:
        """The range in words."""
        return f"a whole number from {self.low} to {self.high}"

    def takes(self, value: Any) -> bool:
        """Whether it is a whole number in the range."""
        return type(value) is int and self.low <= value <= self.high


@dataclass(frozen=True)
class Real(Option):
    """A number in [low, high]."""

    default: float
    low: float = 0.0
    high: float = 1e6
    about: str = ""

    @property
    def values(self) -> str:
        """The range in words."""
        return f"a number from {self.low:g} to {self.high:g}"

    def takes(self, value: Any) -> bool:
        """Whether it is a number in the range."""
        return type(value) in (int, float) and self.low <= value <= self.high


@dataclass(frozen=True)
class Switch(Option):
    """On or off."""

    default: bool = False
    about: str = ""

    @property
    def values(self) -> str:
        """Both, in words."""
        return "true or false"

    def takes(self, value: Any) -> bool:
        """Whether it is one of both."""
        return type(value) is bool

    @property
    def examples(self) -> tuple[Value, ...]:
        """Both."""
        return (self.default, not self.default)


@dataclass(frozen=True)
class Choice(Option):
    """One of some names; the first is the default."""

    default: str = field(init=False)
    names: tuple[str, ...]
    about: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "default", self.names[0])

    @property
    def values(self) -> str:
        """The names."""
        return f"one of {', '.join(self.names)}"

    def takes(self, value: Any) -> bool:
        """Whether it is one of the names."""
        return value in self.names

    @property
    def examples(self) -> tuple[Value, ...]:
        """Every name."""
        return self.names
