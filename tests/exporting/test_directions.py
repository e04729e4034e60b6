"""Ways through latents do what their names say."""

from typing import Any

import numpy as np
import pytest

from inkmint.exporting.directions import NAMES, find_directions
from inkmint.inference.generator import OnnxGenerator
from inkmint.writing.traits import TRAITS, measure_traits


@pytest.fixture(scope="module")
def house() -> OnnxGenerator:
    return OnnxGenerator.from_pretrained("house", threads=1)


def test_the_house_has_sliders_of_slant_thickness_and_width(house: OnnxGenerator) -> None:
    assert [direction.name for direction in house.directions] == [*NAMES, "", "", "", "", ""]
    vectors = np.array([direction.vector for direction in house.directions])
    assert np.abs(vectors @ vectors.T - np.eye(8)).max() < 1e-5
    explained = [direction.explained_variance for direction in house.directions]
    assert min(explained) > 0.01 and sum(explained) < 1
    assert explained[3:] == sorted(explained[3:], reverse=True)


@pytest.mark.parametrize(("name", "trait"), NAMES.items())
def test_a_slider_changes_what_it_is_called_most(name: str, trait: str, house: OnnxGenerator) -> None:
    labels, latents = np.arange(200) % 10, house.latents(200, seed=8)
    vector = next(np.array(each.vector) for each in house.directions if each.name == name)
    low, high = (measure_traits(house.sample(labels, z=latents + way * vector)) for way in (-2, 2))
    change = (high - low).mean(axis=0) / measure_traits(house.sample(labels, z=latents)).std(axis=0)
    changed = dict(zip(TRAITS, change, strict=True))
    assert changed[trait] > 1
    assert all(abs(changed[other]) < changed[trait] / 2 for other in set(NAMES.values()) - {trait})


def test_there_are_no_more_directions_than_numbers_in_a_latent(model_of: Any) -> None:
    directions = find_directions(model_of("pca", num_components=4))
    assert len(directions) == 4
    vectors = np.array([direction.vector for direction in directions])
    assert np.abs(vectors @ vectors.T - np.eye(4)).max() < 1e-5


def test_a_generator_that_draws_one_image_has_none(model_of: Any) -> None:
    model = model_of("acgan-sa")
    for parameter in model.network.parameters():
        parameter.zero_()
    assert find_directions(model) == ()
