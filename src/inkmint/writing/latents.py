"""Ways between latents.

Shape suffixes: Z latent; leading dimensions are free.
"""

import torch
from torch import Tensor

_PARALLEL = 1e-3  # of the sine of their angle


def between(start: Tensor, end: Tensor, share: float | Tensor) -> Tensor:
    """A point on the arc between two points, (..., Z): spherical interpolation.

    Normal latents of many numbers all have about the same length. The middle of the straight line between
    two is shorter, like none that a network has seen; on the arc, the length goes evenly from the one to the other.
    `(sin((1 - s) w) a + sin(s w) b) / sin w` of the directions a, b, with w their angle; of parallel ones the straight
    line.

    Args:
        start: (..., Z).
        end: (..., Z).
        share: s in [0, 1], 0 at the start; a number or (..., 1).

    References:
        Shoemake, "Animating Rotation with Quaternion Curves", SIGGRAPH 1985; White, "Sampling Generative Networks",
        2016.
    """
    share = torch.as_tensor(share, dtype=start.dtype)
    lengths = [end_.norm(dim=-1, keepdim=True).clamp_min(1e-6) for end_ in (start, end)]
    one, other = start / lengths[0], end / lengths[1]
    angle = torch.acos((one * other).sum(dim=-1, keepdim=True).clamp(-1, 1))
    sine = torch.sin(angle)
    arc = (torch.sin((1 - share) * angle) * one + torch.sin(share * angle) * other) / sine.clamp_min(
        _PARALLEL
    )
    length = (1 - share) * lengths[0] + share * lengths[1]
    return torch.where(sine < _PARALLEL, (1 - share) * start + share * end, arc * length)
