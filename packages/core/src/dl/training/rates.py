"""Compare learning rates by short fits: which of them are as good as the best?

Short fits, each with the recipe's schedule over its own epochs: the rate that is best in a single rising pass depends
on the pass, and a short fit at a constant rate prefers rates that are too large. Letters: ``n`` validation examples.
Source: Wu et al. 2018, Understanding short-horizon bias in stochastic meta-optimization.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dl.groups import Groups
from dl.intervals import Estimate, interval_of_mean
from dl.recipes.recipe import Recipe
from dl.runs.run import Run

FACTORS = tuple(10.0 ** (k / 2) for k in range(-4, 5))  # of the recipe's rate: a hundredth to a hundred times
OWN = FACTORS.index(1.0)
SHARE, LEAST = 0.25, 2  # of the recipe's epochs, and epochs at least, of a short fit
NEAR = 0.1  # of the best rate's lead over a constant answer, by which another may be worse and still as good
Losses = NDArray[np.float64]


@dataclass(frozen=True)
class RateComparison:
    """Rates compared with the best of them.

    Args:
        best: Position of the rate with the lowest mean loss.
        changes: How much worse each is in the loss, by position; the best has none.
        flat: Positions around the best that are as good, without a gap.
    """

    best: int
    changes: Mapping[int, Estimate]
    flat: range


def rates_around(own: float) -> list[float]:
    """Return the rates to compare, ascending; the recipe's is at `OWN`."""
    return [own if factor == 1 else float(f"{own * factor:.2g}") for factor in FACTORS]


def short_recipe(recipe: Recipe, rate: float) -> Recipe:
    """Return the recipe of a short fit at a rate; without a linear path, which no rate changes."""
    whole = int(recipe.train["epochs"])
    epochs = min(whole, max(LEAST, math.ceil(SHARE * whole)))
    train = {**recipe.train, "lr": rate, "epochs": epochs, "monitor": "loss"}
    bare = {"linear": False} if "linear" in recipe.model_options else {}
    return replace(recipe, train=train, model_options={**recipe.model_options, **bare})


def lowest_losses(run: Run) -> Losses | None:
    """Return the loss of each validation example at the epoch of the lowest mean, (n,); None without a finite mean."""
    if not run.manifest.best_epoch:
        return None
    losses = run.outcomes("val").loss.astype(np.float64)
    means = losses.mean(axis=1)
    return np.asarray(losses[int(np.nanargmin(means))]) if np.isfinite(means).any() else None


def compare_rates(losses: Mapping[int, Losses], groups: Groups | None, constant: float) -> RateComparison:
    """Compare rates in pairs, example by example.

    Args:
        losses: (n,) of each rate, by position.
        groups: Of the validation examples; None where they are independent.
        constant: Mean loss of a constant answer.
    """
    best = min(losses, key=lambda k: float(losses[k].mean()))
    lead, changes, as_good = constant - float(losses[best].mean()), dict[int, Estimate](), {best}
    for k in losses.keys() - {best}:
        worse = losses[k] - losses[best]
        changes[k] = Estimate(float(worse.mean()), *interval_of_mean(worse, groups))
        if changes[k].low <= 0 and changes[k].value <= NEAR * lead:
            as_good.add(k)
    first = last = best
    while first - 1 in as_good:
        first -= 1
    while last + 1 in as_good:
        last += 1
    return RateComparison(best, changes, range(first, last + 1))
