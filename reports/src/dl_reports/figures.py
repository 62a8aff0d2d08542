"""Figures of a report: baselines, scores at the best epoch, curves and calibration, from the history and the facts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from dl.groups import Groups
from dl.intervals import Estimate, interval_of_mean, mean_interval, wilson
from dl.runs.manifest import Baseline, drawn
from dl.runs.outcomes import PartOutcomes
from dl_reports.baseline import rival_leads
from dl_reports.checks.labels import class_name
from dl_reports.facts import SOFTMAX, Facts, known
from dl_reports.report import (
    BaselineRow,
    BestEpochScores,
    Bin,
    CalibrationCard,
    ClassRow,
    Curve,
    Curves,
    ThresholdRow,
    Thresholds,
)
from dl_reports.statistics import NotComputable
from dl_reports.statistics.reliability import Reliability, class_reliability, error_interval, label_reliability

NAN = float("nan")


def ladder(facts: Facts) -> tuple[BaselineRow, ...]:
    """List baselines and network by their validation score, worst first."""
    if facts.best is None:
        return ()
    sign = 1.0 if facts.metric.higher else -1.0
    leads = {one.baseline.name: Estimate(one.lead, *one.interval) for one in rival_leads(facts)}
    rows = [_baseline_row(one, leads) for one in facts.manifest.baselines]
    rows.append(BaselineRow(facts.manifest.model, "", facts.score("val"), facts.best_row.get("val_loss"), ours=True))
    return tuple(sorted(rows, key=lambda row: (sign * row.score.value, row.ours)))


def _baseline_row(one: Baseline, leads: Mapping[str, Estimate]) -> BaselineRow:
    score = Estimate(one.score, *(one.interval or (NAN, NAN)))
    if not one.rival:
        return BaselineRow(one.name, one.answer, score, one.loss, ours=False)
    lead = leads.get(one.name)
    answer = one.answer.removesuffix(drawn(one.train))
    rival = BaselineRow(one.name, answer, score, one.loss, ours=False, rival=True)
    return replace(rival, seconds=one.seconds, train=one.train, lead=lead)


def best_epoch_scores(facts: Facts) -> BestEpochScores | None:
    """Score the best epoch on the probe and on validation, with the gap and the score less the luck of the choice."""
    if facts.best is None:
        return None
    luck, found = known(facts.luck), known(facts.gap)
    gap = facts.estimate("gap")
    if not math.isfinite(gap.value) and found is not None:
        gap = Estimate(found.gap, *found.interval)
    return BestEpochScores(
        epoch=facts.epochs[facts.best],
        probe=facts.score("probe"),
        val=facts.score("val"),
        gap=gap,
        corrected=None if luck is None else Estimate(luck.corrected, *luck.interval),
    )


def class_rows(facts: Facts) -> tuple[ClassRow, ...]:
    """List recall and precision of each class or label that is there or was answered, the least found first."""
    counts = known(facts.class_counts)
    if counts is None:
        return ()
    rows = []
    for k in np.flatnonzero(np.asarray(counts.examples) + np.asarray(counts.answers)).tolist():
        examples, answers, right = counts.examples[k], counts.answers[k], counts.right[k]
        name = class_name(facts, k)
        recall = Estimate(right / examples if examples else NAN, *counts.recall(k))
        precision = Estimate(right / answers if answers else NAN, *counts.precision(k))
        positive = facts.has_classes and name == facts.manifest.task.positive
        rows.append(ClassRow(name, int(examples), int(answers), recall, precision, positive))
    return tuple(sorted(rows, key=lambda row: row.recall.value if row.examples else math.inf))


def thresholds(facts: Facts) -> Thresholds | None:
    """List the thresholds of the run; None without any."""
    task = facts.manifest.task
    decision = task.decision
    if decision is None:
        return None
    names = task.names if task.has_labels else (task.positive,)
    rows = zip(names, decision.thresholds, decision.tuned, strict=False)
    return Thresholds(decision.asked, decision.reason, tuple(ThresholdRow(*row) for row in rows))


def curves(facts: Facts) -> Curves | None:
    """Collect loss and headline metric over the epochs, with bands where single outcomes were kept."""
    if not facts.epochs:
        return None
    loss, metric = known(facts.loss_change), known(facts.metric_change)
    losses = facts.column("val_loss")
    usable = [k for k, value in enumerate(losses) if math.isfinite(value)]
    return Curves(
        epochs=facts.epochs,
        loss=tuple(_loss(facts, part) for part in ("train", "probe", "val") if _has(facts, f"{part}_loss")),
        metric=tuple(_metric(facts, part) for part in ("probe", "val") if _has(facts, f"{part}_{facts.metric.name}")),
        best_epoch=None if facts.best is None else facts.epochs[facts.best],
        least_loss=facts.epochs[min(usable, key=lambda k: losses[k])] if usable else None,
        loss_onset=loss.onset if loss is not None and loss.established else None,
        metric_onset=metric.onset if metric is not None and metric.established else None,
    )


def _has(facts: Facts, name: str) -> bool:
    return any(name in row for row in facts.kept.rows)


def _loss(facts: Facts, part: str) -> Curve:
    values = facts.column(f"{part}_loss")
    kept = {"val": facts.kept.val, "probe": facts.kept.probe}.get(part)
    bands = [(NAN, NAN)] * len(values)
    if isinstance(kept, PartOutcomes):
        for k, row in enumerate(kept.loss):
            bands[k] = _finite(interval_of_mean(row, kept.groups)) if np.isfinite(row).all() else (NAN, NAN)
    return Curve(part, tuple(values), tuple(low for low, _ in bands), tuple(high for _, high in bands))


def _metric(facts: Facts, part: str) -> Curve:
    """Take one curve of the metric, with the interval ends that the history keeps, or else from counts."""
    values = facts.column(f"{part}_{facts.metric.name}")
    lows, highs = facts.column(f"{part}_low"), facts.column(f"{part}_high")
    n = facts.manifest.parts.val if part == "val" else facts.manifest.parts.probe
    if facts.metric.kind == "proportion" and facts.groups(part) is None:
        for k, value in enumerate(values):
            if not math.isfinite(lows[k]) and 0 <= value <= 1:
                lows[k], highs[k] = wilson(value * n, n)
    return Curve(part, tuple(values), tuple(lows), tuple(highs))


def _finite(interval: tuple[float, float]) -> tuple[float, float]:
    low, high = interval
    return (low, high) if math.isfinite(low) and math.isfinite(high) else (NAN, NAN)


def calibration_card(facts: Facts) -> CalibrationCard | NotComputable:
    """Measure how far confidence is from accuracy, and what one temperature would mend."""
    found, val = facts.calibration, facts.kept.val
    if isinstance(found, NotComputable):
        return found
    assert not isinstance(val, NotComputable)  # the calibration was computed from it
    before, after = (_reliability(facts, temperature) for temperature in (1.0, found.temperature))
    judged = len(val.targets) - len(val.targets) // 2  # the half on which the temperature was not fitted
    return CalibrationCard(
        bins=tuple(Bin(one.confidence, Estimate(one.right, *one.interval), one.count) for one in before.bins),
        temperature=found.temperature,
        ece_before=Estimate(found.before.error, *error_interval(found.before, before.bins, judged)),
        ece_after=Estimate(found.after.error, *error_interval(found.after, after.bins, judged)),
        nll_before=_half_known(found.nll_before, before, judged, val.groups),
        nll_after=_half_known(found.nll_after, after, judged, val.groups),
        gain=Estimate(found.gain.mean, *found.gain.interval),
    )


def _half_known(value: float, whole: Reliability, judged: int, groups: Groups | None) -> Estimate:
    """Give a mean over half of the examples an interval, from the spread over all."""
    each = whole.nll if groups is None else groups.values(whole.nll)
    n = judged if groups is None else len(groups) - len(groups) // 2
    return Estimate(value, *mean_interval(value, float(each.std(ddof=1)), n))


def _reliability(facts: Facts, temperature: float) -> Reliability:
    """Bin the whole validation set at one temperature."""
    logits, val = facts.kept.best_logits, facts.kept.val
    assert not isinstance(logits, NotComputable) and not isinstance(val, NotComputable)
    if facts.manifest.task.probabilities == SOFTMAX:
        return class_reliability(logits, val.targets.astype(np.int64), temperature, val.groups)
    return label_reliability(logits, val.targets.reshape(logits.shape), temperature, val.groups)
