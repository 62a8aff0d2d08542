"""Close a recipe on the data that was read: take its facts, settle the recipe on them, then its regularizers.

What follows from the facts alone is in `dl.recipes.settle`, which reports use: they read no data.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dl.data.branches import Branches, Part
from dl.data.examples import Dataset, Examples
from dl.data.queries import are_ranked
from dl.data.ragged import Ragged
from dl.defaults import BranchFacts, DataFacts, Default
from dl.errors import BadOption, PluginFailed
from dl.options import check
from dl.plugins.at_hand import NOTHING, AtHand
from dl.plugins.registry import Plugins
from dl.recipes.recipe import Recipe
from dl.recipes.settle import settle
from dl.specs import IN_MEMORY


def close_recipe(
    recipe: Recipe, dataset: Dataset, plugins: Plugins, at_hand: AtHand = NOTHING, facts: DataFacts | None = None
) -> tuple[Recipe, tuple[Default, ...]]:
    """Return the recipe with all that follows from the data in it, and the defaults among that.

    Args:
        recipe: Open or closed.
        dataset: As it was read.
        plugins: The registered plugins.
        at_hand: Arguments in memory.
        facts: Of the data set, if they are known; None computes them.
    """
    settled, defaults = settle(_as_read(recipe, dataset, at_hand), facts or data_facts(dataset), plugins)
    regularized, own = _settle_regularizers(_as_needed(settled, plugins), dataset.train, plugins)
    return regularized, (*defaults, *own)


def _as_read(recipe: Recipe, dataset: Dataset, at_hand: AtHand) -> Recipe:
    """Return the recipe with the options inferred from the data, and the optimizer in memory in place of a name."""
    train = {**recipe.train, "optimizer": IN_MEMORY} if at_hand.optimizer or at_hand.own_step else recipe.train
    return replace(recipe, data_options={**recipe.data_options, **dataset.options}, train=train)


def _as_needed(recipe: Recipe, plugins: Plugins) -> Recipe:
    """Return the recipe with options of reading that are ``auto`` set as its model and regularizers need them."""
    needs = [plugins.model(recipe.domain, recipe.model).needs]
    needs += [plugins.regularizers[name].needs for name in recipe.regularizers]
    needed = {name: value for one in needs for name, value in one if recipe.data_options.get(name) == "auto"}
    return replace(recipe, data_options={**recipe.data_options, **needed})


def _settle_regularizers(recipe: Recipe, train: Examples, plugins: Plugins) -> tuple[Recipe, tuple[Default, ...]]:
    """Return the recipe with the options that its regularizers settle on the training examples, and these.

    Raises:
        PluginFailed: If a regularizer settles an option that it does not have, or by a value that does not fit.
    """
    settled, found = dict(recipe.regularizers), list[Default]()
    for name, options in recipe.regularizers.items():
        spec = plugins.regularizers[name]
        own = list(spec.settle(options, train)) if spec.settle else []
        try:
            settled[name] = check(
                spec.options, {**options, **{one.name: one.value for one in own}}, f"regularizer {name}"
            )
        except BadOption as error:
            raise PluginFailed(plugins.line("regularizers", name, f"settled on the data: {error}")) from error
        found += [one for one in own if options.get(one.name) != one.value]
    return (replace(recipe, regularizers=settled) if found else recipe), tuple(found)


def data_facts(dataset: Dataset) -> DataFacts:
    """Return what is known of a data set before it is split."""
    inputs, (target, outputs) = dataset.train.inputs, _describe_target(dataset.train)
    branches: tuple[BranchFacts, ...] = ()
    shape, length = ((), 0) if isinstance(inputs, Branches) else _shape_of(inputs)
    if isinstance(inputs, Branches):
        branches = tuple(BranchFacts(name, inputs.kinds[name], *_shape_of(part)) for name, part in inputs.items())
    val = 0 if dataset.val is None else len(dataset.val)
    return DataFacts(len(dataset.train), val, float(dataset.val_size), shape, length, target, outputs, branches)


def _shape_of(inputs: Part) -> tuple[tuple[int, ...], int]:
    """Return the shape of a stored input, or the median length of those that differ in it."""
    if isinstance(inputs, Ragged):
        return (), int(np.median(inputs.lengths)) if len(inputs) else 0
    return ((len(inputs.dtype.names),) if inputs.dtype.names else tuple(map(int, inputs.shape[1:]))), 0


def _describe_target(examples: Examples) -> tuple[str, int]:
    """Return how the target reads, and its number of classes, labels or values."""
    targets = examples.targets
    if are_ranked(examples):
        return "numbers", 1
    whole = np.issubdtype(targets.dtype, np.integer) or targets.dtype == bool
    if targets.ndim == 2:
        width = targets.shape[1]
        if whole and width and (targets[:, -1].astype(np.int64) < 0).all():
            return "text", width - 1
        return ("labels" if whole else "numbers", width) if width else ("none", 0)
    return ("classes", len(np.unique(targets))) if whole else ("numbers", 1)
