"""Background and stroke told apart, against a loop over images."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from inkmint.data.contrast import Contrast, ink_contrast
from inkmint.data.digits import Splits
from inkmint.errors import DataError

SOME = arrays.array_shapes(min_dims=3, max_dims=3, max_side=7)
PICTURES = arrays.arrays(np.uint8, SOME)
FEW_VALUES = arrays.arrays(np.uint8, SOME, elements=st.sampled_from([0, 2, 3, 4, 255]))


def sides(image):
    """Values below and above half way."""
    half = (float(image.min()) + float(image.max())) / 2
    return image[image < half], image[image > half]


def by_loop(images):
    rows = []
    for image in images:
        background, stroke = sorted(
            sides(image), key=len, reverse=True
        )  # stable: in a tie the dark side is first
        if not len(background):
            background = stroke = image
        rows.append((background.mean(), stroke.mean(), abs(stroke.mean() - background.mean())))
    return np.mean(rows, axis=0) / 255


@given(PICTURES | FEW_VALUES)
def test_the_figures_are_those_of_a_loop_over_images(images):
    found = ink_contrast(torch.from_numpy(images))
    np.testing.assert_allclose(found, by_loop(images), rtol=0, atol=1e-12)
    assert all(-1e-12 <= figure <= 1 + 1e-12 for figure in found)


@given(PICTURES | FEW_VALUES)
def test_inverted_images_have_the_inverted_background_and_the_same_contrast(images):
    assume(all(len(dark) != len(bright) or not len(dark) for dark, bright in map(sides, images)))
    seen = ink_contrast(torch.from_numpy(images))
    inverted = ink_contrast(torch.from_numpy(255 - images))
    expected = (1 - seen.background, 1 - seen.stroke, seen.contrast)
    np.testing.assert_allclose(inverted, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("value", [0, 51, 255])
def test_one_colour_is_all_background(value):
    images = torch.full((3, 28, 28), value, dtype=torch.uint8)
    assert ink_contrast(images) == Contrast(value / 255, value / 255, 0.0)


def test_a_stroke_on_grey_by_hand():
    images = torch.full((2, 4, 4), 51, dtype=torch.uint8)
    images[0, 1, :2] = 255
    images[1, 1, :2] = 0
    background, stroke, contrast = ink_contrast(images)
    assert background == pytest.approx(0.2)
    assert stroke == pytest.approx(0.5)
    assert contrast == pytest.approx((0.8 + 0.2) / 2)


def test_real_digits_are_bright_on_dark_and_on_paper_the_reverse(starter: Splits):
    images = starter.test.images
    dark, paper = ink_contrast(images), ink_contrast(255 - images)
    assert dark.background < 0.05 < 0.7 < dark.contrast
    assert paper.background > 0.95
    assert paper.contrast == pytest.approx(dark.contrast)


def test_images_are_left_alone(starter: Splits):
    images = starter.test.images[:5].clone()
    ink_contrast(images)
    assert torch.equal(images, starter.test.images[:5])


@pytest.mark.parametrize("shape", [(0, 28, 28), (2, 0, 28)])
def test_no_images_have_no_contrast(shape):
    with pytest.raises(DataError, match="at least one"):
        ink_contrast(torch.zeros(shape, dtype=torch.uint8))
