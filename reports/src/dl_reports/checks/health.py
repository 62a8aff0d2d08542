"""Checks of the optimization: loss values, gradients, dead units and the learning rate.

Where a test is possible it is one; the plain factors (`SPIKE`, `FAINT`, `DEAD`) count only together with harm that a
test has established, or define a term.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtri

from dl.finding import Finding
from dl.runs.outcomes import PartOutcomes
from dl.words import show_number
from dl_reports import formatting, remedy
from dl_reports.baseline import lead
from dl_reports.checks.learning import common_error_z
from dl_reports.checks.overfitting import SURE
from dl_reports.facts import LEVEL, Facts, known
from dl_reports.reuse import as_typed
from dl_reports.sizes import constant_loss, smallest_loss
from dl_reports.statistics import NotComputable
from dl_reports.statistics.paired import Paired, paired_difference

SPIKE = 100.0  # times the typical step: one such step undoes a hundred
FAINT = 1e-3  # of the last layer's gradient: the first layer hardly moves
LOST = 0.5  # of what had been learnt, in the loss: steps of any useful size make the loss waver
DEAD = 0.5  # of the channels: the network is less than half as wide as it looks
FRESH = 2.0  # times the loss of a constant answer, or of all classes alike: there no fresh network begins
SLOW = 1e-4  # a learning rate at which hardly any optimizer diverges
FEWEST = 300  # examples for which "never fired" means less than one in a hundred, at 95 %


def damaged(facts: Facts) -> list[Finding] | NotComputable:
    """Name the files of the run that have changed since they were written, or are missing."""
    faults = facts.kept.faults
    if not faults:
        return []
    first, more = faults[0], len(faults) - 1
    others = f", and {formatting.many(more, 'more file')} of the run" if more else ""
    message = f"{first.file} is not as it was written{others}: {first.message}; what rests on it is left out"
    found: dict[str, object] = {"files": [one.file for one in faults], "why": [one.message for one in faults]}
    return [Finding("health-damaged", "issue", message, found, f"dl doctor {as_typed(facts.kept.run, facts.manifest)}")]


def not_a_number(facts: Facts) -> list[Finding] | NotComputable:
    """Find the first epoch whose loss is not a number."""
    names = ("train_loss", "probe_loss", "val_loss")
    bad = [
        facts.epochs[k]
        for k, row in enumerate(facts.kept.rows)
        if any(not math.isfinite(row.get(n, 0.0)) for n in names)
    ]
    stopped = facts.manifest.status == "failed" and any(
        word in facts.manifest.message for word in ("nan", "NaN", "number")
    )
    if not bad and not stopped:
        return []
    done = f"after {formatting.many(len(facts.epochs), 'epoch')}" if len(facts.epochs) else "in the first epoch"
    when = f"at epoch {bad[0]}" if bad else done
    message = f"the loss stopped being a number {when}; nothing after that means anything"
    found: dict[str, object] = {"epoch": bad[0] if bad else None, "epochs": len(bad)}
    return [Finding("health-nan", "issue", message, found, remedy.slower(facts))]


def exploding_gradients(facts: Facts) -> list[Finding] | NotComputable:
    """Find a step far above the typical one, after which the training loss is certainly higher, at 1 %."""
    typical, largest = facts.column("grad_norm"), facts.column("grad_norm_max")
    if not any(map(math.isfinite, typical)):
        return NotComputable("the run keeps no gradient norms")
    probe, middle = facts.kept.probe, float(np.nanmedian(typical))
    if isinstance(probe, NotComputable):
        return probe
    for k in range(1, min(len(largest), len(probe.loss))):
        if math.isfinite(largest[k]) and largest[k] < SPIKE * middle:
            continue
        worse = paired_difference(probe.loss[k].astype(np.float64) - probe.loss[k - 1], groups=probe.groups)
        if isinstance(worse, NotComputable) or worse.mean < smallest_loss(facts):
            continue
        if worse.z > _sure(len(probe.loss)):
            message = (
                f"at epoch {facts.epochs[k]} a step's gradient was {largest[k] / middle:.3g} times the typical "
                "one, and the "
                f"loss on training examples rose by {formatting.with_interval(worse.mean, worse.interval)}"
            )
            found = {"epoch": facts.epochs[k], "largest": largest[k], "typical": middle, "rise": worse.mean}
            return [
                Finding("health-exploding-gradients", "issue", message, found, remedy.again(facts, clip=_clip(middle)))
            ]
    return []


def _sure(tests: int) -> float:
    return -float(ndtri(LEVEL / max(1, tests)))


def _clip(typical: float) -> float:
    return float(f"{10 * typical:.1g}")


def vanishing_gradients(facts: Facts) -> list[Finding] | NotComputable:
    """Find a first layer with hardly any gradient in a network that does not fit even the training set."""
    first, last = facts.column("grad_first"), facts.column("grad_last")
    ratios = [a / b for a, b in zip(first, last, strict=True) if math.isfinite(a) and math.isfinite(b) and b > 0]
    if not ratios:
        return NotComputable("the run keeps no gradient norms of its layers")
    ratio, ahead, common = float(np.median(ratios)), known(lead(facts)), known(common_error_z(facts))
    struggles = (ahead is not None and not ahead.better) or (common is not None and common > SURE)
    if ratio >= FAINT or not struggles:
        return []
    message = f"the first layer's gradient is {ratio:.1g} of the last one's, and the training set is not fitted"
    depth = remedy.option(facts, "depth")
    command = remedy.again(facts, depth=max(1, int(depth) // 2)) if depth and depth > 1 else remedy.slower(facts, 10.0)
    return [Finding("health-vanishing-gradients", "tip", message, {"ratio": ratio}, command)]


def dead_units(facts: Facts) -> list[Finding] | NotComputable:
    """Find networks of which more than half of the ReLU channels fire on no scored example."""
    shares = [share for share in facts.column("dead_share") if math.isfinite(share)]
    if not shares:
        return NotComputable("the run keeps no share of dead units; a network without ReLU has none")
    if facts.manifest.parts.val < FEWEST:
        return NotComputable(f"it takes {FEWEST} examples to distinguish a dead unit from a rare one")
    if not shares[-1] > DEAD:
        return []
    first, last = formatting.percent(shares[0]), formatting.percent(shares[-1])
    message = (
        f"{last} of the ReLU channels fired on none of the validation examples that were watched "
        f"(at the first epoch {first}): the learning rate killed them, or the network is too wide"
    )
    return [
        Finding("health-dead-units", "tip", message, {"last": shares[-1], "first": shares[0]}, remedy.slower(facts))
    ]


def lr_too_high(facts: Facts) -> list[Finding] | NotComputable:
    """Find a training loss that loses half of its gain, ends above a constant's, or rises with the validation loss."""
    probe, rise = facts.kept.probe, facts.probe_rise
    if isinstance(probe, NotComputable):
        return probe
    floor, losses = constant_loss(facts), probe.loss
    over: Paired | NotComputable = NotComputable("no baseline")
    if floor is not None:
        over = paired_difference(losses[-1].astype(np.float64) - floor, groups=probe.groups)
    if not isinstance(over, NotComputable) and over.z > SURE and _diverged(facts, probe, floor or 0.0):
        message = (
            f"the loss on training examples ends {formatting.with_interval(over.mean, over.interval)} above that of "
            "a constant answer: the steps are too large"
        )
        return [_too_high(facts, message, {"above": over.mean, "interval": list(over.interval), "z": over.z})]
    if isinstance(rise, NotComputable):
        return rise
    learnt = (facts.column("probe_loss")[0] if floor is None else floor) - rise.before
    if rise.established and rise.interval.low > LOST * learnt:
        message = (
            f"the loss on training examples themselves rises since epoch {rise.onset}, by "
            f"{formatting.with_interval(rise.worse, rise.interval)}: the steps are too large"
        )
        return [_too_high(facts, message, {"rise": rise.worse, "interval": list(rise.interval), "onset": rise.onset})]
    return _wavers(facts)


def _diverged(facts: Facts, probe: PartOutcomes, floor: float) -> bool:
    """Return whether a training loss above a constant's was driven there, and not only left where it began.

    It certainly rose over the epochs; or no fresh network begins at so large a loss, and the rate is not small.
    """
    losses = probe.loss
    rise = paired_difference(losses[-1].astype(np.float64) - losses[0], groups=probe.groups)
    if not isinstance(rise, NotComputable) and rise.z > SURE:
        return True
    task = facts.manifest.task
    fresh = max(abs(floor), math.log(max(len(task.names), 2)) if task.has_probabilities else 0.0)
    largest = float(np.nanmax(losses.mean(axis=1, dtype=np.float64)))
    return largest > FRESH * fresh and (remedy.option(facts, "lr") or math.inf) > SLOW


def _wavers(facts: Facts) -> list[Finding]:
    """Find a metric that certainly gets worse on validation and training alike: unlearning, not overfitting."""
    change, ahead = known(facts.metric_change), known(lead(facts))
    if change is None or not change.unstable:
        return []
    most = ahead is not None and change.interval.low > LOST * ahead.lead
    worse = formatting.difference(facts.metric, change.worse, change.interval)
    message = (
        f"since epoch {change.onset} {formatting.metric_word(facts.tested_metric)} got worse by {worse}, and on "
        "training examples "
        "as well: the steps are too large"
    )
    evidence = {"worse": change.worse, "interval": list(change.interval), "onset": change.onset}
    return [_too_high(facts, message, evidence, "issue" if most else "tip")]


def _too_high(facts: Facts, message: str, evidence: dict[str, object], severity: str = "issue") -> Finding:
    lr = remedy.option(facts, "lr")
    return Finding("health-lr-too-high", severity, message, {**evidence, "lr": lr}, remedy.slower(facts))


def lr_too_low(facts: Facts) -> list[Finding] | NotComputable:
    """Find a training loss that falls as fast in the second half of the fit as in the first, at 1 %."""
    probe, recipe = facts.kept.probe, known(facts.kept.recipe)
    if isinstance(probe, NotComputable):
        return probe
    if recipe is None or recipe.train.get("schedule", "constant") != "constant":
        return NotComputable("the learning rate was not constant")
    losses = probe.loss[(len(probe.loss) + 1) % 2 :]
    if len(losses) < 5:
        return NotComputable(f"it takes five epochs; found {len(probe.loss)}")
    middle = losses[len(losses) // 2].astype(np.float64)
    early, late = losses[0] - middle, middle - losses[-1]
    sped, fell = (paired_difference(one, groups=probe.groups) for one in (late - early, early + late))
    if isinstance(sped, NotComputable) or isinstance(fell, NotComputable):
        return (
            sped if isinstance(sped, NotComputable) else NotComputable("the loss on training examples did not change")
        )
    if not (sped.z > SURE and fell.z > SURE and float(late.mean()) >= smallest_loss(facts)):
        return []
    message = (
        f"the loss on training examples fell by {show_number(float(early.mean()))} in the first half of the "
        "fit and by "
        f"{show_number(float(late.mean()))} in the second: learning has hardly begun"
    )
    found = {"first_half": float(early.mean()), "second_half": float(late.mean()), "z": sped.z}
    return [Finding("health-lr-too-low", "tip", message, found, remedy.slower(facts, 10.0))]
