"""Build PyTorch optimizers and schedules from a recipe's options."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from dl.options import Value


def make_optimizer(network: nn.Module, options: Mapping[str, Value]) -> torch.optim.Optimizer:
    """Build the named optimizer, in PyTorch's fastest implementation."""
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    name, lr = str(options["optimizer"]), float(options["lr"])
    decay, momentum = float(options["weight_decay"]), float(options["momentum"])
    if name == "rmsprop":  # smoothing constant 0.9, as Keras and the papers; PyTorch's default is 0.99
        return torch.optim.RMSprop(parameters, lr, alpha=0.9, eps=1e-7, momentum=momentum)
    if name == "adam":
        return torch.optim.Adam(parameters, lr, fused=True)
    if name == "adamw":
        return torch.optim.AdamW(parameters, lr, weight_decay=decay, fused=True)
    return torch.optim.SGD(parameters, lr, momentum=momentum, weight_decay=decay, fused=True)


def make_schedule(
    optimizer: torch.optim.Optimizer, options: Mapping[str, Value], total_steps: int
) -> torch.optim.lr_scheduler.LRScheduler | None:
    """Build the named schedule over all optimizer steps; None for a constant learning rate.

    It reaches its end, a rate near zero, only after the last step, so that no step is wasted.
    """
    lr = float(options["lr"])
    if options["schedule"] == "one-cycle":
        return torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=total_steps + 1, pct_start=0.3)
    if options["schedule"] == "cosine":
        return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total_steps)
    return None
