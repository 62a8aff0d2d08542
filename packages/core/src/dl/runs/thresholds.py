"""Thresholds: tune the probability from which on a task answers yes, and estimate what it finds on new examples.

A threshold is tuned on the validation outcomes of the best epoch. What it reaches on the very examples that it was
tuned on is too good; so each tenth of them is decided by a threshold tuned on the others (cross-fitting), and the
threshold that is kept is the mean of those ten. Letters: ``n`` examples, ``L`` labels, or 1 for two classes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dl.errors import BadData
from dl.groups import Groups
from dl.intervals import Estimate, Interval, effective_size, widened, wilson
from dl.recipes.threshold import AUTO, BALANCED, F1, FIXED, PRECISION, RECALL, ThresholdRule, parse_threshold
from dl.runs.manifest import HALF, Decision, TaskInfo
from dl.words import many

FOLDS = 10  # of the cross-fitting
FEWEST = 50  # independent rows of the rarer side, from which on ``auto`` tunes
TIE = 1e-9  # weight of recall among cuts of equal precision
TOLD = 10  # answers from which on a precision is one
WIDER = 1.1  # how much longer intervals of cross-fitted answers are, by simulation (`benchmarks/thresholds.py`)
LARGEST = 30.0  # logit of a threshold; beyond it a probability is 0 or 1 in print

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class _Column:
    """What is answered yes or no: the class to find, of two, or one label.

    Args:
        name: Of the class or label.
        logits: (n,) of yes.
        found: (n,) whether the answer is yes in truth.
    """

    name: str
    logits: Floats
    found: Flags


@dataclass(frozen=True)
class ThresholdScore:
    """What a threshold finds.

    Args:
        name: Of the class to find, or of the label.
        threshold: Probability from which on the answer is yes.
        recall: Share of its examples that are found.
        precision: Share of the answers that are right.
    """

    name: str
    threshold: float
    recall: Estimate
    precision: Estimate

    def as_dict(self) -> dict[str, object]:
        """Return the JSON value; the precision of no answer is null."""
        shares = {"recall": self.recall._asdict(), "precision": self.precision._asdict()}
        numbers = {
            name: {end: value if math.isfinite(value) else None for end, value in share.items()}
            for name, share in shares.items()
        }
        return {"name": self.name, "threshold": self.threshold, **numbers}


def choose_thresholds(
    info: TaskInfo,
    asked: str,
    logits: NDArray[np.floating],
    targets: NDArray[np.generic],
    groups: Groups | None = None,
) -> Decision | None:
    """Apply a rule to the validation outcomes of the best epoch; None for a task that decides nothing by thresholds.

    Args:
        info: Of the task.
        asked: The rule as it is typed.
        logits: (n, K) of the validation set.
        targets: (n,) or (n, L), as stored.
        groups: Of the examples; None where they are independent.
    """
    if not info.has_thresholds:
        return None
    rule, columns = parse_threshold(asked), list(_columns(info, logits, targets))
    why = [_untuned(info, rule, column, groups) for column in columns]
    fixed = rule.value if rule.kind == FIXED else HALF
    thresholds = [
        fixed if reason else _mean_threshold(rule, column, groups) for reason, column in zip(why, columns, strict=True)
    ]
    return Decision(asked, tuple(thresholds), tuple(not reason for reason in why), _reason(rule, why, len(columns)))


def decided_answers(
    info: TaskInfo, logits: NDArray[np.floating], targets: NDArray[np.generic], groups: Groups | None = None
) -> NDArray[np.int64]:
    """Return the answers to the validation examples in the form of targets, each by a threshold that did not see it.

    Args:
        info: With its decision.
        logits: (n, K) of the validation set.
        targets: (n,) or (n, L), as stored.
        groups: Of the examples; none is cut by the cross-fitting.
    """
    decision = info.decision
    assert decision is not None
    rule = parse_threshold(decision.asked)
    answered = [
        _cross_fitted(rule, column, groups)[0] if tuned else column.logits > as_logit(threshold)
        for column, threshold, tuned in zip(
            _columns(info, logits, targets), decision.thresholds, decision.tuned, strict=True
        )
    ]
    flags = np.stack(answered, axis=1).reshape(targets.shape)
    return (~flags if info.finds_first else flags).astype(np.int64)


def score_thresholds(
    info: TaskInfo, logits: NDArray[np.floating], targets: NDArray[np.generic], groups: Groups | None = None
) -> tuple[ThresholdScore, ...]:
    """Return recall and precision at the thresholds on examples that they were not tuned on.

    Args:
        info: With its decision; without one there is no score.
        logits: (n, K) of the examples.
        targets: (n,) or (n, L), as stored.
        groups: Of the examples; None where they are independent.
    """
    if info.decision is None:
        return ()
    found = zip(_columns(info, logits, targets), info.decision.thresholds, strict=True)
    return tuple(_score(column, threshold, groups) for column, threshold in found)


def need_both(info: TaskInfo, asked: str, targets: NDArray[np.generic]) -> None:
    """Refuse to tune a metric on a validation set in which there is nothing to tell apart.

    Args:
        info: Of the task.
        asked: The rule as it is typed.
        targets: (n,) or (n, L) of the validation set.

    Raises:
        BadData: If no class or label stands beside examples without it.
    """
    if not (info.has_thresholds and parse_threshold(asked).is_named):
        return
    flags = targets.reshape(len(targets), -1).astype(bool)
    if not (flags.any(axis=0) & ~flags.all(axis=0)).any():
        what = "no label with and without examples" if info.has_labels else "one class alone"
        raise BadData(f"threshold={asked}: the validation set holds {what}; use threshold=0.5, or a larger val=")


def as_logit(threshold: float) -> float:
    """Return the logit of a probability."""
    return math.log(threshold) - math.log1p(-threshold)


def _columns(info: TaskInfo, logits: NDArray[np.floating], targets: NDArray[np.generic]) -> Iterator[_Column]:
    sign, flags = (-1.0 if info.finds_first else 1.0), targets.reshape(logits.shape).astype(bool)
    names = info.names if info.has_labels else (info.positive,)
    for k, name in enumerate(names):
        found = ~flags[:, k] if info.finds_first else flags[:, k]
        yield _Column(name, sign * logits[:, k].astype(np.float64), found)


def _untuned(info: TaskInfo, rule: ThresholdRule, column: _Column, groups: Groups | None) -> str:
    """Return why a threshold is not tuned; empty where it is."""
    if rule.kind == FIXED:
        return "as asked for"
    if not np.isfinite(column.logits).all():
        return "some outputs are no numbers"
    if column.found.all() or not column.found.any():
        return "validation has one side alone"
    if rule.is_named:
        return ""
    if info.headline.kind != "ranking":
        return "the classes are balanced, so the likelier one is right most often"
    rarer = min(_independent(column.found, groups), _independent(~column.found, groups))
    return f"{many(rarer, 'independent validation row')} of the rarer side, and tuning takes {FEWEST}" * (
        rarer < FEWEST
    )


def _independent(chosen: Flags, groups: Groups | None) -> int:
    """Count chosen rows, those of one group once."""
    return int(chosen.sum()) if groups is None else len(np.unique(groups.numbers[chosen]))


def _reason(rule: ThresholdRule, why: Sequence[str], columns: int) -> str:
    tuned = sum(not reason for reason in why)
    if rule.kind == FIXED or not tuned:
        return next(reason for reason in why if reason)
    metric = F1 if rule.kind == AUTO else str(rule)
    of = "" if tuned == columns else f" of {tuned:,} of {columns:,} labels, the others have too few rows"
    return f"tuned for {metric} on validation{of}"


def _mean_threshold(rule: ThresholdRule, column: _Column, groups: Groups | None) -> float:
    logit = float(np.clip(np.mean(_cross_fitted(rule, column, groups)[1]), -LARGEST, LARGEST))
    return 1 / (1 + math.exp(-logit))


def _cross_fitted(rule: ThresholdRule, column: _Column, groups: Groups | None) -> tuple[Flags, list[float]]:
    """Return the answers (n,), each by a cut tuned on the other tenths, and the ten cuts in logits."""
    fold = _folds(column.found, groups)
    order = np.argsort(-column.logits, kind="stable")
    answers, cuts = np.zeros(len(order), bool), []
    for k in range(int(fold.max()) + 1):
        others = order[fold[order] != k]
        cuts.append(best_cut(column.logits[others], column.found[others], rule))
        answers[fold == k] = column.logits[fold == k] > cuts[-1]
    return answers, cuts


def _folds(found: Flags, groups: Groups | None) -> NDArray[np.int64]:
    """Deal the examples into tenths, (n,): whole groups, those with a found example first, so that each has some."""
    numbers = np.arange(len(found)) if groups is None else groups.numbers
    count = int(numbers.max()) + 1
    has = np.bincount(numbers, found, count) > 0
    order = np.lexsort((np.random.default_rng(0x7E57).permutation(count), ~has))
    dealt = np.empty(count, np.int64)
    dealt[order] = np.arange(count) % min(FOLDS, count)
    return np.asarray(dealt[numbers])


def best_cut(logits: Floats, found: Flags, rule: ThresholdRule) -> float:
    """Return the logit above which to answer yes, half-way between two examples.

    Args:
        logits: (n,) sorted, the highest first.
        found: (n,) whether the answer is yes in truth.
        rule: The metric to tune; ``auto`` is F1.
    """
    answered, right, every = np.arange(1, len(found) + 1), np.cumsum(found), max(int(found.sum()), 1)
    recall, precision = right / every, right / answered
    if rule.kind == BALANCED:
        value = recall - (answered - right) / max(len(found) - every, 1)
    elif rule.kind == RECALL:
        value = np.where(recall >= rule.value - 1e-12, 1 + precision + TIE * recall, recall)
    elif rule.kind == PRECISION:
        told = answered >= min(TOLD, every)  # of one answer or two the precision is chance
        value = np.where(told & (precision >= rule.value - 1e-12), 1 + recall, precision - ~told)
    else:
        value = 2 * right / (answered + every)
    value = np.where(np.append(logits[1:] < logits[:-1], True), value, -np.inf)  # no cut between equal logits
    at = int(np.argmax(value))
    return float((logits[at] + logits[at + 1]) / 2 if at + 1 < len(logits) else logits[at] - 1)


def _score(column: _Column, threshold: float, groups: Groups | None) -> ThresholdScore:
    answers = column.logits > as_logit(threshold)
    right = column.found & answers
    return ThresholdScore(column.name, threshold, *(_share(right, side, groups) for side in (column.found, answers)))


def _share(right: Flags, among: Flags, groups: Groups | None) -> Estimate:
    """Return the share of some examples that are right, with Wilson's interval at their effective size."""
    if not among.any():
        return Estimate(math.nan, 0.0, 1.0)
    size = effective_size(right[among], None if groups is None else groups.take(among))
    share = float(right[among].mean())
    return Estimate(share, *wilson(share * size, size))


def widen(share: float, interval: Interval) -> Interval:
    """Lengthen the interval of a share of cross-fitted answers, within 0 and 1."""
    low, high = widened(share, interval, WIDER)
    return Interval(max(low, 0.0), min(high, 1.0))
