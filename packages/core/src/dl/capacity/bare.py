"""A bare fit: the recipe with nothing that holds a network back from learning its training set by heart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from torch import nn

from dl.options import Option, Value
from dl.recipes.recipe import Recipe

CONSTANT = "constant"  # the schedule of a fit whose number of epochs is not known beforehand


def bare(recipe: Recipe, options: Sequence[Option]) -> Recipe:
    """Return a recipe without regularizers, options of the model that regularize, weight decay and schedule.

    A schedule is made for its number of epochs, which grows here: its place takes a constant rate, half of its peak,
    which is about its mean. The epoch that is kept is that of the lowest validation loss, where overfitting begins.

    Args:
        recipe: Closed.
        options: Of its model.
    """
    train: dict[str, Value] = {**recipe.train, "weight_decay": 0.0, "monitor": "loss"}
    if train["schedule"] != CONSTANT:
        train |= {"schedule": CONSTANT, "lr": float(train["lr"]) / 2}
    off: dict[str, Value] = {option.name: type(option.default)(0) for option in options if option.regularizes}
    return replace(recipe, regularizers={}, train=train, model_options={**recipe.model_options, **off})


def without_dropout(network: nn.Module) -> None:
    """Switch off the dropout that a network has of its own, whatever its options say."""
    for layer in network.modules():
        if isinstance(layer, nn.modules.dropout._DropoutNd):
            layer.p = 0.0
        elif isinstance(layer, (nn.RNNBase, nn.MultiheadAttention)):
            layer.dropout = 0.0


def removed(recipe: Recipe, options: Sequence[Option]) -> str:
    """Name what `bare` removes from a recipe; empty for nothing."""
    found = list(recipe.regularizers)
    found += [option.name for option in options if option.regularizes and recipe.model_options[option.name]]
    found += ["weight decay"] if recipe.train["weight_decay"] else []
    if recipe.train["schedule"] != CONSTANT:
        found.append(f"{recipe.train['schedule']} schedule")
    return ", ".join(dict.fromkeys(found))
