"""The schedules of the learning rates of a fit, stepped by dl and not by Lightning."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import torch

from dl.options import Value
from dl.training.optimizers import make_schedule
from dl.training.state import Saved


class Schedules:
    """The schedule of each optimizer, where its rate is not constant.

    Args:
        optimizers: As they are made, with their first rates.
        options: The recipe's training options.
        steps: Of the whole fit.
    """

    def __init__(self, optimizers: Sequence[torch.optim.Optimizer], options: Mapping[str, Value], steps: int) -> None:
        self.optimizers, self.options, self.steps = optimizers, options, steps
        self._rates = [[float(group["lr"]) for group in one.param_groups] for one in optimizers]
        self.made = self._make()

    def _make(self) -> list[torch.optim.lr_scheduler.LRScheduler]:
        made = [make_schedule(one, self.options, self.steps) for one in self.optimizers]
        return [one for one in made if one is not None]

    def step(self) -> None:
        """Follow one step of the optimizers."""
        for one in self.made:
            one.step()

    def states(self) -> list[Saved]:
        """Return the state of each schedule."""
        return [one.state_dict() for one in self.made]

    def restore(self, states: Sequence[Saved]) -> None:
        """Restore what `states` returned."""
        for one, state in zip(self.made, states, strict=True):
            one.load_state_dict(state)

    def advance(self, steps: int) -> None:
        """Make the schedules anew, after some steps were taken by others: by those of a fit with fewer epochs."""
        if not self.made:
            return
        for optimizer, rates in zip(self.optimizers, self._rates, strict=True):
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group.pop("initial_lr", None)
                group["lr"] = rate
        self.made = self._make()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch expects a step of the optimizer before each
            for _ in range(steps):
                self.step()
