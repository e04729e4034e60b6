"""Principal components as generators, by their number: images reconstructed, as the document does, and new ones.

Shape suffixes: N images, C channels, H height, W width.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np
import torch
from torch import Tensor

from inkmint.data.digits import DigitSet
from inkmint.data.pixels import to_network, to_pixels
from inkmint.evaluation.samples import random_rows
from inkmint.models import BATCH_IMAGES
from inkmint.studies.plot import Line, Plot
from inkmint.studies.reproduction.bench import Bench, Measurement
from inkmint.studies.reproduction.costs import seconds_of_use
from inkmint.studies.reproduction.kinds.common import Of, OfOneRun, Plain, found_of, of_arms
from inkmint.studies.reproduction.plan import Plan
from inkmint.studies.reproduction.rows import Arm, Found, Item, Kind
from inkmint.studies.reproduction.shown import Column, Row, Shown, Table, Values
from inkmint.studies.reproduction.trainings import Training

NUM_PARTS = 3
"""Equal parts of the images: fitting draws nothing, so that they and not seeds tell the spread."""

_WAYS = ("reconstructed", "drawn")


class _Components(Protocol):
    """A fitted network that can project images."""

    def reconstruct(self, x_NCHW: Tensor, y_N: Tensor) -> Tensor:
        """Images projected on the components of their classes."""


@dataclass(frozen=True, eq=False)
class Projected(OfOneRun):
    """How many images of either way the document's reader reads as the class that they are of.

    Attributes:
        reader: The document's own reader.
        num_images: Of each way.
    """

    reader: Training
    num_images: int

    @property
    def settings(self) -> str:
        """What is measured."""
        return f"{self.num_images} projected and drawn digits read by {self.reader.key}"

    @property
    def needs(self) -> tuple[Training, ...]:
        """The components and the reader."""
        return (self.training, self.reader)

    @property
    def seconds(self) -> float:
        """Expected."""
        return 2 * seconds_of_use(self.reader.recipe, self.num_images) + 3.0

    def measure(self, bench: Bench) -> dict[str, Any]:
        """Shares by way and part."""
        generator, reader = bench.generator(self.training), bench.recogniser(self.reader)
        train = bench.learned_from(self.training)
        rows_N = random_rows(train, min(self.num_images, len(train)))
        some = train.subset(torch.from_numpy(rows_N))
        network = cast("_Components", generator.network)
        reconstructed = _reconstructed(network, some)
        drawn = generator.mint(self.num_images, seed=1)
        shares = {}
        for way, digits in zip(_WAYS, (reconstructed, drawn), strict=True):
            right_N = np.equal(reader.predict_indices(digits.images.numpy()), digits.labels.numpy())
            shuffled_N = right_N[random_rows(digits, len(digits))]
            shares[way] = [float(part.mean()) for part in np.array_split(shuffled_N, NUM_PARTS)]
        return shares


def _reconstructed(network: _Components, digits: DigitSet) -> DigitSet:
    parts = []
    with torch.inference_mode():
        for images, labels in zip(
            digits.images.split(BATCH_IMAGES), digits.labels.split(BATCH_IMAGES), strict=True
        ):
            parts.append(to_pixels(network.reconstruct(to_network(images), labels)))
    return DigitSet(torch.cat(parts), digits.labels, f"{digits.name}, projected", digits.class_names)


@dataclass(frozen=True)
class Components(Kind):
    """Scores by the number of components.

    Attributes:
        reader: The document's own reader.
        curve: Names of the arms on the curve, in its order; each is a number.
    """

    reader: Arm
    curve: tuple[str, ...] = ()

    def _of(self, plan: Plan) -> Of:
        reader = plan.trainings(self.reader)[0]
        return lambda training: Projected(training, reader, plan.scale.num_minted)

    def measurements(self, item: Item, plan: Plan) -> Sequence[Measurement]:
        """Every number of components."""
        return of_arms(plan.arms(item), plan, self._of(plan))

    def show(self, item: Item, plan: Plan, found: Found) -> Shown:
        """The table and the curves of both ways."""
        arms = plan.arms(item)
        rows = tuple(
            Row(arm.name, {way: self._values(plan, arm, found, way) for way in _WAYS}) for arm in arms
        )
        lines = []
        for way in _WAYS:
            known = {
                float(arm.name): self._values(plan, arm, found, way).by_seed
                for arm in arms
                if arm.name in self.curve
            }
            if known and all(known.values()):
                by_part = {
                    part: [(place, values[part]) for place, values in known.items()]
                    for part in range(NUM_PARTS)
                }
                lines.append(Line(way, by_part))
        plots = (
            (Plot("Score by number of components", "components", "share", tuple(lines), by_place=True),)
            if lines
            else ()
        )
        words = (
            f"Of every row {plan.scale.num_minted:,} images are read each way; the spread is that of {NUM_PARTS} parts "
            "of them, for fitting draws nothing."
        )
        is_read = any(values.by_seed for row in rows for values in row.values.values())
        table = Table(tuple(Column(way) for way in _WAYS), rows)
        return Shown(table, plots=plots, sentences=(words,) if is_read else ())

    def _values(self, plan: Plan, arm: Arm, found: Found, way: str) -> Values:
        known: list[Plain] = list(found_of(plan, arm, found, self._of(plan)).values())
        parts = known[0][way] if known else []
        return Values(dict(enumerate(parts)), says=arm.says.get(way), over="parts of the images")
