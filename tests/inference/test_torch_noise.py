"""The noise of a seed is torch's."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from inkmint.inference.noise import standard_normal

SIZES = [(1, 1), (1, 3), (3, 5), (1, 15), (1, 16), (1, 17), (5, 7), (1, 32), (40, 32), (2, 848)]


def torchs(num_rows: int, num_columns: int, seed: int) -> np.ndarray:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(num_rows, num_columns, generator=generator).numpy()


@pytest.mark.parametrize(("num_rows", "num_columns"), SIZES)
@pytest.mark.parametrize("seed", [0, 1, 42, 2**31, 2**32 - 1, 2**32 + 5, 2**63 - 1])
def test_the_numbers_are_torchs(num_rows: int, num_columns: int, seed: int) -> None:
    drawn = standard_normal(num_rows, num_columns, seed)
    assert drawn.dtype == np.float32
    assert np.abs(drawn - torchs(num_rows, num_columns, seed)).max() < 1e-6


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**63 - 1))
def test_whatever_the_size_and_the_seed(num_rows: int, num_columns: int, seed: int) -> None:
    difference = standard_normal(num_rows, num_columns, seed) - torchs(num_rows, num_columns, seed)
    assert np.abs(difference).max() < 2e-6
