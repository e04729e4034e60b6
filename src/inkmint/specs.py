"""What a row of the zoo is made of: networks by role, options, objective, and where it comes from."""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from torch import nn

from inkmint.errors import SettingsError
from inkmint.objectives import Objective
from inkmint.options import Option, Value
from inkmint.supervision import LabelsAlone, Supervision

Factory = Callable[..., nn.Module]
Settings = Mapping[str, Value]
Kind = Literal["generator", "recogniser"]

# Fewest images in a batch from which a normalisation can take its statistics.
_FEWEST_IMAGES = {"batch": 2, "half-batch": 4}


@dataclass(frozen=True, kw_only=True)
class Spec(ABC):
    """A row of the zoo.

    Attributes:
        name: As the user types it.
        paper: Short name of the document it comes from.
        about: One line for tables.
        options: What a user may set; each goes to every factory that takes an argument of that name.
        printed_parameters: How many parameters the document states, by role, where it does.
    """

    name: str
    paper: str
    about: str
    options: Mapping[str, Option] = field(default_factory=dict)
    printed_parameters: Mapping[str, int] = field(default_factory=dict)

    @property
    @abstractmethod
    def kind(self) -> Kind:
        """What comes out of training."""

    @property
    @abstractmethod
    def networks(self) -> Mapping[str, Factory]:
        """Factories by role, the one that is kept after training first."""

    @property
    def trained(self) -> tuple[str, ...]:
        """Roles of the networks that follow a gradient."""
        return tuple(self.networks)

    @property
    def conditional(self) -> bool:
        """Whether the label asked for decides what is drawn."""
        return False

    @property
    def learns_unlabelled(self) -> bool:
        """Whether images without a label teach it something; if not, it is never shown any."""
        return False

    def settle(self, options: Settings) -> Settings:
        """Every option, with the user's in their places.

        Raises:
            SettingsError: An option that the row does not have, or a value that makes no sense.
        """
        for name, value in options.items():
            if name not in self.options:
                known = ", ".join(sorted(self.options)) or "none"
                raise SettingsError(f"The model {self.name!r} has no option {name!r}; it has {known}.")
            option = self.options[name]
            if not option.takes(value):
                raise SettingsError(
                    f"The option {name!r} of {self.name!r} is {value!r}; give {option.values}, like "
                    f"{option.default!r}."
                )
        return {name: option.default for name, option in self.options.items()} | dict(options)

    def check(self, options: Settings, batch_size: int) -> None:
        """Refuse settings that cannot be trained, before anything is built.

        Raises:
            SettingsError: As `settle`, or two settings contradict each other.
        """
        settings = self.settle(options)
        fewest = _FEWEST_IMAGES.get(str(settings.get("normalisation")), 1)
        if batch_size < fewest:
            raise SettingsError(
                f"A batch of {batch_size} has no statistics for normalisation {settings['normalisation']!r}; "
                f"set batch_size to {fewest} or more."
            )
        if batch_size % int(settings.get("packing", 1)):
            raise SettingsError(
                f"A batch of {batch_size} cannot be packed by {settings['packing']}; set batch_size to a multiple."
            )

    def build(self, options: Settings, num_classes: int, image_channels: int = 1) -> dict[str, nn.Module]:
        """Freshly initialised networks by role, from torch's global random state.

        Args:
            options: As the user set them.
            num_classes: K.
            image_channels: Channels of the images that are drawn or read.

        Raises:
            SettingsError: The options do not fit each other, or the networks take grey images only; the message says
                which.
        """
        if image_channels > 1 and not all(
            "image_channels" in inspect.signature(factory).parameters
            for role, factory in self.networks.items()
            if role != "guide"  # which sees codes
        ):
            raise SettingsError(
                f"The model {self.name!r} takes grey images, and these have {image_channels} channels; take a GAN such "
                "as 'dcgan', or single digits."
            )
        settings = {**self.settle(options), "num_classes": num_classes, "image_channels": image_channels}
        try:
            return {role: call(factory, settings) for role, factory in self.networks.items()}
        except (ValueError, RuntimeError) as error:
            raise SettingsError(
                f"The model {self.name!r} cannot be built with {dict(options)}: {str(error).splitlines()[0]}."
            ) from error


def call(factory: Callable[..., Any], settings: Mapping[str, Any]) -> Any:
    """Call the factory with those settings that it takes an argument for."""
    accepted = inspect.signature(factory).parameters
    return factory(**{name: value for name, value in settings.items() if name in accepted})


@dataclass(frozen=True, kw_only=True)
class GanSpec(Spec):
    """A generator and a discriminator with what they minimise.

    Attributes:
        generator: Called with `num_classes`, `image_channels` and the options, as far as it takes them.
        discriminator: Called likewise.
        objective: Called with the options.
        labelled: Whether the label asked for decides what is drawn.
        encoder: An autoencoder that is trained on real images first, for `guide` to look through.
        guide: A second discriminator, of the encoder's codes.
    """

    generator: Factory
    discriminator: Factory
    objective: Callable[..., Objective] = Objective
    labelled: bool = False
    encoder: Factory | None = None
    guide: Factory | None = None

    @property
    def kind(self) -> Kind:
        """A generator."""
        return "generator"

    @property
    def networks(self) -> Mapping[str, Factory]:
        """The generator, its discriminator, and what guides them."""
        roles = {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "encoder": self.encoder,
            "guide": self.guide,
        }
        return {role: factory for role, factory in roles.items() if factory is not None}

    @property
    def conditional(self) -> bool:
        """Whether the label asked for decides what is drawn."""
        return self.labelled

    def build_objective(self, options: Settings) -> Objective:
        """What the two players minimise.

        Raises:
            SettingsError: The options contradict each other.
        """
        try:
            objective: Objective = call(self.objective, self.settle(options))
        except ValueError as error:
            raise SettingsError(f"The model {self.name!r} cannot be trained so: {error}.") from error
        return objective

    def check(self, options: Settings, batch_size: int) -> None:
        """Refuse settings that cannot be trained, before anything is built."""
        super().check(options, batch_size)
        settings = self.settle(options)
        coupled = settings.get("normalisation") in _FEWEST_IMAGES or settings.get("minibatch_stddev")
        if self.build_objective(options).looks_at_gradients and coupled:
            raise SettingsError(
                f"A gradient penalty looks at single images, which the discriminator of {self.name!r} mixes; set "
                "options.normalisation to 'none' or 'reference', and options.minibatch_stddev to false."
            )


@dataclass(frozen=True, kw_only=True)
class LatentFlowSpec(Spec):
    """A generator that follows a flow to codes of digits, with the autoencoder whose codes they are.

    A small recogniser learns beside the autoencoder and tells how far what it draws looks from what it saw.

    Attributes:
        generator: A `nets.latent.LatentFlowGenerator`, called with `num_classes`, `image_channels` and the options.
        autoencoder: A `nets.latent.CodeAutoencoder`, called likewise.
        perception: A `nets.latent.Perception`, called likewise.
    """

    generator: Factory
    autoencoder: Factory
    perception: Factory

    @property
    def kind(self) -> Kind:
        """A generator."""
        return "generator"

    @property
    def networks(self) -> Mapping[str, Factory]:
        """The generator, the autoencoder and the recogniser."""
        return {
            "generator": self.generator,
            "autoencoder": self.autoencoder,
            "perception": self.perception,
        }

    @property
    def conditional(self) -> bool:
        """The label decides what is drawn."""
        return True

    def check(self, options: Settings, batch_size: int) -> None:
        """Refuse settings that cannot be trained, before anything is built."""
        super().check(options, batch_size)
        if batch_size < 2:
            raise SettingsError(
                f"A batch of {batch_size} has no statistics for the codes of {self.name!r}; set batch_size to 2 or "
                "more."
            )

    def build(self, options: Settings, num_classes: int, image_channels: int = 1) -> dict[str, nn.Module]:
        """Networks that have one decoder between them: what the autoencoder learns, the generator draws with."""
        networks = super().build(options, num_classes, image_channels)
        networks["autoencoder"].decoder = networks["generator"].decoder
        return networks


@dataclass(frozen=True, kw_only=True)
class RecogniserSpec(Spec):
    """A network that tells which class an image shows.

    Attributes:
        network: Called with `num_classes` and the options.
        objective: Called with the options.
    """

    network: Factory
    objective: Callable[..., Supervision] = LabelsAlone

    @property
    def kind(self) -> Kind:
        """A recogniser."""
        return "recogniser"

    @property
    def learns_unlabelled(self) -> bool:
        """Whether its objective has a use for images without a label."""
        return self.build_objective({}).learns_unlabelled

    def build_objective(self, options: Settings) -> Supervision:
        """What the recogniser minimises."""
        objective: Supervision = call(self.objective, self.settle(options))
        return objective

    @property
    def networks(self) -> Mapping[str, Factory]:
        """The recogniser alone."""
        return {"recogniser": self.network}


@dataclass(frozen=True, kw_only=True)
class FittedSpec(Spec):
    """A model that is fitted to all images at once, without gradients.

    Attributes:
        makes: What it is.
        network: A `nets.fitted.FittedModule`, called with `num_classes` and the options.
        labelled: Whether the label asked for decides what is drawn.
    """

    makes: Kind
    network: Factory
    labelled: bool = False

    @property
    def kind(self) -> Kind:
        """What it is."""
        return self.makes

    @property
    def networks(self) -> Mapping[str, Factory]:
        """The model alone."""
        return {self.makes: self.network}

    @property
    def trained(self) -> tuple[str, ...]:
        """None: nothing follows a gradient."""
        return ()

    @property
    def conditional(self) -> bool:
        """Whether the label asked for decides what is drawn."""
        return self.labelled
