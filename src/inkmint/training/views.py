"""Looking at the network that a task keeps: figures and pictures while it trains.

Shape suffixes: N batch, M pictures, C channels, H height, W width.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from inkmint.data.contrast import ink_contrast
from inkmint.data.digits import DigitSet
from inkmint.data.pixels import to_network, to_pixels
from inkmint.objectives import Sample
from inkmint.training.tasks import Batch, Draws

Judge = Callable[[Tensor], Tensor]
"""Tells the labels (N,) of uint8 images (N, 28, 28), ink bright on dark."""

PICTURES_PER_CLASS = 8
MEASURED_SAMPLES = 1000


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
        judge: Tells what generated digits look like; None leaves that out.
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
            in [0, 1]; with a judge also `classes_present`, how many classes it finds at all, and for
            conditional generators `label_agreement`, the share whose label is the one asked for (higher is better).
        """
        draws = Draws(draws.generator, MEASURED_SAMPLES, draws.device)
        x_NCHW, y_N = generate(product, draws.labels(self.num_classes), draws)
        images_NHW = to_pixels(x_NCHW)
        background, _, contrast = ink_contrast(images_NHW)
        figures = {"background": background, "contrast": contrast}
        if self.judge is None:
            return figures
        seen_N = self.judge(255 - images_NHW if self.on_paper else images_NHW).to(y_N.device)
        figures["classes_present"] = float(len(seen_N.unique()))
        if self.conditional:
            figures["label_agreement"] = (seen_N == y_N).double().mean().item()
        return figures

    def pictures(self, product: nn.Module, draws: Draws) -> Tensor:
        """Eight digits of every class, in label order."""
        y_M = torch.arange(self.num_classes).repeat_interleave(PICTURES_PER_CLASS).to(draws.device)
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
