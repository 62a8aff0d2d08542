"""Tell whether new data has drifted from what a run saw: in its inputs, its targets, or the score on it.

The parts share one level by Bonferroni, so that data drawn alike is called drifted at most once in twenty times. A part
of several columns is tested at the level of the part over their number.
Letters: ``N`` seen and ``n`` new examples.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from dl.groups import Groups
from dl.intervals import Estimate, difference_interval
from dl.plugins.registry import Plugins
from dl.runs.drift import Drift, DriftPart, NewData
from dl.words import show_number
from dl_reports import formatting
from dl_reports.facts import Facts, known
from dl_reports.read import read
from dl_reports.statistics import NotComputable
from dl_reports.statistics.choice import critical_choice
from dl_reports.statistics.moments import too_few
from dl_reports.statistics.shift import TargetShift, input_shift, target_shift

LEVEL = 0.05  # of any false alarm
NAMED = 5  # columns in a message
OF_SCORES, INPUTS = "scores", ("inputs", "columns", "unknown", "targets")
ALIKE, DRIFTED, UNKNOWN = "alike", "drifted", "unknown"
GroupPair = tuple[Groups | None, Groups | None]


def find_drift(new: NewData, plugins: Plugins) -> Drift:
    """Compare new data with what a run saw.

    Raises:
        BadRun: If the files of the run cannot be read.
    """
    facts = Facts(read(new.run), plugins)
    tests: dict[str, Callable[[NewData, Facts, float], DriftPart]] = {"inputs": _inputs, "columns": _columns}
    tests |= {} if new.unknown is None else {"unknown": _unknown}
    tests |= {} if new.targets is None else {"targets": _targets}
    tests[OF_SCORES] = _scores
    count = len(tests)
    tried = [test(new, facts, LEVEL / count) for test in tests.values()]
    told = sum(part.state != UNKNOWN for part in tried)
    # what cannot be told needs no share of the level; it depends on sizes alone
    parts = tried if told in (0, count) else [test(new, facts, LEVEL / told) for test in tests.values()]
    state = _state(parts)
    drifted = state in ("inputs", "scores", "both")
    words = ("dl", "fit", *new.typed, "--from", str(new.run.path))
    goes_on = drifted and new.typed and new.targets is not None
    verdict = _verdict(new, parts, state)
    return Drift(
        new.run.name, new.data, new.examples, state, verdict, tuple(parts), LEVEL, shlex.join(words) if goes_on else ""
    )


def _state(parts: Sequence[DriftPart]) -> str:
    """Return where the data has drifted, in one word."""
    moved = {OF_SCORES if part.name == OF_SCORES else "inputs" for part in parts if part.state == DRIFTED}
    if moved == {"inputs", OF_SCORES}:
        return "both"
    if moved:
        return moved.pop()
    return "none" if any(part.state == ALIKE and part.name in INPUTS for part in parts) else UNKNOWN


def _verdict(new: NewData, parts: Sequence[DriftPart], state: str) -> str:
    what, run = f"{new.data}, {formatting.many(new.examples, 'example')},", new.run.name
    if state == UNKNOWN:
        return f"{what} cannot be told from what {run} saw: too few, or too little is kept"
    if state == "none":
        compared = [_NAMES[part.name] for part in parts if part.state == ALIKE]
        return f"{what} shows no certain drift from what {run} saw: {_and(compared)} were compared"
    moved = [_NAMES[part.name] for part in parts if part.state == DRIFTED]
    score = next(part for part in parts if part.name == OF_SCORES)
    verdict = f"{what} has drifted from what {run} saw: {_and(moved)}"
    if score.state == ALIKE:
        verdict += "; the score is not certainly another"
    return verdict


_NAMES = {
    "inputs": "inputs",
    "columns": "columns of the inputs",
    "unknown": "unknown words",
    "targets": "targets",
    "scores": "scores",
}


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _inputs(new: NewData, _facts: Facts, level: float) -> DriftPart:
    """Test whether a linear scorer tells new inputs from those of training."""
    if new.seen is None:
        return DriftPart("inputs", UNKNOWN, new.why.get("inputs", "the run keeps no inputs"))
    if new.seen.projected.shape[1:] != new.inputs.projected.shape[1:]:
        return DriftPart("inputs", UNKNOWN, "the inputs have another number of values than those of the run")
    groups = (new.seen.groups, new.inputs.groups)
    found = input_shift(new.seen.projected, new.inputs.projected, groups=groups)
    if isinstance(found, NotComputable):
        return DriftPart("inputs", UNKNOWN, found.reason)
    drifted = found.p < level
    told = "tells them from" if drifted else "does not certainly tell them from"
    message = f"a linear scorer {told} training inputs: area {found.auc:.2f}, 0.5 is chance, p {found.p:.2g}"
    evidence = {"auc": found.auc, "examined": found.examined, "level": level}
    return DriftPart("inputs", DRIFTED if drifted else ALIKE, message, found.p, None, evidence)


def _columns(new: NewData, _facts: Facts, level: float) -> DriftPart:
    """Test each column of the inputs by a G-test: categories, numbers in ten bins, and which are missing."""
    if new.seen is None:
        return DriftPart("columns", UNKNOWN, new.why.get("inputs", "the run keeps no inputs"))
    shared = [name for name in new.seen.columns if name in new.inputs.columns]
    groups = (new.seen.groups, new.inputs.groups)
    found = {name: _of_column(new.seen.columns[name], new.inputs.columns[name], groups) for name in shared}
    tested = {name: one for name, one in found.items() if isinstance(one, dict)}
    if not tested:
        why = next((one.reason for one in found.values() if isinstance(one, NotComputable)), "there is none")
        return DriftPart("columns", UNKNOWN, f"no column can be compared: {why}")
    count = sum(int(one["tests"]) for one in tested.values())
    moved = sorted(
        (name for name, one in tested.items() if one["p"] * count < level), key=lambda name: tested[name]["p"]
    )
    p = min(1.0, min(float(one["p"]) for one in tested.values()) * count)
    of = formatting.many(len(tested), "column")
    listed = [f"{formatting.named(name)} {tested[name]['change']}" for name in moved[:NAMED]]
    more = f"; and {len(moved) - NAMED} more" if len(moved) > NAMED else ""
    message = f"{len(moved)} of {of} moved: {'; '.join(listed)}{more}" if moved else f"none of {of} certainly moved"
    if new.unseen[0]:
        message += f"; {new.unseen[0]:,} of {new.examples:,} inputs hold what training lacks, as {new.unseen[1]}"
    evidence = {"columns": {name: dict(tested[name]) for name in moved}, "tested": len(tested), "unseen": new.unseen[0]}
    return DriftPart("columns", DRIFTED if moved else ALIKE, message, p, None, evidence | {"level": level})


def _of_column(seen: NDArray[Any], here: NDArray[Any], groups: GroupPair) -> dict[str, Any] | NotComputable:
    """Return the least p of the tests of a column, how many they are, and the change in words."""
    if seen.dtype.kind in "US" or here.dtype.kind in "US":
        return _of_words(seen.astype(str), here.astype(str), groups)
    seen, here = seen.astype(np.float64), here.astype(np.float64)
    gaps = [np.isnan(side) for side in (seen, here)]
    results = [_result(target_shift(gaps[0].astype(np.int64), gaps[1].astype(np.int64), groups))]
    there = [side[~gap & np.isfinite(side)] for side, gap in zip((seen, here), gaps, strict=True)]
    finite = [
        one and one.take(~gap & np.isfinite(side)) for one, gap, side in zip(groups, gaps, (seen, here), strict=True)
    ]
    results.append(_result(target_shift(there[0], there[1], (finite[0], finite[1]))))
    told = [one for one in results if not isinstance(one, NotComputable)]
    if not told:
        return NotComputable("too few values differ")
    shares = [float(gap.mean()) for gap in gaps]
    words = [f"median {show_number(float(np.median(side)))}" if len(side) else "nothing" for side in there]
    change = f"{words[0]} -> {words[1]}"
    if isinstance(results[1], NotComputable) or (not isinstance(results[0], NotComputable) and results[0] < results[1]):
        change = f"missing {formatting.percent(shares[0])} -> {formatting.percent(shares[1])}"
    return {"p": min(told), "tests": len(told), "change": change, "missing": shares}


def _of_words(seen: NDArray[np.str_], here: NDArray[np.str_], groups: GroupPair) -> dict[str, Any] | NotComputable:
    words, codes = np.unique(np.concatenate([seen, here]), return_inverse=True)
    p = _result(target_shift(codes[: len(seen)], codes[len(seen) :], groups))
    if isinstance(p, NotComputable):
        return p
    shares = [np.bincount(side, minlength=len(words)) / len(side) for side in (codes[: len(seen)], codes[len(seen) :])]
    most = int(np.argmax(np.abs(shares[1] - shares[0])))
    new = float(shares[1][shares[0] == 0].sum())
    change = f"{formatting.named(words[most])} {' -> '.join(formatting.percent(float(one[most])) for one in shares)}"
    change += f", unseen {formatting.percent(new)}" if new else ""
    return {"p": p, "tests": 1, "change": change, "unseen": new}


def _result(found: TargetShift | NotComputable) -> float | NotComputable:
    return found if isinstance(found, NotComputable) else found.p


def _unknown(new: NewData, _facts: Facts, level: float) -> DriftPart:
    """Compare the share of unknown words of new texts with that of validation texts, by Welch's statistic."""
    assert new.unknown is not None
    seen, here = new.unknown
    few = too_few(min(len(seen), len(here)), None)
    if few is not None:
        return DriftPart("unknown", UNKNOWN, few.reason)
    error = math.sqrt(float(seen.var(ddof=1)) / len(seen) + _variance(here, new.groups))
    z = float(here.mean() - seen.mean()) / max(error, 1e-12)
    p = float(2 * (1 - _phi(abs(z))))
    shares = " -> ".join(formatting.percent(float(one.mean())) for one in (seen, here))
    drifted = p < level
    message = f"unknown words {shares}{'' if drifted else ', which is not certainly a change'}"
    return DriftPart("unknown", DRIFTED if drifted else ALIKE, message, p, None, {"level": level})


def _variance(values: NDArray[np.float64], groups: Groups | None) -> float:
    """Return the variance of a mean, by group where examples share them."""
    if groups is None or len(groups.numbers) != len(values):
        return float(values.var(ddof=1)) / len(values)
    return float(groups.values(values).var(ddof=1)) / len(groups)


def _phi(z: float) -> float:
    return 0.5 * (1 + math.erf(z / math.sqrt(2)))


def _targets(new: NewData, facts: Facts, level: float) -> DriftPart:
    """Test whether targets are distributed as those that the run keeps, of the validation set and of the probe."""
    assert new.targets is not None
    if facts.manifest.task.by_query:
        return DriftPart("targets", UNKNOWN, "relevance is ranked within its query alone")
    parts = [one for one in (known(facts.kept.val), known(facts.kept.probe)) if one is not None]
    if not parts:
        return DriftPart("targets", UNKNOWN, "the targets of the run cannot be read")
    if facts.manifest.protocol or any(one.groups is not None for one in parts):
        parts = parts[:1]  # rounds repeat examples, and groups are numbered in each part
    numbers = not (facts.has_classes or facts.manifest.task.has_labels)
    sides = [np.concatenate([one.targets for one in parts]), new.targets]
    seen, here = ((side.astype(np.float64) if numbers else side).reshape(len(side), -1) for side in sides)
    groups = (parts[0].groups, new.groups)
    found = [target_shift(seen[:, k], here[:, k], groups) for k in range(seen.shape[1])]
    tested = [one for one in found if isinstance(one, TargetShift)]
    if not tested:
        why = next((one.reason for one in found if isinstance(one, NotComputable)), "there is no target")
        return DriftPart("targets", UNKNOWN, why)
    worst = min(tested, key=lambda one: one.p)
    p = min(1.0, worst.p * len(tested))
    drifted = p < level
    message = "targets are distributed differently" if drifted else "targets are not certainly distributed differently"
    message += f": Cramer's V {worst.cramers_v:.2f}, p {p:.2g}"
    return DriftPart(
        "targets", DRIFTED if drifted else ALIKE, message, p, None, {"cramers_v": worst.cramers_v, "level": level}
    )


def _scores(new: NewData, facts: Facts, level: float) -> DriftPart:
    """Compare the score with that on the validation set, unpaired, the choice of the epoch there allowed for."""
    if new.score is None:
        return DriftPart(OF_SCORES, UNKNOWN, f"not compared: {new.why.get(OF_SCORES, 'there are no targets')}")
    metric, before, here = facts.metric, facts.score("val"), new.score.score
    if not all(map(math.isfinite, (*before, *here))):
        return DriftPart(OF_SCORES, UNKNOWN, "too few examples for an interval of the score")
    wanted = -float(ndtri(level / 2)) / -float(ndtri(0.025))
    old, now = _widened(before, wanted), _widened(here, wanted)
    better, too_good = _change(now, old, higher=metric.higher), _with_choice(facts, before, old, level)
    change = Estimate(better.value, _change(now, too_good, higher=metric.higher).low, better.high)
    least, most = sorted((abs(change.low), abs(change.high)))
    size = formatting.difference(metric, abs(change.value), (least, most))
    if change.high < 0 or change.low > 0:
        told = f"certainly {'worse' if change.high < 0 else 'better'} by {size}"
    else:
        raw = change if metric.higher else Estimate(-change.value, -change.high, -change.low)
        told = f"a change of {formatting.difference(metric, raw.value, raw[1:])}, which is not certain"
    name = formatting.metric_word(metric.name)
    scores = f"{formatting.score(metric, before.value)} on validation, {formatting.score(metric, here.value)} here"
    message = f"{name} {scores}: {told}"
    if new.score.in_training:
        message += f"; {new.score.in_training:,} of the examples here were seen by the run"
    evidence = {"validation": before.value, "here": here.value, "level": level, "seen": new.score.in_training}
    state = DRIFTED if change.high < 0 or change.low > 0 else ALIKE
    return DriftPart(OF_SCORES, state, message, None, change, evidence)


def _widened(one: Estimate, times: float) -> Estimate:
    """Return an estimate whose interval is longer by a factor."""
    return Estimate(one.value, one.value - times * (one.value - one.low), one.value + times * (one.high - one.value))


def _change(here: Estimate, before: Estimate, *, higher: bool) -> Estimate:
    """Return how much better the score is here, with the interval of the difference."""
    low, high = difference_interval(here, before)
    value = here.value - before.value
    return Estimate(value, low, high) if higher else Estimate(-value, -high, -low)


def _with_choice(facts: Facts, before: Estimate, widened: Estimate, level: float) -> Estimate:
    """Return the validation score with an interval that reaches as far down as the choice of its epoch asks for."""
    val = facts.kept.val
    if isinstance(val, NotComputable) or facts.metric.name != facts.tested_metric:
        critical = -float(ndtri(level / 2 / max(1, len(facts.epochs))))
    else:
        critical = critical_choice(val.score, level / 2, groups=val.groups)
    times = max(critical / -float(ndtri(0.025)), 1.0)
    chosen = _widened(before, times)
    if facts.metric.higher:
        return Estimate(before.value, min(widened.low, chosen.low), widened.high)
    return Estimate(before.value, widened.low, max(widened.high, chosen.high))
