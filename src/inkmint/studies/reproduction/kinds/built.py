"""Networks as they are built, beside what a document prints of their layers or their parameters."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import nn

from inkmint.data.digits import DIGIT_NAMES
from inkmint.studies.catalogue import entry
from inkmint.studies.reproduction.bench import Measurement
from inkmint.studies.reproduction.plan import Plan
from inkmint.studies.reproduction.rows import Found, Item, Kind
from inkmint.studies.reproduction.shown import Column, Judged, Row, Shown, Table, Values
from inkmint.training.recipe import Recipe
from inkmint.zoo import find


def layer_sizes(recipe: Recipe) -> dict[str, str]:
    """Units or maps that go out of every dense and convolutional layer, by network: `1024-512-256-1`."""
    with torch.device("meta"):
        networks = find(recipe.model).build(recipe.options, len(DIGIT_NAMES))
    return {role: "-".join(map(str, _sizes(network))) for role, network in networks.items()}


def _sizes(network: nn.Module) -> Iterator[int]:
    for module in network.modules():
        if isinstance(module, nn.Linear):
            yield module.out_features
        elif isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            yield module.out_channels


@dataclass(frozen=True)
class Built(Kind):
    """Parameters and layers of networks, which need no training.

    Attributes:
        printed: What the document prints of layers, by arm and network, as `layer_sizes` writes it.
    """

    printed: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def measurements(self, item: Item, plan: Plan) -> Sequence[Measurement]:  # noqa: ARG002
        """None: networks are built while they are shown."""
        return ()

    def show(self, item: Item, plan: Plan, found: Found) -> Shown:  # noqa: ARG002
        """Parameters by network, and a sentence on the layers of each."""
        rows, sentences, checked = [], [], []
        for arm in plan.arms(item):
            recipe = plan.full_recipe(arm)
            described, sizes = entry(recipe), layer_sizes(recipe)
            for role, count in described["parameters_by_network"].items():
                name = f"{arm.name}, {role}"
                says = described["printed_parameters"].get(role)
                rows.append(Row(name, {"parameters": Values({0: float(count)}, says=says, fixed=True)}))
                printed = self.printed.get(arm.name, {}).get(role)
                if printed is None:
                    sentences.append(f"{name}: layers of {sizes[role]} units or maps.")
                elif printed == sizes[role]:
                    checked.append(Judged("holds", f"{name}: layers of {printed}, as printed."))
                else:
                    words = f"{name}: layers of {sizes[role]}, where the document prints {printed}."
                    checked.append(Judged("fails", words))
        table = Table((Column("parameters", "parameters"),), tuple(rows))
        return Shown(table, checked=tuple(checked), sentences=tuple(sentences))
