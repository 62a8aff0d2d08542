"""A curve over the training examples: would more of them help, and how much?

Each fit takes as many optimizer steps as that on all examples. Letters: ``n`` validation examples, ``K`` sizes, ``B``
bootstrap draws.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dl.capacity.compare import best_scored, improvement
from dl.capacity.power_law import Floats, PowerLaw, fit_power_law
from dl.capacity.study import Ground, Request, beats_constant, constant_words, point
from dl.capacity.subsets import beginning, halvings, nested_order, subset_splits
from dl.errors import BadData
from dl.groups import Groups
from dl.intervals import Estimate, poisson_weights
from dl.recipes.recipe import Recipe
from dl.runs.estimates import score_function
from dl.runs.manifest import MetricInfo
from dl.runs.run import Run
from dl.runs.study import Forecast, Study, StudyPoint
from dl.runs.wording import show_estimate, show_value
from dl.training.batches import batch_sizes
from dl.training.setup import FitSetup
from dl.words import many

FEWEST = 3  # sizes from which on a law of two numbers is more than a line through its points
DRAWS = 400
MEMORY = 4_000_000  # weights drawn at once
MORE = (2, 10)  # times the data, of the forecasts
HARDLY = 0.1  # of the present error: a gain that certainly is smaller is called none


def need_sizes(_asked: Request, setup: FitSetup) -> None:
    """Refuse a training set that has too few batches for a curve.

    Raises:
        BadData: Naming a batch size that would do.
    """
    n, batch = len(setup.splits.train), int(setup.recipe.train["batch_size"])
    if len(halvings(n, batch)) < FEWEST:
        least, words = batch * 2 ** (FEWEST - 1), many(n, "training example")
        smaller = n // 2 ** (FEWEST + 1)
        instead = f"  try: batch_size={smaller}" if smaller > 1 else ""
        raise BadData(
            f"a curve over data needs {least:,} training examples, {least // batch} batches of {batch}, so that a "
            f"quarter of them fills one; found {words}{instead}"
        )


def over_data(ground: Ground) -> Study:
    """Fit nested subsets of the training set, and extrapolate."""
    splits, recipe = ground.first.splits, ground.recipe
    n, batch = len(splits.train), int(recipe.train["batch_size"])
    sizes = halvings(n, batch)
    notes = ["nested subsets, one validation set; each fit takes the steps of that on all, and none is stopped early"]
    if len(sizes) < 5:
        notes.append(f"subsets smaller than a batch of {batch} are left out")
    study = ground.write(replace(ground.study("curve", "data"), notes=tuple(notes), changed="gain"))
    groups = ground.groups()
    order = nested_order(groups, ground.strata(), recipe.seed)
    runs, points = list[Run](), list[StudyPoint]()
    for number, size in enumerate(sizes, start=1):
        kept = beginning(order, groups, size)
        part = subset_splits(splits, kept, groups, int(recipe.split["probe"]), recipe.seed)
        part = splits if len(kept) == n else part
        label = f"{len(kept):,} examples"
        run = ground.fit(number, _longer(recipe, len(kept), n), label, part)
        if run.manifest.signal:
            return ground.interrupted(study, run.manifest.signal, points)
        found = point(ground, run, number, label, float(len(kept)))
        if runs and found.best_epoch and points[-1].best_epoch:
            found = replace(found, change=improvement(ground.info, runs[-1], run))
        points.append(found)
        runs.append(run)
        ground.write(replace(study, points=tuple(points)))
    return ground.write(_concluded(ground, replace(study, points=tuple(points), status="finished"), runs))


def _longer(recipe: Recipe, size: int, n: int) -> Recipe:
    """Return the recipe with as many epochs as make the steps of all n examples."""
    batch = int(recipe.train["batch_size"])
    steps, all_steps = len(batch_sizes(size, batch)), len(batch_sizes(n, batch))
    return replace(recipe, train={**recipe.train, "epochs": math.ceil(int(recipe.train["epochs"]) * all_steps / steps)})


def _concluded(ground: Ground, study: Study, runs: Sequence[Run]) -> Study:
    """Return the study with its forecasts and its conclusion."""
    metric = ground.info.headline
    usable = [(one, run) for one, run in zip(study.points, runs, strict=True) if one.best_epoch]
    if len(usable) < FEWEST or not study.points[-1].best_epoch:
        return replace(study, state="failed", conclusion="it cannot be told: too few of the fits have a score")
    now = show_estimate(metric, study.points[-1].val)
    if not beats_constant(ground, runs[-1]):
        words = (
            f"nothing is learnt that holds for new examples: {metric.name} {now} with all, and a constant answer"
            f" has {constant_words(ground)}; that more data would help cannot be shown: look at inputs and targets"
        )
        return replace(study, state="nothing", conclusion=words)
    groups = runs[-1].outcomes("val").groups
    if groups is not None and groups.few:
        return replace(study, state="unknown", conclusion=f"it cannot be told: in groups, {groups.too_few}")
    law = _law(ground, [one for one, _ in usable], [run for _, run in usable], groups)
    n = study.points[-1].train
    forecasts = tuple(Forecast(more, _as_score(metric, law.at(more * n))) for more in MORE)
    form = "error = a + b / n^c" if law.known else "error = a + b / n^0.5, since the points do not tell the exponent"
    noted = replace(study, forecasts=forecasts, notes=(*study.notes, f"extrapolated by {form}"))
    return _with_twice(noted, law, n)


def _with_twice(study: Study, law: PowerLaw, n: int) -> Study:
    """Conclude whether twice the data is certainly better, certainly hardly so, or neither."""
    metric, twice, now = study.metric, study.forecasts[0].score, study.points[-1].val.value
    gain, error = law.gain(2 * n), float(law.errors(n)[0])
    score = f"twice the data: {metric.name} {show_estimate(metric, twice)}, from {show_value(metric, now)}"
    if gain.low > 0 and gain.value >= HARDLY / 2 * error:
        return replace(study, state="helps", conclusion=f"{score}; more data helps")
    if gain.high < HARDLY * error:
        return replace(study, state="flat", conclusion=f"{score}; more data hardly helps this network")
    return replace(study, state="unknown", conclusion=f"{score}; whether more data helps cannot be told")


def _law(ground: Ground, points: Sequence[StudyPoint], runs: Sequence[Run], groups: Groups | None) -> PowerLaw:
    """Fit the law to the errors of the fits, and to those of validation examples drawn anew, the same for all fits."""
    metric = ground.info.headline
    functions = []
    for run in runs:
        scored, targets, _ = best_scored(run)
        functions.append(score_function(ground.info, scored, targets))
    n = len(targets)
    rng, block = np.random.default_rng([ground.recipe.seed, 0xB007]), max(1, min(DRAWS, MEMORY // n))
    drawn = list[Floats]()
    for start in range(0, DRAWS, block):
        shape = (n if groups is None else len(groups), min(block, DRAWS - start))
        weights = poisson_weights(rng, shape)
        weights = weights if groups is None else weights[groups.numbers]
        drawn.append(np.stack([score(weights) for score in functions]))
    scores = np.concatenate(drawn, axis=1)
    scores = scores[:, np.isfinite(scores).all(axis=0)]
    whole = np.array([float(score(np.ones((n, 1), np.float32))[0]) for score in functions])
    sizes = np.array([one.train for one in points], np.float64)
    high = 1.0 if metric.higher else np.inf
    return fit_power_law(sizes, _as_error(metric, whole), _as_error(metric, scores), ground.recipe.seed, high)


def _as_error(metric: MetricInfo, scores: Floats) -> Floats:
    return metric.perfect - scores if metric.higher else scores - metric.perfect


def _as_score(metric: MetricInfo, error: Estimate) -> Estimate:
    """Return the score of an error; of a metric where higher is better the ends change places."""
    if not metric.higher:
        return Estimate(*(metric.perfect + end for end in error))
    return Estimate(metric.perfect - error.value, metric.perfect - error.high, metric.perfect - error.low)
