"""Refit: train one network on all examples, for as many epochs as the folds chose together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from rich.console import Console

from dl import sealed
from dl.cross_validation.plan import Plan
from dl.data.examples import Subset, whole
from dl.plugins.at_hand import AtHand
from dl.plugins.registry import Plugins
from dl.runs.commit import commit
from dl.runs.run import LEARNER, PREPROCESSOR, WEIGHTS, Run, keep_json
from dl.splits.partition import DataSplits, choose_scored
from dl.training.devices import Devices
from dl.training.setup import set_up
from dl.training.trackers import Trackers
from dl.training.train import train

SCORED = 1_000  # training examples that are scored after each epoch; their scores are not kept


def refit(plan: Plan, folder: Path, epochs: int, devices: Devices, plugins: Plugins, at_hand: AtHand) -> bool:
    """Train on all examples, and write weights and preprocessor into the folder of the run.

    The schedule is that of a fold's fit, cut off after the chosen epoch, so that the network is as far along it as
    those that were scored.

    Args:
        plan: Of the fits.
        folder: Of the run.
        epochs: Epochs to train.
        devices: Where to train.
        plugins: The registered plugins.
        at_hand: Arguments in memory.

    Returns:
        Whether it was done: a signal may have stopped it, and no weights are kept then.
    """
    everything = whole(plan.dataset.train)
    size = min(SCORED, len(everything))
    some = Subset(plan.dataset.train, choose_scored(plan.dataset.train, everything.index, size, plan.recipe.seed))
    groups = {"train": None, "val": None, "probe": None}
    keys = {"train": plan.numbered.keys, "val": plan.numbered.keys[some.index]}
    splits = DataSplits(everything, some, some, "all examples", np.zeros(size, bool), keys, groups)
    setup = set_up(plan.fold_recipe(0), plugins, at_hand, plan.dataset, splits)
    sealed.drop(folder / WEIGHTS)
    sealed.drop(folder / LEARNER)
    keep_json(folder / PREPROCESSOR, setup.preprocessor.settings())
    train(setup, devices, folder, Console(quiet=True), Trackers(), last_epoch=epochs)
    if not Run(folder).weights.exists():
        return False
    commit(folder, Run(folder).manifest)
    return True
