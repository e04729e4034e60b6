"""Pictures of what an attention mask lets through, and how much of that is ink.

Shape suffixes: N images, C channels, H height, W width.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from inkmint.data.digits import IMAGE_SIZE, DigitSet
from inkmint.data.pixels import to_network
from inkmint.data.sheet import grid, shown_classes
from inkmint.errors import SettingsError
from inkmint.evaluation.samples import random_rows
from inkmint.nets.blocks import AttentionMask
from inkmint.studies.reproduction.bench import Bench, Measurement
from inkmint.studies.reproduction.kinds.common import OfOneRun, found_of, of_arms, values_of
from inkmint.studies.reproduction.plan import Plan
from inkmint.studies.reproduction.rows import Found, Item, Kind
from inkmint.studies.reproduction.shown import Column, Row, Sheet, Shown, Table

NUM_IMAGES = 1000
INK = 0.5
"""Mean brightness of the pixels under a location, from which on it counts as ink; where it is 0, as background."""


def mask_of(network: nn.Module, x_NCHW: Tensor) -> Tensor:
    """The attention mask that a recogniser computes for images, (N, 1, H, W).

    Raises:
        SettingsError: It has no attention mask.
    """
    module = next((each for each in network.modules() if isinstance(each, AttentionMask)), None)
    if module is None:
        raise SettingsError(
            "This recogniser has no attention mask; take one that has, such as lenet-attention."
        )
    seen: list[Tensor] = []
    handle = module.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    try:
        with torch.inference_mode():
            network(x_NCHW)
            return module.mask(seen[0])
    finally:
        handle.remove()


def over_image(map_NCHW: Tensor) -> Tensor:
    """A map over the convolutional features of a 28x28 image as pixels of it, (N, 1, 28, 28).

    Every location is laid over the pixels in the middle of what it sees; the rim, where there is none, is 0.
    """
    size = map_NCHW.shape[-1]
    scale = max(1, IMAGE_SIZE // (size + 4))  # LeNet's 10x10 locations lie two pixels apart
    laid = F.interpolate(map_NCHW, scale_factor=scale, mode="nearest")
    rim = (IMAGE_SIZE - laid.shape[-1]) // 2
    return F.pad(laid, (rim, IMAGE_SIZE - laid.shape[-1] - rim) * 2)


@dataclass(frozen=True, eq=False)
class Masks(OfOneRun):
    """Masks of test digits."""

    @property
    def settings(self) -> str:
        """What is measured."""
        return "attention masks"

    @property
    def seconds(self) -> float:
        """Expected."""
        return 2.0

    def measure(self, bench: Bench) -> dict[str, Any]:
        """The mean mask on ink and on background, and a picture of one digit of each class."""
        network, test = bench.recogniser(self.training).network_, bench.splits.test
        x_NCHW = to_network(test.images[torch.from_numpy(random_rows(test, NUM_IMAGES))])
        mask_NCHW = mask_of(network, x_NCHW)
        covered_NCHW = over_image(mask_NCHW)
        bright_NCHW = (x_NCHW + 1) / 2
        under = covered_NCHW > 0
        ink, dark = under & (bright_NCHW >= INK), under & (bright_NCHW == 0)
        return {
            "ink": float(covered_NCHW[ink].mean()),
            "background": float(covered_NCHW[dark].mean()),
            "range": [float(mask_NCHW.min()), float(mask_NCHW.max())],
            "picture": bench.picture(f"masks-{self.training.key}", _picture(network, test)),
        }


def _picture(network: nn.Module, test: DigitSet) -> Any:
    """Three rows: a digit of each class, its mask from its least to its largest value, and their product."""
    chosen = [
        int(members[0])
        for label in shown_classes(test.num_classes, 10)
        if len(members := torch.nonzero(test.labels == label).flatten())
    ]
    images = test.images[chosen]
    mask = over_image(mask_of(network, to_network(images)))[:, 0]
    low, high = mask[mask > 0].min(), mask.max()
    stretched = ((mask - low) / (high - low).clamp_min(1e-9)).clamp(0, 1)
    rows = [images, (255 * stretched).round().to(torch.uint8), (images * mask).round().to(torch.uint8)]
    return grid(np.concatenate([row.numpy() for row in rows]), columns=len(chosen))


@dataclass(frozen=True)
class MaskPictures(Kind):
    """Recognisers with an attention mask."""

    def measurements(self, item: Item, plan: Plan) -> Sequence[Measurement]:
        """Masks of every run."""
        return of_arms(plan.arms(item), plan, Masks)

    def show(self, item: Item, plan: Plan, found: Found) -> Shown:
        """The mean mask on ink and on background, and the picture of the first seed."""
        rows, sheets = [], []
        for arm in plan.arms(item):
            values = {
                name: values_of(plan, arm, found, Masks, itemgetter(name)) for name in ("ink", "background")
            }
            rows.append(Row(arm.name, values))
            for seed, plain in list(found_of(plan, arm, found, Masks).items())[:1]:
                low, high = plain["range"]
                title = (
                    f"{arm.name}, seed {seed}: test digits, their masks stretched from black to white (values "
                    f"{low:.2f} to {high:.2f} over {NUM_IMAGES:,} digits), and what is left of the digits"
                )
                sheets.append(Sheet(plain["picture"], title, as_it_is=True))
        columns = (Column("ink", "ratio"), Column("background", "ratio"))
        return Shown(Table(columns, tuple(rows)), sheets=tuple(sheets))
