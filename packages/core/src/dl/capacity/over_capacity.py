"""A curve over the size of the network: would a bigger one help, or a smaller one do?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dl.capacity.compare import improvement
from dl.capacity.study import Ground, Request, beats_constant, constant_words, model_options, point
from dl.capacity.widths import Width, widths
from dl.errors import BadOption
from dl.intervals import Estimate
from dl.plugins.model_file import short_model
from dl.runs.run import Run
from dl.runs.study import Study, StudyPoint
from dl.runs.wording import show_estimate, show_value
from dl.training.setup import FitSetup

FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)  # of the recipe's units


def need_units(asked: Request, setup: FitSetup) -> None:
    """Refuse a model whose size no option changes.

    Raises:
        BadOption: Naming the models of the domain that have such an option.
    """
    recipe = setup.recipe
    if any(option.units for option in model_options(asked, recipe)):
        return
    specs = [spec for (home, _), spec in asked.plugins.models.items() if home == recipe.domain]
    able = [spec.name for spec in specs if any(option.units for option in spec.options)]
    raise BadOption(
        f"the model {short_model(recipe.model)} has no option for a number of units, so there is no curve over its "
        f"capacity  models with one: {', '.join(able) or 'none'}"
    )


def over_capacity(ground: Ground) -> Study:
    """Fit the recipe with fewer and more units, and compare neighbours in pairs."""
    sizes = widths(ground.recipe, ground.options, FACTORS)
    study = ground.write(
        replace(
            ground.study("curve", "capacity"), notes=("no fit is stopped early",), changed="gain on the size before"
        )
    )
    runs, points = list[Run](), list[StudyPoint]()
    for number, size in enumerate(sizes, start=1):
        run = ground.fit(number, size.recipe, size.typed)
        if run.manifest.signal:
            return ground.interrupted(study, run.manifest.signal, points)
        found = point(ground, run, number, size.typed, size.factor)
        if runs and found.best_epoch and points[-1].best_epoch:
            found = replace(found, change=improvement(ground.info, runs[-1], run))
        points.append(found)
        runs.append(run)
        ground.write(replace(study, points=tuple(points)))
    return ground.write(_concluded(ground, replace(study, points=tuple(points), status="finished"), runs, sizes))


def _concluded(ground: Ground, study: Study, runs: Sequence[Run], sizes: Sequence[Width]) -> Study:
    """Return the study with its conclusion: a larger size certainly better, or the smallest not certainly worse."""
    own = next(k for k, size in enumerate(sizes) if size.factor == 1.0)
    usable = [k for k, one in enumerate(study.points) if one.best_epoch]
    metric = ground.info.headline
    if own not in usable or len(usable) < 2:
        return replace(study, state="failed", conclusion="it cannot be told: too few of the fits have a score")
    if not any(beats_constant(ground, runs[k], len(usable)) for k in usable):
        words = (
            f"nothing is learnt that holds for new examples at any size: {metric.name} "
            f"{show_estimate(metric, study.points[own].val)} at {study.points[own].label}, and a constant answer has "
            f"{constant_words(ground)}; look at inputs and targets"
        )
        return replace(study, state="nothing", conclusion=words)
    level = 1 - 0.05 / (len(usable) - 1)  # of all comparisons with the recipe's size together
    against = {k: improvement(ground.info, runs[own], runs[k], level) for k in usable if k != own}
    better = [k for k, change in against.items() if k > own and change.low > 0]
    if better:
        k = max(better, key=lambda k: against[k].value)
        return _bigger(ground, study, sizes[k], k, own, against[k])
    enough = [k for k in usable if k == own or (k < own and against[k].high >= 0 and _near(ground, study, k, own))]
    least = study.points[min(enough)]
    words = f"no bigger network is certainly better than {study.points[own].label}"
    if min(enough) == own:
        return replace(study, state="enough", conclusion=f"{words}, and each smaller one is worse")
    score = show_value(metric, least.val.value)
    words += f"; {least.label} does as well: {metric.name} {score}, and no difference is established"
    return replace(study, state="enough", conclusion=words)


def _near(ground: Ground, study: Study, k: int, own: int) -> bool:
    """Return whether the score of a smaller size lies within the interval of that of the recipe's."""
    val = study.points[own].val
    return (
        val.low <= study.points[k].val.value if ground.info.headline.higher else study.points[k].val.value <= val.high
    )


def _bigger(ground: Ground, study: Study, size: Width, k: int, own: int, change: Estimate) -> Study:
    """Conclude where a larger size is certainly better."""
    gain = show_estimate(ground.info.headline, change, signed=True)
    words = f"a bigger network helps: {study.points[k].label} is better than {study.points[own].label} by {gain}"
    units = {name: int(value) for name, value in (pair.split("=") for pair in size.typed.split())}
    return replace(study, state="bigger", conclusion=words, next=ground.asked.command("fit", units))
