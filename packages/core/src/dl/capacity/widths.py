"""Widths: the recipe with more or fewer units in each layer that counts them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dl.options import Option, Value, format_value
from dl.plugins.model_file import short_model
from dl.recipes.recipe import Recipe


@dataclass(frozen=True)
class Width:
    """A recipe with another number of units.

    Args:
        factor: How many times the units of the recipe.
        recipe: With these units.
        typed: The options that count units, as typed: ``width=64``.
    """

    factor: float
    recipe: Recipe
    typed: str


def widths(recipe: Recipe, options: Sequence[Option], factors: Sequence[float]) -> list[Width]:
    """Return the recipe at these factors of its units, without those that the options' limits make equal.

    Args:
        recipe: Closed.
        options: Of its model; without one that counts units, the recipe itself is the only one.
        factors: Rising, 1 among them.
    """
    counted = [option for option in options if option.units]
    found: dict[str, Width] = {}
    for factor in sorted(factors if counted else [1.0], key=lambda factor: abs(factor - 1)):
        units = {option.name: _scaled(option, int(recipe.model_options[option.name]), factor) for option in counted}
        typed = " ".join(f"{name}={format_value(value)}" for name, value in units.items()) or short_model(recipe.model)
        changed = replace(recipe, model_options={**recipe.model_options, **units})
        found.setdefault(typed, Width(factor, changed, typed))  # the recipe's own first
    return sorted(found.values(), key=lambda width: width.factor)


def _scaled(option: Option, units: int, factor: float) -> Value:
    low, high = int(option.low or 1), int(option.high or 1 << 30)
    return min(max(round(units * factor), low), high)
