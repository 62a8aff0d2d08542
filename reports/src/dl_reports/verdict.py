"""The verdict: one sentence on where a run stands, from the findings that matter most.

The order is that of the workflow: is there a score at all, does it beat the baselines, does it overfit, has it
converged, and only then is everything fine - with the smallest difference that could have been detected.
"""

from __future__ import annotations

from collections.abc import Sequence

from dl.finding import Finding
from dl_reports import formatting
from dl_reports.baseline import lead
from dl_reports.change import Change
from dl_reports.checks.scores import smallest
from dl_reports.facts import Facts, known
from dl_reports.report import Verdict
from dl_reports.statistics import NotComputable

SMALL = 0.1  # of what the network gained over the best baseline


def verdict(facts: Facts, findings: Sequence[Finding]) -> Verdict:
    """Judge where the run stands."""
    by_code = {finding.code: finding for finding in findings}
    if "health-nan" in by_code:
        return Verdict(f"Training broke down: {by_code['health-nan'].message}.", "issue", "health-nan")
    if facts.best is None:
        return Verdict("No epoch was finished, so there is nothing to judge.", "note")
    loss, metric = facts.loss_change, facts.metric_change
    if (high := by_code.get("health-lr-too-high")) is not None and high.severity == "issue":
        return Verdict(f"Training is unstable: {high.message}; ask about overfitting later.", "issue", high.code)
    if (baseline := by_code.get("fit-no-better-than-baseline")) is not None:
        too = f" {_in_loss(loss)}." if isinstance(loss, Change) and loss.established else ""
        return Verdict(f"Nothing was learnt yet: {baseline.message}.{too}", "issue", baseline.code)
    if isinstance(loss, NotComputable):
        return Verdict(f"Whether it overfits cannot be told, because {loss.reason}.{_gap(facts)}", "note")
    if loss.established or (not isinstance(metric, NotComputable) and metric.established):
        code = "fit-overfit-loss" if loss.established else "fit-overfit-metric"
        return Verdict(_overfit(facts, loss, known(metric)) + _form(loss), "issue", code)
    if "fit-not-converged" in by_code:
        sentence = "No overfitting yet, and not done: the validation loss still falls at the end." + _gap(facts)
        return Verdict(sentence, "tip", "fit-not-converged")
    if "fit-underfitting" in by_code:
        sentence = "Underfitting: most of the error is on the training set as well." + _gap(facts)
        return Verdict(sentence, "tip", "fit-underfitting")
    return Verdict("No overfitting is established." + _gap(facts) + _resolution(facts) + _form(loss), "good")


def _overfit(facts: Facts, loss: Change, metric: Change | None) -> str:
    name, both = formatting.metric_word(facts.tested_metric), known(facts.agreement)
    if metric is None:
        return f"{_in_loss(loss)}; {name} could not be tested."
    if not loss.established:
        return f"Overfits in {name} since {_from(metric)}: {_sizes(facts, metric)}; the loss is not certainly worse."
    if both is not None and both.overfits_both:
        where = "both are best" if metric.best == loss.best else f"the loss is best ({name} at epoch {metric.best})"
        return (
            f"Overfits in loss and in {name} since {_from(loss, 'the best loss')}: loss {_loss_sizes(loss)}, "
            f"{name} {_sizes(facts, metric)}; stop at epoch {loss.best}, where {where}."
        )
    if metric.established:
        return (
            f"{_in_loss(loss)}, and in {name} since {_from(metric)}, from {_sizes(facts, metric)}. "
            f"Loss and {name} disagree on the best epoch, {loss.best} against {metric.best}: over-confidence; "
            "choose by purpose, and calibrate."
        )
    return f"{_in_loss(loss)}, while {name} is not certainly worse: {_not_distinguishable(facts, metric)}."


def _in_loss(loss: Change) -> str:
    return f"Overfits in loss since {_from(loss)}, from {_loss_sizes(loss)}"


def _loss_sizes(loss: Change) -> str:
    by = formatting.with_interval(loss.worse, loss.interval)
    return f"{formatting.number(loss.before)} to {formatting.number(loss.after)} (by {by})"


def _not_distinguishable(facts: Facts, metric: Change) -> str:
    if metric.worse <= 0:
        return "it grows over-confident"
    seen = formatting.difference(facts.metric, metric.worse, metric.interval)
    if metric.interval.low > 0:
        return f"a change of {seen} would count on its own, but not against the best of so many epochs"
    examples = formatting.many(metric.n, "example" if facts.groups("val") is None else "group")
    return f"a change of {seen} is not distinguishable on {examples}; it grows over-confident"


def _from(change: Change, best: str = "its best") -> str:
    return f"epoch {change.onset}" if change.dated else f"{best} at epoch {change.best}"


def _sizes(facts: Facts, change: Change) -> str:
    shown = formatting.percent if facts.higher_score else formatting.number
    by = formatting.points if facts.higher_score else formatting.with_interval
    return f"{shown(change.before)} to {shown(change.after)} (by {by(change.worse, change.interval)})"


def _gap(facts: Facts) -> str:
    found = known(facts.gap)
    if found is None:
        return ""
    shown = formatting.difference(facts.metric, found.gap, found.interval)
    if not found.certain:
        return f" Training and validation do not certainly differ: gap {shown}."
    if found.gap < 0:
        return f" Validation is certainly the easier part: gap {shown}."
    gained = _gained(facts)
    small = gained is not None and found.interval.high < SMALL * gained
    return f" A {'small but ' if small else ''}certain gap of {shown} between training and validation."


def _gained(facts: Facts) -> float | None:
    found = known(lead(facts))
    return None if found is None else found.lead


def _resolution(facts: Facts) -> str:
    found = smallest(facts)
    if isinstance(found, NotComputable):
        return ""
    return (
        f" {facts.val_size} would show differences of {formatting.difference(facts.metric, found.difference)} or more."
    )


def _form(change: Change) -> str:
    return "" if change.dated else f" (From means alone: {change.form}.)"
