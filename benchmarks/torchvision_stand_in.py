"""As much of torchvision, and of SciPy's old picture writer, as public GAN scripts take to learn from MNIST.

`install` puts it in torchvision's place in this process, whether or not that is there, so that such scripts run as they
are. It does per image what torchvision does, so that neither their data nor their loop changes; PIL does the resizing.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from inkmint.data.digits import DigitSet
from inkmint.data.sheet import grid


class Compose:
    """One transform after the other."""

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        self.transforms = transforms

    def __call__(self, picture: Any) -> Any:
        for transform in self.transforms:
            picture = transform(picture)
        return picture


class Resize:
    """To (height, width), or to a length of the shorter edge that keeps the shape; PIL's bilinear filter."""

    def __init__(self, size: int | tuple[int, int]) -> None:
        self.size = size

    def __call__(self, picture: Image.Image) -> Image.Image:
        if isinstance(self.size, int):
            short, long = sorted(picture.size)
            if short == self.size:
                return picture
            stretched = int(self.size * long / short)
            width = self.size if picture.width == short else stretched
            height = self.size if picture.height == short else stretched
        else:
            height, width = self.size
        return picture.resize((width, height), Image.Resampling.BILINEAR)


class ToTensor:
    """A grey picture to float32 (1, H, W) in [0, 1]."""

    def __call__(self, picture: Image.Image) -> Tensor:
        return torch.from_numpy(np.array(picture, copy=True)).unsqueeze(0).float().div_(255)


class Normalize:
    """Subtract the mean and divide by the deviation of each channel.

    Numbers for channels that are not there go unused: some of those scripts give three for grey images.
    """

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        self.mean_C11 = torch.tensor(mean).view(-1, 1, 1)
        self.std_C11 = torch.tensor(std).view(-1, 1, 1)

    def __call__(self, x_CHW: Tensor) -> Tensor:
        num_channels = len(x_CHW)
        return x_CHW.sub_(self.mean_C11[:num_channels]).div_(self.std_C11[:num_channels])


class MNIST(Dataset[tuple[Any, int]]):
    """Training digits one at a time, as PIL pictures before the transform.

    Attributes:
        digits: What every data set reads; set by `install`.
        opened: Called when a script opens the data set; set by `install`.
        num_taken: Images that were read, by all data sets together.
    """

    digits: DigitSet
    opened: Callable[[], None]
    num_taken = 0

    def __init__(
        self,
        root: str,  # noqa: ARG002
        train: bool = True,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[int], Any] | None = None,
        download: bool = False,  # noqa: ARG002
    ) -> None:
        if not train:
            raise ValueError("The test images are for the judge alone; this script asks to see them.")
        self.transform, self.target_transform = transform, target_transform
        type(self).opened()

    def __len__(self) -> int:
        return len(self.digits)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        MNIST.num_taken += 1
        picture: Any = Image.fromarray(self.digits.images[index].numpy())
        target: Any = int(self.digits.labels[index])
        if self.transform is not None:
            picture = self.transform(picture)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return picture, target


def save_image(
    tensor: Tensor, path: str | Path, nrow: int = 8, *, normalize: bool = False, **_options: Any
) -> None:
    """Write images (N, 1, H, W) in [0, 1], or of any range with `normalize`, as one PNG."""
    pixels_NHW = tensor.detach().float().cpu()[:, 0]
    if normalize:
        low, high = pixels_NHW.min(), pixels_NHW.max()
        pixels_NHW = (pixels_NHW - low) / (high - low).clamp(min=1e-5)
    images = pixels_NHW.mul(255).add(0.5).clamp(0, 255).to(torch.uint8).numpy()
    Image.fromarray(grid(images, columns=nrow)).save(path)


def imsave(path: str | Path, picture: NDArray[Any]) -> None:
    """Write a grey picture (H, W) of any range as PNG, stretched to black and white, as SciPy 1.1 did."""
    low, high = float(picture.min()), float(picture.max())
    stretched = (picture - low) * (255 / ((high - low) or 1))
    Image.fromarray((stretched + 0.5).clip(0, 255).astype(np.uint8)).save(path)


def install(digits: DigitSet, opened: Callable[[], None]) -> None:
    """Take torchvision's and scipy.misc's place in this process.

    Args:
        digits: What `datasets.MNIST` gives as training images.
        opened: Called when a script opens them.
    """
    import scipy

    MNIST.digits, MNIST.opened, MNIST.num_taken = digits, staticmethod(opened), 0
    parts: dict[str, dict[str, Any]] = {
        "datasets": {"MNIST": MNIST},
        "transforms": {
            "Compose": Compose,
            "Resize": Resize,
            "ToTensor": ToTensor,
            "Normalize": Normalize,
        },
        "utils": {"save_image": save_image},
    }
    whole = ModuleType("torchvision")
    for name, contents in parts.items():
        part = _module(f"torchvision.{name}", contents)
        setattr(whole, name, part)
        sys.modules[part.__name__] = part
    sys.modules["torchvision"] = whole
    scipy.misc = sys.modules["scipy.misc"] = _module("scipy.misc", {"imsave": imsave})


def _module(name: str, contents: dict[str, Any]) -> ModuleType:
    module = ModuleType(name)
    vars(module).update(contents)
    return module
