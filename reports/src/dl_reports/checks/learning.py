"""Checks of the fit: underfitting, and a loss that still falls."""

from __future__ import annotations

import math

from dl.finding import Finding
from dl.runs.outcomes import PartOutcomes
from dl.words import show_number
from dl_reports import formatting, remedy, sizes
from dl_reports.answers import Memory, answer_memory
from dl_reports.baseline import lead, rival_leads
from dl_reports.checks.overfitting import SURE
from dl_reports.facts import Facts, known
from dl_reports.statistics import NotComputable
from dl_reports.statistics.moments import variance_of_mean

OPEN = "either a larger network gains or the inputs hold no more"
SPENT = 0.9  # of the remaining error
MUCH = 0.1  # of what can be learnt: where less is left, no larger network is asked for


def underfitting(facts: Facts) -> list[Finding] | NotComputable:
    """Find a validation error of which certainly more than half is on the training set, and no longer falls.

    It is no more than a note, for a network that is too small looks like inputs that hold no more; unless a cheap rival
    is certainly better, and shows that they hold more.
    """
    trend, change = facts.trend, facts.loss_change
    if isinstance(trend, NotComputable):
        return trend
    if trend.falling or isinstance(change, NotComputable) or change.onset is not None:
        return []  # other findings say what to do first
    metric = known(facts.metric_change)
    if metric is not None and metric.onset is not None:
        return []
    ahead, beaten = known(lead(facts)), any(one.worse for one in rival_leads(facts))
    if (ahead is not None and not ahead.better) or not sizes.left(facts) > MUCH * sizes.learnable(facts):
        return []
    z = common_error_z(facts)
    if isinstance(z, NotComputable):
        return z
    if z <= SURE:
        return []
    train, val = (_mean_score(facts, part) for part in (facts.kept.probe, facts.kept.val))
    shown = formatting.percent if facts.higher_score else show_number
    message = (
        "most of the error is on the training set as well and the loss falls no more: "
        f"{formatting.metric_word(facts.tested_metric)} is {shown(train)} there and {shown(val)} on validation, so "
        f"{'a larger network or another should gain, as a cheap rival does' if beaten else OPEN}"
    )
    found = {"probe": train, "val": val, "z": z}
    return [Finding("fit-underfitting", "tip" if beaten else "note", message, found, remedy.larger(facts))]


def _mean_score(facts: Facts, part: PartOutcomes | NotComputable) -> float:
    """Average the score of a set at the best epoch; its outcomes were kept, or z were not known."""
    assert isinstance(part, PartOutcomes) and facts.best is not None
    return float(part.score[facts.best].mean(dtype="float64"))


def common_error_z(facts: Facts) -> float | NotComputable:
    """Compute by how many standard errors the error on the probe exceeds half of the validation error."""
    task = facts.manifest.task
    if task.from_inputs:
        what = "frame can be predicted" if task.predicts_frames else "input can be reconstructed"
        what = "text can be predicted" if task.tells_tokens else what
        return NotComputable(f"no {what} without error, and the least possible error is unknown")
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
    """Find a validation loss that still falls over the last epochs, at 1 %, and by an amount that matters."""
    trend, change = facts.trend, known(facts.loss_change)
    if isinstance(trend, NotComputable):
        return trend
    if not trend.falling or (change is not None and change.onset is not None):
        return []
    fell = -trend.slope * (trend.epochs - 1)
    if fell < sizes.smallest_loss(facts) or not sizes.left(facts) > sizes.smallest_that_matters(facts):
        return []
    slope = formatting.with_interval(-trend.slope, (-trend.interval.high, -trend.interval.low))
    message = f"the validation loss still falls at the end, by {slope} an epoch over the last {trend.epochs}"
    found = {"slope": trend.slope, "interval": list(trend.interval), "z": trend.z, "epochs": trend.epochs}
    if _spent(facts):
        message += ", but training examples are all but known: more epochs gain little"
        return [Finding("fit-not-converged", "note", message, found)]
    return [Finding("fit-not-converged", "tip", message, found, remedy.longer(facts))]


def _spent(facts: Facts) -> bool:
    """Return whether nearly all of the error that is left is gap, so that more fitting gains hardly anything."""
    memory = answer_memory(facts)
    return memory.state in (Memory.PART, Memory.LARGE) and memory.of_left >= SPENT
