"""The optimisers that recipes name."""

import torch
from torch import nn

from inkmint.training.recipe import Optimiser


def optimiser_of(settings: Optimiser, network: nn.Module) -> torch.optim.Optimizer:
    """What moves the network's weights, as the recipe sets it."""
    # A tensor learning rate is not needed: the fused kernels read the group's value at every step.
    parameters = list(network.parameters())
    match settings.kind:
        case "adam":
            return torch.optim.Adam(
                parameters,
                lr=settings.learning_rate,
                betas=(settings.beta1, settings.beta2),
                weight_decay=settings.weight_decay,
                fused=True,
            )
        case "sgd":
            return torch.optim.SGD(
                parameters,
                lr=settings.learning_rate,
                momentum=settings.beta1,
                nesterov=settings.beta1 > 0,
                weight_decay=settings.weight_decay,
                fused=True,
            )
