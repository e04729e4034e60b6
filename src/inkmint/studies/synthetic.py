"""Train on synthetic, test on real, and the reverse: what minted digits are worth as training data.

<cache>/learners/<key>/     model folders of recognisers that were trained on real digits

For every seed the learner is trained on minted digits alone, and on as many real ones with the same budget.
The latter does not depend on the generator, so it is trained once and kept; one that is damaged is
passed over and trained anew, and where the cache cannot be written it is trained every time.
"""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch

from inkmint import __version__
from inkmint.data.cache import cache_folder
from inkmint.data.digits import DigitSet, Splits
from inkmint.data.stacked import is_stacked
from inkmint.errors import DataError, Interrupted, ModelError, SettingsError, StorageError
from inkmint.evaluation.figure import Figure
from inkmint.evaluation.readings import OnceAsked
from inkmint.evaluation.samples import require_same_classes
from inkmint.evaluation.subjects import holds_digits, read_digits
from inkmint.evaluation.teaching import (
    accuracies,
    same_images_in_words,
    teaching_gap,
    train_real_test_synthetic,
    train_synthetic_test_real,
)
from inkmint.files import sha256_bytes
from inkmint.models import Generator, Recogniser, find_model, sized
from inkmint.recipes import find_recipe
from inkmint.runtime import resolve_device, set_threads
from inkmint.training import session
from inkmint.training.engine import Observer
from inkmint.training.recipe import Recipe
from inkmint.training.weights import read_config
from inkmint.zoo import find

LEARNER = find_recipe("hao2020/lenet-quick")
FORMAT = 1  # raised when training changes what it computes
FOLDER = "learners"

_SUBSET_SEED = 0
_FRESH = 1

Observers = Callable[[str], Sequence[Observer]]
"""Called with the title of a training run; gives its observers."""


@dataclass(frozen=True)
class SyntheticTraining:
    """What recognisers learnt from minted digits.

    Attributes:
        learner: Name of the recipe.
        num_train: Images that each recogniser was trained on.
        seeds: Of the training runs.
        synthetic: Accuracy on real test images by seed, trained on minted digits.
        real: The same, trained on real digits.
        minted: Accuracy on the minted digits by seed, trained on real digits.
        figures: TSTR, of several seeds its gap to real digits, and TRTS.
        notes: What a single seed tells of the gap, and where the class balances differ.
    """

    learner: str
    num_train: int
    seeds: tuple[int, ...]
    synthetic: tuple[float, ...]
    real: tuple[float, ...]
    minted: tuple[float, ...]
    figures: tuple[Figure, ...]
    notes: tuple[str, ...]


def train_on_synthetic(
    generated: DigitSet,
    splits: Splits,
    *,
    learner: Recipe = LEARNER,
    seeds: Sequence[int] = (0,),
    num_images: int | None = None,
    device: str = "auto",
    threads: int | None = None,
    observers: Observers = lambda _: (),
) -> SyntheticTraining:
    """Train a recogniser on minted digits alone, and one on as many real ones, and test both on real test images.

    Args:
        generated: Minted digits, whose labels are the classes asked for.
        splits: Real digits. Recognisers are trained on `train`; `test` is for the figures only.
        learner: A recogniser's recipe, for both sides; small sets take more epochs, to make 1,000 steps.
        seeds: Of the learners' training runs; each is trained once on either side.
        num_images: To train on; None takes as many as both sides have. Parts are drawn at random, those of
            real digits with the class balance of the minted ones as far as they last.
        device: One of `runtime.DEVICES`.
        threads: CPU threads; None for torch's choice.
        observers: Of the training runs.

    Raises:
        SettingsError: The recipe trains no recogniser, a seed is given twice or none is, or there are fewer
            than `num_images`.
        DataError: The classes differ, or some class has no minted digit.
        Interrupted: The user asked to stop; finished learners of real digits are kept.
    """
    require_recogniser(learner)
    seeds = _distinct(seeds)
    require_same_classes(generated, splits)
    minted, real = _matched(generated, splits.train.labelled(), num_images)
    school = _School(learner, splits, device, threads, observers)
    on_minted, on_real = [], []
    for seed in seeds:
        on_real.append(OnceAsked(school.taught_by_real(real, seed)))
        on_minted.append(OnceAsked(school.taught_by(minted, seed, f"minted digits, seed {seed}")))
    test, name, num_train = splits.test, learner.name.rpartition("/")[2], len(minted)
    notes = _balance_notes(minted, real)
    figures = [
        train_synthetic_test_real(on_minted, on_real, test, learner=name, num_train=num_train, seeds=seeds),
        train_real_test_synthetic(on_real, minted, test, learner=name, num_train=num_train, seeds=seeds),
    ]
    if len(seeds) > 1:
        gap = teaching_gap(on_minted, on_real, test, learner=name, num_train=num_train, seeds=seeds)
        figures.insert(1, gap)
    else:
        notes.append(same_images_in_words(on_minted[0], on_real[0], test))
    return SyntheticTraining(
        learner=learner.name,
        num_train=num_train,
        seeds=seeds,
        synthetic=tuple(accuracies(on_minted, test).tolist()),
        real=tuple(accuracies(on_real, test).tolist()),
        minted=tuple(accuracies(on_real, minted).tolist()),
        figures=tuple(figures),
        notes=tuple(notes),
    )


def accuracies_on_real(
    splits: Splits,
    *,
    learner: Recipe = LEARNER,
    seeds: Sequence[int] = (0,),
    device: str = "auto",
    threads: int | None = None,
    observers: Observers = lambda _: (),
) -> tuple[float, ...]:
    """TSTR of the real training digits themselves, by seed: the ceiling of every generator's.

    Args:
        splits: As in `train_on_synthetic`, like the other arguments.
        learner: A recogniser's recipe.
        seeds: Of the training runs.
        device: One of `runtime.DEVICES`.
        threads: CPU threads; None for torch's choice.
        observers: Of the training runs.

    Returns:
        Shares of the real test images.

    Raises:
        SettingsError: The recipe trains no recogniser, or a seed is given twice or none is.
    """
    require_recogniser(learner)
    seeds = _distinct(seeds)
    school = _School(learner, splits, device, threads, observers)
    return tuple(
        accuracies([school.taught_by_real(splits.train, seed) for seed in seeds], splits.test).tolist()
    )


def digits_to_learn_from(subject: str, splits: Splits, *, seed: int) -> DigitSet:
    """Labelled digits of whatever a user points at, for `train_on_synthetic`.

    Args:
        subject: As in `evaluate_subject`. A generator mints as many digits as there are real ones to train
            on, of exactly their classes; a set of digits is taken whole.
        splits: Real digits.
        seed: Of the digits that are measured elsewhere; those to learn from are others.

    Raises:
        SettingsError: The subject has no labelled digits.
        DataError, ModelError: It is missing, damaged, or of other classes.
    """
    if holds_digits(subject):
        return read_digits(Path(subject))
    if read_config(find_model(subject)).kind == "recogniser":
        raise SettingsError(f"{subject} is a recogniser and has no digits to learn from; name a generator.")
    generator = Generator.from_pretrained(subject)
    if not generator.conditional:
        raise SettingsError(
            f"The generator {generator.name!r} does not know classes, so nothing can be learnt from its digits "
            "without labels; leave --tstr out, or take a conditional one such as 'house'."
        )
    if is_stacked(generator.config):
        raise SettingsError(
            f"{subject} mints stacked digits, and readers learn from single ones; leave --tstr out."
        )
    if generator.class_names != splits.train.class_names:
        raise DataError(
            f"{subject} mints the classes {', '.join(generator.class_names)}, {splits.source} has "
            f"{', '.join(splits.train.class_names)}; give real digits of the same classes with --data."
        )
    labels_N = splits.train.labels
    images = generator.sample(len(labels_N), labels=labels_N.numpy(), seed=seed + _FRESH)
    name = f"minted by {generator.name}"
    return DigitSet(torch.from_numpy(images), labels_N, name, generator.class_names)


def require_recogniser(learner: Recipe) -> None:
    """Refuse a recipe that trains no recogniser.

    Raises:
        SettingsError: Naming it.
    """
    kind = find(learner.model).kind
    if kind != "recogniser":
        raise SettingsError(
            f"The recipe {learner.name!r} trains a {kind}, which learns no labels; "
            "name one of a recogniser, such as lenet-quick."
        )


@dataclass(frozen=True)
class _School:
    """Trains the learner on one set of digits or another, with everything else alike."""

    learner: Recipe
    splits: Splits
    device: str
    threads: int | None
    observers: Observers

    def taught_by(self, digits: DigitSet, seed: int, title: str) -> Recogniser:
        """The learner, trained on these digits alone."""
        splits = Splits(digits, self.splits.validation, self.splits.test, digits.name)
        with tempfile.TemporaryDirectory(prefix="inkmint-") as scratch:
            try:
                run = session.train(
                    sized(self.learner, len(digits)),
                    splits,
                    Path(scratch),
                    seed=seed,
                    device=self.device,
                    threads=self.threads,
                    observers=self.observers(title),
                )
            except Interrupted as error:
                raise Interrupted(
                    "Stopped before every recogniser was trained; those that finished on real digits are kept, so "
                    "the same command goes on faster."
                ) from error
            return Recogniser.from_pretrained(run.path)

    def taught_by_real(self, digits: DigitSet, seed: int) -> Recogniser:
        """The learner, trained on these real digits alone, or taken from the cache."""
        folder = cache_folder() / FOLDER / self._key(digits, seed)
        with suppress(ModelError):
            known = Recogniser.from_pretrained(folder)
            config = known.config_
            if (config.recipe, config.seed, config.class_names) == (
                self.learner.name,
                seed,
                digits.class_names,
            ):
                return known
        trained = self.taught_by(digits, seed, f"real digits, seed {seed}")
        with suppress(StorageError):
            trained.save_pretrained(folder)
        return trained

    def _key(self, digits: DigitSet, seed: int) -> str:
        """Hash of all that decides the weights, to the last bit on one machine."""
        deciding = {
            "format": FORMAT,
            "recipe": sorted(sized(self.learner, len(digits)).deciding().items()),
            "data": digits.fingerprint,
            "seed": seed,
            "device": resolve_device(self.device).type,
            "threads": set_threads(self.threads),
            "torch": torch.__version__,
            "inkmint": __version__,
        }
        return sha256_bytes(repr(sorted(deciding.items())).encode())[:32]


def _distinct(seeds: Sequence[int]) -> tuple[int, ...]:
    if not seeds or len(set(seeds)) < len(seeds):
        raise SettingsError(f"The seeds {list(seeds)} are not one or more different numbers; give each once.")
    return tuple(seeds)


def _matched(generated: DigitSet, train: DigitSet, num_images: int | None) -> tuple[DigitSet, DigitSet]:
    """As many minted as real digits, with class balances as near to each other as the real ones allow."""
    most = min(len(generated), len(train))
    size = most if num_images is None else num_images
    if not 1 <= size <= most:
        raise SettingsError(
            f"{size:,} minted and as many real digits cannot be had of {len(generated):,} and {len(train):,}; "
            f"ask for 1 to {most:,}."
        )
    minted = generated
    if size < len(generated):
        minted = generated.subset(_shuffled(len(generated))[:size].sort().values)
    minted.require_every_class()
    return minted, _balanced_like(minted, train)


def _balanced_like(minted: DigitSet, train: DigitSet) -> DigitSet:
    """A part of `train` with the class counts of `minted`; where a class runs out, others fill its place."""
    if minted.counts() == train.counts():
        return train
    order = _shuffled(len(train))
    labels = train.labels[order]
    wanted = torch.zeros(len(train), dtype=torch.bool)
    for label, count in enumerate(minted.counts()):
        wanted[torch.nonzero(labels == label).flatten()[:count]] = True
    missing = len(minted) - int(wanted.sum())
    wanted[torch.nonzero(~wanted).flatten()[:missing]] = True
    return train.subset(order[wanted].sort().values)


def _shuffled(count: int) -> torch.Tensor:
    return torch.randperm(count, generator=torch.Generator().manual_seed(_SUBSET_SEED))


def _balance_notes(minted: DigitSet, real: DigitSet) -> list[str]:
    pairs = zip(minted.class_names, minted.counts(), real.counts(), strict=True)
    name, own, other = max(pairs, key=lambda pair: abs(pair[1] - pair[2]))
    if own == other:
        return []
    return [
        f"The class balance of minted and real training digits differs, most for {name}: {own:,} minted and "
        f"{other:,} real."
    ]
