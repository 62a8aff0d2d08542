"""Regularizers: what a plugin may do to a fit so that its network generalizes, and all of one fit as a single value.

A regularizer acts at one or more of four places - the network, the batch, a penalty, the training - and never when a
network is scored: only `FitModule`'s training steps call it. Letters: ``B`` examples of a batch, ``K`` outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from dl.errors import BadOption
from dl.options import Option, Options
from dl.padded import Padded
from dl.runs.history import EpochRow
from dl.runs.manifest import MetricInfo
from dl.tasks.task import Reduction

Prepared = Tensor | Padded  # what a network reads
Loss = Callable[[Tensor, Tensor, Reduction], Tensor]  # from logits (B, K) and target
State = Mapping[str, Any]  # Any: numbers, words and tensors, and lists and mappings of them, as `torch.save` takes them


@dataclass(frozen=True)
class Batch:
    """Examples of one training step, on the device.

    Args:
        inputs: (B, ...) as the network reads them.
        targets: (B, ...) as the loss reads them.
        partners: (B, ...) targets of the examples that were mixed into these; None where none were.
        share: (B,) how much of each example is its own, from 0 to 1; None where nothing was mixed.
    """

    inputs: Prepared
    targets: Tensor
    partners: Tensor | None = None
    share: Tensor | None = None

    def mixed(self, inputs: Prepared, partners: Tensor, share: Tensor) -> Batch:
        """Return the batch with others mixed in.

        Args:
            inputs: (B, ...) mixed.
            partners: (B,) which example of the batch was mixed into each.
            share: (B,) how much is still its own.

        Raises:
            BadOption: If it is mixed already: the loss of three examples in one is not defined.
        """
        if self.share is not None:
            raise BadOption("two regularizers mix the examples of a batch; take one of them, like mixup or cutmix")
        return replace(self, inputs=inputs, partners=self.targets[partners], share=share)

    def loss(self, loss: Loss, logits: Tensor) -> Tensor:
        """Return the mean loss; of mixed examples against both targets, by their shares."""
        if self.partners is None or self.share is None:
            return loss(logits, self.targets, "mean")
        own, others = loss(logits, self.targets, "none"), loss(logits, self.partners, "none")
        return (self.share * own + (1 - self.share) * others).mean()


@dataclass(frozen=True)
class Regularizer:
    """What one regularizer does; each part is left out where it does nothing.

    Args:
        choices: From a model's name, the options it knows and those chosen, other options, before the network is built.
        network: Changes the network once it is built; in eval mode it must give the same as before, and its parameters
            must keep their names.
        batch: From a training batch and a seeded generator on its device, another batch. It must leave the tensors that
            it is given as they are.
        loss: From the task's loss, the loss that is trained on.
        penalty: From the network, a scalar that is added to the loss of each training step.
        after_step: Called with the network after each optimizer step.
        scored_with: A context in which the network is scored and kept, as with averaged weights.
        ends: From the epochs so far and the headline metric, why the fit should end now; empty to go on.
        state_dict: What it remembers from step to step, as numbers, words and tensors, for the checkpoint.
        load_state_dict: Takes what `state_dict` gave before; its tensors are on the device of the fit.
    """

    choices: Callable[[str, Sequence[Option], Options], Options] | None = None
    network: Callable[[nn.Module], None] | None = None
    batch: Callable[[Batch, torch.Generator], Batch] | None = None
    loss: Callable[[Loss], Loss] | None = None
    penalty: Callable[[nn.Module], Tensor] | None = None
    after_step: Callable[[nn.Module], None] | None = None
    scored_with: Callable[[nn.Module], AbstractContextManager[None]] | None = None
    ends: Callable[[Sequence[EpochRow], MetricInfo], str] | None = None
    state_dict: Callable[[], State] | None = None
    load_state_dict: Callable[[State], None] | None = None
