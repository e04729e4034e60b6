"""What `public_gans.py` prints and records of trainings that have been scored."""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from public_gan_scores import Score, Scored, first_reached

from inkmint.data.digits import Splits
from inkmint.evaluation.figure import Figure, interval_in_words, value_in_words
from inkmint.runtime import environment


@dataclass(frozen=True)
class Ours:
    """Our training of one seed, scored.

    Attributes:
        name: Of the recipe.
        score: Of what it minted when it had ended.
        record: As `public_gan_run.py` wrote it, and whether it was kept from an earlier call.
    """

    name: str
    score: Score
    record: Mapping[str, Any]

    @property
    def seconds(self) -> float:
        return float(self.record["seconds"])

    @property
    def images_per_sec(self) -> float:
        return float(self.record["images"]) / self.seconds


@dataclass(frozen=True)
class Training:
    """A public script's training, scored.

    Attributes:
        name: Of the script.
        seed: Of the training.
        snapshots: In the order of time.
        record: As `public_gan_run.py` wrote it, and whether it was kept from an earlier call.
        ours: Of the same seed.
    """

    name: str
    seed: int
    snapshots: tuple[Scored, ...]
    record: Mapping[str, Any]
    ours: Ours

    @property
    def images_per_sec(self) -> float:
        last = self.snapshots[-1]
        return last.images / last.seconds


@dataclass(frozen=True)
class Comparison:
    """All that one call found.

    Attributes:
        splits: What all trained on and were measured by.
        commits: Of every repository.
        conditions: Environment variables that both sides trained under, in words.
        threads: Of both sides.
        ours: By seed.
        trainings: Of the public scripts.
        real: What real digits score through a larger size and back, by that size in pixels.
    """

    splits: Splits
    commits: Mapping[str, str]
    conditions: str
    threads: int
    ours: Mapping[int, Ours]
    trainings: Sequence[Training]
    real: Mapping[int, Sequence[Score]]

    def text(self) -> Iterator[str]:
        """Markdown."""
        machine = environment()
        yield "```"
        yield f"command   python {' '.join(sys.argv)}"
        yield f"machine   {machine['processor']}, {machine['num_cpus']} CPUs, {self.threads} threads, no GPU"
        yield f"versions  Python {machine['python']}, {machine['versions']}"
        yield from (f"commit    {repository} {commit}" for repository, commit in self.commits.items())
        yield "```\n"
        yield (
            f"{len(self.splits.train):,} training images of {self.splits.source}, the same for all; the scripts run "
            "as they are.\nA stand-in gives them MNIST and what they use of torchvision and scipy.misc; its Normalize "
            "leaves\nnumbers for channels that are not there unused: the collections give three for grey images.\n"
            f"Both sides train with {self.conditions}. Every snapshot of theirs counts, by the best of its\n"
            "variants; ours is minted from once, when it has ended.\n"
        )
        for seed, ours in self.ours.items():
            figures = [ours.score.agreement, ours.score.frechet]
            yield (
                f"{ours.name}, seed {seed}: {ours.seconds:,.1f} s{_kept(ours.record)}; "
                + ", ".join(f"{each.name} {_words(each)} ({interval_in_words(each)})" for each in figures)
                + "\n"
            )
        for size, scores in self.real.items():
            yield f"Real validation digits, as they are and through {size}x{size} pixels and back:\n"
            yield "| way | label agreement | Fréchet distance |\n|---|---:|---:|"
            for score in scores:
                yield f"| {score.way} | {_words(score.agreement)} | {_words(score.frechet)} |"
            yield ""
        yield from _overview(self.trainings)
        for training in self.trainings:
            yield f"\n### {training.name}, seed {training.seed}{_kept(training.record)}\n"
            yield from _table(training)
            yield ""
            yield from _summary(training)

    def figures(self) -> dict[str, Any]:
        """Everything, for a JSON file."""
        return {
            "command": " ".join(sys.argv),
            "environment": environment(),
            "time": time.time(),
            "commits": dict(self.commits),
            "ours": [
                {
                    "name": ours.name,
                    "seed": seed,
                    "images_per_sec": ours.images_per_sec,
                    "record": dict(ours.record),
                    **_figures(ours.score),
                }
                for seed, ours in self.ours.items()
            ],
            "real": {str(size): [_figures(score) for score in scores] for size, scores in self.real.items()},
            "trainings": [_training_figures(training) for training in self.trainings],
        }


def _table(training: Training) -> Iterator[str]:
    """Markdown rows of a training by time."""
    target = training.ours.score
    yield "| seconds | steps | images/s since | label agreement | Fréchet distance | of which | as good as ours |"
    yield "|---:|---:|---:|---:|---:|---|---|"
    start = Scored(0.0, 0, 0, ())
    for before, snapshot in pairwise((start, *training.snapshots)):
        best = snapshot.best(target)
        answer = "yes" if target.reached_by(best) else "no"
        speed = (snapshot.images - before.images) / (snapshot.seconds - before.seconds)
        yield (
            f"| {snapshot.seconds:,.0f} | {snapshot.steps:,} | {speed:,.0f} | {_words(best.agreement)} | "
            f"{_words(best.frechet)} | {best.mode} statistics, {best.way} | {answer} |"
        )


def _summary(training: Training) -> Iterator[str]:
    """When a training was as good as ours, in each figure and in both, and the best that was seen of it."""
    target = training.ours.score
    reached = {
        "both": first_reached(training.snapshots, target.reached_by),
        "label agreement alone": first_reached(
            training.snapshots, lambda score: score.agreement.value >= target.agreement.value
        ),
        "Fréchet distance alone": first_reached(
            training.snapshots, lambda score: score.frechet.value <= target.frechet.value
        ),
    }
    for what, when in reached.items():
        yield f"- {what}: {when.times(training.ours.seconds)}"
    scores = [(snapshot.seconds, score) for snapshot in training.snapshots for score in snapshot.scores]
    surest = max(scores, key=lambda pair: pair[1].agreement.value)
    nearest = min(scores, key=lambda pair: pair[1].frechet.value)
    yield (
        f"- best seen, each for itself: label agreement {_words(surest[1].agreement)} at {surest[0]:,.0f} s, Fréchet "
        f"distance {_words(nearest[1].frechet)} at {nearest[0]:,.0f} s"
    )
    yield (
        f"- throughput of its loop: {training.images_per_sec:,.0f} images/s "
        f"(ours {training.ours.images_per_sec:,.0f}); {training.record['ended']}"
    )


def _overview(trainings: Sequence[Training]) -> Iterator[str]:
    """Markdown rows of all trainings, one each."""
    yield "| script | seed | both figures as good as ours | images/s of its loop |"
    yield "|---|---:|---|---:|"
    for training in trainings:
        times = first_reached(training.snapshots, training.ours.score.reached_by).times(training.ours.seconds)
        yield f"| {training.name} | {training.seed} | {times} | {training.images_per_sec:,.0f} |"


def _training_figures(training: Training) -> dict[str, Any]:
    reached = first_reached(training.snapshots, training.ours.score.reached_by)
    seconds = training.ours.seconds
    return {
        "name": training.name,
        "seed": training.seed,
        "images_per_sec": training.images_per_sec,
        "reached": asdict(reached),
        "times_ours": reached.at_sec / seconds if reached.at_sec is not None else None,
        "times_ours_at_least": reached.after_sec / seconds,
        "record": dict(training.record),
        "snapshots": [
            {
                "seconds": snapshot.seconds,
                "steps": snapshot.steps,
                "images": snapshot.images,
                "scores": [_figures(score) for score in snapshot.scores],
            }
            for snapshot in training.snapshots
        ],
    }


def _figures(score: Score) -> dict[str, Any]:
    return {
        "mode": score.mode,
        "way": score.way,
        "agreement": score.agreement.model_dump(mode="json"),
        "frechet": score.frechet.model_dump(mode="json"),
    }


def _words(figure: Figure) -> str:
    return value_in_words(figure.value, figure.unit)


def _kept(record: Mapping[str, Any]) -> str:
    if not record["kept"]:
        return ""
    return f" (trained in an earlier call, {time.strftime('%Y-%m-%d %H:%M', time.localtime(record['finished']))})"
