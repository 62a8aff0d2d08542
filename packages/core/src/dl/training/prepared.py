"""Data that is split and prepared once, for the fits of many recipes on it.

The trials of a tuning differ in network and training. What stands before these - split, task, preprocessor, encoded
inputs, baselines - is the same for all recipes that prepare their data alike, and is made for the first of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from torch import nn

from dl.data.examples import Dataset
from dl.plugins.at_hand import NOTHING, AtHand
from dl.plugins.registry import Plugins
from dl.recipes.close import close_recipe
from dl.recipes.protocol import protocol_of
from dl.recipes.recipe import Recipe
from dl.splits.partition import DataSplits
from dl.training.setup import FitSetup, set_up

DECIDED = ("loss", "positive", "target_scale")  # options of training that the task is decided by


@dataclass
class PreparedData:
    """A data set with its splits, one for each fold of a protocol, and what was prepared of each.

    Args:
        dataset: As it was read, once.
        plugins: The registered plugins.
        at_hand: Arguments in memory.
        split: Splits the data for the recipe of a fold; None splits it as any fit does.
    """

    dataset: Dataset
    plugins: Plugins
    at_hand: AtHand = NOTHING
    split: Callable[[Recipe], DataSplits] | None = None
    _known: dict[int, list[FitSetup]] = field(default_factory=dict)  # by the number of the fold

    def set_up(self, recipe: Recipe) -> FitSetup:
        """Set a recipe up, on what an earlier one prepared of its fold where it prepares that alike.

        Raises:
            DLError: As `dl.training.setup.set_up`.
        """
        recipe = close_recipe(recipe, self.dataset, self.plugins, self.at_hand)[0]
        known = self._known.setdefault(protocol_of(recipe.split)[1], [])
        alike = next((one for one in known if _prepares_alike(one.recipe, recipe)), None)
        asked = (recipe.split, recipe.seed)
        splits = next((one.splits for one in known if (one.recipe.split, one.recipe.seed) == asked), None)
        if splits is None and self.split is not None:
            splits = self.split(recipe)
        setup = set_up(recipe, self.plugins, self.at_hand, self.dataset, splits, alike)
        if alike is None:
            known.append(replace(setup, network=nn.Identity()))
        return setup

    def keep(self, setup: FitSetup) -> None:
        """Remember what was prepared elsewhere."""
        self._known.setdefault(protocol_of(setup.recipe.split)[1], []).append(replace(setup, network=nn.Identity()))


def _prepares_alike(one: Recipe, other: Recipe) -> bool:
    """Return whether two closed recipes make the same of one split: they differ in network and training alone."""
    first, second = (
        (recipe.data_options, recipe.task, recipe.seed, [recipe.train.get(name) for name in DECIDED])
        for recipe in (one, other)
    )
    return first == second
