"""Checks of labels and classes: memorized examples, labels probably wrong, imbalance and missing classes."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import betainc, ndtri

from dl.finding import Finding
from dl.intervals import effective_size, proportion_interval, wilson
from dl.runs.outcomes import PartOutcomes
from dl_reports import formatting, remedy
from dl_reports.facts import LEVEL, Facts, known
from dl_reports.statistics import NotComputable
from dl_reports.statistics.moments import variance_of_mean

LISTED = 1000  # ids in the evidence
NAMED = 5  # classes in a sentence


def memorized(facts: Facts) -> list[Finding] | NotComputable:
    """Find training examples fitted after the onset without the same gain on validation, at 1 %."""
    change, val, probe = facts.loss_change, facts.kept.val, facts.kept.probe
    if isinstance(val, NotComputable):
        return val
    if isinstance(probe, NotComputable):
        return probe
    if isinstance(change, NotComputable):
        return change
    onset = facts.position(change.onset) if change.established else None
    fitted = known(facts.memorization)
    if val.score.dtype != np.bool_ or probe.score.dtype != np.bool_:
        return NotComputable("the task's answers are not right or wrong")
    if onset is None or fitted is None or isinstance(fitted.late, NotComputable):
        return []
    start = max(onset - 1, 0)
    gains = [part.score[-1].astype(np.float64) - part.score[start] for part in (probe, val)]
    excess = float(gains[0].mean() - gains[1].mean())
    error = math.sqrt(sum(variance_of_mean(gain, part.groups) for gain, part in zip(gains, (probe, val), strict=True)))
    if not excess > -float(ndtri(LEVEL)) * error:
        return []
    late = known(fitted.late_interval)
    message = (
        f"{formatting.percent(fitted.late)} of the training examples "
        f"{formatting.bracket(late or (math.nan, math.nan), 100, 1)} were "
        f"fitted for good only after epoch {facts.epochs[start]}, and validation did not profit: they are memorized"
    )
    found = {"late": fitted.late, "interval": list(late or ()), "excess": excess, "unforgettable": fitted.unforgettable}
    return [Finding("fit-memorized", "tip", message, found, remedy.until(facts, change.best))]


def mislabelled(facts: Facts) -> list[Finding] | NotComputable:
    """Find errors as frequent among confident predictions as among others, which labels cause, at 1 %.

    Errors of a network gather where its confidence is low. Wrong labels do not depend on it: half of them lie in the
    more confident half of the examples. More than a quarter of all errors there means that more than half are spread
    evenly.
    """
    logits, val, answers = facts.kept.best_logits, facts.kept.val, facts.answers
    if isinstance(answers, NotComputable):
        return answers
    if isinstance(logits, NotComputable):
        return logits
    if isinstance(val, NotComputable):
        return val
    if not facts.manifest.task.has_probabilities:
        return NotComputable("the task has no probabilities")
    targets, n = val.targets, len(answers)
    wrong = answers != targets
    counts = np.bincount(targets.astype(np.int64))
    if wrong.sum() < 8 or wrong.mean() >= 0.5 * (1 - counts.max() / n):
        return []  # too few errors to spread, or a network that knows too little to contradict a label
    confident = np.argsort(_lead(logits.astype(np.float32)), kind="stable")[n // 2 :]
    errors, sure = int(wrong.sum()), int(wrong[confident].sum())
    in_half = np.isin(np.flatnonzero(wrong), confident)
    groups = None if val.groups is None else val.groups.take(wrong)
    size = effective_size(in_half, groups)
    if float(betainc(max(sure / errors * size, 1e-9), size * (1 - sure / errors) + 1, 0.25)) >= LEVEL:
        return []
    share = 2 * sure / n
    low, high = (min(1.0, 2 * end * errors / n) for end in wilson(sure / errors * size, size))
    suspects = known(facts.suspects)
    listed: list[int] = []
    if suspects is not None and not isinstance(facts.kept.probe, NotComputable):
        listed = facts.kept.probe.ids[suspects.order[: min(suspects.negative, LISTED)]].tolist()
    examples = f"; the {len(listed):,} most suspect training examples are listed" if listed else ""
    message = (
        f"about {formatting.percent(share)} {formatting.bracket((low, high), 100, 1)} of the labels contradict the "
        f"most confident predictions: probably wrong{examples}"
    )
    found = {
        "share": share,
        "interval": [low, high],
        "errors": errors,
        "among_confident_half": sure,
        "suspects": listed,
    }
    return [Finding("data-mislabelled", "tip", message, {**found, "suspects": listed})]


def _lead(logits: np.ndarray) -> np.ndarray:
    """Compute the difference between the two largest logits of each example, (n,)."""
    if logits.shape[1] == 1:
        return np.asarray(np.abs(logits[:, 0]))
    top = np.partition(logits, -2, axis=1)
    return np.asarray(top[:, -1] - top[:, -2])


def imbalance(facts: Facts) -> list[Finding] | NotComputable:
    """Find an accuracy above the mean recall of the classes by more than its own interval, at 1 %."""
    answers, val, metric = facts.answers, facts.kept.val, facts.metric
    if metric.kind != "proportion" or not facts.has_classes:
        return []
    if isinstance(answers, NotComputable):
        return answers
    if isinstance(val, NotComputable):
        return val
    targets = val.targets.astype(np.int64)
    counts = np.bincount(targets)
    right = np.bincount(targets, answers == targets, minlength=len(counts))
    seen = counts > 0
    if seen.sum() < 2:
        return NotComputable("the validation set holds one class")
    shares, recalls = counts[seen] / len(targets), right[seen] / counts[seen]
    drawn = (right[seen] + 1) / (counts[seen] + 2)  # towards one half, so that no class counts as certain
    excess = float((shares * recalls).sum() - recalls.mean())
    error = math.sqrt(float(((shares - 1 / seen.sum()) ** 2 * drawn * (1 - drawn) / counts[seen]).sum()))
    if val.groups is not None:
        weights = (1 / len(targets) - 1 / (counts * seen.sum()).clip(1))[targets]  # of an example in the excess
        residuals = weights * ((answers == targets) - right[targets] / counts[targets])
        error = max(error, len(targets) * math.sqrt(variance_of_mean(residuals, val.groups)))
    bar = proportion_interval(answers == targets, val.groups)
    low = excess + float(ndtri(LEVEL)) * error
    if not low > (bar.high - bar.low) / 2:
        return []
    worst = int(np.flatnonzero(seen)[int(recalls.argmin())])
    message = (
        f"accuracy flatters: {formatting.percent(float(right.sum() / len(targets)))} of all examples are right, but "
        f"{formatting.percent(float(recalls.mean()))} of each class on average, and "
        f"{formatting.percent(float(recalls.min()))} of "
        f"{formatting.named(class_name(facts, worst))}"
    )
    found = {"accuracy": float(right.sum() / len(targets)), "balanced": float(recalls.mean()), "difference": excess}
    return [
        Finding("data-imbalance", "tip", message, {**found, "interval": [excess - 1.96 * error, excess + 1.96 * error]})
    ]


def missing_class(facts: Facts) -> list[Finding] | NotComputable:
    """Find classes and labels without a validation example, which no score covers."""
    val = facts.kept.val
    if facts.manifest.task.has_labels:
        return val if isinstance(val, NotComputable) else _missing_labels(facts, val)
    if not facts.has_classes:
        return []
    if isinstance(val, NotComputable):
        return val
    size = max(len(facts.manifest.task.names), 2)
    counts = np.bincount(val.targets.astype(np.int64), minlength=size)
    missing = np.flatnonzero(counts == 0)
    if len(missing) == 0:
        return []
    one = np.count_nonzero(counts) == 1
    message = f"no validation example of {_named(facts, missing)}: the score does not cover {_them(missing)}"
    if one:
        only = formatting.named(class_name(facts, int(counts.argmax())))
        message = f"all validation examples are {only}: the score is meaningless"
    found = {"missing": len(missing), "classes": size}
    return [Finding("data-missing-class", "issue" if one else "tip", message, found)]


def _missing_labels(facts: Facts, val: PartOutcomes) -> list[Finding]:
    """Name the labels that no validation example has, or no example of the probe: the gap leaves them out."""
    probe = known(facts.kept.probe)
    found = []
    for where, part in (("validation example", val), ("scored training example", probe)):
        if part is None or part.targets.ndim != 2:
            continue
        missing = np.flatnonzero(~part.targets.astype(np.bool_).any(axis=0))
        if len(missing):
            message = f"no {where} has {_named(facts, missing)}: score and gap do not cover {_them(missing)}"
            evidence: dict[str, object] = {"missing": len(missing), "labels": part.targets.shape[1]}
            found.append(Finding("data-missing-class", "tip", message, evidence))
    return found


def _named(facts: Facts, numbers: np.ndarray) -> str:
    shown = ", ".join(formatting.named(class_name(facts, int(k))) for k in numbers[:NAMED])
    return shown + (f" and {len(numbers) - NAMED:,} more" if len(numbers) > NAMED else "")


def _them(numbers: np.ndarray) -> str:
    return "them" if len(numbers) > 1 else "it"


def class_name(facts: Facts, number: int) -> str:
    """Return the name of a class, in quotes where it is blank, or its number where it has none."""
    names = facts.manifest.task.names
    name = names[number] if 0 <= number < len(names) else str(number)
    return name if name.strip() else f"'{name}'"
