"""A figure: one number with everything that makes it worth printing."""

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict

from inkmint.errors import DataError

Unit = Literal["share", "classes", "distance", "score", "ratio"]


class Figure(BaseModel):
    """A measured number, never without its protocol, its bound, and how many images it rests on.

    Attributes:
        name: The protocol, its judge and size, such as `frechet_judge-v1_10k`. Figures of different
            names are never compared.
        value: What was measured. A share is in [0, 1].
        unit: What the value counts.
        interval: Both ends of its 95 % interval over images; None if there is none. It does not hold the
            spread between training runs: several seeds do.
        reference: The same measured between real sets, a floor or a ceiling; None if there is none.
        reference_name: What the reference is, in words.
        num_images: Images that the value rests on.
        seeds: Of the training runs behind it.
        better: Which direction is; `alike` if the reference itself is the best value.
        protocol: One sentence that tells how it is measured.
        judge_sha256: Hash of the weights of the network that judged; None if none did, empty if it was never
            saved.
        second_judge_sha256: Of the network that had to agree with it; None if none had to.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: str
    value: float
    unit: Unit
    interval: tuple[float, float] | None = None
    reference: float | None = None
    reference_name: str = ""
    num_images: int
    seeds: tuple[int, ...] = ()
    better: Literal["higher", "lower", "alike"]
    protocol: str
    judge_sha256: str | None = None
    second_judge_sha256: str | None = None


FAMILIES = (
    "label_agreement",
    "recognisable",
    "digit_inception_score",
    "frechet",
    "kid_digits",
    "precision",
    "recall",
    "density",
    "coverage",
    "effective_classes",
    "diversity",
    "nearest_distance",
    "nearer_to_training",
    "tstr_gap",
    "tstr",
    "trts",
    "test_accuracy",
)
"""What figures are called before judge and size, in the order of tables."""


def family(figure: Figure) -> str:
    """A figure's name without judge and size, one of `FAMILIES`; the whole name of one that is none of them."""
    return next((name for name in FAMILIES if figure.name.startswith(f"{name}_")), figure.name)


def require_same_protocol(*figures: Figure) -> None:
    """Refuse to set figures against each other that were not measured in the same way by the same judges.

    A judge that was never saved is not the same as any, for nobody can tell.

    Raises:
        DataError: Naming two figures that differ, and what judged them.
    """
    for other in figures[1:]:
        first = figures[0]
        if _judges(first) != _judges(other) or "" in _judges(first):
            raise DataError(
                f"{first.name} (judged by {_judges_in_words(first)}) and {other.name} (judged by "
                f"{_judges_in_words(other)}) are figures of different judges; measure both by one saved judge."
            )
        if (first.name, first.num_images) != (other.name, other.num_images):
            raise DataError(
                f"{first.name} of {first.num_images:,} images and {other.name} of {other.num_images:,} are figures of "
                "different protocols; compare the same figure of as many images."
            )


def _judges(figure: Figure) -> tuple[str | None, str | None]:
    return figure.judge_sha256, figure.second_judge_sha256


def _judges_in_words(figure: Figure) -> str:
    known = [sha256 for sha256 in _judges(figure) if sha256 is not None]
    return (
        " and ".join(f"weights {sha256[:12]}" if sha256 else "unsaved weights" for sha256 in known) or "none"
    )


def short_count(count: int) -> str:
    """A count as it stands in protocol names: 10000 is `10k`, 1500 stays `1500`."""
    return f"{count // 1000}k" if count and count % 1000 == 0 else str(count)


def value_in_words(value: float, unit: Unit) -> str:
    """A value as people read it: shares in per cent, finer towards 0 and 100; small distances to two digits."""
    if unit == "share":
        return f"{value:.2%}" if value >= 0.99 or value < 0.01 else f"{value:.1%}"
    if 0 < abs(value) < 0.1:
        return f"{Decimal(f'{value:.2g}'):f}"
    return f"{value:.2f}" if value < 100 else f"{value:,.0f}"


def interval_in_words(figure: Figure) -> str:
    """Both ends of the interval; empty if there is none."""
    if figure.interval is None:
        return ""
    low, high = (value_in_words(end, figure.unit) for end in figure.interval)
    return f"{low} to {high}"


def in_words(figure: Figure) -> str:
    """A figure in one line: protocol, value, interval, number of images, and what to hold it against."""
    interval = f" ({interval_in_words(figure)})" if figure.interval else ""
    line = f"{figure.name}: {value_in_words(figure.value, figure.unit)}{interval}, n = {figure.num_images:,}"
    if figure.reference is None:
        return line
    return f"{line}; {figure.reference_name}: {value_in_words(figure.reference, figure.unit)}"
