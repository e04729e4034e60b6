import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from inkmint.data.augment import Augment

ALL_ON = Augment(
    shift_px=3, rotate_deg=15, scale=0.2, shear=0.2, elastic_px=2, jitter=0.4, flip=True, erase_px=12
)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def draws(num_images, seed=0):
    generator = seeded(seed)
    return lambda size: torch.rand(num_images, size, generator=generator)


@pytest.fixture
def x():
    """A batch with ink away from the borders."""
    x = torch.full((16, 1, 28, 28), -1.0)
    x[:, :, 8:20, 9:15] = torch.rand(16, 1, 12, 6, generator=seeded(1)) * 2 - 1
    return x


def test_off_returns_the_batch_itself_and_draws_nothing(x):
    def never(size):
        raise AssertionError("nothing is to be drawn")

    assert Augment().apply(x, never) is x


@settings(max_examples=30, deadline=None)
@given(
    augment=st.builds(
        Augment,
        shift_px=st.floats(0, 14),
        rotate_deg=st.floats(0, 180),
        scale=st.floats(0, 0.9),
        shear=st.floats(0, 1),
        elastic_px=st.floats(0, 14),
        jitter=st.floats(0, 1),
        flip=st.booleans(),
        erase_px=st.floats(0, 28),
    ),
    num_images=st.integers(1, 4),
    channels=st.integers(1, 2),
    seed=st.integers(0, 99),
)
def test_shape_range_and_determinism(augment, num_images, channels, seed):
    x = torch.rand(num_images, channels, 28, 28, generator=seeded(seed)) * 2 - 1
    before = x.clone()
    y = augment.apply(x, draws(len(x), seed))
    assert y.shape == x.shape
    assert y.dtype == x.dtype
    assert y.min() >= -1 and y.max() <= 1
    assert torch.equal(y, augment.apply(x, draws(len(x), seed)))
    assert torch.equal(x, before)


def test_another_seed_gives_another_batch(x):
    assert not torch.equal(ALL_ON.apply(x, draws(len(x), 0)), ALL_ON.apply(x, draws(len(x), 1)))


def test_background_moves_in_as_background():
    blank = torch.full((4, 1, 28, 28), -1.0)
    geometry = Augment(shift_px=10, rotate_deg=90, scale=0.5, shear=0.5, elastic_px=5)
    assert torch.equal(geometry.apply(blank, draws(len(blank))), blank)


def test_shift_keeps_the_ink_and_moves_it_no_further(x):
    y = Augment(shift_px=3).apply(x, draws(len(x)))
    assert torch.allclose((y + 1).sum(dim=(1, 2, 3)), (x + 1).sum(dim=(1, 2, 3)), rtol=1e-4)

    def centre(images):
        ink = (images + 1)[:, 0]
        places = torch.arange(28.0)
        return (
            torch.stack([(ink.sum(2) * places).sum(1), (ink.sum(1) * places).sum(1)], dim=1)
            / ink.sum(dim=(1, 2))[:, None]
        )

    moved = centre(y) - centre(x)
    assert moved.abs().max() <= 3.001
    assert moved.std(dim=0).min() > 0.5
    assert moved.abs().max() > 1.5


def test_a_half_turn_reverses_both_axes(x, monkeypatch):
    monkeypatch.setattr(torch, "rand", lambda *shape, generator: torch.ones(*shape))
    y = Augment(rotate_deg=180).apply(x, draws(len(x)))
    assert torch.allclose(y, x.flip(2, 3), atol=1e-4)


def test_scale_enlarges_by_the_factor(x, monkeypatch):
    monkeypatch.setattr(torch, "rand", lambda *shape, generator: torch.ones(*shape))
    ink = (Augment(scale=0.5).apply(torch.ones(1, 1, 28, 28), draws(1)) + 1).sum()
    assert ink == 2 * 28 * 28  # larger than the frame everywhere
    monkeypatch.setattr(torch, "rand", lambda *shape, generator: torch.zeros(*shape))
    ink = (Augment(scale=0.5).apply(torch.ones(1, 1, 28, 28), draws(1)) + 1).sum()
    assert ink == pytest.approx(2 * 14 * 14, rel=0.01)


def test_flip_mirrors_about_half_of_the_images():
    x = torch.rand(400, 1, 28, 28, generator=seeded(1)) * 2 - 1
    y = Augment(flip=True).apply(x, draws(len(x)))
    mirrored = (y == x.flip(-1)).flatten(1).all(1)
    kept = (y == x).flatten(1).all(1)
    assert torch.equal(mirrored, ~kept)
    assert 150 < mirrored.sum() < 250


def test_a_square_around_the_drawn_place_is_covered_by_the_drawn_shade(x):
    # Size and centre in shares of 10 and 28 pixels, shade in a share of [-1, 1]: sides of 5, rows 4.5 to 9.5.
    drawn = torch.tensor([[0.5, 0.25, 0.75, 0.9], [0.5, 0.0, 1.0, 0.2]])
    y = Augment(erase_px=10).apply(x[:2], lambda size: drawn[:, :size])
    expected = x[:2].clone()
    expected[0, :, 5:9, 19:23] = 0.8
    expected[1, :, :2, 26:] = -0.6
    assert torch.allclose(y, expected)


def moved_by_bending(nets_N50, places):
    """Columns and rows by which each of these places (row, column) comes from elsewhere: (N, places, 2)."""
    at = torch.arange(28.0).expand(len(nets_N50), 1, 28, 28)  # an image whose shade is its column, or its row
    found = []
    for ramp in (at, at.transpose(2, 3)):
        y = Augment(elastic_px=2).apply(ramp / 14 - 1, lambda size: nets_N50[:, :size])
        found.append(torch.stack([(y + 1)[:, 0, i, j] * 14 - ramp[:, 0, i, j] for i, j in places], dim=1))
    return torch.stack(found, dim=-1)


def test_a_bend_displaces_crossings_by_what_was_drawn_and_what_lies_between_smoothly():
    nets = torch.full((2, 2, 5, 5), 0.5)
    nets[0, 0, 2, 2], nets[1, 1, 2, 2] = 1.0, 0.25  # of the middle: 2 pixels across, half of 2 pixels back up
    middle, edge = (14, 14), (14, 2)
    moved = moved_by_bending(nets.flatten(1), [middle, edge])
    assert moved[:, 0].tolist() == [[pytest.approx(2, abs=0.1), 0], [0, pytest.approx(-1, abs=0.1)]]
    assert moved[:, 1].abs().max() < 0.1
    along = moved_by_bending(nets.flatten(1), [(14, column) for column in range(4, 25)])[0, :, 0]
    assert along.diff().abs().max() < 0.6
    assert torch.allclose(along, along.clamp(-0.3, 2.1))


def test_a_net_that_displaces_nothing_changes_nothing(x):
    y = Augment(elastic_px=5).apply(x, lambda size: torch.full((len(x), size), 0.5))
    assert torch.allclose(y, x, atol=1e-5)


def test_jitter_changes_ink_only_as_far_as_asked(x):
    y = Augment(jitter=0.1).apply(x, draws(len(x)))
    assert not torch.equal(y, x)
    assert (y - x).abs().max() <= 2 * (1.1 * 1.1 - 1) + 1e-6


@pytest.mark.parametrize(
    "fields",
    [
        {"shift_px": -1},
        {"rotate_deg": 181},
        {"scale": 1},
        {"jitter": 2},
        {"shear": -0.1},
        {"elastic_px": 15},
        {"blur": 1},
    ],
)
def test_values_out_of_range_and_unknown_fields_are_refused(fields):
    with pytest.raises(ValidationError):
        Augment(**fields)


def test_every_field_is_described():
    assert all(field.description for field in Augment.model_fields.values())
