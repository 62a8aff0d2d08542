"""A curve over the learning rate: which one to take, and is the recipe's within the flat part?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dl.capacity.study import Ground, Request, constant_loss, point
from dl.errors import BadOption
from dl.runs.run import Run
from dl.runs.study import Study, StudyPoint
from dl.training.rates import OWN, RateComparison, compare_rates, lowest_losses, rates_around, short_recipe
from dl.training.setup import FitSetup
from dl.words import show_number


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
    epochs = int(short_recipe(recipe, own).train["epochs"])
    notes = (f"short fits of {epochs} of {whole} epochs", "compared by their lowest validation loss, in pairs")
    study = ground.write(replace(ground.study("curve", "lr"), notes=notes, changed="against the best"))
    runs, points = list[Run](), list[StudyPoint]()
    for number, rate in enumerate(rates_around(own), start=1):
        run = ground.fit(number, short_recipe(recipe, rate), f"lr={rate:g}")
        if run.manifest.signal:
            return ground.interrupted(study, run.manifest.signal, points)
        points.append(point(ground, run, number, f"lr={rate:g}", rate))
        runs.append(run)
        ground.write(replace(study, points=tuple(points)))
    finished = replace(study, points=tuple(points), status="finished")
    return ground.write(_concluded(ground, finished, runs))


def _concluded(ground: Ground, study: Study, runs: Sequence[Run]) -> Study:
    """Return the study with the rates compared and its conclusion."""
    found = {k: lowest_losses(runs[k]) for k, one in enumerate(study.points) if one.best_epoch}
    losses = {k: loss for k, loss in found.items() if loss is not None}
    if not losses:
        return replace(study, state="failed", conclusion="no rate could be fitted: look at inputs and targets")
    groups = runs[min(losses)].outcomes("val").groups
    compared = compare_rates(losses, groups, constant_loss(ground))
    points, best = list(study.points), compared.best
    lead = constant_loss(ground) - points[best].loss
    for k in losses:
        state, note = ("flat", "flat") if k in compared.flat else ("worse", "")
        points[k] = replace(points[k], change=compared.changes.get(k), state=state, note=note)
    points[best] = replace(points[best], note="best")
    if lead <= 0:
        words = "no rate is better than a constant answer after so few epochs: give more, or look at inputs and targets"
        return replace(study, points=tuple(points), state="nothing", conclusion=words)
    return _with_rate(ground, replace(study, points=tuple(points)), compared)


def _with_rate(ground: Ground, study: Study, compared: RateComparison) -> Study:
    """Conclude which rate to take."""
    points, flat, best = study.points, compared.flat, compared.best
    ours, found = points[OWN], points[best]
    ends = [f"{points[k].size:g}" for k in (flat[0], flat[-1])]
    part = f"the flat part, lr={ends[0]}" + (f" to {ends[1]}" if ends[1] != ends[0] else "")
    if OWN in flat:
        words = f"keep {ours.label}: it is within {part} (lowest loss at {found.label})"
        return replace(study, state="keep", conclusion=words)
    loss = f"loss {show_number(found.loss)} against {show_number(ours.loss)}"
    words = f"take {found.label}: {loss} at the recipe's {ours.label}, which is outside {part}"
    edge = best in (0, len(points) - 1)
    if edge:
        words += "; the range ends there: move it"
    verb, over = ("curve", "lr") if edge else ("fit", "")
    return replace(study, state="change", conclusion=words, next=ground.asked.command(verb, {"lr": found.size}, over))
