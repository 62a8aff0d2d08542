"""Checks of the score at the best epoch: against training, baselines, selection bias and noise."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtri

from dl.finding import Finding
from dl_reports import formatting, remedy
from dl_reports.baseline import lead
from dl_reports.change import Change
from dl_reports.facts import LEVEL, Facts, known
from dl_reports.statistics import NotComputable
from dl_reports.statistics.moments import too_few
from dl_reports.statistics.power import (
    Resolution,
    smallest_paired,
    smallest_paired_accuracy,
    smallest_unpaired,
    smallest_unpaired_accuracy,
)

_WORTH = 1.1  # times: where it takes fewer examples than this squared, more of them would hardly help
_BIAS = 0.65  # standard errors; a larger bias is reported: 95 % intervals then cover less than 90 %


def gap(facts: Facts) -> list[Finding] | NotComputable:
    """Find a training score certainly better than the validation score at the best epoch, at 1 % one-sided."""
    found = facts.gap
    if isinstance(found, NotComputable):
        return found
    if not found.z > -float(ndtri(LEVEL)):
        return []
    left = abs(facts.metric.perfect - found.val)
    most = found.interval.low > left / 2
    name = formatting.metric_word(facts.metric.name)
    train, val = (formatting.score(facts.metric, score) for score in (found.train, found.val))
    message = (
        f"{name} is {train} on training and {val} on validation examples: a certain gap of "
        f"{formatting.difference(facts.metric, found.gap, found.interval)}, z {found.z:.1f}"
        f"{', most of what is left to gain' if most else ''}"
    )
    numbers = {"probe": found.train, "val": found.val, "gap": found.gap, "interval": list(found.interval), "z": found.z}
    return [Finding("fit-gap", "tip" if most else "note", message, numbers, remedy.regularize(facts))]


def no_better_than_baseline(facts: Facts) -> list[Finding] | NotComputable:
    """Find a network that is not established to beat the best baseline; the verdict puts this first."""
    found = lead(facts)
    if isinstance(found, NotComputable):
        return found
    if found.better:
        return []
    ours, theirs = (formatting.score(facts.metric, score) for score in (found.score, found.baseline.score))
    message = (
        f"not certainly better than {formatting.quoted(found.baseline.answer)}: {ours} against {theirs} "
        f"{formatting.metric_word(facts.metric.name)}, "
        f"a lead of {formatting.difference(facts.metric, found.lead, found.interval)}"
    )
    numbers = {"score": found.score, "baseline": found.baseline.score, "lead": found.lead}
    numbers |= {"z": found.z, "critical": found.critical}
    numbers_all: dict[str, object] = {**numbers, "interval": list(found.interval), "form": found.form}
    return [Finding("fit-no-better-than-baseline", "issue", message, numbers_all, remedy.slower(facts))]


def lucky_best(facts: Facts) -> list[Finding] | NotComputable:
    """Find a best score so biased by the choice of its epoch that its interval no longer covers the truth."""
    luck, score = facts.luck, facts.score("val")
    if isinstance(luck, NotComputable):
        return luck
    half = (score.high - score.low) / 2
    if not math.isfinite(half):
        return NotComputable("the interval of the score was not kept")
    if not luck.optimism > _BIAS * half / 1.96:
        return []
    message = (
        f"choosing the best of {formatting.many(len(facts.epochs), 'epoch')} makes "
        f"{formatting.metric_word(facts.metric.name)} look "
        f"{formatting.difference(facts.metric, luck.optimism)} better than it is: "
        f"{formatting.score(facts.metric, luck.naive)} observed, "
        f"{formatting.score(facts.metric, luck.corrected)} to be expected"
    )
    found = {
        "naive": luck.naive,
        "corrected": luck.corrected,
        "optimism": luck.optimism,
        "interval": list(luck.interval),
        "certainty": luck.certainty,
    }
    next_command = f"dl test {facts.manifest.name.split('-')[0]}" if facts.manifest.parts.test else ""
    return [Finding("fit-lucky-best", "note", message, found, next_command)]


def small_validation(facts: Facts) -> list[Finding] | NotComputable:
    """Find a change for the worse that so few validation examples cannot tell from noise."""
    n, change = facts.manifest.parts.val, known(facts.metric_change)
    resolution = smallest(facts)
    if isinstance(resolution, NotComputable):
        message = f"{facts.val_size} are too few for any test: {resolution.reason}"
        return [Finding("data-small-validation", "tip", message, {"n": n}, _more(facts, None))]
    left = abs(facts.metric.perfect - facts.best_row.get(f"val_{facts.metric.name}", math.nan))
    shown = formatting.difference(facts.metric, resolution.difference)
    if resolution.difference > _WORTH * left:
        message = (
            f"even a perfect network could not be distinguished from this one: "
            f"{facts.val_size} show differences of {shown} or more, and "
            f"{formatting.difference(facts.metric, left)} is left"
        )
        found: dict[str, object] = {"n": n, "smallest": resolution.difference, "left": left}
        return [
            Finding(
                "data-small-validation",
                "tip",
                message,
                found,
                _more(facts, resolution.difference / left if left else None),
            )
        ]
    loss = known(facts.loss_change)
    asked = loss is not None and loss.established  # only then does the metric owe an answer
    if not asked or change is None or change.established or change.worse <= 0:
        return []
    resolution = known(_smallest_change(facts, change)) or resolution
    shown = formatting.difference(facts.metric, resolution.difference)
    if change.worse >= resolution.difference:
        return []
    worse = formatting.difference(facts.metric, change.worse, change.interval)
    message = (
        f"the last epoch is {worse} worse than the best in "
        f"{formatting.metric_word(facts.tested_metric)}, which is not distinguishable from noise: "
        f"{facts.val_size} show differences of {shown} or more"
    )
    found = {"n": n, "smallest": resolution.difference, "seen": change.worse, "interval": list(change.interval)}
    return [
        Finding("data-small-validation", "note", message, found, _more(facts, resolution.difference / change.worse))
    ]


def _smallest_change(facts: Facts, change: Change) -> Resolution | NotComputable:
    """Compute the smallest change between two epochs that the validation set shows, paired."""
    val, best, last = facts.kept.val, facts.position(change.best), facts.position(change.last)
    if isinstance(val, NotComputable) or best is None or last is None or max(best, last) >= len(val.score):
        return NotComputable("the outcomes of single examples were not kept")
    before, after = val.score[best], val.score[last]
    if val.groups is not None:
        moved = val.groups.values(after.astype(np.float64) - before)
        return smallest_paired(float(moved.std()), len(moved))
    if val.score.dtype == np.bool_:
        return smallest_paired_accuracy(int((before != after).sum()), len(before))
    return smallest_paired(float((after.astype(np.float64) - before).std()), len(before))


def smallest(facts: Facts) -> Resolution | NotComputable:
    """Compute the smallest difference between two networks that the validation set shows, unpaired."""
    n, k, val = facts.manifest.parts.val, facts.best, facts.kept.val
    if k is None:
        return NotComputable("no epoch has a score")
    few = too_few(n, facts.groups("val"))
    if few is not None:
        return few
    if facts.groups("val") is not None:
        score = facts.score("val")
        deviation = (score.high - score.low) / 2 / 1.96 * math.sqrt(n)
        return smallest_unpaired(deviation, n, deviation, n)
    if facts.metric.kind == "proportion":
        return smallest_unpaired_accuracy(facts.best_row[f"val_{facts.metric.name}"], n, n)
    if facts.metric.kind == "mean" and not isinstance(val, NotComputable) and k < len(val.score):
        sd = float(val.score[k].astype(float).std())
        return smallest_unpaired(sd, n, sd, n)
    score = facts.score("val")
    half = (score.high - score.low) / 2
    return smallest_unpaired(half / 1.96 * math.sqrt(n), n, half / 1.96 * math.sqrt(n), n)


def _more(facts: Facts, times: float | None) -> str:
    """Return the fit with as many validation examples as would show it, at most half of all."""
    parts = facts.manifest.parts
    if "hold-out" not in parts.rule:
        return ""
    wanted = parts.val * (times or 10.0) ** 2
    size = int(min(wanted, (parts.train + parts.val) / 2))
    return remedy.again(facts, val=size) if size > parts.val else ""
