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
    """Cross-entropy against labels, and against the recogniser's own guesses where there is none.

    The recogniser reads every image x as it comes. Where the most probable class of its guess p(x) reaches the
    threshold t, it has to read the same from a strongly changed version a(x). The mean over the batch is minimised of
    `-log p(y | a(x))` for labelled images and of `w [max p(x) >= t] (-sum_k q_k log p(k | a(x)))` for the others.
    The target q is the guess sharpened by a temperature T, `q_k ~ p(k | x)^(1 / T)`; in the limit of 0 the most
    probable class alone. Guesses pass no gradient.

    A sharp target above a high threshold is Sohn et al.'s. It commits itself: a way of writing that no label shows,
    such as sevens with a bar, can go to the class that a few of them are first taken for, and stay there. A soft target
    without a threshold teaches doubt as doubt.

    It differs from Sohn et al. in two more ways. Labelled images are changed strongly too: with ten of a class, weakly
    changed ones are soon known by heart. And there is one mean over all images, the unsure ones included, in place of
    one for either kind, so that the share of labelled images in a batch decides what they weigh; workers that share a
    batch compute what one would have.

    Attributes:
        threshold: t, in [0, 1].
        unlabelled_weight: w.
        temperature: T, in [0, 1].

    References:
        Sohn et al., "FixMatch: Simplifying Semi-Supervised Learning with Consistency and Confidence", NeurIPS 2020,
        equations 3 and 4; Berthelot et al., "MixMatch: A Holistic Approach to Semi-Supervised Learning", NeurIPS 2019,
        equation 7, for the temperature.
    """

    learns_unlabelled = True

    threshold: float = 0.95
    unlabelled_weight: float = 1.0
    temperature: float = 0.0

    def losses(self, recogniser: Network, batch: Sample, strengthen: Change) -> Losses:
        """`cross_entropy` of labelled images and `consistency` of the others, both over the size of the batch."""
        with torch.no_grad():
            weak_NK = recogniser(batch.x_NCHW)
            sure_N = weak_NK.softmax(dim=1).amax(dim=1) >= self.threshold
            guess_NK = sharpened(weak_NK, self.temperature)
        logits_NK = recogniser(strengthen(batch.x_NCHW))
        known_N = batch.y_N != UNLABELLED
        label_NK = F.one_hot(batch.y_N.clamp(min=0), logits_NK.shape[1]).to(logits_NK)
        loss_N = F.cross_entropy(
            logits_NK, torch.where(known_N[:, None], label_NK, guess_NK), reduction="none"
        )
        return {
            "cross_entropy": (loss_N * known_N).mean(),
            "consistency": self.unlabelled_weight * (loss_N * (sure_N & ~known_N)).mean(),
        }


def sharpened(logits_NK: Tensor, temperature: float) -> Tensor:
    """Probabilities (N, K) to the power of 1 / temperature, normalised; at 0, one for the most probable class."""
    if temperature == 0:
        return F.one_hot(logits_NK.argmax(dim=1), logits_NK.shape[1]).to(logits_NK)
    return (logits_NK / temperature).softmax(dim=1)
