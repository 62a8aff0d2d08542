"""Regularizers: what a plugin may do to a fit so that its network generalizes, and all of one fit as a single value.

A regularizer acts at one or more of four places - the network, the batch, a penalty, the training - and never when a
network is scored: only `FitModule`'s training steps call it. Letters: ``B`` examples of a batch, ``K`` outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from dl.errors import BadOption
from dl.options import Value
from dl.padded import Padded
from dl.plugins.registry import Plugins
from dl.recipes.recipe import Recipe
from dl.recipes.resolve import causal_builder
from dl.runs.history import Row
from dl.runs.manifest import MetricInfo
from dl.specs import NEXT_TOKEN, ModelSpec, Options
from dl.tasks.task import Reduction, Task
from dl.tasks.task import Row as TaskRow

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
        choices: From a model and its options, other options, before the network is built.
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

    choices: Callable[[ModelSpec, Options], Options] | None = None
    network: Callable[[nn.Module], None] | None = None
    batch: Callable[[Batch, torch.Generator], Batch] | None = None
    loss: Callable[[Loss], Loss] | None = None
    penalty: Callable[[nn.Module], Tensor] | None = None
    after_step: Callable[[nn.Module], None] | None = None
    scored_with: Callable[[nn.Module], AbstractContextManager[None]] | None = None
    ends: Callable[[Sequence[Row], MetricInfo], str] | None = None
    state_dict: Callable[[], State] | None = None
    load_state_dict: Callable[[State], None] | None = None


@dataclass(frozen=True)
class Regularizers:
    """All regularizers of a fit, by name, in the order in which they are applied; none of them is the usual case."""

    by_name: Mapping[str, Regularizer]

    @classmethod
    def of(cls, recipe: Recipe, plugins: Plugins, task: Task) -> Regularizers:
        """Make the recipe's regularizers.

        Raises:
            BadOption: If one does not fit the task.
        """
        built: dict[str, Regularizer] = {}
        for name, options in recipe.regularizers.items():
            spec = plugins.regularizer(recipe.domain, name)
            if spec.tasks and task.row.name not in spec.tasks:
                known = ", ".join(spec.tasks)
                raise BadOption(f"the regularizer {name} is for {known}, and this task is {task.row.name}")
            built[name] = spec.build(options, task)
        return cls(built)

    def choices(self, spec: ModelSpec, options: Mapping[str, Value]) -> Mapping[str, Value]:
        """Return the options with which the network is built."""
        for one in self.by_name.values():
            options = one.choices(spec, options) if one.choices else options
        return options

    def change(self, network: nn.Module) -> None:
        """Change the built network."""
        for one in self.by_name.values():
            if one.network:
                one.network(network)

    def batch(self, batch: Batch, generator: torch.Generator) -> Batch:
        """Return the batch that is trained on."""
        for one in self.by_name.values():
            batch = one.batch(batch, generator) if one.batch else batch
        return batch

    def loss(self, loss: Loss) -> Loss:
        """Return the loss that is trained on."""
        for one in self.by_name.values():
            loss = one.loss(loss) if one.loss else loss
        return loss

    def penalty(self, network: nn.Module) -> Tensor | None:
        """Return the sum of all penalties, a scalar; None where there is none."""
        found = [one.penalty(network) for one in self.by_name.values() if one.penalty]
        return torch.stack(found).sum() if found else None

    def after_step(self, network: nn.Module) -> None:
        """Do what follows an optimizer step."""
        for one in self.by_name.values():
            if one.after_step:
                one.after_step(network)

    @contextmanager
    def scored_with(self, network: nn.Module) -> Iterator[None]:
        """Let the network be scored inside as the regularizers want it to be."""
        with ExitStack() as stack:
            for one in self.by_name.values():
                if one.scored_with:
                    stack.enter_context(one.scored_with(network))
            yield

    def ends(self, rows: Sequence[Row], headline: MetricInfo) -> str:
        """Return which regularizer ends the fit, and why; empty to go on."""
        for name, one in self.by_name.items():
            if one.ends and (why := one.ends(rows, headline)):
                return f"{name}: {why}"
        return ""

    def state_dict(self) -> dict[str, State]:
        """Return what each regularizer that remembers something remembers, by name."""
        return {name: one.state_dict() for name, one in self.by_name.items() if one.state_dict}

    def load_state_dict(self, states: Mapping[str, State]) -> None:
        """Give each regularizer what it remembered; one that the checkpoint does not have begins anew."""
        for name, one in self.by_name.items():
            if one.load_state_dict and name in states:
                one.load_state_dict(states[name])

    def rehearse(self, network: nn.Module, inputs: Prepared, targets: Tensor, row: TaskRow) -> None:
        """Take one loss on one example, so that what does not fit is said before anything is kept."""
        if not self.by_name:
            return
        was_training = network.training
        batch = self.batch(Batch(inputs, targets), torch.Generator().manual_seed(0))
        with torch.no_grad():
            batch.loss(self.loss(row.loss), row.condense(network.eval()(batch.inputs), batch.inputs))
            self.penalty(network)
        network.train(was_training)


def build_network(
    recipe: Recipe, plugins: Plugins, input_shape: tuple[int, ...], task: Task, regularizers: Regularizers
) -> nn.Module:
    """Build the recipe's model for the prepared inputs and the task's width, changed by the regularizers."""
    spec = plugins.model(recipe.domain, recipe.model)
    options = regularizers.choices(spec, recipe.model_options)
    if task.info.name == NEXT_TOKEN:
        network = causal_builder(plugins, spec)(input_shape, options)
    else:
        network = spec.build(input_shape, task.info.outputs, options)
    regularizers.change(network)
    return network
