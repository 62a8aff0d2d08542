"""Checks of the fit: underfitting, and a loss that still falls."""

from __future__ import annotations

import math

from dl.finding import Finding
from dl.runs.outcomes import PartOutcomes
from dl_reports import formatting, remedy
from dl_reports.checks.overfitting import SURE
from dl_reports.facts import Facts, known
from dl_reports.statistics import NotComputable
from dl_reports.statistics.moments import variance_of_mean


def underfitting(facts: Facts) -> list[Finding] | NotComputable:
    """Find a validation error of which certainly more than half is on the training set, and no longer falls."""
    trend, change = facts.trend, facts.loss_change
    if isinstance(trend, NotComputable):
        return trend
    if trend.falling or isinstance(change, NotComputable) or change.onset is not None:
        return []  # other findings say what to do first
    metric = known(facts.metric_change)
    if metric is not None and metric.onset is not None:
        return []
    z = common_error_z(facts)
    if isinstance(z, NotComputable):
        return z
    if z <= SURE:
        return []
    train, val = (_mean_score(facts, part) for part in (facts.kept.probe, facts.kept.val))
    shown = formatting.percent if facts.higher_score else formatting.number
    message = (
        "the loss has stopped falling and most of the error is on the training set as well: "
        f"{formatting.metric_word(facts.tested_metric)} is {shown(train)} there and {shown(val)} on validation; "
        "the network is too small, or the inputs hold no more information"
    )
    found = {"probe": train, "val": val, "z": z}
    return [Finding("fit-underfitting", "tip", message, found, remedy.larger(facts))]


def _mean_score(facts: Facts, part: PartOutcomes | NotComputable) -> float:
    """Average the score of a set at the best epoch; its outcomes were kept, or z were not known."""
    assert isinstance(part, PartOutcomes) and facts.best is not None
    return float(part.score[facts.best].mean(dtype="float64"))


def common_error_z(facts: Facts) -> float | NotComputable:
    """Compute by how many standard errors the error on the probe exceeds half of the validation error."""
    if facts.manifest.task.from_inputs:
        return NotComputable("no text can be predicted without error, and the least possible error is unknown")
    gap, k = facts.gap, facts.best
    if isinstance(gap, NotComputable):
        return gap
    val, probe = facts.kept.val, facts.kept.probe
    if not isinstance(val, PartOutcomes) or not isinstance(probe, PartOutcomes) or k is None:
        return NotComputable("the outcomes of single examples were not kept")
    ours, theirs = facts.as_error(probe.score[k]), facts.as_error(val.score[k])
    variance = variance_of_mean(ours, probe.groups) + variance_of_mean(theirs, val.groups) / 4
    excess = float(ours.mean() - theirs.mean() / 2)
    if variance == 0:
        return math.inf if excess > 0 else 0.0
    return excess / math.sqrt(variance)


def not_converged(facts: Facts) -> list[Finding] | NotComputable:
    """Find a validation loss that still falls over the last epochs, at 1 %."""
    trend, change = facts.trend, known(facts.loss_change)
    if isinstance(trend, NotComputable):
        return trend
    if not trend.falling or (change is not None and change.onset is not None):
        return []
    slope = formatting.with_interval(-trend.slope, (-trend.interval.high, -trend.interval.low))
    message = f"validation loss still falls at the end, by {slope} an epoch over the last {trend.epochs}: train longer"
    found = {"slope": trend.slope, "interval": list(trend.interval), "z": trend.z, "epochs": trend.epochs}
    return [Finding("fit-not-converged", "tip", message, found, remedy.longer(facts))]
