"""The regularizers of a fit, held together, and the network that is built with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from dl.errors import BadOption
from dl.options import Value
from dl.plugins.registry import Plugins, causal_builder
from dl.recipes.recipe import Recipe
from dl.regularizer import Batch, Loss, Prepared, Regularizer, State
from dl.runs.history import EpochRow
from dl.runs.manifest import MetricInfo
from dl.specs import ModelSpec
from dl.tasks.task import Task, TaskKind


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
            options = one.choices(spec.name, spec.options, options) if one.choices else options
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

    def ends(self, rows: Sequence[EpochRow], headline: MetricInfo) -> str:
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

    def rehearse(self, network: nn.Module, inputs: Prepared, targets: Tensor, row: TaskKind) -> None:
        """Take one loss on one example, so that what does not fit is said before anything is kept."""
        if not self.by_name:
            return
        was_training = network.training
        batch = self.batch(Batch(inputs, targets), torch.Generator().manual_seed(0))
        with torch.no_grad():
            batch.loss(self.loss(row.loss), row.reduce_logits(network.eval()(batch.inputs), batch.inputs))
            self.penalty(network)
        network.train(was_training)


def build_network(
    recipe: Recipe, plugins: Plugins, input_shape: tuple[int, ...], task: Task, regularizers: Regularizers
) -> nn.Module:
    """Build the recipe's model for the prepared inputs and the task's width, changed by the regularizers."""
    spec = plugins.model(recipe.domain, recipe.model)
    options = regularizers.choices(spec, recipe.model_options)
    if task.info.from_inputs:
        network = causal_builder(plugins, spec)(input_shape, options)
    else:
        network = spec.build(input_shape, task.info.outputs, options)
    regularizers.change(network)
    return network
