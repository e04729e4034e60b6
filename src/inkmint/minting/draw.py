"""Drawing one shard: a pure function of the plan and the shard's number, given the networks that the plan names.

Shape suffixes: N images of the shard, B of a batch, K classes.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from inkmint.data.digits import IMAGE_SIZE, DigitSet
from inkmint.data.plan import Plan
from inkmint.data.shards import Shard
from inkmint.errors import SettingsError
from inkmint.evaluation.readings import Judge, probabilities
from inkmint.models import BATCH_IMAGES, Generator

FEWEST_DRAWS = 1000
LEAST_SHARE = 0.01
"""A class of which less than this share is kept, of so many draws or more, is given up."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """A shard, and how many images the filter rejected per class, int64 (K,)."""

    shard: Shard
    rejected: NDArray[np.int64]


def draw_shard(
    plan: Plan,
    number: int,
    generator: Generator,
    judge: Judge | None,
    report: Callable[[int], None] = lambda _: None,
) -> Drawn:
    """Mint the images of a shard.

    The shard's own random stream, which the job's seed and the shard's number determine, shuffles the labels and gives
    every image a seed. An image that the filter rejects is drawn again in its place, from a further seed.

    Args:
        plan: The job.
        number: Of the shard, from 0.
        generator: The plan's.
        judge: The plan's, or None where it names none.
        report: Told after every batch how many images are done.

    Raises:
        SettingsError: Hardly any image of a class passes the filter.
        DataError: The judge's probabilities are not finite.
    """
    stream = np.random.default_rng(np.random.SeedSequence(plan.seed, spawn_key=(number,)))
    counts_K = plan.shard_counts(number)
    num_classes = len(counts_K)
    labels_N = stream.permutation(np.repeat(np.arange(num_classes), counts_K))
    images_NHW = np.zeros((len(labels_N), IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    seeds_N = np.zeros(len(labels_N), np.int64)
    confidence_N = np.zeros(len(labels_N), np.float32)
    read_N = np.zeros(len(labels_N), np.int64)
    drawn_K = np.zeros(num_classes, np.int64)
    pending = np.arange(len(labels_N))
    while len(pending):
        seeds_N[pending] = stream.integers(2**63, size=len(pending), dtype=np.int64)
        drawn_K += np.bincount(labels_N[pending], minlength=num_classes)
        rejected = []
        for start in range(0, len(pending), BATCH_IMAGES):
            places_B = pending[start : start + BATCH_IMAGES]
            labels_B = labels_N[places_B]
            images_NHW[places_B] = generator.sample_each(labels_B, seeds_N[places_B].tolist())
            if judge is not None:
                batch = DigitSet(
                    torch.from_numpy(images_NHW[places_B]), torch.from_numpy(labels_B), "minted digits"
                )
                answers_BK = probabilities(judge, batch)
                confidence_N[places_B] = answers_BK[np.arange(len(places_B)), labels_B]
                read_N[places_B] = answers_BK.argmax(axis=1)
            if plan.min_confidence is not None:
                rejected.append(places_B[confidence_N[places_B] < np.float32(plan.min_confidence)])
            num_rejected = sum(map(len, rejected))
            report(len(labels_N) - num_rejected - len(pending[start + BATCH_IMAGES :]))
        pending = np.concatenate(rejected) if rejected else pending[:0]
        _require_hope(plan, drawn_K, counts_K - np.bincount(labels_N[pending], minlength=num_classes))
    digits = DigitSet(
        torch.from_numpy(images_NHW),
        torch.from_numpy(labels_N),
        f"minted by {plan.generator}",
        plan.class_names,
    )
    first = plan.first_image(number)
    known = (None, None) if judge is None else (confidence_N, read_N)
    return Drawn(Shard(digits, first, number, seeds_N, plan.generator_sha256, *known), drawn_K - counts_K)


def _require_hope(plan: Plan, drawn_K: NDArray[np.int64], kept_K: NDArray[np.int64]) -> None:
    hopeless = np.flatnonzero((drawn_K >= FEWEST_DRAWS) & (kept_K < LEAST_SHARE * drawn_K))
    if len(hopeless):
        label = hopeless[0]
        raise SettingsError(
            f"Of {drawn_K[label]:,} digits of class {plan.class_names[label]} by {plan.generator!r}, the judge "
            f"{plan.judge!r} gives {kept_K[label]:,} a confidence of {plan.min_confidence:g} or more; "
            "lower --min-confidence, or take another generator."
        )
