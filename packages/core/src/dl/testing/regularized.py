"""The regularizer under test, with a task, a network and data that it accepts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property, partial

import numpy as np
import torch
from torch import Tensor, nn

from dl.data.examples import Dataset, with_targets
from dl.errors import BadOption, unknown
from dl.options import Options
from dl.plugins.registry import Plugins
from dl.recipes.recipe import Recipe
from dl.recipes.resolve import resolve
from dl.regularizer import Batch, Loss, Regularizer
from dl.specs import DatasetSpec, RegularizerSpec
from dl.tasks.table import decide
from dl.tasks.task import Task
from dl.testing.batch import Batches, Prepared, batches_for, cloned, sample_of, whole_batch
from dl.testing.numbers import DOMAIN, NumbersPlugin, clouds
from dl.testing.rules import Broken
from dl.training.regularizers import Regularizers, build_network, make_regularizer

EXAMPLES = 8  # of a batch
STEPS = 5  # of training
FITTED = 48  # examples of the fit


class RegularizerSubject:
    """The regularizer under test.

    Args:
        spec: Its specification.
        plugins: The registered plugins.
        given: A data set of its domain, or of the model's; None takes a suitable one.
        model: The model whose network it changes; empty tries the models of its domain.
    """

    def __init__(self, spec: RegularizerSpec, plugins: Plugins, given: Dataset | None, model: str = "") -> None:
        self.spec, self.given = spec, given
        self.domain, self.model = spec.only_for or DOMAIN, ""
        if model:
            self.domain, self.model = find_named("model", model, plugins.models, spec.only_for)
        ours = NumbersPlugin({})
        self.plugins = replace(
            plugins,
            domains={**plugins.domains, DOMAIN: ours.register_domains()[0]},
            models={**plugins.models, **{(DOMAIN, model.name): model for model in ours.register_models()}},
            recipes={**plugins.recipes, (DOMAIN, "plain"): ours.register_recipes()[0]},
            regularizers={**plugins.regularizers, spec.name: spec},
        )
        self.refused: list[str] = []

    @cached_property
    def chosen(self) -> tuple[Recipe, Task, Plugins]:
        """The recipe and task of the first model that it accepts; the plugins have the data set ``given``."""
        for dataset in self._datasets():
            loaded = DatasetSpec("given", self.domain, "of a suite", partial(_itself, dataset))
            plugins = replace(self.plugins, datasets={**self.plugins.datasets, (self.domain, "given"): loaded})
            task = decide(dataset.train.targets, dataset.train.names)
            for model in self._models(plugins):
                recipe = resolve(plugins, self.domain, "given", model=model, reg={self.spec.name: {}})
                try:
                    regularizers = self._made(recipe, task)
                    build_network(recipe, plugins, self.batches.preprocessor, task, regularizers)
                except BadOption as error:
                    self.refused.append(f"{model} for {task.info.name}: {error}")
                else:
                    return recipe, task, plugins
        first = self.refused[0]
        hint = "" if self.model else "  name one that it accepts: --model NAME, or check_regularizer(..., model=NAME)"
        raise Broken(f"it refuses every model and task, first {first}{hint}")

    def _datasets(self) -> list[Dataset]:
        """The same inputs with targets of every kind."""
        small = self.small.train
        numbers = np.arange(len(small))
        targets = {
            ("a", "b", "c"): numbers % 3,
            ("no", "yes"): numbers % 2,
            ("height",): (numbers - len(small) / 2).astype(np.float64),
            ("first", "second"): np.stack([numbers % 2, numbers // 2 % 2], axis=1),
        }
        return [replace(self.small, train=with_targets(small, target, names)) for names, target in targets.items()]

    @cached_property
    def small(self) -> Dataset:
        """A small data set of its domain."""
        if self.domain == DOMAIN:
            return clouds(FITTED)
        found = self.given or sample_of(self.domain, self.plugins)
        few = found.train.take(np.arange(min(FITTED, len(found.train))))
        return replace(found, train=replace(few, groups=None, times=None), val=None, val_size=0.2, open_test=None)

    def _models(self, plugins: Plugins) -> list[str]:
        if self.model:
            return [self.model]
        default = "dense" if self.domain == DOMAIN else resolve(plugins, self.domain, "given").model
        return [default, *(name for domain, name in plugins.models if domain == self.domain and name != default)]

    @cached_property
    def batches(self) -> Batches:
        """Prepared inputs."""
        return batches_for(self.domain, self.plugins, self.small)

    @property
    def inputs(self) -> Prepared:
        """A batch of distinct inputs."""
        return cloned(whole_batch(self.batches, EXAMPLES))

    @cached_property
    def targets(self) -> Tensor:
        """Their encoded targets (B, ...)."""
        recipe, task, plugins = self.chosen
        train = plugins.dataset(self.domain, recipe.data).load({}).train
        return task.encode(train.targets[list(self.batches.rows[:EXAMPLES])])

    def regularizers(self) -> Regularizers:
        """A new `Regularizers` with it alone."""
        recipe, task, _ = self.chosen
        return self._made(recipe, task)

    def _made(self, recipe: Recipe, task: Task) -> Regularizers:
        return Regularizers({self.spec.name: make_regularizer(self.spec, recipe.regularizers[self.spec.name], task)})

    def alone(self) -> Regularizer:
        """A new instance of the regularizer."""
        return self.regularizers().by_name[self.spec.name]

    def network(self, regularizers: Regularizers) -> nn.Module:
        """Build the network with regularizers applied."""
        recipe, task, plugins = self.chosen
        torch.manual_seed(0)
        return build_network(recipe, plugins, self.batches.preprocessor, task, regularizers)

    def trained(self) -> tuple[nn.Module, Regularizers, list[float]]:
        """Return a new network after some training steps, its regularizers, and the losses."""
        regularizers = self.regularizers()
        network = self.network(regularizers)
        return network, regularizers, self.train(network, regularizers)

    def train(self, network: nn.Module, regularizers: Regularizers) -> list[float]:
        """Take some training steps as `FitModule` does; return the losses."""
        network = network.train()
        loss, losses = regularizers.loss(self.chosen[1].row.loss), []
        optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
        generator = torch.Generator().manual_seed(3)
        torch.manual_seed(3)
        for _ in range(STEPS):
            batch = regularizers.batch(Batch(self.inputs, self.targets, gaps=self.batches.preprocessor.gaps), generator)
            backward = partial(self.backward, network, regularizers, batch, loss)
            losses.append(float(regularizers.backward(network, backward)()))
            optimizer.step()
            regularizers.after_step(network)
        return losses

    @staticmethod
    def backward(network: nn.Module, regularizers: Regularizers, batch: Batch, loss: Loss) -> Tensor:
        """Take one forward and backward pass; return the loss with penalties."""
        total, penalty = batch.loss(loss, network(batch.inputs)), regularizers.penalty(network)
        total = total if penalty is None else total + penalty
        network.zero_grad()
        total.backward()
        return total.detach()


def find_named(kind: str, asked: str, specs: Mapping[tuple[str, str], object], only_for: str = "") -> tuple[str, str]:
    """Return domain and name of a model or a data set.

    Args:
        kind: ``model`` or ``data set``, for the message.
        asked: Its name, or domain/name.
        specs: The registered ones, by (domain, name).
        only_for: Its domain; empty for any.

    Raises:
        BadOption: If several domains have one of this name.
        UnknownName: If none has.
    """
    domain, _, name = asked.rpartition("/")
    within = only_for or domain
    near = [(owner, known) for owner, known in specs if within in ("", owner)]
    fitting = [owner for owner, known in near if known == name and domain in ("", owner)]
    if not fitting:
        raise unknown(
            f"{within} {kind}".strip(), asked, [known for _, known in near], f"dl ls {kind.replace(' ', '')}s"
        )
    if len(fitting) > 1:
        domains = ", ".join(fitting)
        raise BadOption(f"{kind} {name!r}: {domains} each have one; name the domain, as in {fitting[0]}/{name}")
    return fitting[0], name


def _itself(dataset: Dataset, _options: Options) -> Dataset:
    return dataset
