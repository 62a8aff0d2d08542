"""The check that losses are numbers: reading them waits for the device, so they are read some steps at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dl.data.examples import Index
from dl.errors import TrainingFailed


@dataclass(frozen=True)
class _Steps:
    """Steps not checked yet: how many went before, their losses (b,), sizes, and the positions of their examples."""

    before: int
    losses: Tensor
    sizes: Sequence[int]
    positions: Tensor

    @property
    def are_finite(self) -> bool:
        return bool(torch.isfinite(self.losses).all())


class LossCheck:
    """Checks the losses of training steps.

    Args:
        ids: (N,) of the training examples.
        lr: The learning rate, of which the remedy names a tenth.
    """

    def __init__(self, ids: Index, lr: float) -> None:
        self.ids, self.lr = ids, lr
        self._unchecked: list[_Steps] = []

    def add(self, before: int, losses: Tensor, sizes: Sequence[int], positions: Tensor) -> None:
        """Add steps to be checked.

        Args:
            before: Steps of the fit that went before.
            losses: (b,) of each step.
            sizes: Examples of each.
            positions: (n,) of their examples, in the training data.
        """
        self._unchecked.append(_Steps(before, losses, sizes, positions))

    def are_finite(self) -> bool:
        """Return whether the losses that were not checked yet are numbers; they stay to be checked."""
        return all(steps.are_finite for steps in self._unchecked)

    def check(self, everywhere: Callable[[bool], bool], epoch: int) -> None:
        """Check the losses since the last check.

        Args:
            everywhere: Reduces a flag over devices; all must stop together.
            epoch: The current one, from 0.

        Raises:
            TrainingFailed: If a loss is not finite, naming the step, examples of its batch, and a remedy.
        """
        recent, self._unchecked = self._unchecked, []
        bad = [steps for steps in recent if not steps.are_finite]
        if not everywhere(bool(bad)):
            return
        kept = "the weights of the best epoch are kept" if epoch else "no epoch was finished"
        try_this = f"{kept}  try: lr={self.lr / 10:g} or clip=1"
        if not bad:
            raise TrainingFailed(f"the loss on another device is not a number; {try_this}")
        raise TrainingFailed(f"{self._first_in_words(bad[0], epoch)}; {try_this}")

    def _first_in_words(self, steps: _Steps, epoch: int) -> str:
        """Return the first loss that is not finite, with its step and some examples of its batch."""
        first = int(torch.nonzero(~torch.isfinite(steps.losses))[0])
        of_batch = steps.positions[sum(steps.sizes[:first]) :][:5].cpu().numpy()
        shown = ", ".join(f"#{number}" for number in self.ids[of_batch])
        step = steps.before + first + 1
        return f"the loss is {float(steps.losses[first])} at step {step} (epoch {epoch + 1}, examples {shown}, …)"
