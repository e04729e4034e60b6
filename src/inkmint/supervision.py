"""What a recogniser minimises: functions of logits that never call backward or step.

Shape suffixes: N batch, C channels, H height, W width, K classes.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from inkmint.data.digits import UNLABELLED
from inkmint.objectives import Losses, Sample

Network = Callable[[Tensor], Tensor]
"""Class logits (N, K) of images (N, C, H, W)."""

Change = Callable[[Tensor], Tensor]
"""Images (N, C, H, W), changed at random in a way that keeps their classes."""


class Supervision(ABC):
    """What a recogniser minimises, of a batch in which labels may be missing.

    Attributes:
        learns_unlabelled: Whether images without a label teach it something.
    """

    learns_unlabelled: ClassVar[bool]

    @abstractmethod
    def losses(self, recogniser: Network, batch: Sample, strengthen: Change) -> Losses:
        """Named scalars whose sum is minimised.

        Args:
            recogniser: What learns.
            batch: Images and their labels; those without one are `UNLABELLED`.
            strengthen: The recipe's strong augmentation.
        """


@dataclass(frozen=True)
class LabelsAlone(Supervision):
    """Cross-entropy against the labels (hao2020, equation 1); every image has one."""

    learns_unlabelled = False

    def losses(self, recogniser: Network, batch: Sample, strengthen: Change) -> Losses:  # noqa: ARG002
        """The cross-entropy alone."""
        return {"cross_entropy": F.cross_entropy(recogniser(batch.x_NCHW), batch.y_N)}


@dataclass(frozen=True)
class FixMatch(Supervision):
    """Cross-entropy against labels, and against the recogniser's own sure guesses where there is none.

    The recogniser reads every image x as it comes. Where its guess has a probability p of at least the threshold t, it
    has to read the same from a strongly changed version a(x). The mean over the batch is minimised of
    `-log p(y | a(x))` for labelled images and of `w [max p(x) >= t] (-log p(argmax p(x) | a(x)))` for the others.
    Guesses pass no gradient.

    It differs from Sohn et al. in two ways. Labelled images are changed strongly too: with ten of a class, weakly
    changed ones are soon known by heart. And there is one mean over all images, the unsure ones included, in place of
    one for either kind, so that the share of labelled images in a batch decides what they weigh; workers that share a
    batch compute what one would have.

    Attributes:
        threshold: t.
        unlabelled_weight: w.

    References:
        Sohn et al., "FixMatch: Simplifying Semi-Supervised Learning with Consistency and Confidence", NeurIPS 2020,
        equations 3 and 4.
    """

    learns_unlabelled = True

    threshold: float = 0.95
    unlabelled_weight: float = 1.0

    def losses(self, recogniser: Network, batch: Sample, strengthen: Change) -> Losses:
        """`cross_entropy` of labelled images and `consistency` of the others, both over the size of the batch."""
        with torch.no_grad():
            guess_N, sure_N = sure_guesses(recogniser(batch.x_NCHW), self.threshold)
        logits_NK = recogniser(strengthen(batch.x_NCHW))
        known_N = batch.y_N != UNLABELLED
        loss_N = F.cross_entropy(logits_NK, torch.where(known_N, batch.y_N, guess_N), reduction="none")
        return {
            "cross_entropy": (loss_N * known_N).mean(),
            "consistency": self.unlabelled_weight * (loss_N * (sure_N & ~known_N)).mean(),
        }


def sure_guesses(logits_NK: Tensor, threshold: float) -> tuple[Tensor, Tensor]:
    """The most probable class of each image, int64 (N,), and whether its probability reaches the threshold, (N,)."""
    probability_N, guess_N = logits_NK.softmax(dim=1).max(dim=1)
    return guess_N, probability_N >= threshold
