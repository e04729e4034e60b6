"""The table of models. A model is a row: networks, objective, and where it comes from.

Adding a model from existing parts is one block in this file; the command line, the contract tests and
the documentation read the table and need no change.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

from torch import nn

from inkmint.errors import SettingsError, did_you_mean
from inkmint.nets.conv import AcganDiscriminator, AcganGenerator
from inkmint.nets.dense import DenseDiscriminator, DenseGenerator
from inkmint.nets.recognisers import LeNet
from inkmint.objectives import NonSaturating

Options = Mapping[str, Any]


@dataclass(frozen=True)
class GanSpec:
    """A generator and a discriminator with what they minimise.

    Attributes:
        name: As the user types it.
        paper: Short name of the document it comes from.
        about: One line for tables.
        conditional: Whether the label asked for decides what is drawn.
        generator: Called with `num_classes` and the generator's options.
        discriminator: Called with `num_classes` and the discriminator's options.
        objective: Called with nothing; the two losses.
        latent_size: Z; the latent is drawn from N(0, 1).
        defaults: The options that a user may set and their values here; each goes to every network
            whose factory takes an argument of that name.
    """

    name: str
    paper: str
    about: str
    conditional: bool
    generator: Callable[..., nn.Module]
    discriminator: Callable[..., nn.Module]
    objective: NonSaturating
    latent_size: int = 100
    defaults: Options = field(default_factory=dict)
    kind: ClassVar[str] = "generator"
    roles: ClassVar[tuple[str, ...]] = ("generator", "discriminator")

    @property
    def options(self) -> Options:
        """Every option that a user may set, with its default."""
        return {"latent_size": self.latent_size, **self.defaults}

    def build(self, options: Options, num_classes: int) -> dict[str, nn.Module]:
        """Freshly initialised networks by role, from torch's global random state."""
        factories = {"generator": self.generator, "discriminator": self.discriminator}
        return _build(self, factories, options, num_classes)


@dataclass(frozen=True)
class RecogniserSpec:
    """A network that tells which class an image shows.

    Attributes:
        name: As the user types it.
        paper: Short name of the document it comes from.
        about: One line for tables.
        network: Called with `num_classes` and the options.
        defaults: The options that a user may set and their values here.
    """

    name: str
    paper: str
    about: str
    network: Callable[..., nn.Module]
    defaults: Options = field(default_factory=dict)
    kind: ClassVar[str] = "recogniser"
    roles: ClassVar[tuple[str, ...]] = ("recogniser",)

    @property
    def options(self) -> Options:
        """Every option that a user may set, with its default."""
        return self.defaults

    def build(self, options: Options, num_classes: int) -> dict[str, nn.Module]:
        """Freshly initialised networks by role, from torch's global random state."""
        return _build(self, {"recogniser": self.network}, options, num_classes)


Spec = GanSpec | RecogniserSpec


def settle(spec: Spec, options: Options) -> Options:
    """The row's options with the user's in their places.

    Raises:
        SettingsError: An option that the row does not have, or of another type, or out of range.
    """
    for option, value in options.items():
        if option not in spec.options:
            raise SettingsError(
                f"The model {spec.name!r} has no option {option!r}; it has {', '.join(sorted(spec.options)) or 'none'}."
            )
        default = spec.options[option]
        fits = type(value) is type(default) or (isinstance(default, float) and type(value) is int)
        lowest = 1 if type(default) is int else 0  # whole numbers are sizes
        if not fits or (not isinstance(value, bool | str) and value < lowest):
            raise SettingsError(
                f"The option {option!r} of {spec.name!r} is {value!r}; "
                f"give a {type(default).__name__} that makes sense, like {default!r}."
            )
    return {**spec.options, **options}


def _build(
    spec: Spec, factories: Mapping[str, Callable[..., nn.Module]], options: Options, num_classes: int
) -> dict[str, nn.Module]:
    settings = {**settle(spec, options), "num_classes": num_classes}
    try:
        return {role: _call(factory, settings) for role, factory in factories.items()}
    except (ValueError, RuntimeError) as error:
        raise SettingsError(
            f"The model {spec.name!r} cannot be built with {options} ({str(error).splitlines()[0]}); "
            f"take values like {dict(spec.options)}."
        ) from error


def _call(factory: Callable[..., nn.Module], settings: Options) -> nn.Module:
    accepted = inspect.signature(factory).parameters
    return factory(**{name: value for name, value in settings.items() if name in accepted})


ROWS: tuple[Spec, ...] = (
    GanSpec(
        name="gan",
        paper="raza2021",
        about="fully connected GAN, 100-256-512-1024-784 against 784-1024-512-256-1",
        conditional=False,
        generator=partial(DenseGenerator, widths=(256, 512, 1024)),
        discriminator=partial(DenseDiscriminator, widths=(1024, 512, 256)),
        objective=NonSaturating(),
        defaults={"dropout": 0.3},
    ),
    GanSpec(
        name="acgan-sa",
        paper="hu2024",
        about="auxiliary-classifier GAN with self-attention in both networks",
        conditional=True,
        generator=partial(AcganGenerator, attention=True),
        discriminator=partial(AcganDiscriminator, attention=True),
        objective=NonSaturating(class_weight=1.0),
        defaults={"num_channels": 32, "spectral_norm": False},
    ),
    RecogniserSpec(
        name="lenet",
        paper="hao2020",
        about="LeNet-5",
        network=partial(LeNet, attention=False),
    ),
    RecogniserSpec(
        name="lenet-attention",
        paper="hao2020",
        about="LeNet-5 with an attention mask",
        network=partial(LeNet, attention=True),
    ),
)
ZOO: Mapping[str, Spec] = {row.name: row for row in ROWS}


def find(name: str) -> Spec:
    """The row of that name.

    Raises:
        SettingsError: There is none; the message names the nearest and lists all.
    """
    if name not in ZOO:
        raise SettingsError(
            f"There is no model {name!r}{did_you_mean(name, ZOO)}; choose one of {', '.join(ZOO)}."
        )
    return ZOO[name]
