"""Morphs: one digit becomes another, or the same in another hand.

Shape suffixes: N images, C channels, H height, W width, Z latent and code, K classes, F frames.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple, cast

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from inkmint.errors import SettingsError
from inkmint.models import Generator
from inkmint.nets.latent import LatentFlowGenerator
from inkmint.writing.hand import Hand
from inkmint.writing.latents import between

FRAMES = 24
_STATIONS = 3
"""Pieces of the way between two styles of a digit; at their ends a flow draws it anew."""


class Stop(NamedTuple):
    """What a morph passes.

    Attributes:
        label: Its class.
        latent_Z: Its style.
    """

    label: int
    latent_Z: Tensor


def stops_of(labels: Sequence[int], hand: Hand, to_hand: Hand | None = None) -> list[Stop]:
    """Digits of one hand, or digits on the way from one hand to another, evenly.

    A single digit between two hands makes two stops.

    Args:
        labels: The class of each, at least one; at least two in one hand.
        hand: At the start.
        to_hand: At the end; None to stay.
    """
    if to_hand is None:
        return [Stop(label, hand.latents_KZ[label]) for label in labels]
    labels = labels if len(labels) > 1 else [*labels, *labels]
    shares = torch.linspace(0, 1, len(labels))[:, None]
    latents_NZ = between(hand.latents_KZ[labels], to_hand.latents_KZ[labels], shares)
    return [Stop(*stop) for stop in zip(labels, latents_NZ, strict=True)]


def morph(generator: Generator, stops: Sequence[Stop], num_frames: int = FRAMES) -> NDArray[np.uint8]:
    """The images on the way through all stops, each image drawn by the network and none by fading.

    Between two styles of a digit, latents go along the arc (`latents.between`). Between two digits the flow's codes do,
    which are decoded; other networks that take shares of classes are told shares that change evenly. A flow's codes
    jump where its guidance sets in: they are computed at a few stations alone, and go along arcs between these.

    Args:
        generator: Whose the stops are.
        stops: At least two.
        num_frames: Images for each stretch, of which the first is at its stop.

    Returns:
        uint8 (F, 28, 28), ink bright on dark, F = stretches times `num_frames` + 1.

    Raises:
        SettingsError: The generator has nothing between two classes.
    """
    share_F1 = torch.arange(num_frames)[:, None] / num_frames
    with torch.inference_mode():
        stretches = [_stretch(generator, start, end, share_F1) for start, end in pairwise(stops)]
        last = _stretch(generator, stops[-1], stops[-1], torch.zeros(1, 1))
        return generator.pixels(torch.cat([*stretches, last]))


def _stretch(generator: Generator, start: Stop, end: Stop, share_F1: Tensor) -> Tensor:
    """Images (F, C, 28, 28) in [-1, 1] at these shares of the way."""
    network = generator.network
    if isinstance(network, LatentFlowGenerator):
        return network.images(_codes(network, start, end, share_F1))
    latents_FZ = between(start.latent_Z, end.latent_Z, share_F1)
    if start.label == end.label:
        return cast("Tensor", network(latents_FZ, torch.full((len(share_F1),), start.label)))
    if not getattr(network, "takes_shares", False):
        raise SettingsError(
            f"The generator {generator.name!r} draws nothing between two classes; name one digit alone and --to-hand, "
            "or take another generator such as 'house'."
        )
    labels = torch.tensor([start.label, end.label])
    first_K, last_K = F.one_hot(labels, len(generator.class_names)).float()
    return cast("Tensor", network(latents_FZ, torch.lerp(first_K, last_K, share_F1)))


def _codes(network: LatentFlowGenerator, start: Stop, end: Stop, share_F1: Tensor) -> Tensor:
    """Codes (F, Z) along arcs between those of the stops and, within a class, of stations between them."""
    num_pieces = _STATIONS if start.label == end.label else 1
    places_N1 = torch.linspace(0, 1, num_pieces + 1)[:, None]
    labels_N = torch.where(places_N1[:, 0] < 1, start.label, end.label)
    codes_NZ = network.codes(between(start.latent_Z, end.latent_Z, places_N1), labels_N)
    piece_F = (share_F1[:, 0] * num_pieces).long().clamp(max=num_pieces - 1)
    return between(codes_NZ[piece_F], codes_NZ[piece_F + 1], share_F1 * num_pieces - piece_F[:, None])
