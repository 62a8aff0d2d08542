"""The regularizers of a fit, held together, and the network that is built with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from dl.domain import Preprocessor
from dl.errors import BadOption, PluginFailed
from dl.options import Options, Value
from dl.plugins.refusal import build_from
from dl.plugins.registry import Plugins, causal_builder
from dl.recipes.recipe import Recipe
from dl.regularizer import Backward, Batch, Loss, Prepared, Regularizer, State, fault_of_place
from dl.runs.history import EpochRow
from dl.runs.manifest import MetricInfo
from dl.specs import ModelSpec, RegularizerSpec
from dl.tasks.task import Task, TaskKind
from dl.training.summary import summarize


@dataclass(frozen=True)
class Regularizers:
    """All regularizers of a fit, by name, in the order in which they are applied; none of them is the usual case."""

    by_name: Mapping[str, Regularizer]

    @classmethod
    def of(cls, recipe: Recipe, plugins: Plugins, task: Task) -> Regularizers:
        """Make the recipe's regularizers.

        Raises:
            BadOption: If one does not fit the task.
            PluginFailed: If one has no function of its place.
        """
        built: dict[str, Regularizer] = {}
        for name, options in recipe.regularizers.items():
            spec = plugins.regularizer(recipe.domain, name)
            built[name] = make_regularizer(spec, options, task)
            if built[name] != Regularizer() and (fault := fault_of_place(spec.place, built[name])):
                message = f"the regularizer {name!r} does not act where it says: {fault}"
                raise PluginFailed(plugins.line("regularizers", name, message))
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

    @property
    def act_on_gradients(self) -> bool:
        """Whether one of them acts between the backward pass and the optimizer's step."""
        return any(one.gradients for one in self.by_name.values())

    def backward(self, network: nn.Module, backward: Backward) -> Backward:
        """Return the backward pass of a step as the regularizers take it: each around the one before it."""
        for name, one in self.by_name.items():
            if one.gradients:
                backward = partial(_backward_within, name, one.gradients, network, backward)
        return backward

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


def make_regularizer(spec: RegularizerSpec, options: Options, task: Task) -> Regularizer:
    """Make one regularizer for a task.

    Raises:
        BadOption: If it does not fit the task.
    """
    if spec.tasks and task.row.name not in spec.tasks:
        known = ", ".join(spec.tasks)
        raise BadOption(f"the regularizer {spec.name} is for {known}, and this task is {task.row.name}")
    return build_from(lambda given: spec.build(given, task), options, spec.options, f"regularizer {spec.name}")


def _backward_within(
    name: str, gradients: Callable[[nn.Module, Backward], None], network: nn.Module, backward: Backward
) -> Tensor:
    """Let one regularizer leave the gradients of a step in the network; return the loss of its first pass.

    Raises:
        PluginFailed: If it makes no pass at all.
    """
    losses: list[Tensor] = []

    def counted() -> Tensor:
        losses.append(backward())
        return losses[-1]

    gradients(network, counted)
    if not losses:
        raise PluginFailed(f"gradients of the regularizer {name!r} never called the function that runs backward")
    return losses[0]


def build_network(
    recipe: Recipe, plugins: Plugins, preprocessor: Preprocessor, task: Task, regularizers: Regularizers
) -> nn.Module:
    """Build the recipe's model for the prepared inputs and the task's width, changed by the regularizers.

    It reads one example, so that lazy layers get their shapes, and what cannot read it is known.

    Raises:
        BadOption: If the model refuses a value of an option, and is built without it.
    """
    spec = plugins.model(recipe.domain, recipe.model)
    options = regularizers.choices(spec, recipe.model_options)
    build_causal = causal_builder(plugins, spec) if task.info.from_inputs else None

    def build(given: Options) -> nn.Module:
        shape = preprocessor.input_shape
        found = build_causal(shape, given) if build_causal else spec.build(shape, task.info.outputs, given)
        summarize(found, preprocessor.example_input())
        return found

    network = build_from(build, options, spec.options, f"model {spec.name}")
    regularizers.change(network)
    return network
