"""Regularizers: the functions with which a plugin changes training so that a network generalizes better.

A regularizer acts at one or more of four places - the network, the batch, a penalty, the training - and never on
scoring: only `FitModule`'s training steps call it. Letters: ``B`` examples of a batch, ``K`` outputs.
A step: `batch`, `loss` and `penalty`, `gradients` around the backward pass, the step of the optimizer, `after_step`.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from dl.domain import Gaps, PreparedBranch
from dl.errors import BadOption
from dl.options import Option, Options
from dl.padded import Prepared, parts_of
from dl.runs.history import EpochRow
from dl.runs.manifest import MetricInfo
from dl.tasks.task import Reduction

Loss = Callable[[Tensor, Tensor, Reduction], Tensor]  # from logits (B, K) and target
Backward = Callable[[], Tensor]  # one forward and backward pass of a training step; see `Regularizer.gradients`
State = Mapping[str, Any]  # Any: numbers, words and tensors, and lists and mappings of them, as `torch.save` takes them
WORD = 0xFFFFFFFF  # the bits of a word of 32
FUNCTIONS = {  # of a `Regularizer`, by the place at which they act
    "network": ("choices", "network"),
    "batch": ("batch",),
    "penalty": ("penalty",),
    "training": ("chances", "loss", "gradients", "after_step", "scored_with", "ends"),
}


@dataclass(frozen=True)
class Batch:
    """Examples of one training step, on the device.

    Args:
        inputs: (B, ...) prepared inputs for the network.
        targets: (B, ...) encoded targets for the loss.
        partners: (B, ...) targets of the examples mixed into these; None without mixing.
        share: (B,) share of the original in each example, from 0 to 1; None without mixing.
        gaps: How a missing cell looks in inputs that are rows of cells; None for other inputs.
        branches: Of inputs of several kinds, the domain of each and its gaps; empty for inputs of one kind.
        clean: (B, ...) the inputs before they were corrupted, which a task tells that reads its target from the inputs;
            None where nothing was corrupted.
        ids: (B,) int64 ids of the examples, by which `uniform` draws; None lets it draw by the generator.
        draws: Seed of `uniform`, another one for each step and regularizer.
    """

    inputs: Prepared
    targets: Tensor
    partners: Tensor | None = None
    share: Tensor | None = None
    gaps: Gaps | None = None
    branches: Mapping[str, PreparedBranch] = field(default_factory=dict)
    clean: Prepared | None = None
    ids: Tensor | None = None
    draws: int = 0

    def uniform(self, count: int, generator: torch.Generator) -> Tensor:
        """Return draws from 0 to 1 for each example, (B, count) float32, the same for any number of devices.

        They are a function of the seed of the fit, the step, the regularizer and the example, and independent between
        columns: a regularizer asks once, for all that it needs. Drawing so many numbers at once as there are pixels is
        slower than by the generator.

        Source: Widynski 2020, Squares: A Fast Counter-Based RNG, for the idea; the mixing is Wellons' hash of 32 bits.

        Args:
            count: Numbers for each example.
            generator: Of the device, for a batch without ids.
        """
        if self.ids is None:
            return torch.rand(len(self.targets), count, generator=generator, device=generator.device)
        columns = torch.arange(count, device=self.ids.device) * 0x9E3779B9
        of_example = _mix(_mix(self.ids ^ (self.ids >> 32)) + self.draws)
        return (_mix(of_example[:, None] + columns) >> 8).to(torch.float32) * 2.0**-24

    def drawing(self, seed: int, name: str) -> Batch:
        """Return the batch with draws of its own for a regularizer or a branch.

        Args:
            seed: Of the step.
            name: Of the regularizer or the branch.
        """
        return self if self.ids is None else replace(self, draws=(seed * 0x85EBCA6B + zlib.crc32(name.encode())) & WORD)

    @property
    def truth(self) -> Prepared:
        """The inputs that are to be told, where the target is read from the inputs: those without noise."""
        return self.inputs if self.clean is None else self.clean

    def corrupted(self, inputs: Prepared) -> Batch:
        """Return the batch with noise in its inputs, or gaps: what is to be told stays.

        Args:
            inputs: (B, ...) the inputs with noise.
        """
        return replace(self, inputs=inputs, clean=self.truth)

    def on_branch(self, name: str, change: Callable[[Batch], Batch]) -> Batch:
        """Return the batch with one branch changed.

        Args:
            name: Of the branch.
            change: From the batch of this branch alone.

        Raises:
            BadOption: If it mixes examples, whose other branches would stay unmixed.
        """
        parts, one = parts_of(self.inputs), self.drawing(self.draws, name)
        found = change(replace(one, inputs=parts[name], gaps=self.branches[name].gaps, branches={}, clean=None))
        if found.share is not None:
            raise BadOption(f"a regularizer that mixes examples sees only the branch {name!r} of them; leave it out")
        (changed,) = parts_of(found.inputs).values()
        return replace(self, inputs={**parts, name: changed})

    def mixed(self, inputs: Prepared, partners: Tensor, share: Tensor) -> Batch:
        """Return the batch with other examples mixed in.

        Args:
            inputs: (B, ...) the mixed inputs.
            partners: (B,) positions in the batch of the examples mixed in.
            share: (B,) share of the original in each.

        Raises:
            BadOption: If it is already mixed: the loss of three examples in one is not defined.
        """
        if self.share is not None:
            raise BadOption("two regularizers mix the examples of a batch; take one of them, like mixup or cutmix")
        return replace(self, inputs=inputs, partners=self.targets[partners], share=share, clean=None)

    def loss(self, loss: Loss, logits: Tensor) -> Tensor:
        """Return the mean loss; of mixed examples against both targets, by their shares."""
        if self.partners is None or self.share is None:
            return loss(logits, self.targets, "mean")
        own, others = loss(logits, self.targets, "none"), loss(logits, self.partners, "none")
        return (self.share * own + (1 - self.share) * others).mean()


@dataclass(frozen=True)
class Regularizer:
    """The functions of one regularizer; each is optional.

    Args:
        choices: From a model's name, its options and their values to other values, before the network is built.
        network: Changes the built network; its outputs in eval mode and the names of its parameters must not change.
        batch: From a training batch and a seeded generator on its device to another batch. It must not change tensors
            in place. What it draws by `Batch.uniform` is the same for any number of devices. One that adds noise to
            inputs, or takes parts of them away, returns `Batch.corrupted`: the inputs that a network may have to tell
            stay as they were.
        chances: From the encoded targets of the training set, (n, ...), to how often each example is drawn relative to
            the others, (n,) above 0; an epoch has n draws as ever.
        loss: From the task's loss to the training loss.
        penalty: From the network to a scalar, which is added to the loss of each training step.
        gradients: Sets the gradients of a step in the network's parameters. Its arguments are the network and a
            function that clears the gradients, computes the loss of this step's batch with penalties, runs the
            backward pass and returns the loss, detached. It calls that function at least once; each call uses the
            same batch, but dropout draws anew. It must restore the weights.
        after_step: Called with the network after each optimizer step.
        scored_with: A context in which the network is scored and saved, as with averaged weights.
        ends: From the epochs so far and the headline metric to the reason to end the fit; empty to continue.
        state_dict: Returns its state between steps, as numbers, words and tensors, for the checkpoint.
        load_state_dict: Restores a state of `state_dict`, whose tensors are on the device of the fit.
    """

    choices: Callable[[str, Sequence[Option], Options], Options] | None = None
    network: Callable[[nn.Module], None] | None = None
    batch: Callable[[Batch, torch.Generator], Batch] | None = None
    chances: Callable[[Tensor], Tensor] | None = None
    loss: Callable[[Loss], Loss] | None = None
    penalty: Callable[[nn.Module], Tensor] | None = None
    gradients: Callable[[nn.Module, Backward], None] | None = None
    after_step: Callable[[nn.Module], None] | None = None
    scored_with: Callable[[nn.Module], AbstractContextManager[None]] | None = None
    ends: Callable[[Sequence[EpochRow], MetricInfo], str] | None = None
    state_dict: Callable[[], State] | None = None
    load_state_dict: Callable[[State], None] | None = None


def _mix(words: Tensor) -> Tensor:
    """Hash words of 32 bits, held in int64, to others that look random."""
    words = words & WORD
    words = (words ^ (words >> 16)) * 0x21F0AAAD & WORD
    words = (words ^ (words >> 15)) * 0x735A2D97 & WORD
    return words ^ (words >> 15)


def fault_of_place(place: str, given: Regularizer) -> str:
    """Return the reason why a regularizer does not act at its place, with the functions of each place; else empty.

    Args:
        place: Its declared place, one of `FUNCTIONS`.
        given: Its functions.
    """
    acting = {function for functions in FUNCTIONS.values() for function in functions}
    found = [name for name in Regularizer.__dataclass_fields__ if name in acting and getattr(given, name) is not None]
    if not found:
        return "it does nothing: each of its functions is left out"
    if set(found) & set(FUNCTIONS[place]):
        return ""
    fitting = "; ".join(f"{name}: {', '.join(functions)}" for name, functions in FUNCTIONS.items())
    return f"its place is {place!r}, but it has only {', '.join(found)}  functions by place: {fitting}"
