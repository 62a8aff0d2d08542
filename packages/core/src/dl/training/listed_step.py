"""Optimizer steps on lists of tensors: the formulas of torch's optimizers, by torch's own kernels, to the same bits.

`Optimizer.step` looks at each parameter anew: for a small network that takes longer than the arithmetic. Here the lists
are made once, and a step is a few calls. State and learning rates are those of the optimizer, as ever.
Source: `torch.optim`, RMSprop (one tensor after another) and Adam (fused).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.optim import Adam, AdamW, Optimizer, RMSprop
from torch.optim.optimizer import _global_optimizer_post_hooks, _global_optimizer_pre_hooks

Group = dict[str, Any]  # Any: as torch types groups
States = dict[str, list[Tensor]]  # of the parameters of a group, by name
RARE = ("centered", "maximize", "amsgrad", "differentiable", "capturable")  # options that are left to torch


@dataclass
class ListedStep:
    """Takes the steps of an optimizer, where it can be done on lists; else the optimizer takes them.

    Args:
        optimizer: Whose steps are taken.
    """

    optimizer: Optimizer
    _states: list[States] = field(default_factory=list)  # of each group, by name

    @torch.no_grad()
    def __call__(self) -> None:
        """Take one step."""
        groups = self.optimizer.param_groups
        gradients = [[parameter.grad for parameter in group["params"]] for group in groups]
        update = _UPDATES.get(type(self.optimizer))
        if update is None or self._is_special(groups) or any(one is None for grads in gradients for one in grads):
            self.optimizer.step()
            return
        if not self._states:
            self._states = [_states_of(self.optimizer, group) for group in groups]
            self.optimizer._opt_called = True  # type: ignore[attr-defined]  # what schedules of torch look for
        for group, grads, states in zip(groups, gradients, self._states, strict=True):
            update(group, group["params"], grads, states)

    def _is_special(self, groups: list[Group]) -> bool:
        """Return whether somebody watches the steps, or an option is one of those that torch alone knows."""
        made = self.optimizer
        watched = made._optimizer_step_pre_hooks or made._optimizer_step_post_hooks or _global_hooks()
        return bool(watched) or any(group.get(name) for group in groups for name in RARE)


def _global_hooks() -> bool:
    return bool(_global_optimizer_pre_hooks or _global_optimizer_post_hooks)


def _states_of(optimizer: Optimizer, group: Group) -> States:
    """Return the tensors of the state of each parameter, by name; those that are missing begin at zero, as in torch."""
    names = _NAMES[type(optimizer)] + (("momentum_buffer",) if group.get("momentum") else ())
    on_device = bool(group.get("fused"))
    states: States = {name: [] for name in ("step", *names)}
    for parameter in group["params"]:
        state = optimizer.state[parameter]
        if not state:
            number = torch.float32 if on_device else torch.get_default_dtype()
            state["step"] = torch.zeros((), dtype=number, device=parameter.device if on_device else "cpu")
            state |= {name: torch.zeros_like(parameter, memory_format=torch.preserve_format) for name in names}
        for name, tensors in states.items():
            tensors.append(state[name])
    return states


def _rmsprop(group: Group, parameters: list[Tensor], grads: list[Tensor], states: dict[str, list[Tensor]]) -> None:
    squares, alpha, lr = states["square_avg"], group["alpha"], group["lr"]
    torch._foreach_add_(states["step"], 1)
    if group["weight_decay"]:
        grads = list(torch._foreach_add(grads, parameters, alpha=group["weight_decay"]))
    torch._foreach_mul_(squares, alpha)
    torch._foreach_addcmul_(squares, grads, grads, 1 - alpha)
    roots = torch._foreach_sqrt(squares)
    torch._foreach_add_(roots, group["eps"])
    if group["momentum"]:
        buffers = states["momentum_buffer"]
        torch._foreach_mul_(buffers, group["momentum"])
        torch._foreach_addcdiv_(buffers, grads, roots)
        torch._foreach_add_(parameters, buffers, alpha=-lr)
    else:
        torch._foreach_addcdiv_(parameters, grads, roots, -lr)


def _adam(group: Group, parameters: list[Tensor], grads: list[Tensor], states: States) -> None:
    beta1, beta2 = group["betas"]
    take = torch._fused_adamw_ if group.get("decoupled_weight_decay") else torch._fused_adam_
    torch._foreach_add_(states["step"], 1)
    take(
        parameters,
        grads,
        states["exp_avg"],
        states["exp_avg_sq"],
        [],
        states["step"],
        lr=group["lr"],
        beta1=beta1,
        beta2=beta2,
        weight_decay=group["weight_decay"],
        eps=group["eps"],
        amsgrad=False,
        maximize=False,
    )


_NAMES = {RMSprop: ("square_avg",), Adam: ("exp_avg", "exp_avg_sq"), AdamW: ("exp_avg", "exp_avg_sq")}
_UPDATES: dict[type, Callable[..., None]] = {RMSprop: _rmsprop, Adam: _adam, AdamW: _adam}
