"""Minting over HTTP."""

import numpy as np
import pytest
from serving_fakes import FakeGenerator, fake_engines
from serving_support import pixels

from inkmint.serving.generator_api import spread_out


def mint(client, **wishes):
    response = client.post("/api/generate", json=wishes)
    assert response.status_code == 200, response.text
    return response.json()


def shades(answer):
    return [int(pixels(uri)[0, 0]) for uri in answer["pictures"]]


def test_the_generator_says_what_it_is(client):
    assert client.get("/api/generator").json() == {
        "name": "fake-minter",
        "latent_size": 2,
        "num_classes": 10,
        "class_names": list("0123456789"),
        "directions": [
            {"name": "slant", "deviation": 2.0, "explained": 0.3},
            {"name": "2", "deviation": 1.0, "explained": 0.1},
        ],
    }


def test_digits_of_asked_classes(client):
    answer = mint(client, digits=[2, 0, 2, 6], seed=5)
    assert answer["labels"] == [2, 0, 2, 6]
    assert answer["seed"] == 5
    assert pixels(answer["pictures"][0]).shape == (28, 28)
    first = FakeGenerator().latents(4, 5)[:, 0]
    assert shades(answer) == [
        25 + round(first[0]),
        5 + round(first[1]),
        25 + round(first[2]),
        65 + round(first[3]),
    ]


def test_one_class_several_times_and_all_classes_in_turn(client):
    assert mint(client, digit=3, count=4)["labels"] == [3] * 4
    assert mint(client, count=12)["labels"] == [*range(10), 0, 1]
    assert mint(client)["labels"] == [0]
    assert len(mint(client, digit=1, count=100)["pictures"]) == 100


def test_a_seed_gives_the_same_again_and_none_draws_one(client):
    once = mint(client, count=20)
    assert mint(client, count=20, seed=once["seed"]) == once
    assert mint(client, count=20)["seed"] != once["seed"]


def test_paper_turns_light_into_dark(client):
    light, dark = mint(client, digit=4, seed=1), mint(client, digit=4, seed=1, paper=True)
    assert shades(dark) == [255 - shade for shade in shades(light)]


def test_sliders_go_along_directions_in_standard_deviations(client):
    still = shades(mint(client, digit=5, seed=1))[0]
    assert shades(mint(client, digit=5, seed=1, sliders={"0": 3}))[0] == still + 6
    assert shades(mint(client, digit=5, seed=1, sliders={"0": -1.5}))[0] == still - 3
    assert shades(mint(client, digit=5, seed=1, sliders={"1": 4}))[0] == still


def test_without_spread_all_are_of_one_hand(client):
    assert len(set(shades(mint(client, digit=5, count=50, seed=1, spread=0)))) == 1
    assert len(set(shades(mint(client, digit=5, count=50, seed=1)))) > 2


def test_spread_leaves_latents_as_they_are_distributed():
    latents = np.random.default_rng(0).standard_normal((20_000, 3), dtype=np.float32)
    assert spread_out(latents, 1.0) is latents
    for spread in (0.3, 0.7):
        drawn = spread_out(latents, spread)
        assert np.array_equal(drawn[0], latents[0])
        angle = spread * np.pi / 2
        assert drawn[1:].std(axis=0) == pytest.approx(np.sin(angle), abs=0.02)
        assert drawn[1:].mean(axis=0) == pytest.approx(np.cos(angle) * latents[0], abs=0.03)
        assert drawn.dtype == np.float32


def test_a_generator_without_classes(make_client):
    class Blind(FakeGenerator):
        conditional = False

    client = make_client(fake_engines(generator=Blind))
    assert client.get("/api/generator").json()["num_classes"] == 0
    assert len(mint(client, count=3)["pictures"]) == 3


def test_pictures_in_colour(make_client):
    class Coloured(FakeGenerator):
        def sample(self, labels, *, z):
            return np.repeat(super().sample(labels, z=z)[:, None], 3, axis=1)

    client = make_client(fake_engines(generator=Coloured))
    assert pixels(mint(client)["pictures"][0]).shape == (28, 28, 3)


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({"digits": [2, 10]}, "no class 10"),
        ({"digit": 10}, "no class 10"),
        ({"digit": -1}, "digit: "),
        ({"digits": []}, "digits: "),
        ({"digits": [1] * 101}, "digits: "),
        ({"digits": [True, "x"]}, "digits.1: "),
        ({"digits": [1], "digit": 1}, "give one of them"),
        ({"digits": [1, 2], "count": 3}, "leave it out"),
        ({"count": 0}, "count: "),
        ({"count": 101}, "count: "),
        ({"seed": -1}, "seed: "),
        ({"seed": 2**32}, "seed: "),
        ({"spread": 1.1}, "spread: "),
        ({"sliders": {"2": 1}}, "no slider '2'"),
        ({"sliders": {"slant": 1}}, "no slider 'slant'"),
        ({"sliders": {"²": 1}}, "no slider"),
        ({"sliders": {"0": 99}}, "sliders.0: "),
        ({"size": 3}, "size: "),
        ([], "does not fit"),
    ],
)
def test_wishes_that_cannot_be_met(wishes, words, client):
    assert words in client.refusal(client.post("/api/generate", json=wishes), 422)
