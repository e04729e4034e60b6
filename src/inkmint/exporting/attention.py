"""Which part of an image an attention mask lies on.

Shape suffixes: N images, C channels, H height, W width.
"""

import torch
from torch import Tensor, nn

from inkmint.data.arrays import IMAGE_SIZE
from inkmint.exporting.graphs import attention_mask

_NUM_IMAGES = 16
_SEED = 0


def attention_area(network: nn.Module) -> tuple[float, float, float, float] | None:
    """Left, top, right and bottom of the mask's places in pixels of the image; None if there is no mask.

    Two neighbouring places in the middle tell how far apart places are and where the first lies: each is taken for the
    middle of the pixels that it sees. Where these reach the image's edge the mask is taken to cover it all.

    Args:
        network: In evaluation mode.
    """
    layer = attention_mask(network)
    if layer is None:
        return None
    seen: list[Tensor] = []
    handle = layer.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    generator = torch.Generator().manual_seed(_SEED)
    x_NCHW = torch.rand(_NUM_IMAGES, 1, IMAGE_SIZE, IMAGE_SIZE, generator=generator) * 2 - 1
    try:
        network(x_NCHW.requires_grad_())
    finally:
        handle.remove()
    maps_NCHW = seen[0]
    size = maps_NCHW.shape[2]
    first, second = (_rows_seen(maps_NCHW, x_NCHW, size // 2 - 1 + number) for number in (0, 1))
    if min(first) == 0 or max(second) == IMAGE_SIZE - 1:
        return 0.0, 0.0, float(IMAGE_SIZE), float(IMAGE_SIZE)
    middles = [(min(rows) + max(rows) + 1) / 2 for rows in (first, second)]
    step = middles[1] - middles[0]
    start = middles[0] - step * (size // 2 - 0.5)
    return start, start, start + step * size, start + step * size


def _rows_seen(maps_NCHW: Tensor, x_NCHW: Tensor, row: int) -> list[int]:
    """The rows of pixels that decide on a row of places."""
    (gradient_NCHW,) = torch.autograd.grad(maps_NCHW[:, :, row].sum(), x_NCHW, retain_graph=True)
    rows: list[int] = gradient_NCHW.abs().amax(dim=(0, 1, 3)).nonzero()[:, 0].tolist()
    return rows
