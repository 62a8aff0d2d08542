"""Combine the regularizers of a fit, and build the network with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dl.backbone import backbone
from dl.domain import Preprocessor
from dl.errors import BadOption, PluginFailed
from dl.options import Options, Value
from dl.plugins.model_file import short_model
from dl.plugins.refusal import build_from
from dl.plugins.registry import Plugins, network_builder
from dl.recipes.recipe import Recipe
from dl.regularizer import Backward, Batch, Loss, Regularizer, State, fault_of_place
from dl.runs.history import EpochRow
from dl.runs.manifest import MetricInfo
from dl.specs import ModelSpec, RegularizerSpec
from dl.tasks.task import Task, TaskKind
from dl.training.summary import summarize


@dataclass(frozen=True)
class Regularizers:
    """The regularizers of a fit, in the order of application; usually none.

    Args:
        by_name: Their functions.
        only_for: The domain of those whose inputs are of one kind.
    """

    by_name: Mapping[str, Regularizer]
    only_for: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, recipe: Recipe, plugins: Plugins, task: Task) -> Regularizers:
        """Make the recipe's regularizers.

        Raises:
            BadOption: If one does not fit the task.
            PluginFailed: If one has no function of its place.
        """
        built: dict[str, Regularizer] = {}
        only_for: dict[str, str] = {}
        for name, options in recipe.regularizers.items():
            spec = plugins.regularizer(recipe.domain, name)
            built[name], only_for[name] = make_regularizer(spec, options, task), spec.only_for
            if built[name] != Regularizer() and (fault := fault_of_place(spec.place, built[name])):
                message = f"the regularizer {name!r} does not act at its place: {fault}"
                raise PluginFailed(plugins.line("regularizers", name, message))
        return cls(built, only_for)

    def choices(self, spec: ModelSpec, options: Mapping[str, Value]) -> Mapping[str, Value]:
        """Return the model options after all changes by regularizers."""
        for one in self.by_name.values():
            options = one.choices(spec.name, spec.options, options) if one.choices else options
        return options

    def change(self, network: nn.Module) -> None:
        """Change the built network."""
        for one in self.by_name.values():
            if one.network:
                one.network(network)

    def batch(self, batch: Batch, generator: torch.Generator) -> Batch:
        """Return the batch after all changes by regularizers."""
        seed = batch.draws
        for name, one in self.by_name.items():
            if one.batch is None:
                continue
            batch = batch.drawing(seed, name)
            if batch.branches:
                batch = _on_branches(batch, one.batch, self.only_for.get(name, ""), generator)
            else:
                batch = one.batch(batch, generator)
        return batch

    @property
    def act_on_batches(self) -> bool:
        """Whether a regularizer changes batches."""
        return any(one.batch for one in self.by_name.values())

    def chances(self, targets: Tensor) -> NDArray[np.float64] | None:
        """Return how often each training example is drawn relative to the others, (n,); None where all are alike."""
        found = [one.chances(targets).double().cpu().numpy() for one in self.by_name.values() if one.chances]
        return np.prod(found, axis=0) if found else None

    def loss(self, loss: Loss) -> Loss:
        """Return the training loss after all changes by regularizers."""
        for one in self.by_name.values():
            loss = one.loss(loss) if one.loss else loss
        return loss

    def penalty(self, network: nn.Module) -> Tensor | None:
        """Return the sum of all penalties, a scalar; None without a penalty."""
        penalties = [one.penalty(network) for one in self.by_name.values() if one.penalty]
        return torch.stack(penalties).sum() if penalties else None

    @property
    def act_on_gradients(self) -> bool:
        """Whether a regularizer changes gradients between the backward pass and the optimizer's step."""
        return any(one.gradients for one in self.by_name.values())

    @property
    def act_on_losses(self) -> bool:
        """Whether a regularizer changes the training loss, or adds a penalty to it."""
        return any(one.loss or one.penalty for one in self.by_name.values())

    def backward(self, network: nn.Module, backward: Backward) -> Backward:
        """Wrap the backward pass of a step in the ``gradients`` of each regularizer in turn."""
        for name, one in self.by_name.items():
            if one.gradients:
                backward = partial(_backward_within, name, one.gradients, network, backward)
        return backward

    def after_step(self, network: nn.Module) -> None:
        """Apply the regularizers that act after an optimizer step."""
        for one in self.by_name.values():
            if one.after_step:
                one.after_step(network)

    @contextmanager
    def scored_with(self, network: nn.Module) -> Iterator[None]:
        """Enter the scoring context of every regularizer, such as averaged weights."""
        with ExitStack() as stack:
            for one in self.by_name.values():
                if one.scored_with:
                    stack.enter_context(one.scored_with(network))
            yield

    def ends(self, rows: Sequence[EpochRow], headline: MetricInfo) -> str:
        """Return the regularizer that ends the fit, with its reason; empty to continue."""
        for name, one in self.by_name.items():
            if one.ends and (why := one.ends(rows, headline)):
                return f"{name}: {why}"
        return ""

    def state_dict(self) -> dict[str, State]:
        """Return the state of each regularizer that has one, by name."""
        return {name: one.state_dict() for name, one in self.by_name.items() if one.state_dict}

    def load_state_dict(self, states: Mapping[str, State]) -> None:
        """Restore the state of each regularizer; one that is missing in the checkpoint keeps its initial state."""
        for name, one in self.by_name.items():
            if one.load_state_dict and name in states:
                one.load_state_dict(states[name])

    def rehearse(self, network: nn.Module, preprocessor: Preprocessor, targets: Tensor, row: TaskKind) -> None:
        """Compute one loss on one example, so that a misfit is an error before the run folder is made."""
        if not self.by_name:
            return
        was_training = network.training
        batch = Batch(preprocessor.example_input(), targets, gaps=preprocessor.gaps, branches=preprocessor.branches)
        batch = self.batch(batch, torch.Generator().manual_seed(0))
        if row.by_query:
            self._refuse_to_part(batch)
        with torch.no_grad():
            batch.loss(self.loss(row.loss), row.reduce_logits(network.eval()(batch.inputs), batch.truth))
            self.penalty(network)
        network.train(was_training)

    def _refuse_to_part(self, batch: Batch) -> None:
        """Refuse what draws or mixes single rows, where rows are ranked within queries.

        Raises:
            BadOption: Naming it.
        """
        for name, one in self.by_name.items():
            if one.chances is not None or (one.batch is not None and batch.share is not None):
                raise BadOption(f"--reg {name} draws or mixes single rows, and whole queries are ranked; leave it out")


def _on_branches(
    batch: Batch, change: Callable[[Batch, torch.Generator], Batch], domain: str, generator: torch.Generator
) -> Batch:
    """Change the branches of one domain; a regularizer for all domains gets the whole batch."""
    if not domain:
        return change(batch, generator)
    for name in (name for name, one in batch.branches.items() if one.domain == domain):
        batch = batch.on_branch(name, lambda part: change(part, generator))
    return batch


def make_regularizer(spec: RegularizerSpec, options: Options, task: Task) -> Regularizer:
    """Make one regularizer for a task.

    Raises:
        BadOption: If it does not fit the task.
    """
    if spec.tasks and task.row.name not in spec.tasks:
        known = ", ".join(spec.tasks)
        raise BadOption(f"the regularizer {spec.name} is for {known}, and this task is {task.row.name}")
    return build_from(lambda options: spec.build(options, task), options, spec.options, f"regularizer {spec.name}")


def can_read_features(regularizers: Regularizers) -> bool:
    """Return whether features of a frozen body stand for the inputs of training steps: nothing changes these."""
    return not any(one.batch for one in regularizers.by_name.values())


def start(spec: ModelSpec, network: nn.Module, options: Options, *, of_run: bool) -> None:
    """Load the weights that a network begins with, if its model has any; of a run, those that the run leaves out."""
    parted = backbone(network)
    if spec.start is None or (of_run and (parted is None or parted.is_stored)):
        return
    spec.start(network, options)
    if parted is not None:
        parted.seal()


def _backward_within(
    name: str, gradients: Callable[[nn.Module, Backward], None], network: nn.Module, backward: Backward
) -> Tensor:
    """Run the ``gradients`` of one regularizer around a backward pass; return the loss of its first pass.

    Raises:
        PluginFailed: If it never calls the backward pass.
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
    recipe: Recipe,
    plugins: Plugins,
    preprocessor: Preprocessor,
    task: Task,
    regularizers: Regularizers,
    *,
    of_run: bool = False,
) -> nn.Module:
    """Build the recipe's network for the prepared inputs and the task's outputs, and apply the regularizers.

    Weights that it begins with are loaded (`ModelSpec.start`), unless they are read from a run, which has them all.
    One forward pass on an example input gives lazy layers their shapes, and shows a network that cannot read it.

    Raises:
        BadOption: If the network cannot be built with the value of an option, but can with its default.
    """
    spec = plugins.model(recipe.domain, recipe.model)
    options = regularizers.choices(spec, recipe.model_options)
    make = network_builder(plugins, spec, plugins.tasks.get(task.row.name))

    def build(options: Options) -> nn.Module:
        shape = preprocessor.input_shape
        built = task.row.enclose(make(shape, task.info.outputs, options))
        summarize(built, preprocessor.example_input())
        return built

    network = build_from(build, options, spec.options, f"model {short_model(spec.name)}")
    start(spec, network, options, of_run=of_run)
    for name, value in task.row.own_parameters.items():
        network.register_parameter(name, nn.Parameter(value.clone()))
    regularizers.change(network)
    return network
