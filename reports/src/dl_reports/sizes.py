"""Sizes that matter, in the task's own units: a difference can be certain and mean nothing.

Letters: ``b`` the score of the best constant answer, ``R`` the range that can be learnt, from ``b`` to perfection.
"""

from __future__ import annotations

import math

from dl.runs.manifest import Baseline
from dl.words import many
from dl_reports.facts import Facts

SMALLEST = 0.01  # of the range that can be learnt: the smallest difference that matters


def constants(facts: Facts) -> list[Baseline]:
    """List the baselines that answer alike whatever the input, as far as they have a score."""
    return [one for one in facts.manifest.baselines if not one.rival and math.isfinite(one.score)]


def best_of(facts: Facts, baselines: list[Baseline]) -> Baseline | None:
    """Return the baseline with the best score; None of none."""
    sign = 1.0 if facts.metric.higher else -1.0
    return max(baselines, key=lambda one: sign * one.score, default=None)


def learnable(facts: Facts) -> float:
    """Compute R, the distance from the best constant answer to perfection; NaN where it is unknown or nothing."""
    best = best_of(facts, constants(facts))
    if best is None:
        return abs(facts.metric.perfect) if facts.metric.higher and facts.metric.perfect else math.nan
    return abs(facts.metric.perfect - best.score) or math.nan


def smallest_that_matters(facts: Facts) -> float:
    """Compute the smallest difference of the headline metric that matters: one percent of R, or 0 if R is unknown."""
    found = SMALLEST * learnable(facts)
    return found if math.isfinite(found) else 0.0


def left(facts: Facts) -> float:
    """Compute the distance from the validation score at the best epoch to perfection; NaN without an epoch."""
    return abs(facts.metric.perfect - facts.best_row.get(f"val_{facts.metric.name}", math.nan))


def constant_loss(facts: Facts) -> float | None:
    """Return the least loss of a constant answer; None where no baseline has one."""
    losses = [one.loss for one in constants(facts) if one.loss is not None and math.isfinite(one.loss)]
    return min(losses, default=None)


def smallest_loss(facts: Facts) -> float:
    """Compute the smallest difference of the loss that matters: one percent of a constant's, or 0 without any."""
    return SMALLEST * abs(constant_loss(facts) or 0.0)


def smallest_change(facts: Facts) -> float:
    """Compute the smallest change that matters of the metric that is tested on single examples."""
    if facts.tested_metric == facts.metric.name:
        return smallest_that_matters(facts)
    return SMALLEST if facts.manifest.task.bounded else 0.0


def val_that(facts: Facts, one: str, more: str) -> str:
    """Return the size of the validation set with a verb: ``1 validation example leaves``, ``40 ... examples leave``."""
    unit = f"validation {facts.val_unit}"
    return many(facts.val_units, f"{unit} {one}", f"{unit}s {more}")
