"""Where an attention mask lies on the image."""

from typing import Any

import numpy as np
import pytest

from inkmint.exporting.attention import attention_area
from inkmint.inference.recogniser import OnnxRecogniser


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("lenet-attention", {}, (4, 4, 24, 24)),
        ("lenet", {}, None),
        ("alexnet", {"attention": 1}, (0, 0, 28, 28)),
        ("resnet", {"attention": 2}, (0, 0, 28, 28)),
    ],
)
def test_the_area_is_what_the_places_see(name: str, options: Any, expected: Any, model_of: Any) -> None:
    assert attention_area(model_of(name, **options).network_) == expected


@pytest.mark.parametrize(("row", "column"), [(7, 9), (14, 14), (19, 11)])
def test_a_dot_changes_the_mask_where_the_area_says(row: int, column: int) -> None:
    recogniser = OnnxRecogniser.from_pretrained("lenet-attention", threads=1)
    images = np.zeros((2, 28, 28), np.uint8)
    images[1, row - 1 : row + 2, column - 1 : column + 2] = 255
    empty, dotted = recogniser.attention(images)
    change = np.abs(dotted - empty)
    left, top, right, bottom = recogniser.attention_area
    places = np.arange(10) + 0.5
    found_row = top + (bottom - top) / 10 * (change.sum(axis=1) @ places) / change.sum()
    found_column = left + (right - left) / 10 * (change.sum(axis=0) @ places) / change.sum()
    assert (found_row, found_column) == pytest.approx((row + 0.5, column + 0.5), abs=2)
