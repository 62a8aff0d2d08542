"""Settle a recipe once the data is read: the defaults of its domain that follow from the data become plain values.

What the user typed, or a named recipe or a recipe file has, is never changed. A settled recipe is closed: fitted again
it is the same fit, whatever the data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from dl.defaults import DataFacts, Default, FitFacts
from dl.errors import BadOption, PluginFailed
from dl.options import Option, check_named
from dl.plugins.registry import Plugins
from dl.recipes.protocol import protocol_of
from dl.recipes.recipe import AUTO, SPLIT_OPTIONS, Recipe
from dl.recipes.resolve import in_order_of_application, train_options
from dl.specs import DomainSpec, ModelSpec

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
