"""What recognisers minimise, against closed forms.

Shape suffixes: N batch, K classes.
"""

import math

import pytest
import torch
from torch import Tensor

from inkmint.data.digits import UNLABELLED
from inkmint.objectives import Sample
from inkmint.supervision import FixMatch, LabelsAlone, sharpened


def log_odds(probability: float) -> Tensor:
    """Logits of two classes, the second of which has this probability."""
    return torch.tensor([0.0, math.log(probability / (1 - probability))])


def reads(x_NCHW: Tensor) -> Tensor:
    """A recogniser that reads the second class with the probability that the first pixel shows."""
    return torch.stack([log_odds(float(value)) for value in x_NCHW[:, 0, 0, 0]])


def images(*probabilities: float) -> Tensor:
    return torch.tensor(probabilities)[:, None, None, None].expand(-1, 1, 28, 28)


def halve(x_NCHW: Tensor) -> Tensor:
    """A change after which the recogniser is half as sure of the second class."""
    return x_NCHW / 2


def test_labels_alone_are_cross_entropy_and_nothing_is_changed() -> None:
    found = LabelsAlone().losses(reads, Sample(images(0.2, 0.6), torch.tensor([1, 1])), halve)
    assert found.keys() == {"cross_entropy"}
    assert found["cross_entropy"] == pytest.approx(-(math.log(0.2) + math.log(0.6)) / 2)


def test_fixmatch_reads_changed_images_as_their_label_or_as_its_own_sure_guess() -> None:
    batch = Sample(images(0.4, 0.96, 0.9, 0.02), torch.tensor([1, UNLABELLED, UNLABELLED, UNLABELLED]))
    found = FixMatch(threshold=0.95, unlabelled_weight=3.0).losses(reads, batch, halve)
    assert found["cross_entropy"] == pytest.approx(-math.log(0.2) / 4)
    # The second image is guessed to be of class 1, the fourth of class 0; of the third it is not sure.
    assert found["consistency"] == pytest.approx(-3 * (math.log(0.48) + math.log(1 - 0.01)) / 4, rel=1e-5)


def test_an_unsure_guess_teaches_its_sharpened_doubt() -> None:
    found = FixMatch(threshold=0.0, temperature=0.5).losses(
        reads, Sample(images(0.6, 0.8), torch.tensor([UNLABELLED, 0])), halve
    )
    target = 0.6**2 / (0.6**2 + 0.4**2)
    assert found["consistency"] == pytest.approx(-(target * math.log(0.3) + (1 - target) * math.log(0.7)) / 2)
    assert found["cross_entropy"] == pytest.approx(-math.log(0.6) / 2)


@pytest.mark.parametrize(("temperature", "expected"), [(1.0, 0.7), (0.5, 0.49 / 0.58), (0.0, 1.0)])
def test_a_temperature_is_the_power_of_probabilities(temperature: float, expected: float) -> None:
    found_NK = sharpened(log_odds(0.7)[None], temperature)
    assert found_NK[0].tolist() == pytest.approx([1 - expected, expected])


def test_sharpening_goes_over_into_the_most_probable_class() -> None:
    logits_NK = torch.randn(20, 10, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(sharpened(logits_NK, 1e-4), sharpened(logits_NK, 0.0), atol=1e-3)


@pytest.mark.parametrize(
    ("probability", "counts"), [(0.94, False), (0.951, True), (0.04, True), (0.5, False)]
)
def test_a_guess_counts_from_the_threshold_on(probability: float, counts: bool) -> None:
    batch = Sample(images(probability), torch.tensor([UNLABELLED]))
    assert bool(FixMatch(threshold=0.95).losses(reads, batch, halve)["consistency"] > 0) is counts


def test_guesses_pass_no_gradient_and_labels_of_guessed_images_play_no_part() -> None:
    weight = torch.tensor(1.0, requires_grad=True)
    changed = []

    def recogniser(x_NCHW: Tensor) -> Tensor:
        return weight * reads(x_NCHW)

    def strengthen(x_NCHW: Tensor) -> Tensor:
        changed.append(x_NCHW)
        return halve(x_NCHW)

    found = FixMatch().losses(recogniser, Sample(images(0.99), torch.tensor([UNLABELLED])), strengthen)
    found["consistency"].backward()
    odds = math.log(0.495 / 0.505)
    assert weight.grad == pytest.approx((1 / (1 + math.exp(-odds)) - 1) * odds, rel=1e-4)
    assert len(changed) == 1


def test_a_batch_of_labelled_images_alone_is_plain_supervision_of_changed_ones() -> None:
    batch = Sample(images(0.4, 0.8), torch.tensor([1, 0]))
    found = FixMatch().losses(reads, batch, halve)
    assert found["consistency"] == 0
    assert found["cross_entropy"] == pytest.approx(-(math.log(0.2) + math.log(0.6)) / 2)


@pytest.mark.parametrize("supervision", [LabelsAlone(), FixMatch(), FixMatch(threshold=0.0, temperature=0.5)])
def test_a_share_of_the_batch_counts_as_much_for_every_worker(supervision: LabelsAlone | FixMatch) -> None:
    labels = [1, 0, 1, UNLABELLED] if supervision.learns_unlabelled else [1, 0, 1, 0]
    batch = Sample(images(0.4, 0.8, 0.3, 0.97), torch.tensor(labels))
    whole = supervision.losses(reads, batch, halve)
    halves = [
        supervision.losses(reads, Sample(*(part[place] for part in batch)), halve)
        for place in (slice(0, 2), slice(2, 4))
    ]
    for name, loss in whole.items():
        assert loss == pytest.approx(float(halves[0][name] + halves[1][name]) / 2)
