"""Recipes: everything that decides what a training run computes, as checked data."""

import json
import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

import tomli_w
import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from torch import Tensor

from inkmint.data.augment import Augment
from inkmint.data.digits import DigitSet
from inkmint.errors import SettingsError
from inkmint.files import write_text
from inkmint.options import Value
from inkmint.zoo import find

_LATER_CHANGES = ("erase_px", "elastic_px")
_FEW_LABELS = ("labels_per_class", "labelled_share", "images_per_epoch", "strong")


class Settings(BaseModel):
    """Frozen, with unknown fields refused, and numbers that must be numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=True)


class Optimiser(Settings):
    """How one network's weights follow its gradients."""

    kind: Literal["adam", "sgd"] = "adam"
    learning_rate: float = Field(gt=0, le=10)
    beta1: float = Field(0.9, ge=0, lt=1, description="Adam's first decay, SGD's momentum")
    beta2: float = Field(0.999, ge=0, lt=1, description="Adam's second decay; SGD has none")
    weight_decay: float = Field(0.0, ge=0)


class Schedule(Settings):
    """The learning rate over the run, as a factor of the optimiser's."""

    kind: Literal["constant", "linear-decay", "one-cycle"] = "constant"
    turn: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="share of the run before the rate falls: held level, or (one-cycle) rising",
    )

    def factor(self, progress: float) -> float:
        """The factor at `progress`, the share of the run that is done, in [0, 1)."""
        falling = max(0.0, (progress - self.turn) / (1 - self.turn))
        match self.kind:
            case "constant":
                return 1.0
            case "linear-decay":
                return 1.0 - falling
            case "one-cycle" if progress < self.turn:
                return 0.04 + 0.96 * _half_cosine(1 - progress / self.turn)
            case "one-cycle":
                return _half_cosine(falling)


def _half_cosine(progress: float) -> float:
    return 0.5 * (1 + math.cos(math.pi * progress))


class Recipe(Settings):
    """A row of the zoo with the optimiser, the schedule and the treatment of the data.

    Attributes are described in their fields; `options` are the row's own, listed by `inkmint recipes`.
    """

    name: str = Field(pattern=r"^\w[\w.+-]*(/\w[\w.+-]*)?$")
    model: str = Field(description="name of a row of the zoo")
    about: str = Field("", description="one line for tables")
    choices: str = Field(
        "", description="where the document is silent or contradicts itself: what we chose, why"
    )
    options: dict[str, Value] = Field(default_factory=dict)
    epochs: int = Field(ge=1)
    batch_size: int = Field(ge=1, le=65536, description="images per step, all workers together")
    optimisers: dict[str, Optimiser] = Field(description="one for each network, by its role")
    schedule: Schedule = Schedule()
    average: float = Field(
        0.0, ge=0, lt=1, description="decay of the running average of the kept network's weights; 0: none"
    )
    augment: Augment = Augment()
    background: Literal["dark", "paper"] = Field(
        "dark", description="what a generator draws: ink bright on dark, or dark ink on white paper"
    )
    labels_per_class: int = Field(
        0,
        ge=0,
        le=10**6,
        description="of digits that are labelled throughout, so many labels of every class, drawn by the seed, are "
        "looked at, and the other images go without; 0: all labels",
    )
    labelled_share: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="labelled images are repeated until they make up this share of an epoch; 0: never",
    )
    images_per_epoch: int = Field(
        0,
        ge=0,
        le=10**6,
        description="images are repeated until an epoch has so many, whatever the size of the data; 0: never",
    )
    strong: Augment = Field(
        Augment(),
        description="on top of augment, the changes through which a model that learns from unlabelled images has to "
        "know them again",
    )

    @model_validator(mode="after")
    def _fits_the_zoo(self) -> Self:
        spec = find(self.model)
        spec.check(self.options, self.batch_size)
        if set(self.optimisers) != set(spec.trained):
            raise SettingsError(
                f"The recipe {self.name!r} has optimisers for {', '.join(self.optimisers) or 'nothing'}; "
                f"the model {self.model!r} needs one for each of {', '.join(spec.trained) or 'nothing'}."
            )
        if self.background == "paper" and spec.kind == "recogniser":
            raise SettingsError(
                f"The recogniser {self.model!r} reads ink bright on dark; leave background out, or train a generator."
            )
        if not spec.learns_unlabelled and (self.labelled_share or self.strong != Augment()):
            raise SettingsError(
                f"The model {self.model!r} learns from labelled images alone; leave labelled_share and strong out, or "
                "take a model that learns from unlabelled ones too, such as 'fixmatch'."
            )
        return self

    def digits_to_learn_from(self, digits: DigitSet, generator: torch.Generator) -> DigitSet:
        """What an epoch passes over: labels are hidden first, so that nothing that follows can see them.

        Digits some of which come without a label are few labels in earnest: there all that there are count.

        Args:
            digits: All there is to train on.
            generator: Draws which images keep their labels.

        Raises:
            DataError: A class has fewer labelled images than `labels_per_class`.
        """
        if self.labels_per_class and digits.labelled() is digits:
            digits = digits.with_few_labels(self.labels_per_class, generator)
        if not find(self.model).learns_unlabelled:
            digits = digits.labelled()
        return digits.repeated(self.images_per_epoch).with_labelled_share(self.labelled_share)

    def on_background(self, images: Tensor) -> Tensor:
        """Images as the recipe's background shows them: uint8, or float in [-1, 1], inverted for paper."""
        if self.background == "dark":
            return images
        return 255 - images if images.dtype == torch.uint8 else -images

    def deciding(self) -> dict[str, Any]:
        """What decides a result, as plain data: the recipe without its words, and every option of its model.

        Fields of learning from few labels are left out where they are not set, as in results from before they existed,
        and so are erasing and bending.
        """
        left_out: dict[str, Any] = {"about": True, "choices": True}
        left_out |= {
            name: True for name in _FEW_LABELS if getattr(self, name) == Recipe.model_fields[name].default
        }
        for name in ("augment", "strong"):
            unset = {change for change in _LATER_CHANGES if not getattr(getattr(self, name), change)}
            left_out.setdefault(name, unset)
        data = self.model_dump(mode="json", exclude=left_out)
        return data | {"options": dict(find(self.model).settle(self.options))}

    def derive(self, **changes: Any) -> "Recipe":
        """A checked copy with fields replaced; nested fields take dotted names.

        Example: `recipe.derive(**{"epochs": 3, "optimisers.generator.learning_rate": 1e-3})`.

        Raises:
            SettingsError: A field is unknown or its value does not fit; the message names it.
        """
        data = self.model_dump()
        for name, value in changes.items():
            _put(data, name, value)
        return parse(data)

    def save(self, path: Path) -> None:
        """Write the recipe as TOML, or as JSON if the name ends in `.json`."""
        data = self.model_dump()
        write_text(path, json.dumps(data, indent=2) if path.suffix == ".json" else tomli_w.dumps(data))


def parse(data: Mapping[str, Any]) -> Recipe:
    """Check plain data and make a recipe of it.

    Raises:
        SettingsError: One sentence that names the first field that does not fit.
    """
    try:
        return Recipe.model_validate(dict(data))
    except ValidationError as error:
        raise SettingsError(_explain(error)) from error


def load(path: Path) -> Recipe:
    """Read a recipe from a TOML or JSON file.

    Raises:
        SettingsError: The file is missing, not TOML or JSON, or not a recipe.
    """
    try:
        text = path.read_text(encoding="utf-8")
        return parse(json.loads(text) if path.suffix == ".json" else tomllib.loads(text))
    except OSError as error:
        raise SettingsError(
            f"The recipe {path} cannot be read ({error.strerror}); check the path."
        ) from error
    except (ValueError, TypeError) as error:
        raise SettingsError(f"The recipe {path} is not valid TOML or JSON ({error}); correct it.") from error


def assignment(text: str) -> tuple[str, Any]:
    """Split `field=value` from the command line; the value is read as TOML, else taken as text.

    Raises:
        SettingsError: There is no `=`.
    """
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise SettingsError(
            f"{text!r} is not an assignment; write --set field=value, such as --set epochs=3."
        )
    try:
        return name.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return name.strip(), value


def _put(data: dict[str, Any], name: str, value: Any) -> None:
    *parents, last = name.split(".")
    for parent in parents:
        if not isinstance(data.get(parent), dict):
            raise SettingsError(f"A recipe has no field {name!r}; it has {', '.join(data)}.")
        data = data[parent]
    data[last] = value


def _explain(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or "recipe"
    if first["type"] == "extra_forbidden":
        return f"A recipe has no field {field!r}; the fields are {', '.join(Recipe.model_fields)}."
    problem = first["msg"][0].lower() + first["msg"][1:]
    given = "" if first["type"] == "missing" else f", not {first['input']!r}"
    return f"The field {field!r} of the recipe does not fit: {problem}{given}."
