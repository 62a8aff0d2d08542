"""Outcomes in a report: hardest and suspect examples, classes taken for one another, and calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dl.intervals import Estimate, mean_interval, wilson
from dl.runs.outcomes import PartOutcomes
from dl_reports.checks.labels import class_name
from dl_reports.facts import SOFTMAX, Facts, known
from dl_reports.report import Bin, CalibrationCard, Confusion, Example, Pair, Sketch
from dl_reports.statistics import NotComputable
from dl_reports.statistics.calibration import BINS, CalibrationError

HARDEST, SUSPECT = 12, 12
LARGEST_MATRIX = 30  # classes; of more, the most confused ones are shown
PAIRS = 10
NAN = float("nan")


def examples(facts: Facts, *, mislabelled: bool) -> tuple[Example, ...]:
    """The validation examples with the largest loss, of those above the mean; then the suspect ones of training."""
    return (*_hardest(facts), *(_suspects(facts) if mislabelled else ()))


def _hardest(facts: Facts) -> list[Example]:
    val, k = facts.kept.val, facts.best
    if isinstance(val, NotComputable) or k is None or k >= len(val.loss):
        return []
    losses = np.nan_to_num(val.loss[k].astype(np.float32), nan=0.0)
    count = min(HARDEST, len(losses))
    top = np.argpartition(-losses, count - 1)[:count]
    chosen = top[np.argsort(-losses[top], kind="stable")]
    worth = losses.mean(dtype=np.float64)
    return [_example(facts, val, "val", "hardest", int(row), k) for row in chosen if losses[row] > worth]


def _suspects(facts: Facts) -> list[Example]:
    probe, k, found = facts.kept.probe, facts.best, known(facts.suspects)
    if isinstance(probe, NotComputable) or found is None or k is None or k >= len(probe.loss):
        return []
    chosen = found.order[: min(SUSPECT, found.negative)]
    return [_example(facts, probe, "probe", "suspect", int(row), k) for row in chosen]


def _example(facts: Facts, kept: PartOutcomes, part: str, why: str, row: int, k: int) -> Example:
    return Example(
        id=int(kept.ids[row]),
        part=part,
        why=why,
        true=_target(facts, kept.targets[row]),
        said=_said(facts, row) if part == "val" else None,
        loss=float(kept.loss[k, row]),
        sketch=_sketch(known(facts.kept.sketches), part, row),
    )


def _target(facts: Facts, target: NDArray[np.generic]) -> str:
    task = facts.manifest.task
    if task.has_classes:
        return class_name(facts, int(target))
    values = np.atleast_1d(target)
    if task.has_labels:
        on = [task.names[k] if k < len(task.names) else str(k) for k in np.flatnonzero(values)]
        return ", ".join(on[:8]) or "none"
    return ", ".join(f"{float(value):.4g}" for value in values[:4])


def _said(facts: Facts, row: int) -> str | None:
    answers, names = known(facts.kept.answers), facts.manifest.task.answers
    if answers is None:
        return None
    answer = answers[row]
    if not facts.has_classes and len(names) == np.size(answer):
        return ", ".join(f"{name} {float(value):.4g}" for name, value in zip(names[:4], answer, strict=False))
    return _target(facts, answer)


def _sketch(sketches: Mapping[str, NDArray[Any]] | None, part: str, row: int) -> Sketch | None:
    """Return the sketch of an example, if it is among those kept and of a shape that can be shown."""
    if sketches is None or f"{part}_rows" not in sketches or f"{part}_sketches" not in sketches:
        return None
    rows, kept = sketches[f"{part}_rows"], sketches[f"{part}_sketches"]
    where = np.flatnonzero(rows == row)
    if len(where) == 0 or where[0] >= len(kept):
        return None
    sketch = kept[where[0]]
    if kept.dtype.kind == "U":
        return str(sketch)
    image = kept.dtype == np.uint8 and sketch.ndim == 3 and sketch.shape[2] in (1, 3) and 0 not in sketch.shape
    return sketch if image else None


def confusion(facts: Facts) -> Confusion | NotComputable:
    """Classes taken for one another on the validation part at the best epoch."""
    answers, val = facts.answers, facts.kept.val
    if isinstance(answers, NotComputable):
        return answers
    if isinstance(val, NotComputable):
        return val
    targets = val.targets.astype(np.int64)
    if targets.shape != answers.shape or targets.min() < 0:
        return NotComputable("targets and answers do not match")
    size = int(max(targets.max(), answers.max())) + 1
    pairs = _pairs(facts, targets, answers, size)
    classes = max(size, len(facts.manifest.task.names))
    shown = np.arange(classes) if classes <= LARGEST_MATRIX else _most_confused(targets, answers, size)
    place = np.full(max(size, classes), -1)
    place[shown] = np.arange(len(shown))
    inside = (place[targets] >= 0) & (place[answers] >= 0)
    cells = place[targets[inside]] * len(shown) + place[answers[inside]]
    counts = np.bincount(cells, minlength=len(shown) ** 2).reshape(len(shown), len(shown)).astype(np.int64)
    names = tuple(class_name(facts, int(k)) for k in shown)
    return Confusion(names, counts, pairs, classes - len(shown))


def _pairs(facts: Facts, targets: NDArray[np.int64], answers: NDArray[np.int64], size: int) -> tuple[Pair, ...]:
    wrong = targets != answers
    cells, counts = np.unique(targets[wrong] * size + answers[wrong], return_counts=True)
    of_class = np.bincount(targets, minlength=size)
    chosen = np.argsort(-counts, kind="stable")[:PAIRS]
    found = []
    for cell, count in zip(cells[chosen].tolist(), counts[chosen].tolist(), strict=True):
        true, said = divmod(cell, size)
        share = count / int(of_class[true])
        found.append(Pair(class_name(facts, true), class_name(facts, said), count, share))
    return tuple(found)


def _most_confused(targets: NDArray[np.int64], answers: NDArray[np.int64], size: int) -> NDArray[np.intp]:
    wrong = targets != answers
    errors = np.bincount(targets[wrong], minlength=size) + np.bincount(answers[wrong], minlength=size)
    return np.sort(np.argsort(-errors, kind="stable")[:LARGEST_MATRIX])


def calibration(facts: Facts) -> CalibrationCard | NotComputable:
    """Whether probabilities mean what they say, and what one temperature would mend."""
    found, logits, val = facts.calibration, facts.kept.best_logits, facts.kept.val
    if isinstance(found, NotComputable):
        return found
    assert not isinstance(logits, NotComputable) and not isinstance(val, NotComputable)  # it was computed from them
    before, after = (_Judged.of(facts, logits, val.targets, t) for t in (1.0, found.temperature))
    half = len(val.targets) - len(val.targets) // 2
    return CalibrationCard(
        bins=before.bins,
        temperature=found.temperature,
        ece_before=_error(found.before, before.bins, half),
        ece_after=_error(found.after, after.bins, half),
        nll_before=Estimate(found.nll_before, *mean_interval(found.nll_before, before.spread, half)),
        nll_after=Estimate(found.nll_after, *mean_interval(found.nll_after, after.spread, half)),
        gain=Estimate(found.gain.mean, *found.gain.interval),
    )


class _Judged(NamedTuple):
    """The whole validation part at one temperature: its bins, and the deviation of an example's log-likelihood."""

    bins: tuple[Bin, ...]
    spread: float

    @staticmethod
    def of(facts: Facts, logits: NDArray[np.float32], targets: NDArray[np.generic], temperature: float) -> _Judged:
        z = logits.astype(np.float32) / np.float32(temperature)
        if facts.manifest.task.probabilities != SOFTMAX:
            y = targets.reshape(z.shape).astype(np.float32)
            nll = np.logaddexp(0.0, (1 - 2 * y) * z).sum(axis=1)
            p, right = 0.5 * (1 + np.tanh(z.astype(np.float64) / 2)), y > 0.5
            return _Judged(_bins(p.ravel(), right.ravel()), float(nll.std(ddof=1)))
        z -= z.max(axis=1, keepdims=True)
        total = np.exp(z).sum(axis=1, dtype=np.float64)
        nll = np.log(total) - z[np.arange(len(z)), targets.astype(np.int64)]
        return _Judged(_bins(1 / total, z.argmax(axis=1) == targets), float(nll.std(ddof=1)))


def _error(found: CalibrationError, bins: Sequence[Bin], half: int) -> Estimate:
    """The calibration error with an interval: the gaps of the bins drawn again with their binomial error.

    A gap drawn around one that was itself seen carries the part of chance twice, so it is taken out twice.
    """
    gaps = np.array([one.confidence - one.right.value for one in bins])
    sure = np.array([one.confidence for one in bins])
    error = np.sqrt(sure * (1 - sure) / np.maximum(half / len(bins), 1))
    drawn = np.abs(gaps + error * np.random.default_rng(0).standard_normal((1000, len(bins)))).mean(axis=1)
    clean = np.sqrt(np.maximum(drawn**2 - 2 * found.by_chance**2, 0.0))
    low, high = np.quantile(clean, [0.025, 0.975]).tolist()
    return Estimate(found.error, min(low, found.error), max(high, found.error))


def _bins(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> tuple[Bin, ...]:
    """Bins of equal mass."""
    order = np.argsort(confidence, kind="stable")
    found = []
    for rows in np.array_split(order, min(BINS, len(order))):
        count, hits = len(rows), int(right[rows].sum())
        found.append(Bin(float(confidence[rows].mean()), Estimate(hits / count, *wilson(hits, count)), count))
    return tuple(found)
