"""Where the minted digits of a mixing experiment come from, and what that source had learned from.

A recipe is trained anew on the learner's own real digits, so that nobody knows of more of them than the learner
alone. A trained generator, or digits that were minted before, may know more, and say so.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import torch

from inkmint.data.digits import IMAGE_SIZE, DigitSet, Splits
from inkmint.data.stacked import is_stacked
from inkmint.errors import DataError, ModelError, RunError, SettingsError
from inkmint.evaluation.samples import require_class_names
from inkmint.evaluation.subjects import holds_digits, read_digits
from inkmint.models import Generator, find_model, pretrained_names
from inkmint.recipes import find_recipe
from inkmint.runtime import seed_of
from inkmint.training import session
from inkmint.training.engine import Event, Logged
from inkmint.training.recipe import Recipe
from inkmint.training.runs import Run
from inkmint.training.weights import read_config
from inkmint.zoo import find

FEWEST_STEPS = 1000
"""Of a generator's training on however few digits; a recipe that makes more on them keeps to its epochs."""

_EPOCHS = 2
_MOST_IMAGES = 10**6
_MINTING = 1  # second part of the seeds of minted digits

Told = Callable[[str], None]
"""Told what is being done, in a few words."""


class Minter(Protocol):
    """A source of minted digits.

    Attributes:
        about: What it is and what it had learned from, for the page.
        warning: What it may know beyond the learner's real digits, or empty.
    """

    @property
    def about(self) -> str: ...  # noqa: D102

    @property
    def warning(self) -> str: ...  # noqa: D102

    def deciding(self) -> dict[str, Any]:
        """What decides which digits are minted, as plain data."""

    def mint(self, real: DigitSet, counts: Sequence[int], seed: int, told: Told) -> DigitSet:
        """So many digits of each class.

        Args:
            real: All real digits that the learner may see, class by class.
            counts: Of each class; of a larger number the first are the same.
            seed: Of the experiment.
            told: What is being done.
        """


def find_minter(
    name: str, splits: Splits, folder: Path, *, device: str = "auto", threads: int | None = None
) -> Minter:
    """The source of that name or at that path; a model that comes with inkmint goes before a recipe.

    Args:
        name: A folder or file of digits, a run or model folder, the name of a shipped model, or a generator's recipe.
        splits: Real digits of the same classes.
        folder: For generators that are trained.
        device: One of `runtime.DEVICES`, for those.
        threads: CPU threads for those.

    Raises:
        SettingsError: It cannot mint digits of a given class.
        DataError, ModelError: It is missing, damaged, or of other classes.
    """
    if holds_digits(name):
        digits = read_digits(Path(name)).require_one_channel("mixing takes single digits")
        require_class_names(splits.train.class_names, digits.class_names, name)
        return MintedBefore(digits, name)
    if Path(name).is_dir() or name in pretrained_names():
        return _trained_before(name, splits)
    recipe = find_recipe(name)
    spec = find(recipe.model)
    if spec.kind != "generator" or not spec.conditional:
        raise SettingsError(
            f"The recipe {recipe.name!r} trains "
            f"{'a generator that does not know classes' if spec.kind == 'generator' else 'a recogniser'}, so nothing "
            "can be learned from what it gives; name a conditional generator's, such as 'inkmint/house-minute'."
        )
    if recipe.background == "paper":
        recipe = recipe.derive(background="dark")
    return TrainedOnTheSame(recipe, splits, folder, device, threads)


@dataclass(frozen=True)
class TrainedOnTheSame:
    """A recipe that is trained for every number of real digits and every seed on these digits alone.

    Runs are kept in the folder: finished ones are used again, and interrupted ones go on.
    """

    recipe: Recipe
    splits: Splits
    folder: Path
    device: str
    threads: int | None

    warning = ""

    @property
    def about(self) -> str:
        """In words."""
        return f"{self.recipe.name}, trained for every number of real digits and every seed on these real digits alone"

    def deciding(self) -> dict[str, Any]:
        """The recipe as it stands, before it is fitted to the number of digits."""
        return {"recipe": self.recipe.deciding(), "fewest_steps": FEWEST_STEPS}

    def mint(self, real: DigitSet, counts: Sequence[int], seed: int, told: Told) -> DigitSet:
        """Train unless that is done, then mint."""
        path = self.folder / f"real-{real.counts()[0]}-seed-{seed}"
        run = Run(path)
        if not (run.read_status().get("state") == "finished" and run.model_path.is_dir()):
            self._train(run, real, seed, told)
        told("minting")
        return _minted_by(Generator.from_pretrained(path), counts, seed)

    def _train(self, run: Run, real: DigitSet, seed: int, told: Told) -> None:
        def tell(event: Event) -> None:
            if isinstance(event, Logged):
                engine = event.engine
                told(f"training the generator on {len(real):,} digits, {engine.step / engine.num_steps:.0%}")

        splits = replace(self.splits, train=real)
        if (run.path / "config.json").exists():
            session.resume(run, splits, observers=[tell])
            return
        told(f"training the generator on {len(real):,} digits")
        session.train(
            fitted_to(self.recipe, real),
            splits,
            self.folder,
            name=run.path.name,
            seed=seed,
            device=self.device,
            threads=self.threads,
            observers=[tell],
        )


@dataclass(frozen=True)
class TrainedBefore:
    """A generator that was trained elsewhere."""

    generator: Generator
    name: str
    learned_from: str
    warning: str

    @property
    def about(self) -> str:
        """In words."""
        return f"{self.name}, trained before on {self.learned_from}"

    def deciding(self) -> dict[str, Any]:
        """The weights."""
        return {"model": self.generator.name, "weights": self.generator.weights_sha256}

    def mint(self, real: DigitSet, counts: Sequence[int], seed: int, told: Told) -> DigitSet:  # noqa: ARG002
        """The same digits for every number of real ones."""
        told("minting")
        return _minted_by(self.generator, counts, seed)


@dataclass(frozen=True)
class MintedBefore:
    """A set of digits of which every seed draws others."""

    digits: DigitSet
    name: str

    @property
    def about(self) -> str:
        """In words."""
        return f"{len(self.digits):,} digits of {self.name}"

    @property
    def warning(self) -> str:
        """Nothing is known of where they come from."""
        return (
            f"What the digits of {self.name} were made from is not known here: if their generator saw more real "
            "digits than the learner, their gain is not to be had from the learner's digits alone; and it must have "
            "seen no test or validation images."
        )

    def deciding(self) -> dict[str, Any]:
        """The digits."""
        return {"digits": self.digits.fingerprint}

    def mint(self, real: DigitSet, counts: Sequence[int], seed: int, told: Told) -> DigitSet:  # noqa: ARG002
        """A random part.

        Raises:
            DataError: A class has too few.
        """
        random = torch.Generator().manual_seed(seed_of(seed, _MINTING))
        chosen = []
        for label, count in enumerate(counts):
            rows = torch.nonzero(self.digits.labels == label).flatten()
            if len(rows) < count:
                raise DataError(
                    f"{self.name} has {len(rows):,} digits of class {self.digits.class_names[label]}, and "
                    f"{count:,} are to be mixed in; mint more, or ask for fewer."
                )
            chosen.append(rows[torch.randperm(len(rows), generator=random)[:count]])
        return self.digits.subset(torch.cat(chosen), f"of {self.name}")


def fitted_to(recipe: Recipe, digits: DigitSet) -> Recipe:
    """The recipe for so few digits: at least `FEWEST_STEPS` steps, and no more components than can be told.

    Args:
        recipe: Of a generator.
        digits: What it is trained on, equally many of every class.

    Raises:
        DataError: Components cannot be told from one digit of a class.
    """
    per_class = min(digits.counts())
    changes: dict[str, Any] = {"labels_per_class": 0}
    num_images = max(len(digits), recipe.images_per_epoch)
    settled: Mapping[str, Any] = find(recipe.model).settle(recipe.options)
    if "num_components" in settled and settled["num_components"] >= per_class:
        if per_class < 2:
            raise DataError(
                f"{recipe.name} needs two real digits of every class or more, not {per_class}; raise --real, or take "
                "another generator such as 'inkmint/house-minute'."
            )
        changes["options"] = {**recipe.options, "num_components": per_class - 1}
    if not recipe.optimisers:
        changes["batch_size"] = min(recipe.batch_size, num_images)
    elif recipe.epochs * (num_images // recipe.batch_size) < FEWEST_STEPS:
        needed = -(-FEWEST_STEPS * recipe.batch_size // _EPOCHS)
        changes |= {"epochs": _EPOCHS, "images_per_epoch": min(_MOST_IMAGES, needed)}
    return recipe.derive(**changes)


def _trained_before(name: str, splits: Splits) -> TrainedBefore:
    config = read_config(find_model(name))
    if config.kind != "generator" or is_stacked(config):
        kind = "mints stacked digits" if config.kind == "generator" else f"is a {config.kind}"
        raise SettingsError(f"{name} {kind}, so it has nothing to mix in; name a generator of single digits.")
    generator = Generator.from_pretrained(name)
    if not generator.conditional:
        raise SettingsError(
            f"The generator {name} does not know classes, so nothing can be learned from its digits; take a "
            "conditional one such as 'house'."
        )
    require_class_names(splits.train.class_names, generator.class_names, f"The generator {name!r}")
    learned_from, warning = _known_of(name, config.data, splits)
    return TrainedBefore(generator, name, learned_from, warning)


def _known_of(name: str, data: str, splits: Splits) -> tuple[str, str]:
    """What a trained generator had learned from, and what follows for the comparison."""
    try:
        fingerprint = Run.open(Path(name)).read_config().data_fingerprint
    except (RunError, ModelError):
        fingerprint = ""
    if fingerprint == splits.train.fingerprint:
        learned_from = f"all {len(splits.train):,} training digits of {splits.source}"
        return learned_from, (
            f"{name} had learned from {learned_from}, more real digits than most learners here see: its gain is not "
            "to be had from the learner's digits alone. Give a recipe to have it trained on those alone."
        )
    return f"{data}, in a number not known here", (
        f"{name} had learned from {data}, and how many digits of it is not known here: if there were more than the "
        "learner sees, its gain is not to be had from the learner's digits alone; and there must have been no test "
        "or validation images among them. Give a recipe to have it trained on the learner's digits alone."
    )


def _minted_by(generator: Generator, counts: Sequence[int], seed: int) -> DigitSet:
    parts = [
        torch.from_numpy(generator.sample(count, digit=label, seed=seed_of(seed, _MINTING, label)))
        for label, count in enumerate(counts)
        if count
    ]
    images = torch.cat(parts) if parts else torch.empty(0, IMAGE_SIZE, IMAGE_SIZE, dtype=torch.uint8)
    labels = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    return DigitSet(images, labels, f"minted by {generator.name}", generator.class_names)
