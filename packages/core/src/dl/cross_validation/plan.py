"""What all fits of a protocol share: the recipe, the data, the groups, and the task decided on all examples."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from rich.console import Console

from dl.data.examples import Dataset, Index
from dl.defaults import Default
from dl.options import Options
from dl.plugins.at_hand import NOTHING, AtHand
from dl.plugins.registry import Plugins
from dl.recipes.close import close_recipe
from dl.recipes.protocol import HOLDOUT, Protocol, choose_protocol, protocol_of
from dl.recipes.recipe import AUTO, Recipe
from dl.splits.folds import members
from dl.splits.holdout import last_times
from dl.splits.partition import DataSplits, Numbered, guarded, split_data
from dl.tasks.table import decide
from dl.tasks.task import Task
from dl.terminal import plain
from dl.training.description import describe
from dl.training.origin import refuse_going_on
from dl.training.setup import FitSetup, pinned, set_up
from dl.words import many


@dataclass(frozen=True)
class Plan:
    """What all fits of a protocol share.

    Args:
        recipe: Every choice but the number of the fold, and what is decided on the target of all examples.
        protocol: The protocol.
        reason: Why it was chosen; empty where it was asked for.
        dataset: As it was read, once.
        numbered: The examples, numbered once, and the groups of them that are not cut.
        task: Decided on all examples.
        defaults: The choices that follow from the data.
        pinned: Options of training that are decided on the target of all examples, and the same in every fold.
    """

    recipe: Recipe
    protocol: Protocol
    reason: str
    dataset: Dataset
    numbered: Numbered
    task: Task
    defaults: tuple[Default, ...]
    pinned: Options

    @property
    def groups(self) -> Index:
        """(N,) numbers of the groups that are not cut."""
        return self.numbered.groups

    def split(self, recipe: Recipe, plugins: Plugins) -> DataSplits:
        """Split the data for the recipe of a fold; the guards look at the first one alone, where it is shown."""
        return split_data(self.dataset, recipe, plugins, self.numbered)

    def fold_recipe(self, fold: int) -> Recipe:
        """Return the recipe of one fit, numbered from 1; 0 is that of a fit on all examples."""
        train = {**self.recipe.train, **self.pinned}
        return replace(self.recipe, train=train, split={**self.recipe.split, "fold": fold})


def make_plan(
    recipe: Recipe,
    dataset: Dataset,
    plugins: Plugins,
    *,
    by_size: bool,
    at_hand: AtHand = NOTHING,
    mended: tuple[Default, ...] = (),
) -> Plan:
    """Choose the protocol, and settle everything that all fits share.

    Args:
        recipe: Every choice.
        dataset: As it was read.
        plugins: The registered plugins.
        by_size: Whether the number of examples chooses the protocol.
        at_hand: Arguments in memory.
        mended: Options that were set against leaks.

    Raises:
        BadData: If nothing can be learnt from the target.
    """
    numbered = Numbered.of(dataset.train, recipe)
    protocol, reason = protocol_of(recipe.split)[0], ""
    if by_size:
        protocol, reason = _by_size(dataset, numbered.groups)
        if dataset.val is not None and protocol.fits > 1:
            protocol, reason = Protocol(HOLDOUT), "the data set brings its own validation set"
    recipe = replace(recipe, split={**recipe.split, "protocol": str(protocol)})
    refuse_going_on(recipe, "dl cv")
    recipe, defaults = close_recipe(recipe, dataset, plugins, at_hand)
    loss, positive, scale = (str(recipe.train.get(name, AUTO)) for name in ("loss", "positive", "target_scale"))
    examples = dataset.train
    task = decide(examples.targets, examples.names, recipe.task, loss, plugins.tasks, positive, scale)
    return Plan(recipe, protocol, reason, dataset, numbered, task, mended + defaults, pinned(task))


def set_up_first(plan: Plan, plugins: Plugins, at_hand: AtHand) -> FitSetup:
    """Set the first fold up, with what the guards find in it, which is shown and kept for all."""
    recipe = plan.fold_recipe(1)
    splits = guarded(plan.dataset, plan.split(recipe, plugins))
    return set_up(recipe, plugins, at_hand, plan.dataset, splits)


def describe_plan(console: Console, plan: Plan, first: FitSetup, plugins: Plugins) -> None:
    """Print what all fits share, as the first fold shows it, and the protocol with the reason for it."""
    describe(console, replace(first, defaults=plan.defaults), plugins)
    why = f": {plan.reason}" if plan.reason else ""
    console.print(plain(f"  protocol    {plan.protocol}{why}; {many(plan.protocol.fits, 'fit')}"))


def _by_size(dataset: Dataset, groups: Index) -> tuple[Protocol, str]:
    """Choose the protocol by the number of groups, and by the members of the rarest class among them."""
    examples, units = dataset.train, len(np.unique(groups))
    if examples.times is not None and len(groups):
        times = len(np.unique(last_times(groups, examples.times)))
        return choose_protocol(units, max(times - 1, 2), timed=True)  # one block is learnt from and never held out
    targets, rarest = examples.targets, units
    if targets.ndim == 1 and targets.dtype.kind in "biu" and len(targets):
        counts = members(np.unique(targets, return_inverse=True)[1], groups)
        rarest = int(counts.min())
    return choose_protocol(units, rarest, timed=False)
