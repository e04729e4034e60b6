"""The normal numbers that torch draws from a seed on a CPU, without torch.

Numbers are the same to rounding (about one part in a million), so a seed gives the same digits with and without torch,
but for a level of grey here and there.
"""

import numpy as np
from numpy.typing import NDArray

_BLOCK = 16


def standard_normal(num_rows: int, num_columns: int, seed: int) -> NDArray[np.float32]:
    """What `torch.randn(num_rows, num_columns)` draws from a generator of this seed, float32.

    The numbers come from a Mersenne twister by the method of Box and Muller: single precision in blocks of 16 where
    there are so many, the last block anew if it is not full; else pair by pair in double precision.

    Args:
        num_rows: 0 or more.
        num_columns: 1 or more.
        seed: 0 or more, of which the lowest 32 bits count.
    """
    twister = np.random.RandomState(seed % 2**32)
    size = num_rows * num_columns
    normal = _few(twister, size) if size < _BLOCK else _blocks(twister, size)
    return normal.astype(np.float32).reshape(num_rows, num_columns)


def _few(twister: np.random.RandomState, size: int) -> NDArray[np.float64]:
    words = _words(twister, (-(-size // 2), 2, 2)).astype(np.uint64)
    first, second = ((words[..., 0] << np.uint64(32) | words[..., 1]) % 2**53 / 2**53).T
    radius = np.sqrt(-2 * np.log1p(-second))
    pairs = [radius * np.cos(2 * np.pi * first), radius * np.sin(2 * np.pi * first)]
    return np.stack(pairs, axis=1).ravel()[:size]


def _blocks(twister: np.random.RandomState, size: int) -> NDArray[np.float32]:
    uniform = _uniform(twister, size)
    whole = size // _BLOCK * _BLOCK
    normal = np.concatenate([_block_normal(uniform[:whole]), uniform[whole:]])
    if whole < size:
        normal[-_BLOCK:] = _block_normal(_uniform(twister, _BLOCK))
    return normal


def _uniform(twister: np.random.RandomState, size: int) -> NDArray[np.float32]:
    return (_words(twister, (size,)) % 2**24).astype(np.float32) / np.float32(2**24)


def _block_normal(uniform: NDArray[np.float32]) -> NDArray[np.float32]:
    first, second = uniform.reshape(-1, 2, _BLOCK // 2).swapaxes(0, 1)
    radius, angle = np.sqrt(-2 * np.log(1 - first)), np.float32(2 * np.pi) * second
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).ravel()


def _words(twister: np.random.RandomState, shape: tuple[int, ...]) -> NDArray[np.uint32]:
    return twister.randint(0, 2**32, size=shape, dtype=np.uint32)
