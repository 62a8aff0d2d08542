"""Settle a recipe once the data is read: the defaults of its domain that follow from the data become plain values.

What the user typed, or a named recipe or a recipe file has, is never changed. A settled recipe is closed: fitted again
it is the same fit, whatever the data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from dl.data.branches import Branches, Part
from dl.data.examples import Dataset, Examples
from dl.data.queries import are_ranked
from dl.data.ragged import Ragged
from dl.defaults import BranchFacts, DataFacts, Default, FitFacts
from dl.errors import BadOption, PluginFailed
from dl.options import Option, check, check_named
from dl.plugins.at_hand import NOTHING, AtHand
from dl.plugins.registry import Plugins
from dl.recipes.protocol import protocol_of
from dl.recipes.recipe import AUTO, SPLIT_OPTIONS, Recipe
from dl.recipes.resolve import in_order_of_application, train_options
from dl.specs import IN_MEMORY, DomainSpec, ModelSpec

GROUPS = ("model_options", "train", "split", "data_options")  # of a recipe


def settle(recipe: Recipe, data: DataFacts, plugins: Plugins) -> tuple[Recipe, tuple[Default, ...]]:
    """Return the recipe with its domain's defaults for this data, closed, and the defaults that changed something.

    Raises:
        PluginFailed: If a domain's default names no option, or its value does not fit.
    """
    if not recipe.is_open:
        return recipe, ()
    model = plugins.model(recipe.domain, recipe.model)
    if model.is_learner:  # defaults are about the training of networks
        return replace(recipe, is_open=False, stated=frozenset()), ()
    spec = plugins.domain(recipe.domain)
    found = tuple((model.defaults or spec.defaults)(fit_facts(recipe, data, plugins)))
    settled, applied = recipe, list[Default]()
    for default in found:
        try:
            changed = _with_default(settled, default, plugins)
        except BadOption as error:
            raise PluginFailed(_of_whose_defaults(spec, model, plugins, error)) from error
        if changed != settled:
            applied.append(default)
        settled = changed
    return replace(settled, is_open=False, stated=frozenset()), tuple(applied)


def _of_whose_defaults(spec: DomainSpec, model: ModelSpec, plugins: Plugins, error: BadOption) -> str:
    if model.defaults is None:
        return plugins.line("domains", spec.name, f"defaults of the domain {spec.name!r}: {error}")
    return plugins.line("models", (spec.name, model.name), f"defaults of the model {model.name!r}: {error}")


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


def fit_facts(recipe: Recipe, data: DataFacts, plugins: Plugins) -> FitFacts:
    """Return what is known of a fit: the sizes of its split as the recipe asks for them, and what was stated."""
    val, protocol = data.val, protocol_of(recipe.split)[0]
    if protocol.folds > 1:
        val = round(data.examples / protocol.folds)
    elif not val:
        size = data.val_size if recipe.split["val"] == AUTO else float(recipe.split["val"])
        val = min(round(size if size >= 1 else size * data.examples), data.examples)
    options = {name: value for group in GROUPS for name, value in getattr(recipe, group).items()}
    stated = frozenset(name.partition(".")[2] for name in recipe.stated)
    linear = all(plugins.regularizers[name].linear for name in recipe.regularizers)
    train, regularizers = data.examples - (0 if data.val else val), frozenset(recipe.regularizers)
    return FitFacts(data, train, val, recipe.model, options, stated, linear, regularizers)


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


def _as_read(recipe: Recipe, dataset: Dataset, at_hand: AtHand) -> Recipe:
    """Return the recipe with the options inferred from the data, and the optimizer in memory in place of a name."""
    train = {**recipe.train, "optimizer": IN_MEMORY} if at_hand.optimizer or at_hand.own_step else recipe.train
    return replace(recipe, data_options={**recipe.data_options, **dataset.options}, train=train)


def _with_default(recipe: Recipe, default: Default, plugins: Plugins) -> Recipe:
    """Return the recipe with a default in it, or as it is where the user stated something else.

    Raises:
        BadOption: If there is no such option, or the value does not fit it.
    """
    if default.is_regularizer:
        return _with_regularizer(recipe, default, plugins)
    for group, options in _options(recipe, plugins).items():
        for option in options:
            if option.name == default.name:
                if f"{group}.{option.name}" in recipe.stated:
                    return recipe
                value = option.check(default.value, "a default")
                changed: dict[str, Any] = {group: {**getattr(recipe, group), option.name: value}}  # Any: a field's type
                return replace(recipe, **changed)
    raise BadOption(f"there is no option {default.name!r}")


def _with_regularizer(recipe: Recipe, default: Default, plugins: Plugins) -> Recipe:
    name = default.name
    if f"reg.{name}" in recipe.stated or name in recipe.regularizers or name not in plugins.regularizers:
        return recipe
    spec = plugins.regularizer(recipe.domain, name)
    options = check_named(spec.options, default.value, f"regularizer {name}")
    specs = [plugins.regularizer(recipe.domain, one) for one in (*recipe.regularizers, name)]
    every = {**recipe.regularizers, name: options}
    return replace(recipe, regularizers={one.name: every[one.name] for one in in_order_of_application(specs)})


def _options(recipe: Recipe, plugins: Plugins) -> dict[str, Sequence[Option]]:
    """Return the options that a default may set, by group."""
    return {
        "model_options": plugins.model(recipe.domain, recipe.model).options,
        "train": train_options(plugins.domain(recipe.domain), plugins.model(recipe.domain, recipe.model)),
        "split": SPLIT_OPTIONS,
        "data_options": plugins.domain(recipe.domain).options,
    }
