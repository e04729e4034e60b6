"""Says in plain words what goes wrong while a generator trains, from what metrics.jsonl holds."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean
from typing import Any, NamedTuple

from inkmint.errors import SettingsError
from inkmint.options import Value
from inkmint.training.engine import Engine
from inkmint.training.recipe import Recipe
from inkmint.training.views import MEASURED_SAMPLES, GeneratorView, has_few_classes
from inkmint.zoo import find

Record = Mapping[str, Any]
Tries = Sequence[tuple[str, Value]]

EARLY_STEPS = 750
"""Steps of the generator by which every quick recipe draws all ten classes, so that a run that ends can be judged."""

SETTLED_STEPS = 1000
"""Steps by which a run that goes on can be judged: mggan, the slowest, has a rarest class of 0.9 % after 770."""

EXTREME = 0.1
"""Factor on the thresholds until then."""

FEWEST_STEPS = 100
"""Steps before which no figure says more than that training has just begun."""

FAINTEST = 0.1
"""Contrast of what can hardly be seen: good runs have 0.87 to 0.89, as MNIST has, and a fresh network 0.04."""

RAREST = 0.1
"""Of its fair share 1 / K, below which a class counts as lost. The rarest class has 0.42 of it or more in all quick
recipes (docs/zoo/results.json); it had 0.06 in mggan-quick when that ended after 6 epochs, short of sixes and zeros."""

FEWEST_PRESENT = 0.5
"""Of the classes that an even draw would show, below which classes count as lost where they are too many to look at
each (more than 50). Real stacked digits show 0.997 of it."""

LEAST_DIVERSITY = 0.25
"""One picture of each class has diversity 0 and two have 0.5; below the middle it is one with small changes. The
trained acgan-sa has 0.96, and real digits 1.01 beside other real ones."""

GUESSING = 0.1
"""Of the way from guessing to perfect label agreement: 0.19 for 10 classes, nine standard deviations of 1,000 guesses
above guessing. Conditional quick recipes end at 0.76 (cgan) to 0.99 (acgan-sa)."""

FAR_AHEAD = 0.05
"""Of a guesser's loss, below which a discriminator gives the truth a probability above 0.96. Over an epoch, the larger
of its losses was 0.4 of it or more in the good quick runs that were looked at, and 0.8 in acgan-sa-quick."""

RECOVERY = 0.1
"""Share by which the generator's loss must fall within an epoch for its discriminator not to be called far ahead."""

GUESSED_LOSS: Mapping[str, float] = {
    "non-saturating": math.log(2),
    "minimax": math.log(2),
    "relativistic": math.log(2),
    "least-squares": 0.125,
    "hinge": 1.0,
}
"""Loss of a discriminator that cannot tell real from generated; that of a wasserstein critic has no scale."""

_GENERATOR = "generator/"
_ADVERSARIAL = f"{_GENERATOR}adversarial"
_MOST_TRIES = 2


class Finding(NamedTuple):
    """Something that goes wrong.

    Attributes:
        kind: In a word or two; the same at every epoch's end while the numbers change.
        text: What is wrong, the numbers, and what to try; a setting is written as `--set` takes it.
    """

    kind: str
    text: str


def diagnose_run(engine: Engine, records: Sequence[Record]) -> list[Finding]:
    """What is wrong at an epoch's end; nothing where no generator is trained.

    Args:
        engine: At the end of the epoch.
        records: As for `diagnose`.
    """
    view = engine.task.view
    return diagnose(engine.recipe, view.num_classes, records) if isinstance(view, GeneratorView) else []


def diagnose(recipe: Recipe, num_classes: int, records: Sequence[Record]) -> list[Finding]:
    """What is wrong at the end of the last recorded epoch.

    A run is judged from 1,000 steps and two epochs of the generator on, or from 750 at its end. Before that, from 100
    steps on, only what is ten times past its threshold is told, and nothing of classes or labels, which every generator
    learns late. The thresholds are constants of this module, with their reasons.

    Findings:
        nothing drawn: the contrast of the samples is below 0.1.
        mode collapse: a class has less than a tenth of its fair share, or the diversity is below 0.25. Of more than 50
            classes, less than half of those are present that an even draw would show.
        labels ignored: label agreement is no more than a tenth of the way from guessing to perfect.
        discriminator ahead: over the last epoch all its adversarial losses are below 5 % of a guesser's (what
            smoothed labels cost at least taken off), and the generator's loss does not recover. Where a judge
            finds the digits good this is no fault: a discriminator may well tell good digits from real ones.

    Args:
        recipe: What is trained.
        num_classes: K.
        records: Lines of metrics.jsonl, in order; the last is an epoch's, with `figures`.

    Returns:
        None of them if all seems well, or if no generator follows a gradient yet.
    """
    epoch = _last_epoch(recipe, num_classes, records)
    return [] if epoch is None else list(_findings(epoch))


@dataclass(frozen=True)
class _Epoch:
    """The last epoch of a run.

    Attributes:
        recipe: What is trained.
        num_classes: K.
        figures: What was measured at its end.
        losses: As they were logged in it, in order.
        num_generating: Steps since the generator's first.
        num_waited: Steps before that.
        steps_per_epoch: In this run.
        early: Whether digits cannot be expected yet.
        final: Whether it is the run's last.
    """

    recipe: Recipe
    num_classes: int
    figures: Mapping[str, float]
    losses: Sequence[Mapping[str, float]]
    num_generating: int
    num_waited: int
    steps_per_epoch: float
    early: bool
    final: bool

    @property
    def factor(self) -> float:
        """On thresholds; 0 where nothing can be said."""
        if self.early:
            return EXTREME if self.num_generating >= FEWEST_STEPS else 0.0
        return 1.0

    @cached_property
    def settings(self) -> Mapping[str, Value]:
        """Every option of the model."""
        return find(self.recipe.model).settle(self.recipe.options)

    def logged(self, name: str) -> list[float]:
        """The values of a loss, in order; none if there is no such loss."""
        return [losses[name] for losses in self.losses if name in losses]


def _last_epoch(recipe: Recipe, num_classes: int, records: Sequence[Record]) -> _Epoch | None:
    """None before the generator's first step."""
    last = records[-1]
    generating = [
        place
        for place, record in enumerate(records)
        if any(name.startswith(_GENERATOR) for name in record.get("losses", {}))
    ]
    if not generating:
        return None
    first = generating[0]
    earlier_ends = [place for place, record in enumerate(records[:-1]) if "figures" in record]
    begin = earlier_ends[-1] + 1 if earlier_ends else 0
    num_epochs = 1 + sum(place > first for place in earlier_ends)
    num_waited = records[first - 1]["step"] if first else 0
    num_generating = last["step"] - num_waited
    final = last["epoch"] >= recipe.epochs
    return _Epoch(
        recipe=recipe,
        num_classes=num_classes,
        figures=last["figures"],
        losses=[record["losses"] for record in records[begin:-1] if "losses" in record],
        num_generating=num_generating,
        num_waited=num_waited,
        steps_per_epoch=last["step"] / last["epoch"],
        early=num_generating < EARLY_STEPS if final else num_generating < SETTLED_STEPS or num_epochs < 2,
        final=final,
    )


def _findings(epoch: _Epoch) -> Iterator[Finding]:
    contrast = epoch.figures.get("contrast", 1.0)
    if contrast < FAINTEST * (1 if epoch.final else epoch.factor):
        yield Finding(
            "nothing drawn",
            f"the generator draws nothing: after {epoch.num_generating:,} steps the ink stands out by a contrast of "
            f"{contrast:.2f}, that of real digits being about 0.9{_advice(epoch, [*_longer(epoch), *_fairer(epoch)])}",
        )
    else:
        yield from _collapse(epoch)
        yield from _ignored_labels(epoch)
    yield from _discriminator_ahead(epoch)


def _collapse(epoch: _Epoch) -> Iterator[Finding]:
    diversity = epoch.figures.get("diversity", 1.0)
    lack = "" if epoch.early else _lack_of_classes(epoch)
    signs = [lack] if lack else []
    if diversity < LEAST_DIVERSITY * epoch.factor:
        signs.append(f"samples of one class differ by {diversity:.2f} of what real ones do")
    if signs:
        yield Finding(
            "mode collapse", f"{' and '.join(signs)}: mode collapse{_advice(epoch, _varied(epoch))}"
        )


def expected_classes(num_classes: int, num_samples: int = MEASURED_SAMPLES) -> float:
    """How many of K equally frequent classes a random draw of n shows on average: `K (1 - (1 - 1 / K)^n)`."""
    return num_classes * (1 - (1 - 1 / num_classes) ** num_samples)


def _lack_of_classes(epoch: _Epoch) -> str:
    """Which classes there are too few of, in words; empty if of none, or if no judge has looked."""
    num_classes, figures = epoch.num_classes, epoch.figures
    if "classes_present" not in figures:
        return ""
    num_present = round(figures["classes_present"])
    if not has_few_classes(num_classes):
        expected = expected_classes(num_classes)
        if num_present >= FEWEST_PRESENT * expected:
            return ""
        return (
            f"{num_present} of {num_classes:,} classes are present in {MEASURED_SAMPLES:,} digits, where an even draw "
            f"shows {expected:.0f}"
        )
    rarest = figures.get("smallest_class", 1.0)
    if rarest >= RAREST / num_classes:
        return ""
    if num_present < num_classes:
        return f"{num_present} of {num_classes} classes are present"
    return f"the rarest of {num_classes} classes is {rarest:.1%} of the digits"


def _ignored_labels(epoch: _Epoch) -> Iterator[Finding]:
    guessed, agreement = 1 / epoch.num_classes, epoch.figures.get("label_agreement", 1.0)
    if epoch.early or epoch.num_classes < 2 or agreement > guessed + GUESSING * (1 - guessed):
        return
    weight = float(epoch.settings.get("class_weight", 1.0))
    tries: Tries = [("options.conditioning", "auxiliary"), ("options.class_weight", 2 * weight)]
    yield Finding(
        "labels ignored",
        f"label agreement is at chance: {agreement:.1%} of the digits are read as what was asked for, and guessing "
        f"would give {guessed:.1%}"
        f"{_advice(epoch, tries, otherwise='a model with a class head, such as acgan')}",
    )


def _discriminator_ahead(epoch: _Epoch) -> Iterator[Finding]:
    guessed = GUESSED_LOSS.get(str(epoch.settings.get("loss")))
    generator = epoch.logged(_ADVERSARIAL)
    if guessed is None or not generator or _draws_well(epoch):
        return
    least = {"real": _least_real_loss(epoch), "fake": 0.0, "pairs": 0.0}
    logged = {name: epoch.logged(f"discriminator/{name}") for name in least}
    excesses = [max(0.0, fmean(values) - least[name]) for name, values in logged.items() if values]
    half = len(generator) // 2
    before, after = fmean(generator[:half] or generator), fmean(generator[half:])
    recovers = after < before - RECOVERY * abs(before)
    if not excesses or recovers or max(excesses) >= FAR_AHEAD * guessed * epoch.factor:
        return
    yield Finding(
        "discriminator ahead",
        f"the discriminator is far ahead: its losses are within {max(excesses):.3f} of the least there is, where "
        f"guessing costs {guessed:.2g}, and the generator's went from {_plain(before)} to {_plain(after)}"
        f"{_advice(epoch, _fairer(epoch))}",
    )


def _draws_well(epoch: _Epoch) -> bool:
    """Whether a judge has found every class, variety in them, and mostly what was asked for."""
    figures = epoch.figures
    return (
        figures.get("contrast", 1.0) >= FAINTEST
        and "classes_present" in figures
        and not _lack_of_classes(epoch)
        and figures.get("diversity", 1.0) >= 0.5
        and figures.get("label_agreement", 1.0) >= 0.5
    )


def _least_real_loss(epoch: _Epoch) -> float:
    """Of the discriminator on real images: the entropy of smoothed targets for a cross-entropy, in nats; else 0."""
    if epoch.settings.get("loss") not in ("non-saturating", "minimax"):
        return 0.0
    smoothing = float(epoch.settings.get("label_smoothing", 0.0))
    return -sum(share * math.log(share) for share in (smoothing, 1 - smoothing) if share)


def _longer(epoch: _Epoch) -> Tries:
    """Steps enough for digits to show."""
    if not (epoch.early and epoch.final):
        return []
    return [("epochs", math.ceil((epoch.num_waited + EARLY_STEPS) / epoch.steps_per_epoch))]


def _fairer(epoch: _Epoch) -> Tries:
    """What holds a discriminator back."""
    settings, tries = epoch.settings, list[tuple[str, Value]]()
    if settings.get("loss") == "minimax":
        tries.append(("options.loss", "non-saturating"))
    if not settings.get("label_smoothing"):
        tries.append(("options.label_smoothing", 0.1))
    return [*tries, *_halved(epoch, "discriminator")]


def _varied(epoch: _Epoch) -> Tries:
    """What is known to help against mode collapse."""
    return [
        ("options.packing", 2 * int(epoch.settings.get("packing", 1))),
        ("options.minibatch_stddev", True),
        ("options.conditioning", "adc"),
        *_halved(epoch, "generator"),
    ]


def _halved(epoch: _Epoch, role: str) -> Tries:
    optimiser = epoch.recipe.optimisers.get(role)
    return [(f"optimisers.{role}.learning_rate", optimiser.learning_rate / 2)] if optimiser else []


def _advice(epoch: _Epoch, tries: Tries, otherwise: str = "") -> str:
    """The end of a sentence: the first two of these changes that the recipe takes and does not have."""
    settings = [_as_text(name, value) for name, value in tries if _would_change(epoch, name, value)]
    advised = " or ".join(settings[:_MOST_TRIES]) or otherwise
    return f"; try {advised}" if advised else ""


def _would_change(epoch: _Epoch, name: str, value: Value) -> bool:
    try:
        epoch.recipe.derive(**{name: value})
    except SettingsError:
        return False
    return epoch.settings.get(name.removeprefix("options.")) != value


def _plain(loss: float) -> str:
    """With two decimals, and no sign before a zero."""
    return f"{round(loss, 2) + 0.0:.2f}"


def _as_text(name: str, value: Value) -> str:
    match value:
        case bool():
            return f"{name}={str(value).lower()}"
        case float():
            return f"{name}={value:g}"
    return f"{name}={value}"
