"""A hand: traits that are measured right, and digits of all classes that share them."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from inkmint.errors import SettingsError
from inkmint.models import Generator
from inkmint.writing.hand import Hand
from inkmint.writing.latents import between
from inkmint.writing.traits import TRAITS, measure_traits

LEAN, PEN, WIDTH, SMUDGE = range(len(TRAITS))


def bar(width: float, lean: float) -> np.ndarray:
    """A stroke 20 pixels high with soft edges."""
    rows, columns = np.mgrid[:28, :28].astype(float)
    away = np.abs(columns - 14 - lean * (14 - rows))
    ink = np.clip(0.5 + width / 2 - away, 0, 1) * (rows >= 4) * (rows < 24)
    return np.rint(255 * ink).astype(np.uint8)


@pytest.mark.parametrize("lean", [-0.4, 0.0, 0.3])
@pytest.mark.parametrize("width", [2.0, 4.0])
def test_traits_of_a_stroke_are_those_it_was_drawn_with(lean: float, width: float) -> None:
    (traits,) = measure_traits(bar(width, lean)[None])
    assert traits[LEAN] == pytest.approx(lean, abs=0.03)
    with_its_ends = 20 / (20 + width)
    assert traits[PEN] == pytest.approx(with_its_ends * width / np.hypot(1, lean) / 20, rel=0.15)
    assert traits[WIDTH] == pytest.approx((width + 20 * abs(lean)) / 20, abs=0.1)


def test_faint_and_blurred_strokes_are_smudges() -> None:
    clear = bar(3, 0)
    faint, blurred = (clear * 0.5).astype(np.uint8), ndimage.gaussian_filter(clear, 1.5)
    smudge = measure_traits(np.stack([clear, faint, blurred]))[:, SMUDGE]
    assert smudge[0] < 0.7 * smudge[1:].min()


@given(st.integers(0, 2**31), st.integers(2, 40), st.floats(0, 1))
def test_the_arc_between_latents_keeps_their_length(seed: int, size: int, share: float) -> None:
    start, end = torch.randn(2, size, generator=torch.Generator().manual_seed(seed))
    point = between(start, end, share)
    assert torch.isfinite(point).all()
    length = (1 - share) * start.norm() + share * end.norm()
    if abs(torch.cosine_similarity(start, end, dim=0)) < 0.99:
        assert point.norm() == pytest.approx(float(length), rel=1e-3)
    torch.testing.assert_close(between(start, end, 0.0), start, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(between(start, end, 1.0), end, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(between(start, start, share), start, rtol=1e-3, atol=1e-3)


def test_digits_of_a_hand_lean_alike_and_have_one_pen(house: Generator, hands: list[Hand]) -> None:
    """They differ less than digits of one shared latent do, and less than hands differ from each other."""
    classes = np.arange(10)
    usual = measure_traits(house.sample(500, seed=0)).reshape(50, 10, -1).mean(axis=0)

    def deviations(latents: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
        strays = np.stack([measure_traits(house.draw(z, classes)) - usual for z in latents])
        return np.sqrt(strays.var(axis=1, ddof=1).mean(axis=0)), strays.mean(axis=1).std(axis=0, ddof=1)

    shared = torch.randn(8, 1, house.latent_size, generator=torch.Generator().manual_seed(0))
    within_shared, _ = deviations(shared.expand(-1, 10, -1))
    for own in (
        torch.stack([hand.latents_KZ for hand in hands]),
        torch.stack([hand.vary(classes) for hand in hands]),
    ):
        within, across = deviations(own)
        assert (within[[LEAN, PEN]] < 0.7 * within_shared[[LEAN, PEN]]).all()
        assert (within[[LEAN, PEN]] < 0.7 * across[[LEAN, PEN]]).all()


def test_a_hand_says_what_its_signs_need(hands: list[Hand]) -> None:
    """Its lean and its pen are the means of its digits'."""
    for hand in hands:
        lean, pen, *_ = measure_traits(hand.write(range(10), variation=0)).mean(axis=0)
        assert hand.lean == pytest.approx(lean, abs=0.08)
        assert hand.pen == pytest.approx(pen, abs=0.02)


def test_variation_runs_from_copies_to_others(house: Generator) -> None:
    hand = Hand.draw(house, 1)
    sevens = [hand.write([7] * 4, variation=variation).astype(float) for variation in (0.0, 0.15, 1.0)]
    apart = [float(np.abs(images[1:] - images[0]).mean()) for images in sevens]
    assert apart[0] == 0
    assert 0 < apart[1] < 0.7 * apart[2]


def test_the_seed_is_the_hand(house: Generator, hands: list[Hand]) -> None:
    again = Hand.draw(house, 3)
    assert torch.equal(again.latents_KZ, hands[3].latents_KZ)
    assert not torch.equal(again.latents_KZ, hands[4].latents_KZ)
    assert np.array_equal(again.write([1, 2]), hands[3].write([1, 2]))
    assert not np.array_equal(again.write([1, 2], seed=1), hands[3].write([1, 2]))


@pytest.mark.parametrize(
    ("model", "fields", "message"),
    [
        ("gan", {}, "'gan' does not know classes"),
        ("cgan", {"image_channels": 3}, "'cgan' draws stacked digits"),
    ],
)
def test_generators_that_cannot_write_are_refused(
    model: str, fields: dict[str, int], message: str, untrained: Callable[..., Generator]
) -> None:
    with pytest.raises(SettingsError, match=message):
        Hand.draw(untrained(model, **fields), 0)


def test_a_hand_of_a_generator_that_draws_on_paper_is_bright_on_dark(
    untrained: Callable[..., Generator], house: Generator
) -> None:
    on_paper = Generator(Inverted(house.network), house.config.model_copy(update={"background": "paper"}))
    one, other = Hand.draw(on_paper, 1), Hand.draw(house, 1)
    assert np.abs(one.write([4], variation=0).astype(int) - other.write([4], variation=0)).max() <= 1


class Inverted(torch.nn.Module):
    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network, self.latent_size = network, network.latent_size

    def forward(self, z_NZ: torch.Tensor, y_N: torch.Tensor) -> torch.Tensor:
        return -self.network(z_NZ, y_N)
