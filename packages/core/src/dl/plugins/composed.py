"""Compose the domain of inputs of several kinds from the domains that can read columns of a table.

No domain imports another, and core names none: what is composed is read from the specifications. Nothing is imported
from torch until the domain is loaded.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from dl.options import WEIGHTS, InputShape, Option, Options, Space, Value
from dl.plugins.registry import Plugins
from dl.specs import DomainSpec, ModelSpec, RecipeSpec

if TYPE_CHECKING:
    from torch import nn

    from dl.defaults import Default, FitFacts
    from dl.domain import Domain
    from dl.learner import Learner

MIXED, NETWORK, RECIPE = "mixed", "branches", "fast"
DESCRIPTION = "an encoder for each kind of input, joined by a dense layer"
OWN = (
    Option("width", 64, "units of each branch, and of each layer that joins them", low=1, high=8192, units=True),
    Option("depth", 1, "number of layers that join the branches", low=0, high=16),
    Option(
        "dropout",
        0.0,
        "dropout rate after each joining layer",
        low=0.0,
        high=0.95,
        space=Space(0.0, 0.7),
        regularizes=True,
    ),
)
TRAIN = """epochs = 6
batch_size = 64
optimizer = "adamw"
lr = 0.003
weight_decay = 0.01
schedule = "one-cycle"
"""
Names = Mapping[str, Mapping[str, str]]  # of each domain, its options by their names among the options of all


def with_mixed(plugins: Plugins) -> Plugins:
    """Return the plugins with the domain `mixed`, its network, its learners and its recipe.

    Without two domains that can be branches, or where a plugin has registered a domain of that name, they stay as they
    are.
    """
    specs = [spec for spec in plugins.domains.values() if spec.branch]
    specs = [spec for spec in specs if (spec.name, spec.default_recipe) in plugins.recipes]
    if len(specs) < 2 or MIXED in plugins.domains:
        return plugins
    options, names = merge_options(specs)
    recipes = {spec.name: tomllib.loads(plugins.recipes[spec.name, spec.default_recipe].text) for spec in specs}
    models = [_network(plugins, specs, recipes), *_learners(plugins, specs)]
    recipe = RecipeSpec(RECIPE, MIXED, f"{DESCRIPTION}, six epochs of one-cycle AdamW", _recipe(recipes, names))
    nouns = ", ".join(spec.branch for spec in specs)
    domain = DomainSpec(
        MIXED,
        f"tables with columns of several kinds at once: {nouns}",
        partial(_load, specs, names),
        RECIPE,
        options,
        defaults=partial(_defaults, specs, names, {name: one["model"] for name, one in recipes.items()}),
        composes=tuple(spec.name for spec in specs),
    )
    return replace(
        plugins,
        domains={**plugins.domains, MIXED: domain},
        models={**plugins.models, **{(MIXED, model.name): model for model in models}},
        recipes={**plugins.recipes, (MIXED, RECIPE): recipe},
    )


def merge_options(specs: Sequence[DomainSpec]) -> tuple[tuple[Option, ...], Names]:
    """Return the options of all domains, and the name of each domain's own among them.

    An option that two domains share in all but its help stands once; another one of a taken name has the domain before
    its own.
    """
    listed = [Option(spec.branch, "", f"columns to read as {spec.branch}; empty finds them") for spec in specs]
    kept = {option.name: option for option in listed}
    names: dict[str, dict[str, str]] = {}
    for spec in specs:
        names[spec.name] = {}
        for option in spec.options:
            there = kept.get(option.name, option)
            is_free = replace(there, help=option.help) == option and option.name != WEIGHTS
            name = option.name if is_free else f"{spec.name}_{option.name}"
            kept.setdefault(name, replace(option, name=name))
            names[spec.name][name] = option.name
    return tuple(kept.values()), names


def _recipe(recipes: Mapping[str, Mapping[str, Any]], names: Names) -> str:  # Any: as TOML has them
    """Return the recipe: one of dl's own for training, and of each domain what its default recipe prepares."""
    lines = [f'[model]\nname = "{NETWORK}"\n\n[train]\n{TRAIN}\n[options]']
    for domain, recipe in recipes.items():
        among = {own: name for name, own in names[domain].items()}
        own = {name: value for name, value in recipe.get("options", {}).items() if name in among}
        lines += [f"{among[name]} = {_toml(value)}" for name, value in own.items()]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value).replace("'", '"')


def _network(plugins: Plugins, specs: Sequence[DomainSpec], recipes: Mapping[str, Mapping[str, Any]]) -> ModelSpec:
    """Return the network of branches, with an option for the network of each domain."""
    given = {spec.name: _encoder(plugins, spec.name, recipes[spec.name]) for spec in specs}
    named = tuple(
        Option(one["option"], "", f"network of the branches of {spec.branch}; empty takes {one['default']}")
        for spec, one in zip(specs, given.values(), strict=True)
    )
    return ModelSpec(NETWORK, MIXED, DESCRIPTION, partial(_build, given), (*OWN, *named), RECIPE)


def _encoder(plugins: Plugins, domain: str, recipe: Mapping[str, Any]) -> dict[str, Any]:  # Any: fields of `Encoders`
    models = {name: spec for (home, name), spec in plugins.models.items() if home == domain and not spec.is_learner}
    options = dict(recipe["model"])
    return {"models": models, "default": str(options.pop("name")), "options": options, "option": f"{domain}_model"}


def _learners(plugins: Plugins, specs: Sequence[DomainSpec]) -> list[ModelSpec]:
    """Return the learners of each domain, each on a branch of that domain alone."""
    able = {spec.name for spec in specs}
    return [
        replace(
            spec,
            name=f"{domain}-{name}",
            domain=MIXED,
            description=f"{spec.description}; of the {domain} branch alone",
            classifier=spec.classifier and partial(_on_branch, spec.classifier, domain),
            regressor=spec.regressor and partial(_on_branch, spec.regressor, domain),
        )
        for (domain, name), spec in plugins.models.items()
        if domain in able and spec.is_learner
    ]


def _load(specs: Sequence[DomainSpec], names: Names) -> Domain:
    from dl.branches.compose import compose

    return compose(specs, names)


def _build(given: Mapping[str, Mapping[str, Any]], shape: InputShape, outputs: int, options: Options) -> nn.Module:
    from dl.branches.network import Encoders, build

    return build(shape, outputs, options, {domain: Encoders(**one) for domain, one in given.items()})


def _defaults(
    specs: Sequence[DomainSpec], names: Names, encoders: Mapping[str, Mapping[str, Value]], facts: FitFacts
) -> Sequence[Default]:
    from dl.branches.defaults import defaults

    return defaults(facts, specs, names, encoders)


def _on_branch(build: Any, domain: str, options: Options) -> Learner:  # Any: as `ModelSpec.classifier`
    from dl.branches.compose import on_branch

    return on_branch(build, domain, options)
