"""The levels where the task is no classification: regression, and labels each yes or no."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from dl.recipes.recipe import PartialRecipe
from dl.runs.manifest import Baseline, Manifest, MetricInfo, Parts, TaskInfo
from dl.runs.outcomes import PartOutcomes
from dl.runs.run import Run
from dl_reports.checks import health, learning, overfitting, scores, shift
from dl_reports.facts import Facts
from dl_reports.read import Kept
from dl_reports.statistics import NotComputable

N, EPOCHS, LABELS = 200, 5, 3
MAE = MetricInfo("mae", False, 0.0, "mean")
RANKING = MetricInfo("mean_average_precision", True, 1.0, "ranking")
LEVELS = {
    overfitting.overfit_loss: 0.05,
    overfitting.overfit_metric: 0.05,
    overfitting.stopped_too_late: 0.05,
    learning.not_converged: 0.01,
    scores.gap: 0.025,
    shift.targets: 0.01,
    health.lr_too_high: 0.02,
    health.lr_too_low: 0.01,
}
ABSENT = NotComputable("not made here")


def regression(rng):
    """Targets (N,), and errors around a fixed one for each example that wavers from epoch to epoch."""
    targets, base = 3 * rng.standard_normal(N), rng.standard_normal(N)
    errors = base + 0.1 * rng.standard_normal((EPOCHS, N))
    return PartOutcomes(np.arange(N), targets, errors**2, np.abs(errors), np.zeros_like(errors))


def multilabel(rng):
    """Calibrated logits of each label that waver, and targets (N, LABELS) drawn from them."""
    base = 2 * rng.standard_normal((N, LABELS))
    targets = (rng.random((N, LABELS)) < 1 / (1 + np.exp(-base))).astype(np.int8)
    logits = base + 0.1 * rng.standard_normal((EPOCHS, N, LABELS))
    loss = np.logaddexp(0.0, (1 - 2 * targets) * logits).sum(axis=2)
    right = ((logits > 0) == (targets > 0)).mean(axis=2)
    return PartOutcomes(np.arange(N), targets, loss, right, np.zeros_like(loss))


def facts_of(name, metric, val, probe, plugins):
    """Facts of a fit that never touched the disk; the gap of a ranking is given the interval of its labels."""
    rows = []
    for t in range(EPOCHS):
        row = {"epoch": t + 1.0}
        for part, kept in (("val", val), ("probe", probe)):
            row |= {f"{part}_loss": float(kept.loss[t].mean()), f"{part}_{metric.name}": float(kept.score[t].mean())}
        sign = 1.0 if metric.higher else -1.0
        gap = sign * (row[f"probe_{metric.name}"] - row[f"val_{metric.name}"])
        arm = 1.96 * np.sqrt((val.score[t].var() + probe.score[t].var()) / N)
        rows.append(row | {"train_loss": row["probe_loss"], "gap": gap, "gap_low": gap - arm, "gap_high": gap + arm})
    labels = metric.kind == "ranking"
    flags = {"score": "share of right labels", "probabilities": "sigmoid"} if labels else {"score": "mae"}
    flags |= {"score_higher": labels, "bounded": labels}
    task = TaskInfo(name, "drawn", LABELS, ("a", "b", "c"), (metric,), "squared_error", **flags)
    parts = Parts("drawn", 5 * N, N, N, "hold-out", "print", (8,), False)
    floor = Baseline("mean", "always 0", 3.0 if name == "regression" else 0.5, 9.0)
    made = Manifest("0001-drawn", "finished", "2026", "0", "vision", "dense", 1, task, parts, (floor,))
    sign = 1.0 if metric.higher else -1.0
    best = 1 + int(np.argmax([sign * row[f"val_{metric.name}"] for row in rows]))
    recipe = PartialRecipe(train={"schedule": "constant", "monitor": "metric"})
    absent = (ABSENT,) * 5
    kept = Kept(Run(Path("nowhere")), replace(made, best_epoch=best), tuple(rows), val, probe, *absent, recipe, ())
    return Facts(kept, plugins)


@pytest.fixture(scope="module", params=[("regression", MAE, regression), ("multilabel", RANKING, multilabel)])
def counts(request, plugins, draws):
    """How often each check speaks in fits of noise."""
    name, metric, draw = request.param
    spoken = dict.fromkeys(LEVELS, 0)
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        facts = facts_of(name, metric, draw(rng), draw(rng), plugins)
        for check in LEVELS:
            answer = check(facts)
            assert not isinstance(answer, NotComputable), answer
            spoken[check] += len(answer) > 0
    return spoken


@pytest.mark.parametrize("check", LEVELS, ids=lambda check: check.__name__)
def test_a_check_speaks_of_noise_no_more_often_than_its_level(check, counts, draws):
    assert counts[check] <= binom.ppf(0.999, draws, LEVELS[check])
