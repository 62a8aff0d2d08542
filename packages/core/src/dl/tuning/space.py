"""The search space of a recipe: which options are tried, in which range, and how a coordinate becomes a value.

A search draws coordinates and knows nothing of options. The coordinate of a number is its place in the range, 0 at the
lowest and 1 at the highest value; below 0, down to -1, an option that can be off is off. That of a choice is its word.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from dl.errors import BadOption, DLError, nearest
from dl.options import Option, Space, Value, format_value
from dl.plugins.model_file import short_model
from dl.plugins.registry import Plugins
from dl.recipes.recipe import DECAYING, Recipe
from dl.recipes.resolve import in_order_of_application, train_options
from dl.specs import IN_MEMORY, RegularizerSpec

Coordinate = float | str
Chosen = dict[str, Value | None]  # options by name; None is off

LEVELS = (0.0, 0.5, 1.0)  # coordinates of a number in a grid
OFF_LEVEL = -0.5
MODEL, TRAIN, REGULARIZER = "model_options", "train", "reg"  # groups of a recipe
MOST_POINTS = 100_000  # of a grid that is drawn up


@dataclass(frozen=True)
class Dimension:
    """One option that is searched.

    Args:
        name: As typed before the ``=``, or of a regularizer.
        group: Of the recipe that holds it; ``reg`` for a regularizer, whose first option it is.
        start: The recipe's value; None where it is off.
        low: Least value.
        high: Greatest value.
        log: Whether a coordinate is a place among logarithms.
        whole: Whether values are whole numbers.
        choices: The values, as they are typed; empty for a range.
        can_be_off: Whether it may be off.
        off: The value of the option where it is off; None leaves the regularizer out.
    """

    name: str
    group: str
    start: Value | None
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False
    choices: tuple[Value, ...] = ()
    can_be_off: bool = False
    off: Value | None = None

    @property
    def lowest(self) -> float:
        """The lowest coordinate of a range."""
        return -1.0 if self.can_be_off else 0.0

    @property
    def words(self) -> tuple[str, ...]:
        """The coordinates of choices; empty for a range."""
        off = ("off",) if self.choices and self.can_be_off else ()
        return (*map(format_value, self.choices), *off)

    @property
    def origin(self) -> Coordinate:
        """The coordinate of the recipe's value."""
        if self.choices:
            return "off" if self.start == self.off and self.can_be_off else format_value(self.start)
        if self.start == self.off and self.can_be_off:
            return OFF_LEVEL
        ends = [float(value) for value in (self.low, self.high, self.start or 0.0)]
        low, high, value = map(math.log, ends) if self.log else ends
        return min(max((value - low) / (high - low), 0.0), 1.0)

    def value(self, at: Coordinate) -> Value | None:
        """Return the value at a coordinate, in three digits; the recipe's own is as it stands there."""
        if at == self.origin:
            return self.start
        if self.choices:
            return self.off if at == "off" else self.choices[self.words.index(str(at))]
        place = float(at)
        if place < 0:
            return self.off
        if self.log:
            found = math.exp(math.log(self.low) * (1 - place) + math.log(self.high) * place)
        else:
            found = self.low * (1 - place) + self.high * place
        return _whole(found, self.low, self.high) if self.whole else float(f"{found:.3g}")

    def levels(self) -> tuple[Coordinate, ...]:
        """Return the coordinates of a grid, each of another value."""
        every: tuple[Coordinate, ...] = self.words or (*([OFF_LEVEL] if self.can_be_off else []), *LEVELS)
        return tuple({self.value(at): at for at in reversed(every)}.values())[::-1]


def _whole(value: float, low: float, high: float) -> int:
    """Round to a whole number in the range: larger ones to multiples of four or eight, as layers are usually wide."""
    step = 8 if value >= 32 else 4 if value >= 8 else 1
    return int(min(max(step * round(value / step), math.ceil(low)), math.floor(high)))


def search_space(
    recipe: Recipe, plugins: Plugins, task: str, over: Collection[str] = (), typed: Collection[str] = ()
) -> tuple[Dimension, ...]:
    """Return the options that are searched around a settled recipe.

    Without ``over``: learning rate, schedule, weight decay, the units of the model, and of the regularizers with a
    space those in the recipe and those that a report suggests.

    Args:
        recipe: Settled.
        plugins: The registered plugins.
        task: Name of the task.
        over: Names of options and regularizers to search; empty takes the usual ones.
        typed: Names that the user fixed, which are not searched.

    Raises:
        BadOption: If a name has no space, or does not go with the recipe's linear path, or nothing is left to search.
    """
    every = {one.name: one for one in _of_options(recipe, plugins)}
    specs = {spec.name: spec for spec in _regularizers(recipe, plugins, task) if spec.name not in every}
    refused = {name for name, spec in specs.items() if not _beside(spec, recipe)}
    specs = {name: spec for name, spec in specs.items() if name not in refused}
    known = [*every, *specs]
    for name in over:
        if name in refused:
            raise BadOption(f"--over {name}: a linear path knows nothing of it  type linear=no beside it")
        if name not in known:
            raise BadOption(f"--over {name}: nothing to try by this name{nearest(name, known)}  one of: {_list(known)}")
    usual = [*every, *(name for name, spec in specs.items() if name in recipe.regularizers or spec.remedy)]
    names = [name for name in known if name in (over or usual) and name not in typed]
    if not known:
        name = short_model(recipe.model)
        raise BadOption(f"nothing to tune: no option of the model {name!r} and its training has a space")
    if not names:
        fixed = f"{_list([name for name in over or usual if name in typed])} is fixed by what was typed"
        left = _list([name for name in known if name not in typed])
        raise BadOption(f"nothing is left to tune: {fixed}  leave it out, or --over one of: {left}")
    return tuple(found for name in names if (found := every.get(name) or _of_regularizer(recipe, specs[name])))


def _list(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def _of_options(recipe: Recipe, plugins: Plugins) -> Iterator[Dimension]:
    """Yield a dimension for each option of training and model with a space."""
    domain, model = plugins.domain(recipe.domain), plugins.model(recipe.domain, recipe.model)
    groups = {TRAIN: train_options(domain, model), MODEL: model.options}
    for group, options in groups.items():
        for option in options:
            start = getattr(recipe, group)[option.name]
            space = option.searched
            if space is None or not _acts(option.name, group, recipe):
                continue
            off = option.default if space.log and not space.relative and option.default == 0 else None
            if (found := _dimension(option, group, space, start, off, can_be_off=off is not None)) is not None:
                yield found


def _acts(name: str, group: str, recipe: Recipe) -> bool:
    """Return whether an option of training changes anything in this recipe."""
    optimizer = recipe.train["optimizer"]
    return group != TRAIN or {"lr": optimizer != IN_MEMORY, "weight_decay": optimizer in DECAYING}.get(name, True)


def _regularizers(recipe: Recipe, plugins: Plugins, task: str) -> list[RegularizerSpec]:
    """List the regularizers with a space that support this domain and task."""
    return [
        spec
        for spec in plugins.regularizers.values()
        if spec.options
        and spec.options[0].searched is not None
        and plugins.regularizes(spec, recipe.domain)
        and (not spec.tasks or task in spec.tasks)
    ]


def _beside(spec: RegularizerSpec, recipe: Recipe) -> bool:
    """Return whether a regularizer is in the recipe already, or may be added to what it has."""
    return spec.linear or spec.name in recipe.regularizers or not recipe.model_options.get("linear")


def _of_regularizer(recipe: Recipe, spec: RegularizerSpec) -> Dimension | None:
    first = spec.options[0]
    start = recipe.regularizers[spec.name][first.name] if spec.name in recipe.regularizers else None
    found = _dimension(first, REGULARIZER, first.searched or Space(), start, None, can_be_off=True)
    return replace(found, name=spec.name) if found else None


def _dimension(
    option: Option, group: str, space: Space, start: Value | None, off: Value | None, *, can_be_off: bool
) -> Dimension | None:
    """Return the dimension of an option; None where there is nothing but its value.

    The range is widened to hold the recipe's value, and kept within the bounds of the option.
    """
    if space.choices:
        missing = () if start in space.choices or (can_be_off and start == off) else (start,)
        choices = tuple(value for value in (*space.choices, *missing) if value is not None)
        return Dimension(option.name, group, start, choices=choices, can_be_off=can_be_off, off=off)
    value = None if start is None or (can_be_off and start == off) else float(start)
    factor = (value or 0.0) if space.relative else 1.0
    ends = [space.low * factor, space.high * factor, *([] if value is None else [value])]
    low = max(min(ends), -math.inf if option.low is None else option.low)
    high = min(max(ends), math.inf if option.high is None else option.high)
    whole = type(option.default) is int
    if whole:
        low, high = math.ceil(low), math.floor(high)
    if not low < high or (space.log and low <= 0):
        return None
    return Dimension(option.name, group, start, low, high, space.log, whole, (), can_be_off, off)


def grid(dimensions: Sequence[Dimension], seed: int) -> list[dict[str, Coordinate]]:
    """Return the points of a grid in random order, without that of the recipe.

    Raises:
        BadOption: If it has too many points to be worth a grid.
    """
    levels = [one.levels() for one in dimensions]
    count = math.prod(map(len, levels))
    if count > MOST_POINTS:
        raise BadOption(f"--sampler grid: {count:,} points are too many  name fewer options: --over lr,...")
    names = [one.name for one in dimensions]
    points = [dict(zip(names, point, strict=True)) for point in product(*levels)]
    recipe = [one.start for one in dimensions]
    others = [point for point in points if [one.value(point[one.name]) for one in dimensions] != recipe]
    return [others[k] for k in np.random.default_rng(seed).permutation(len(others))]


def values(dimensions: Sequence[Dimension], point: dict[str, Coordinate]) -> Chosen:
    """Return the value of each option at a point."""
    return {one.name: one.value(point[one.name]) for one in dimensions}


def with_values(recipe: Recipe, plugins: Plugins, dimensions: Sequence[Dimension], chosen: Chosen) -> Recipe:
    """Return the recipe with these values in it."""
    for one in dimensions:
        value = chosen[one.name]
        if one.group == REGULARIZER:
            recipe = _with_regularizer(recipe, plugins, one.name, value)
        elif value is not None:
            changed: dict[str, Any] = {one.group: {**getattr(recipe, one.group), one.name: value}}  # Any: a field
            recipe = replace(recipe, **changed)
    return recipe


def _with_regularizer(recipe: Recipe, plugins: Plugins, name: str, value: Value | None) -> Recipe:
    others = {other: options for other, options in recipe.regularizers.items() if other != name or value is not None}
    if value is not None:
        spec = plugins.regularizer(recipe.domain, name)
        usual = {option.name: option.default for option in spec.options}
        others[name] = {**usual, **recipe.regularizers.get(name, {}), spec.options[0].name: value}
    specs = in_order_of_application(plugins.regularizer(recipe.domain, one) for one in others)
    return replace(recipe, regularizers={spec.name: others[spec.name] for spec in specs})


def buildable(
    dimensions: Sequence[Dimension], recipe: Recipe, plugins: Plugins, build: Any, over: Collection[str]
) -> tuple[Dimension, ...]:
    """Leave out regularizers that this recipe's network refuses, unless they were asked for.

    Args:
        dimensions: Of the search.
        recipe: Settled.
        plugins: The registered plugins.
        build: Raises a `DLError` for a recipe that cannot be built. Any: a function of training.
        over: Names that were asked for.
    """
    kept = []
    for one in dimensions:
        if one.group == REGULARIZER and one.start is None:
            usual = plugins.regularizer(recipe.domain, one.name).options[0].default
            try:
                build(_with_regularizer(recipe, plugins, one.name, usual))
            except DLError:
                if one.name in over:
                    raise
                continue
        kept.append(one)
    return tuple(kept)


def describe_space(dimensions: Sequence[Dimension]) -> str:
    """Describe the search space: ``lr 0.0003..0.03, schedule, dropout 0.1..0.7 or off``."""
    return ", ".join(_described(one) for one in dimensions)


def _described(one: Dimension) -> str:
    if one.choices:
        return one.name
    off = " or off" if one.can_be_off else ""
    return f"{one.name} {one.low:.3g}..{one.high:.3g}{off}"
