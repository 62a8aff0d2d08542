"""Sections: ladder, standing and curves of a report, from the history and the facts."""

from __future__ import annotations

import math

import numpy as np

from dl.intervals import Estimate, mean_interval, wilson
from dl.runs.outcomes import PartOutcomes
from dl_reports.facts import Facts, known
from dl_reports.report import Curve, Curves, Rung, Standing

NAN = float("nan")


def ladder(facts: Facts) -> tuple[Rung, ...]:
    """Baselines and network on the validation part, worst first."""
    if facts.best is None:
        return ()
    sign = 1.0 if facts.metric.higher else -1.0
    rungs = [Rung(b.name, b.answer, Estimate(b.score, NAN, NAN), b.loss, ours=False) for b in facts.manifest.baselines]
    rungs.append(Rung(facts.manifest.model, "", facts.score("val"), facts.best_row.get("val_loss"), ours=True))
    return tuple(sorted(rungs, key=lambda rung: (sign * rung.score.value, rung.ours)))


def standing(facts: Facts) -> Standing | None:
    """The honest triple at the best epoch."""
    if facts.best is None:
        return None
    luck, found = known(facts.luck), known(facts.gap)
    gap = facts.estimate("gap")
    if not math.isfinite(gap.value) and found is not None:
        gap = Estimate(found.gap, *found.interval)
    return Standing(
        epoch=facts.epochs[facts.best],
        probe=facts.score("probe"),
        val=facts.score("val"),
        gap=gap,
        corrected=None if luck is None else Estimate(luck.corrected, *luck.interval),
    )


def curves(facts: Facts) -> Curves | None:
    """Loss and headline metric over the epochs, with bands where single outcomes were kept."""
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
        n = len(kept.ids)
        for k, row in enumerate(kept.loss):
            sd = float(row.std(dtype=np.float64, ddof=1)) if n > 1 and np.isfinite(row).all() else NAN
            bands[k] = _finite(mean_interval(values[k], sd, n))
    return Curve(part, tuple(values), tuple(low for low, _ in bands), tuple(high for _, high in bands))


def _metric(facts: Facts, part: str) -> Curve:
    """A curve of the metric; the history keeps the ends of its intervals, and counts give them where it does not."""
    values = facts.column(f"{part}_{facts.metric.name}")
    lows, highs = facts.column(f"{part}_low"), facts.column(f"{part}_high")
    n = facts.manifest.parts.val if part == "val" else facts.manifest.parts.probe
    if facts.metric.kind == "proportion":
        for k, value in enumerate(values):
            if not math.isfinite(lows[k]) and 0 <= value <= 1:
                lows[k], highs[k] = wilson(value * n, n)
    return Curve(part, tuple(values), tuple(lows), tuple(highs))


def _finite(interval: tuple[float, float]) -> tuple[float, float]:
    low, high = interval
    return (low, high) if math.isfinite(low) and math.isfinite(high) else (NAN, NAN)
