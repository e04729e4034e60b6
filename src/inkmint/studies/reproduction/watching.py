"""What looks at a generator and its discriminator while they learn, and leaves them as they are.

Each record goes into the run's metrics.jsonl as `watched`, so that a run that is gone on with forgets what comes after
its checkpoint, as it does with losses. Validation digits are looked at, never test digits.

Shape suffixes: N images, C channels, H height, W width, D features.
"""

import copy
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import torch

from inkmint.data.digits import DigitSet, Splits
from inkmint.data.pixels import to_network, to_pixels
from inkmint.evaluation import metrics
from inkmint.evaluation.readings import Answer, Judge, features
from inkmint.runtime import generator_of
from inkmint.training.engine import Engine, Event, Logged, Observer, Started
from inkmint.training.runs import Run
from inkmint.training.tasks import Draws
from inkmint.training.views import generate

_REAL, _LATENTS = range(100, 102)  # streams of random numbers that no training has
NUM_WATCHED = 64
"""Real images, and as many generated ones, that the discriminator is asked about."""

NUM_QUALITY = 1000
"""Digits that are minted for label agreement and Fréchet distance."""


class _Watcher:
    """Measures something whenever losses are logged, ten times in an epoch.

    Records have the run's seconds without those that looking took.
    """

    def __init__(self, folder: Path, measure: Callable[[Engine], dict[str, float]]) -> None:
        self._run, self._measure = Run(folder), measure
        self._spent = 0.0

    def __call__(self, event: Event) -> None:
        engine = event.engine
        if isinstance(event, Started):
            earlier = (record for record in self._run.read_metrics() if record["step"] <= engine.step)
            self._spent = max((record.get("looking", 0.0) for record in earlier), default=0.0)
        if isinstance(event, Logged):
            begun, seconds = time.perf_counter(), engine.clock.seconds - self._spent
            with torch.no_grad():
                watched = self._measure(engine)
            self._spent += time.perf_counter() - begun
            place = {"step": engine.step, "epoch": engine.step / engine.steps_per_epoch, "seconds": seconds}
            self._run.append_metrics({**place, "looking": self._spent, "watched": watched})


def discriminator_accuracy(engine: Engine, real: DigitSet) -> float:
    """Share of real and generated images that the discriminator tells right, as it is in training.

    A copy is asked, batch by batch, real and generated images apart, so that batch statistics are those of training and
    nothing of the run changes. Guessing has 0.5.

    Args:
        engine: Of a GAN.
        real: Training images of which some are drawn.
    """
    networks = engine.task.networks
    discriminator = copy.deepcopy(networks["discriminator"]).train()
    generator = copy.deepcopy(networks["generator"]).train()
    chosen = torch.randint(len(real), (NUM_WATCHED,), generator=generator_of(engine.seed, _REAL, engine.step))
    size = min(engine.recipe.batch_size, NUM_WATCHED)
    num_right = num_asked = 0
    for place, rows in enumerate(chosen.split(size)[: NUM_WATCHED // size]):
        draws = Draws(generator_of(engine.seed, _LATENTS, engine.step, place), size, engine.device)
        fake = generate(generator, draws.labels(real.num_classes), draws)
        x_NCHW = engine.recipe.on_background(to_network(real.images[rows])).to(engine.device)
        on_real_N = discriminator(x_NCHW, real.labels[rows].to(engine.device)).real_logit_N
        on_fake_N = discriminator(fake.x_NCHW, fake.y_N).real_logit_N
        num_right += int((on_real_N > 0).sum()) + int((on_fake_N < 0).sum())
        num_asked += len(on_real_N) + len(on_fake_N)
    return num_right / num_asked


def quality(engine: Engine, validation_ND: Answer, num_classes: int, judge: Judge) -> dict[str, float]:
    """What a judge makes of digits minted by the network that would be kept if training ended here.

    Args:
        engine: Of a generator that knows classes.
        validation_ND: The judge's features of real digits that nobody was trained on.
        num_classes: Of the digits.
        judge: Trained on real training images.

    Returns:
        `agreement`, the share read as the class asked for, and `frechet`, the distance of the judge's features to
        those of the real digits.
    """
    draws = Draws(generator_of(engine.seed, _LATENTS), NUM_QUALITY, engine.device)
    y_N = torch.arange(NUM_QUALITY, device=engine.device) % num_classes
    images_NHW = to_pixels(generate(engine.finished_product(), y_N, draws).x_NCHW).cpu()
    if engine.recipe.background == "paper":
        images_NHW = 255 - images_NHW
    return {
        "agreement": metrics.label_agreement(
            y_N.cpu().numpy(), judge.predict_proba(images_NHW).argmax(axis=1)
        ),
        "frechet": metrics.frechet_distance(judge.features(images_NHW), validation_ND),
    }


def _watch_discriminator(folder: Path, splits: Splits, judge: Judge | None) -> Observer:  # noqa: ARG001
    return _Watcher(
        folder, lambda engine: {"discriminator_accuracy": discriminator_accuracy(engine, splits.train)}
    )


def _watch_quality(folder: Path, splits: Splits, judge: Judge | None) -> Observer:
    if judge is None:
        return lambda _: None
    validation_ND = cache(lambda: features(judge, splits.validation))
    num_classes = splits.validation.num_classes
    return _Watcher(folder, lambda engine: quality(engine, validation_ND(), num_classes, judge))


WATCHERS: Mapping[str, Callable[[Path, Splits, Judge | None], Observer]] = {
    "discriminator": _watch_discriminator,
    "quality": _watch_quality,
}
"""By name: called with the run's folder, the digits that it is trained on, and the judge."""
