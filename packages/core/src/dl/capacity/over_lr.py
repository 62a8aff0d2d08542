"""A curve over the learning rate: which one to take, and is the recipe's within the flat part?

Short fits, each with the recipe's schedule over its own epochs: the rate that is best in a single rising pass depends
on the pass, and a short fit at a constant rate prefers rates that are too large.
Source: Wu et al. 2018, Understanding short-horizon bias in stochastic meta-optimization.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dl.capacity.study import Ground, Request, constant_loss, point
from dl.errors import BadOption
from dl.intervals import Estimate, interval_of_mean
from dl.runs.run import Run
from dl.runs.study import Study, StudyPoint
from dl.training.setup import FitSetup
from dl.words import show_number

FACTORS = tuple(10.0 ** (k / 2) for k in range(-4, 5))  # of the recipe's rate: a hundredth to a hundred times
SHARE, LEAST = 0.25, 2  # of the recipe's epochs, and epochs at least, of a short fit
NEAR = 0.1  # of the best rate's lead over a constant answer, by which another may be worse and still as good


def need_rate(_asked: Request, setup: FitSetup) -> None:
    """Refuse a rate that is no option.

    Raises:
        BadOption: For a rate of 0.
    """
    if not float(setup.recipe.train["lr"]) > 0:
        raise BadOption("lr=0: a curve over the learning rate takes multiples of it; give a rate above 0")


def over_lr(ground: Ground) -> Study:
    """Fit the recipe briefly at each rate, and find those that are as good as the best."""
    recipe = ground.recipe
    own, whole = float(recipe.train["lr"]), int(recipe.train["epochs"])
    epochs = min(whole, max(LEAST, math.ceil(SHARE * whole)))
    notes = (f"short fits of {epochs} of {whole} epochs", "compared by their lowest validation loss, in pairs")
    study = ground.write(replace(ground.study("curve", "lr"), notes=notes, changed="against the best"))
    runs, points = list[Run](), list[StudyPoint]()
    for number, factor in enumerate(FACTORS, start=1):
        rate = own if factor == 1 else float(f"{own * factor:.2g}")
        short = replace(recipe, train={**recipe.train, "lr": rate, "epochs": epochs, "monitor": "loss"})
        run = ground.fit(number, short, f"lr={rate:g}")
        if run.manifest.signal:
            return ground.interrupted(study, run.manifest.signal, points)
        points.append(point(ground, run, number, f"lr={rate:g}", rate))
        runs.append(run)
        ground.write(replace(study, points=tuple(points)))
    finished = replace(study, points=tuple(points), status="finished")
    return ground.write(_concluded(ground, finished, runs, FACTORS.index(1.0)))


def _concluded(ground: Ground, study: Study, runs: Sequence[Run], own: int) -> Study:
    """Return the study with the rates compared and its conclusion."""
    usable = [k for k, one in enumerate(study.points) if one.best_epoch and math.isfinite(one.loss)]
    if not usable:
        return replace(study, state="failed", conclusion="no rate could be fitted: look at inputs and targets")
    best = min(usable, key=lambda k: study.points[k].loss)
    lowest = {k: _lowest(runs[k]) for k in usable}
    groups = runs[best].outcomes("val").groups
    points = list(study.points)
    lead = constant_loss(ground) - points[best].loss
    for k in usable:
        d = lowest[k] - lowest[best]
        change = None if k == best else Estimate(float(d.mean()), *interval_of_mean(d, groups))
        as_good = change is None or (change.low <= 0 and change.value <= NEAR * lead)
        points[k] = replace(points[k], change=change, state="flat" if as_good else "worse", note="flat" * as_good)
    points[best] = replace(points[best], note="best")
    if lead <= 0:
        words = "no rate is better than a constant answer after so few epochs: give more, or look at inputs and targets"
        return replace(study, points=tuple(points), state="nothing", conclusion=words)
    return _with_rate(ground, replace(study, points=tuple(points)), _flat(points, best), best, own)


def _lowest(run: Run) -> NDArray[np.float64]:
    """Return the loss of each validation example at the epoch of the lowest mean, (n,)."""
    losses = run.outcomes("val").loss.astype(np.float64)
    return np.asarray(losses[int(np.nanargmin(losses.mean(axis=1)))])


def _flat(points: Sequence[StudyPoint], best: int) -> range:
    """Return the rates around the best one that are as good, without a gap."""
    first = last = best
    while first > 0 and points[first - 1].state == "flat":
        first -= 1
    while last + 1 < len(points) and points[last + 1].state == "flat":
        last += 1
    return range(first, last + 1)


def _with_rate(ground: Ground, study: Study, flat: range, best: int, own: int) -> Study:
    """Conclude which rate to take."""
    points = study.points
    ours, found = points[own], points[best]
    ends = [f"{points[k].size:g}" for k in (flat[0], flat[-1])]
    part = f"the flat part, lr={ends[0]}" + (f" to {ends[1]}" if ends[1] != ends[0] else "")
    if own in flat:
        words = f"keep {ours.label}: it is within {part} (lowest loss at {found.label})"
        return replace(study, state="keep", conclusion=words)
    loss = f"loss {show_number(found.loss)} against {show_number(ours.loss)}"
    words = f"take {found.label}: {loss} at the recipe's {ours.label}, which is outside {part}"
    edge = best in (0, len(points) - 1)
    if edge:
        words += "; the range ends there: move it"
    verb, over = ("curve", "lr") if edge else ("fit", "")
    return replace(study, state="change", conclusion=words, next=ground.asked.command(verb, {"lr": found.size}, over))
