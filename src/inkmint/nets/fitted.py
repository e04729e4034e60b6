"""Models that are fitted to all images at once instead of following a gradient.

Shape suffixes: N images, H height, W width.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from inkmint.errors import DataError


class FittedModule(nn.Module, ABC):
    """A model whose state is buffers that `fit` fills, so that it is saved and loaded like any network.

    A subclass declares its buffers in the constructor, where a dimension of 0 stands for one that the data
    decides. Such a buffer takes the size of the saved one when a state is loaded.
    """

    fitted: Tensor

    def __init__(self) -> None:
        super().__init__()
        self._declared: dict[str, tuple[int, ...]] = {}
        self.declare("fitted", (), dtype=torch.bool)

    def declare(self, name: str, shape: Sequence[int], dtype: torch.dtype = torch.float32) -> None:
        """Make a buffer that `fit` will fill.

        Args:
            name: Attribute.
            shape: Its sizes, 0 where the data decide.
            dtype: Of the buffer.
        """
        self._declared[name] = tuple(shape)
        self.register_buffer(name, torch.zeros(tuple(shape), dtype=dtype))

    def fit(self, images_NHW: Tensor, labels_N: Tensor) -> None:
        """Fit to all images at once, in place of an earlier fit.

        Args:
            images_NHW: uint8 (N, 28, 28).
            labels_N: int64, each in 0 .. K - 1.

        Raises:
            DataError: There are too few images; the message says of what.
        """
        if not len(images_NHW):
            raise DataError("The training set holds no images; give at least one per class.")
        with torch.no_grad():
            for name, value in self._fit(images_NHW.cpu(), labels_N.cpu()).items():
                self._store(name, value)
        self.fitted.fill_(True)

    @abstractmethod
    def _fit(self, images_NHW: Tensor, labels_N: Tensor) -> dict[str, Tensor]:
        """What each declared buffer becomes; the tensors are on the CPU."""

    def _store(self, name: str, value: Tensor) -> None:
        assert _fits(self._declared[name], value), (name, value.shape)
        buffer = self.get_buffer(name)
        setattr(self, name, value.to(buffer.device, buffer.dtype, copy=True).contiguous())

    def _require_fit(self) -> None:
        if not torch.compiler.is_compiling() and not self.fitted:  # as it is exported, no value is known
            raise RuntimeError(f"this {type(self).__name__} is not fitted; call fit, or load a saved one")

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        for name, shape in self._declared.items():
            saved = state_dict.get(prefix + name)
            if isinstance(saved, Tensor) and _fits(shape, saved):
                setattr(self, name, self.get_buffer(name).new_empty(saved.shape))
        super()._load_from_state_dict(state_dict, prefix, *args)


def _fits(declared: tuple[int, ...], value: Tensor) -> bool:
    return len(declared) == value.ndim and all(
        wanted in (0, size) for wanted, size in zip(declared, value.shape, strict=True)
    )
