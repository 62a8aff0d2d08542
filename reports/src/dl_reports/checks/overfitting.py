"""Checks for overfitting: the validation loss and metric after their best epoch, and over-confidence."""

from __future__ import annotations

from dl.finding import Finding
from dl.words import show_number
from dl_reports import formatting, remedy, sizes
from dl_reports.change import Change
from dl_reports.facts import Facts, known
from dl_reports.statistics import NotComputable
from dl_reports.statistics.calibration import Calibration
from dl_reports.statistics.stopping import prechelt

SURE = 2.326  # one-sided, at the level of the other checks


def overfit_loss(facts: Facts) -> list[Finding] | NotComputable:
    """Find a validation loss that rises after its best epoch, at 2.5 % over all epochs."""
    change = facts.loss_change
    if isinstance(change, NotComputable):
        return change
    if not change.established:
        return []
    rise = formatting.with_interval(change.worse, change.interval)
    message = (
        f"validation loss rises from {show_number(change.before)} at epoch {change.best} to "
        f"{show_number(change.after)} at epoch {change.last}, by {rise}{_since(change)}"
    )
    return [_finding(facts, "fit-overfit-loss", message, change, sizes.smallest_loss(facts))]


def overfit_metric(facts: Facts) -> list[Finding] | NotComputable:
    """Find a headline metric that gets worse after its best epoch, at 2.5 % over all epochs."""
    change, name = facts.metric_change, formatting.metric_word(facts.tested_metric)
    if isinstance(change, NotComputable):
        return change
    if not change.established:
        return []
    higher = facts.higher_score
    shown = formatting.percent if higher else show_number
    worse = formatting.points if higher else formatting.with_interval
    message = (
        f"validation {name} {'falls' if higher else 'rises'} from {shown(change.before)} at epoch {change.best} to "
        f"{shown(change.after)} at epoch {change.last}, by {worse(change.worse, change.interval)}{_since(change)}"
    )
    return [_finding(facts, "fit-overfit-metric", message, change, sizes.smallest_change(facts))]


def _finding(facts: Facts, code: str, message: str, change: Change, smallest: float) -> Finding:
    """Return an issue with its remedy, or a note where the change is certain and too small to matter."""
    if change.worse >= smallest:
        return Finding(code, "issue", message, evidence(change), remedy.regularize(facts))
    return Finding(code, "note", f"{message}, which is too little to matter", evidence(change))


def over_confident(facts: Facts) -> list[Finding] | NotComputable:
    """Find a loss that rises while decisions do not get worse, or that a temperature above 1 certainly lowers."""
    both, scaled = facts.agreement, facts.calibration
    if isinstance(both, NotComputable) and isinstance(scaled, NotComputable):
        return both if facts.has_classes else scaled
    found: dict[str, object] = {}
    reasons: list[str] = []
    agreement, temperature = known(both), known(scaled)
    matters = isinstance(facts.loss_change, Change) and facts.loss_change.worse >= sizes.smallest_loss(facts)
    if agreement is not None and agreement.over_confident and facts.metric.higher and matters:
        reasons.append(_apart(facts))
        found |= {"loss_best": agreement.loss_best, "metric_best": agreement.metric_best}
    if (
        temperature is not None
        and temperature.temperature > 1
        and temperature.gain.z > SURE
        and _worth(facts, temperature)
    ):
        gain = formatting.with_interval(temperature.gain.mean, temperature.gain.interval)
        reasons.append(f"a temperature of {temperature.temperature:.2f} lowers its loss by {gain}")
        found |= {"temperature": temperature.temperature, "gain": temperature.gain.mean}
        found |= {"gain_interval": list(temperature.gain.interval), "ece": temperature.before.error}
    if not reasons:
        return []
    message = f"the network is over-confident: {'; '.join(reasons)}"
    command = remedy.again(facts, monitor="loss") if len(facts.epochs) > 1 else ""  # of one epoch nothing is chosen
    return [Finding("fit-over-confident", "tip", message, found, command)]


def _worth(facts: Facts, scaled: Calibration) -> bool:
    return scaled.gain.mean >= sizes.smallest_loss(facts)


def _apart(facts: Facts) -> str:
    loss, metric = facts.loss_change, facts.metric_change
    assert not isinstance(loss, NotComputable) and not isinstance(metric, NotComputable)  # the agreement is known
    name = formatting.metric_word(facts.tested_metric)
    if metric.established:
        return f"the loss is best at epoch {loss.best}, {name} at epoch {metric.best}"
    return f"the loss rises since epoch {loss.onset}, while {name} is not certainly worse"


def stopped_too_late(facts: Facts) -> list[Finding] | NotComputable:
    """Find epochs after the onset that improved neither the loss nor the metric."""
    loss, metric = facts.loss_change, facts.metric_change
    if isinstance(loss, NotComputable):
        return loss
    better_later = not isinstance(metric, NotComputable) and metric.best > loss.last - (loss.last - loss.best) // 2
    if not loss.established or better_later or loss.last - loss.best < 2 or loss.worse < sizes.smallest_loss(facts):
        return []
    wasted = loss.last - loss.best
    message = (
        f"the last {formatting.many(wasted, 'epoch')} of {loss.last} made nothing better; "
        f"the loss was best at epoch {loss.best}"
    )
    found: dict[str, object] = {"best": loss.best, "epochs": loss.last, "wasted": wasted}
    stop = known(prechelt(facts.column("train_loss"), facts.column("val_loss")))  # type: ignore[arg-type]  # lists will do
    if stop is not None:
        found |= {"generalization_loss_percent": float(stop.generalization_loss[-1])}
    return [Finding("fit-stopped-too-late", "note", message, found, remedy.until(facts, loss.best))]


def _since(change: Change) -> str:
    if not change.dated or change.onset is None:
        return f" ({change.form})"
    return f", since epoch {change.onset}"


def evidence(change: Change) -> dict[str, object]:
    """Return the numbers of a change by name."""
    return {
        "best_epoch": change.best,
        "onset_epoch": change.onset if change.dated else None,
        "last_epoch": change.last,
        "best": change.before,
        "last": change.after,
        "worse": change.worse,
        "interval": list(change.interval),
        "z": change.z,
        "critical": change.critical,
        "n": change.n,
        "form": change.form,
    }
