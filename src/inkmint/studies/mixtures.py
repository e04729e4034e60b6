"""What a learner of a mixing experiment is given: real and minted digits of every class, in a fixed number of images.

Shape suffixes: N images, K classes, M mixtures.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inkmint.data.digits import DigitSet
from inkmint.data.plan import balanced_counts
from inkmint.errors import SettingsError, did_you_mean

Mode = Literal["counts", "shares"]
Kind = Literal["common", "by hand", "chosen"]
PerClass = Mapping[str, float] | Literal["auto"] | None
"""What some classes have in place of what all have, by name; or chosen on validation images; or nothing."""


@dataclass(frozen=True)
class Mixture:
    """So many real and minted digits of every class.

    Attributes:
        pool: Real digits of every class that there are: the generator learned from all of them, and the learner sees
            as many of them as `real` says.
        level: What the mixture is called in its pool: minted digits of every class (`counts`), or the share of real
            ones in per cent (`shares`). Variants by hand keep that of the mixture they vary.
        real: Real digits of each class, K numbers.
        minted: Minted digits of each class, K numbers.
        kind: The same for all classes, varied by hand, or chosen on validation images.
    """

    pool: int
    level: float
    real: tuple[int, ...]
    minted: tuple[int, ...]
    kind: Kind = "common"

    @property
    def is_real_alone(self) -> bool:
        """Whether nothing is minted."""
        return not any(self.minted)

    @property
    def key(self) -> str:
        """Names what is learned from: mixtures of one key are the same lesson."""
        counts = [f"{real}+{minted}" for real, minted in zip(self.real, self.minted, strict=True)]
        return f"{self.pool}: {counts[0] if len(set(counts)) == 1 else ' '.join(counts)}"


@dataclass(frozen=True)
class Plan:
    """All mixtures of an experiment.

    Attributes:
        mode: What their levels are.
        mixtures: By pool, then by level; variants by hand follow the mixture that they vary.
        chooses: Whether every class is given the mixture that served it best on validation images, as one more.
    """

    mode: Mode
    mixtures: tuple[Mixture, ...]
    chooses: bool = False

    @property
    def pools(self) -> tuple[int, ...]:
        """Real digits of every class, each number once, rising."""
        return tuple(sorted({mixture.pool for mixture in self.mixtures}))

    def of(self, pool: int, *kinds: Kind) -> list[Mixture]:
        """The mixtures of a pool, of these kinds."""
        return [mixture for mixture in self.mixtures if mixture.pool == pool and mixture.kind in kinds]

    def most_minted(self, pool: int) -> tuple[int, ...]:
        """The largest number of minted digits of each class that any mixture of the pool has."""
        columns = zip(*(mixture.minted for mixture in self.of(pool, "common", "by hand")), strict=True)
        return tuple(map(max, columns))


def counts_plan(
    real: Sequence[int], minted: Sequence[int], class_names: tuple[str, ...], per_class: PerClass = None
) -> Plan:
    """Every number of real digits of a class with every number of minted ones, and always with none.

    Args:
        real: Numbers per class, at least 1.
        minted: Numbers per class, at least 0; 0 is added.
        class_names: One name per class.
        per_class: Minted digits of some classes in place of `minted`, `auto`, or None.

    Raises:
        SettingsError: A number is out of range, or a class has no such name.
    """
    if not real or min(real) < 1 or min(minted, default=0) < 0:
        raise SettingsError(
            "Numbers of real digits start at 1 and those of minted ones at 0; write, say, --real 10,100."
        )
    num_classes = len(class_names)
    own = _own_levels(per_class, class_names, "counts")
    found: list[Mixture] = []
    for pool in sorted(set(real)):
        for level in sorted({0, *minted}):
            common = Mixture(pool, level, (pool,) * num_classes, (level,) * num_classes)
            varied = tuple(int(own.get(label, level)) for label in range(num_classes))
            found += [common, replace(common, minted=varied, kind="by hand")] if own else [common]
    return Plan("counts", _without_repeats(found), per_class == "auto")


def shares_plan(
    total: int, shares: Sequence[float], class_names: tuple[str, ...], per_class: PerClass = None
) -> Plan:
    """The same number of digits of every class, of which a share is real; all real is always among them.

    Args:
        total: Digits of all classes together, a multiple of their number.
        shares: Of real digits, in per cent; 100 is added.
        class_names: One name per class.
        per_class: Shares of some classes in 0..1 in place of `shares`, `auto`, or None.

    Raises:
        SettingsError: A number is out of range, or a class has no such name.
    """
    num_classes = len(class_names)
    pool, rest = divmod(total, num_classes)
    if pool < 1 or rest:
        near = max(1, round(total / num_classes)) * num_classes
        raise SettingsError(
            f"A total of {total:,} digits cannot be shared evenly by {num_classes} classes; take {near:,}."
        )
    if not shares or min(shares) < 0 or max(shares) > 100:
        raise SettingsError("Shares of real digits are per cent, 0 to 100; write, say, --shares 0,50,100.")
    own = _own_levels(per_class, class_names, "shares")

    def mixture(level: float, share_of: Mapping[int, float], kind: Kind) -> Mixture:
        real = tuple(round(pool * share_of.get(label, level / 100)) for label in range(num_classes))
        return Mixture(pool, level, real, tuple(pool - number for number in real), kind)

    found: list[Mixture] = []
    for level in sorted({*shares, 100}):
        found += [mixture(level, {}, "common"), *([mixture(level, own, "by hand")] if own else [])]
    return Plan("shares", _without_repeats(found), per_class == "auto")


def chosen_mixture(mixtures: Sequence[Mixture], recall_MK: NDArray[Any]) -> Mixture:
    """Every class has what it has in the mixture whose learners know most of its validation images again.

    Where several know as many, the one with the fewest minted digits counts. The classes are chosen for one by one:
    what a class is given changes what others are taken for, which this rule does not see.

    Args:
        mixtures: Of one pool, from the fewest to the most minted digits.
        recall_MK: Share of the validation images of each class that learners of each mixture read as it, (M, K).
    """
    best_K = np.argmax(recall_MK, axis=0)
    return Mixture(
        mixtures[0].pool,
        -1.0,
        tuple(mixtures[best].real[label] for label, best in enumerate(best_K)),
        tuple(mixtures[best].minted[label] for label, best in enumerate(best_K)),
        "chosen",
    )


def lesson(
    mixture: Mixture, real: DigitSet, minted: DigitSet, num_images: int, least_real: float
) -> DigitSet:
    """What a learner passes over once: so many images, equally many of every class, each repeated as often as others.

    Args:
        mixture: How many real and minted digits there are.
        real: At least as many of every class; the first are taken.
        minted: Likewise.
        num_images: Of the lesson, whatever the mixture.
        least_real: Real digits are repeated until they are this share of every class that has any.

    Raises:
        SettingsError: The lesson is too short to hold every image once.
    """
    chosen: list[Tensor] = []
    rows_of_class = _rows_by_class(real), _rows_by_class(minted)
    for label, size in enumerate(balanced_counts(num_images, real.num_classes)):
        num_real, num_minted = mixture.real[label], mixture.minted[label]
        share = max(num_real / (num_real + num_minted), least_real if num_real else 0.0)
        places_real = size if not num_minted else round(size * share)
        if places_real < num_real or size - places_real < num_minted:
            raise SettingsError(
                f"The steps are too few to see {num_real:,} real and {num_minted:,} minted digits of a class once; "
                "ask for more with --steps."
            )
        chosen.append(_cycled(rows_of_class[0][label][:num_real], places_real))
        chosen.append(_cycled(rows_of_class[1][label][:num_minted], size - places_real) + len(real))
    images, labels = torch.cat([real.images, minted.images]), torch.cat([real.labels, minted.labels])
    joined = DigitSet(images, labels, f"{real.name} and digits {minted.name}", real.class_names)
    return joined.subset(torch.cat(chosen))


def _rows_by_class(digits: DigitSet) -> list[Tensor]:
    return [torch.nonzero(digits.labels == label).flatten() for label in range(digits.num_classes)]


def _cycled(rows: Tensor, count: int) -> Tensor:
    return rows[torch.arange(count) % len(rows)] if count else rows[:0]


def _own_levels(per_class: PerClass, class_names: tuple[str, ...], mode: Mode) -> dict[int, float]:
    if per_class is None or per_class == "auto":
        return {}
    return dict(_checked(per_class, class_names, mode))


def _checked(
    per_class: Mapping[str, float], class_names: tuple[str, ...], mode: Mode
) -> Iterator[tuple[int, float]]:
    for name, value in per_class.items():
        if name not in class_names:
            raise SettingsError(
                f"There is no class {name!r}{did_you_mean(name, class_names)}; the classes are "
                f"{', '.join(class_names)}."
            )
        if mode == "shares" and not 0 <= value <= 1:
            raise SettingsError(
                f"{value:g} is no share of real digits; give class {name} one of 0 to 1, such as 0.5."
            )
        if mode == "counts" and (value < 0 or value != int(value)):
            raise SettingsError(
                f"{value:g} is no number of minted digits; give class {name} a whole one such as 500, or ask for "
                "shares of real digits with --shares."
            )
        yield class_names.index(name), value


def _without_repeats(mixtures: Sequence[Mixture]) -> tuple[Mixture, ...]:
    """A mixture that is the same lesson as an earlier one, or a variant as a common one, is left out."""
    known: dict[str, Mixture] = {}
    for mixture in sorted(mixtures, key=lambda mixture: mixture.kind != "common"):
        known.setdefault(mixture.key, mixture)
    kept = set(map(id, known.values()))
    return tuple(mixture for mixture in mixtures if id(mixture) in kept)
