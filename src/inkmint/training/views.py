"""Looking at the network that a task keeps: figures and pictures while it trains.

Shape suffixes: N batch, M pictures, C channels, H height, W width, K classes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import ceil

import torch
from torch import Tensor, nn

from inkmint.data.contrast import ink_contrast
from inkmint.data.digits import DigitSet
from inkmint.data.pixels import to_network, to_pixels
from inkmint.data.sheet import shown_classes
from inkmint.data.stacked import read_channels
from inkmint.objectives import Sample
from inkmint.training.tasks import Batch, Draws

Judge = Callable[[Tensor], Tensor]
"""Tells the labels (N,) of uint8 images (N, 28, 28), or (N, C, 28, 28), ink bright on dark."""

PICTURES_PER_CLASS = 8
CLASSES_SHOWN_OF_MANY = 10
MEASURED_SAMPLES = 1000
FEWEST_EXPECTED = 20
"""Digits of a class that there must be in fair samples for its share and its spread to mean anything."""

FEWEST_FOR_SPREAD, MOST_FOR_SPREAD = 5, 200


def has_few_classes(num_classes: int) -> bool:
    """Whether each class can be looked at by itself: 1,000 fair samples hold 20 or more of it."""
    return MEASURED_SAMPLES / num_classes >= FEWEST_EXPECTED


def class_spread(images_NHW: Tensor, y_N: Tensor, num_classes: int) -> Tensor:
    """How far the digits of each class lie apart, float64 (K,).

    The mean Euclidean distance of all pairs of images of the class, their pixels in [0, 1]. Of a class with more
    than 200 images, evenly spaced ones stand for all, so that a collapsed generator takes no longer than another.

    Args:
        images_NHW: uint8; inverted images have the same spread.
        y_N: Class of each.
        num_classes: K.

    Returns:
        0 where all images of a class are the same; about 9 for MNIST. NaN where a class has fewer than 5 images,
        whose ten pairs would say little.
    """
    images_NHW, y_N = images_NHW.cpu(), y_N.cpu()
    spread_K = torch.full((num_classes,), torch.nan, dtype=torch.float64)
    for label in range(num_classes):
        members = torch.nonzero(y_N == label).flatten()
        if len(members) >= FEWEST_FOR_SPREAD:
            chosen = members[:: ceil(len(members) / MOST_FOR_SPREAD)]
            pixels = images_NHW[chosen].flatten(1).float().div_(255)
            spread_K[label] = torch.pdist(pixels).double().mean()
    return spread_K


@dataclass(frozen=True)
class StackedJudge:
    """A judge of single digits that reads stacked ones, each channel by itself.

    Attributes:
        judge: Tells what single digits look like.
    """

    judge: Judge

    def __call__(self, images_NCHW: Tensor) -> Tensor:
        """The labels (N,), 0 to 999, of uint8 images (N, 3, 28, 28), ink bright on dark."""
        return read_channels(self.judge, images_NCHW)


@dataclass(frozen=True)
class InformedJudge:
    """A judge that knows real digits, and so can say how varied generated ones are.

    Attributes:
        judge: Tells what digits look like.
        real: Digits that are not trained on.
    """

    judge: Judge
    real: DigitSet

    def __call__(self, images_NHW: Tensor) -> Tensor:
        """The labels (N,) of uint8 images, ink bright on dark."""
        return self.judge(images_NHW)

    @cached_property
    def _real_spread(self) -> Tensor:
        return class_spread(self.real.images, self.real.labels, self.real.num_classes)

    def diversity(self, images_NHW: Tensor, seen_N: Tensor) -> float | None:
        """How varied digits of one class are, beside real ones.

        `mean over classes k of spread_k(generated, seen as k) / spread_k(real, labelled k)`; see `class_spread`.
        Classes that are missing or rare in either do not count: that they are missing is another figure. A
        generator that draws m different pictures of each class, equally often and as far apart as real digits,
        has `1 - 1 / m`. Faint or smooth digits lie closer together than real ones, so this is no measure of
        quality, only of sameness. Source: the mean similarity of pairs within a class by which Odena et al. (2017)
        look for collapse, with the distance of pixels in place of MS-SSIM, which 28x28 pixels are too few for.

        Args:
            images_NHW: uint8, generated.
            seen_N: The class that each looks like.

        Returns:
            A ratio, higher is better; 0 if all digits of a class are the same, 1 if they vary as real ones do. None
            if no class can be compared.
        """
        ratio_K = class_spread(images_NHW, seen_N, self.real.num_classes) / self._real_spread
        ratio_K = ratio_K[ratio_K.isfinite()]
        return ratio_K.mean().item() if len(ratio_K) else None


def generate(generator: nn.Module, y_N: Tensor, draws: Draws) -> Sample:
    """Images of these labels from fresh latents."""
    latent_size = generator.latent_size
    assert isinstance(latent_size, int)
    return Sample(generator(draws.normal(latent_size), y_N), y_N)


@dataclass(frozen=True)
class GeneratorView:
    """Samples of a generator.

    Attributes:
        num_classes: K.
        conditional: Whether the label asked for decides what is drawn.
        on_paper: Whether it draws dark ink on white.
        judge: Tells what generated digits look like, an `InformedJudge` also how varied they are; None leaves
            that out.
    """

    num_classes: int
    conditional: bool
    on_paper: bool = False
    judge: Judge | None = None

    def exercise(self, product: nn.Module, batch: Batch, draws: Draws) -> None:  # noqa: ARG002
        """Generate once."""
        generate(product, draws.labels(self.num_classes), draws)

    def measure(self, product: nn.Module, draws: Draws) -> dict[str, float]:
        """What is seen in 1,000 generated digits.

        Returns:
            `background`, the mean brightness around the ink, and `contrast`, by how much the ink stands out, both
            in [0, 1]; with a judge also `classes_present`, how many classes it finds at all, `smallest_class`, the
            share of the rarest one (1 / K at best, 0 if one is missing), and for conditional generators
            `label_agreement`, the share whose label is the one asked for (higher is better); with an informed
            judge `diversity`, by how much digits of one class differ as a ratio to real ones (about 1 is best).
            Of more than 50 classes, there are too few samples for `smallest_class` and `diversity`.
        """
        draws = Draws(draws.generator, MEASURED_SAMPLES, draws.device)
        x_NCHW, y_N = generate(product, draws.labels(self.num_classes), draws)
        images_NHW = to_pixels(x_NCHW)
        background, _, contrast = ink_contrast(images_NHW)
        figures = {"background": background, "contrast": contrast}
        if self.judge is None:
            return figures
        seen_N = self.judge(255 - images_NHW if self.on_paper else images_NHW).to(y_N.device)
        counts_K = torch.bincount(seen_N, minlength=self.num_classes)
        figures["classes_present"] = float((counts_K > 0).sum())
        each = has_few_classes(self.num_classes)
        if each:
            figures["smallest_class"] = counts_K.min().item() / MEASURED_SAMPLES
        if self.conditional:
            figures["label_agreement"] = (seen_N == y_N).double().mean().item()
        diversity = None
        if each and isinstance(self.judge, InformedJudge):
            diversity = self.judge.diversity(images_NHW, seen_N)
        return figures if diversity is None else {**figures, "diversity": diversity}

    def pictures(self, product: nn.Module, draws: Draws) -> Tensor:
        """Eight digits of every class, in label order; of more than 50 classes, of ten that are evenly spaced."""
        few = has_few_classes(self.num_classes)
        shown = shown_classes(self.num_classes, self.num_classes if few else CLASSES_SHOWN_OF_MANY)
        y_M = torch.tensor(shown).repeat_interleave(PICTURES_PER_CLASS).to(draws.device)
        draws = Draws(draws.generator, len(y_M), draws.device)
        return to_pixels(generate(product, y_M, draws).x_NCHW).cpu()


@dataclass(frozen=True)
class RecogniserView:
    """Answers of a recogniser.

    Attributes:
        validation: Digits that are not trained on.
    """

    validation: DigitSet

    def exercise(self, product: nn.Module, batch: Batch, draws: Draws) -> None:  # noqa: ARG002
        """Recognise once."""
        product(batch.x_NCHW)

    def measure(self, product: nn.Module, draws: Draws) -> dict[str, float]:
        """`validation_accuracy`, a share (higher is better)."""
        num_right = 0
        for images, labels in zip(
            self.validation.images.split(1000), self.validation.labels.split(1000), strict=True
        ):
            logits_NK = product(to_network(images.to(draws.device)))
            num_right += int((logits_NK.argmax(dim=1).cpu() == labels).sum())
        return {"validation_accuracy": num_right / len(self.validation)}

    def pictures(self, product: nn.Module, draws: Draws) -> None:
        """Nothing to show."""
