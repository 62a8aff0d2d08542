"""Build PyTorch optimizers and schedules from a recipe's options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any

import torch
from torch import nn

from dl.backbone import backbone
from dl.errors import BadOption
from dl.options import Value
from dl.specs import OwnStep
from dl.training.sharded import is_sharded

MakeOptimizer = Callable[[list[nn.Parameter]], torch.optim.Optimizer]


def make_optimizer(network: nn.Module, options: Mapping[str, Value]) -> torch.optim.Optimizer:
    """Build the named optimizer, in PyTorch's fastest implementation."""
    name, lr = str(options["optimizer"]), float(options["lr"])
    parameters = parameter_groups(network, lr)
    decay, momentum = float(options["weight_decay"]), float(options["momentum"])
    if name == "rmsprop":  # smoothing constant 0.9, as Keras and the papers; PyTorch's default is 0.99
        return torch.optim.RMSprop(parameters, lr, alpha=0.9, eps=1e-7, momentum=momentum)
    if name == "adam":
        return torch.optim.Adam(parameters, lr, fused=True)
    if name == "adamw":
        return torch.optim.AdamW(parameters, lr, weight_decay=decay, fused=True)
    fused = not is_sharded(network)  # torch has no fused step of SGD for weights that are shared out
    return torch.optim.SGD(parameters, lr, momentum=momentum, weight_decay=decay, fused=fused)


def parameter_groups(network: nn.Module, lr: float) -> list[dict[str, Any]]:  # Any: as torch types groups
    """Return the trained parameters with their rates: one group, and one for each stage of a body that is trained."""
    network_ = backbone(network)
    stages = network_.thawed if network_ else ()
    groups = [([one for layer in stage.layers for one in layer.parameters()], stage.share) for stage in stages]
    of_stages = {id(one) for parameters, _ in groups for one in parameters}
    rest = [one for one in network.parameters() if one.requires_grad and id(one) not in of_stages]
    return [{"params": parameters, "lr": lr * share} for parameters, share in [(rest, 1.0), *groups]]


def own_optimizer(make: MakeOptimizer, network: nn.Module) -> torch.optim.Optimizer:
    """Build the user's own optimizer.

    Raises:
        BadOption: If the function does not return an optimizer, or its step needs a closure.
    """
    optimizer = make([parameter for parameter in network.parameters() if parameter.requires_grad])
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise BadOption(
            f"the function given as optimizer= returned {type(optimizer).__name__}, not an optimizer of torch"
        )
    closure = signature(optimizer.step).parameters.get("closure")
    if closure is not None and closure.default is closure.empty:
        raise BadOption(f"{type(optimizer).__name__} needs a closure in each step, which dl does not support")
    return optimizer


def own_optimizers(own: OwnStep, network: nn.Module) -> list[torch.optim.Optimizer]:
    """Build the optimizers of the user's own training step; none if it takes the recipe's.

    Raises:
        BadOption: If the function does not return optimizers.
    """
    if own.optimizers is None:
        return []
    made: object = own.optimizers(network)
    found: list[Any] = list(made) if isinstance(made, (tuple, list)) else [made]  # Any: the user's objects
    if not found or not all(isinstance(one, torch.optim.Optimizer) for one in found):
        raise BadOption(f"optimizers returned {type(made).__name__}, not a list of optimizers of torch")
    return found


def make_schedule(
    optimizer: torch.optim.Optimizer, options: Mapping[str, Value], total_steps: int
) -> torch.optim.lr_scheduler.LRScheduler | None:
    """Build the named schedule over all optimizer steps; None for a constant learning rate.

    It reaches its end, a rate near zero, only after the last step, so that no step is wasted. Its peak is the
    optimizer's learning rate.
    """
    if options["schedule"] == "one-cycle":
        rates = [float(group["lr"]) for group in optimizer.param_groups]
        cycles = "momentum" in optimizer.defaults or "betas" in optimizer.defaults
        return torch.optim.lr_scheduler.OneCycleLR(
            optimizer, rates, total_steps=total_steps + 1, pct_start=0.3, cycle_momentum=cycles
        )
    if options["schedule"] == "cosine":
        return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total_steps)
    return None
