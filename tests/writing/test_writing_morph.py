"""Morphs: ends that are the hand's own digits, no jumps, and networks that know what lies between classes."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from inkmint.errors import SettingsError
from inkmint.models import Generator, Recogniser
from inkmint.nets.pca import PcaGenerator
from inkmint.writing.frames import HOLD_MSEC, frame_covers, save_gif, strip
from inkmint.writing.hand import Hand
from inkmint.writing.morph import morph, stops_of

Untrained = Callable[..., Generator]
BLENDING = [("acgan-sa", {"num_channels": 8}), ("cgan", {}), ("ccgan", {})]


def largest_step(images: np.ndarray) -> float:
    """By the mean step."""
    steps = np.abs(np.diff(images.astype(float), axis=0)).mean(axis=(1, 2))
    return float(steps.max() / steps.mean())


def test_a_morph_begins_and_ends_with_the_digits_of_the_hand(house: Generator, hands: list[Hand]) -> None:
    images = morph(house, stops_of([3, 8, 5], hands[0]), 6)
    assert images.shape == (13, 28, 28)
    assert images.dtype == np.uint8
    own = hands[0].write([3, 8, 5], variation=0).astype(int)
    assert np.abs(images[[0, 6, 12]] - own).max() <= 2
    assert Recogniser.from_pretrained("judge-v1").predict(images[[0, 6, 12]]).tolist() == [3, 8, 5]


def test_between_two_digits_is_no_crossfade(house: Generator, hands: list[Hand]) -> None:
    """Half-way pixels are ink or paper: a mean of two pictures is grey wherever they differ."""
    images = morph(house, stops_of([3, 8], hands[0]), 8) / 255
    faded = (images[0] + images[-1]) / 2

    def greys(picture: np.ndarray) -> float:
        return float((4 * picture * (1 - picture)).sum())

    assert greys(images[4]) < 0.8 * greys(faded)


@pytest.mark.parametrize("labels", [[3, 8], [7], [0, 1, 2]])
def test_no_step_is_a_jump(labels: list[int], house: Generator, hands: list[Hand]) -> None:
    stops = stops_of(labels, hands[1], hands[2])
    assert largest_step(morph(house, stops, 32)) < 5


def test_a_digit_goes_from_hand_to_hand(house: Generator, hands: list[Hand]) -> None:
    images = morph(house, stops_of([4], hands[1], hands[2]), 9)
    own = np.concatenate([hand.write([4], variation=0) for hand in hands[1:3]]).astype(int)
    assert np.abs(images[[0, -1]] - own).max() <= 2
    assert (Recogniser.from_pretrained("judge-v1").predict(images) == 4).mean() >= 0.8


@pytest.mark.parametrize(("model", "options"), BLENDING)
def test_shares_of_one_class_draw_what_its_label_draws(
    model: str, options: dict[str, int], untrained: Untrained
) -> None:
    network = untrained(model, options=options).network
    for module in network.modules():
        if isinstance(module, torch.nn.Embedding):
            torch.nn.init.normal_(module.weight)
    z_NZ, y_N = torch.randn(10, network.latent_size), torch.arange(10)
    with torch.inference_mode():
        by_label, by_share = network(z_NZ, y_N), network(z_NZ, torch.eye(10))
        between = network(z_NZ[:1], torch.tensor([[0.5, 0.5] + 8 * [0.0]]))
    torch.testing.assert_close(by_share, by_label, rtol=1e-5, atol=1e-6)
    assert not torch.allclose(between, network(z_NZ[:1], y_N[:1]))
    assert not torch.allclose(between, (network(z_NZ[:1], y_N[:1]) + network(z_NZ[:1], y_N[1:2])) / 2)


@pytest.mark.parametrize(("model", "options"), BLENDING)
def test_other_networks_are_told_shares_of_classes(
    model: str, options: dict[str, int], untrained: Untrained
) -> None:
    generator = untrained(model, options=options)
    hand = Hand.draw(generator, 0)
    images = morph(generator, stops_of([3, 8], hand), 4)
    own = hand.write([3, 8], variation=0).astype(int)
    assert np.abs(images[[0, -1]] - own).max() <= 1


def test_a_generator_with_nothing_between_classes_says_so(untrained: Untrained) -> None:
    generator = untrained("cgan")
    network = PcaGenerator(10, 4)
    for tensor in network.buffers():
        tensor.copy_(torch.rand_like(tensor) if tensor.is_floating_point() else torch.ones_like(tensor))
    fitted = Generator(
        network.eval(), generator.config.model_copy(update={"model": "pca", "options": {"num_components": 4}})
    )
    hand = Hand.draw(fitted, 0)
    with pytest.raises(SettingsError, match="'pca' draws nothing between two classes"):
        morph(fitted, stops_of([3, 8], hand), 4)
    assert morph(fitted, stops_of([3], hand, Hand.draw(fitted, 1)), 4).shape == (5, 28, 28)


def test_a_film_goes_there_and_back_and_rests_at_the_digits(
    house: Generator, hands: list[Hand], tmp_path: Path
) -> None:
    covers = frame_covers(morph(house, stops_of([3, 8], hands[0]), 4), height_px=40)
    assert covers.shape == (5, 56, 56)
    save_gif(covers, tmp_path / "film.gif", {0, 4}, ink_colour="black", paper_colour="white")
    with Image.open(tmp_path / "film.gif") as film:
        assert film.n_frames == 8
        assert film.info["loop"] == 0
        durations, frames = [], []
        for place in range(film.n_frames):
            film.seek(place)
            durations.append(film.info["duration"])
            frames.append(np.asarray(film.convert("L")))
    assert [place for place, shown in enumerate(durations) if shown == HOLD_MSEC] == [0, 4]
    for place, cover in enumerate([0, 1, 2, 3, 4, 3, 2, 1]):
        assert np.abs(255 - frames[place].astype(int) - covers[cover]).max() <= 1
    assert strip(covers).shape == (56, 5 * 56)
