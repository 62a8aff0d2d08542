"""Compare two runs on the validation examples they share, with the smallest difference those could show.

Letters: ``n`` shared validation examples. Each run is taken at its own best epoch.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from dl.cli.json_output import print_json
from dl.errors import BadRun
from dl.groups import Groups
from dl.intervals import Interval, widened
from dl.plugins.loading import load_plugins
from dl.plugins.registry import Plugins
from dl.runs.estimates import gain_in_pairs
from dl.runs.manifest import HALF, MetricInfo
from dl.runs.outcomes import PartOutcomes
from dl.runs.run import Run
from dl.runs.wording import show_probability
from dl.splits.holdout import join_groups
from dl.terminal import plain
from dl.words import show_number
from dl_reports import formatting
from dl_reports.facts import Facts, known
from dl_reports.figures import thresholds
from dl_reports.read import read
from dl_reports.statistics import NotComputable
from dl_reports.statistics.choice import allow_for_choice, critical_choice
from dl_reports.statistics.paired import Paired, accuracy_difference, paired_difference
from dl_reports.statistics.power import Resolution, smallest_paired, smallest_paired_accuracy

RESAMPLED = "paired, resampled"  # form of a difference in a metric that is no mean
MOST_SHOWN = 3  # thresholds of a run


@dataclass(frozen=True)
class Difference:
    """How much better the first run is than the second, on the same examples.

    Attributes:
        what: ``loss`` or the metric.
        first: Mean of the first run.
        second: Mean of the second run.
        better: How much better the first is; negative where it is worse.
        interval: Of that, the choice of each run's best epoch allowed for.
        z: In standard errors.
        smallest: The smallest difference that these examples could show, four times in five.
        form: The test used.
    """

    what: str
    first: float
    second: float
    better: float
    interval: Interval
    z: float
    smallest: float
    form: str


@dataclass(frozen=True)
class Comparison:
    """Two runs compared.

    Attributes:
        names: Of the runs.
        epochs: At which each is taken: its best.
        n: Shared validation examples.
        metric: The headline.
        differences: In the metric, or what stands for it, and in the loss.
        verdict: In one sentence.
        groups: Of the shared examples, by which they are compared; 0 where the examples are independent.
        decisions: From which probability on each run answers a class or label, in words; empty where that is one half.
    """

    names: tuple[str, str]
    epochs: tuple[int, int]
    n: int
    metric: MetricInfo
    differences: tuple[Difference, ...]
    verdict: str
    groups: int = 0
    decisions: tuple[str, str] = ("", "")


def compare_runs(first: Run, second: Run, plugins: Plugins | None = None) -> Comparison:
    """Compare two runs at their best epochs.

    Args:
        first: A run.
        second: The run to compare it with.
        plugins: The registered plugins; None loads the installed ones.

    Raises:
        BadRun: If they have different validation examples, have different tasks, or kept no outcomes.
    """
    plugins = plugins or load_plugins()
    a, b = (Facts(read(run), plugins) for run in (first, second))
    _need_same_task(a, b)
    ours, theirs = _outcomes(a), _outcomes(b)
    order = np.argsort(ours.ids, kind="stable"), np.argsort(theirs.ids, kind="stable")
    if not np.array_equal(ours.ids[order[0]], theirs.ids[order[1]]):
        raise BadRun(
            f"{_both(a, b)} keep outcomes of different validation examples  fit one again with the other's split"
        )
    if not np.array_equal(ours.targets[order[0]], theirs.targets[order[1]]):
        raise BadRun(
            f"{_both(a, b)} have different targets for the same validation examples; their scores cannot be compared"
        )
    _need_same_folds(a, b, (ours, order[0]), (theirs, order[1]))
    ka, kb = _best(a, ours), _best(b, theirs)
    groups = _groups((ours, order[0]), (theirs, order[1]))
    metric = _in_ranks((a, order[0]), (b, order[1]), ours.targets[order[0]], groups)
    metric = metric or _metric(a, ours.score[ka][order[0]], theirs.score[kb][order[1]], groups)
    losses = [part.loss[:, rows] for part, rows in ((ours, order[0]), (theirs, order[1]))]
    errors = [a.as_error(part.score[:, rows]) for part, rows in ((ours, order[0]), (theirs, order[1]))]
    loss = _of_errors("loss", losses[0][ka].astype(np.float64), losses[1][kb].astype(np.float64), groups)
    alike = losses if metric is not None and metric.form == RESAMPLED else errors  # by which epochs are
    chosen = (
        _chosen(metric, alike[0], alike[1], (ka, kb), groups),
        _chosen(loss, losses[0], losses[1], (ka, kb), groups),
    )
    found = tuple(one for one in chosen if one is not None)
    if a.manifest.protocol:
        found = tuple(replace(one, interval=widened(one.better, one.interval)) for one in found)
    if not found:
        of = "" if groups is None else f" of {formatting.many(len(groups), 'group')}"
        raise BadRun(f"{_both(a, b)} share {len(ours.ids)} validation examples{of}, too few to compare")
    names = (a.manifest.name, b.manifest.name)
    epochs = (a.epochs[ka], b.epochs[kb])
    verdict = _verdict(names, found[0], a, _size(len(ours.ids), groups))
    count = 0 if groups is None else len(groups)
    decisions = _decision(a), _decision(b)
    return Comparison(names, epochs, len(ours.ids), a.metric, found, verdict, count, decisions)


def _decision(facts: Facts) -> str:
    """Word the thresholds of a run that are not one half, the lowest first."""
    found = thresholds(facts)
    own = [] if found is None else sorted((one.threshold, one.name) for one in found.rows if one.threshold != HALF)
    shown = [f"'{name}' from {show_probability(value)} on" for value, name in own[:MOST_SHOWN]]
    more = [f"{len(own) - MOST_SHOWN:,} more"] if len(own) > MOST_SHOWN else []
    return ", ".join(shown + more)


def _groups(*runs: tuple[PartOutcomes, NDArray[np.intp]]) -> Groups | None:
    """Return the groups of the shared examples in the given order, joined where both runs keep some."""
    kept = [part.groups.numbers[rows] for part, rows in runs if part.groups is not None]
    return Groups.of(join_groups(*kept)) if kept else None


def _size(n: int, groups: Groups | None) -> str:
    """Return the size of what two runs share, in what the tests count."""
    if groups is None:
        return formatting.many(n, "shared example")
    return formatting.many(len(groups), "shared group")


def _need_same_task(a: Facts, b: Facts) -> None:
    ours, theirs = a.manifest, b.manifest
    if ours.parts.val_fingerprint != theirs.parts.val_fingerprint:
        raise BadRun(
            f"{_both(a, b)} have different validation sets ({ours.parts.name}, {ours.parts.val:,} examples, "
            f"{ours.parts.rule}"
            f"; {theirs.parts.name}, {theirs.parts.val:,} examples, {theirs.parts.rule}), so their scores "
            "cannot be compared  fit them with the same data, val= and --seed"
        )
    if (ours.task.name, ours.task.names, a.metric.name) != (theirs.task.name, theirs.task.names, b.metric.name):
        raise BadRun(
            f"{_both(a, b)} were fitted for different tasks: {ours.task.name} ({a.metric.name}) and "
            f"{theirs.task.name} ({b.metric.name})"
        )


def _need_same_folds(a: Facts, b: Facts, *runs: tuple[PartOutcomes, NDArray[np.intp]]) -> None:
    """Refuse runs of which only one is cross-validated, or whose folds hold other examples out.

    Raises:
        BadRun: Naming both runs.
    """
    folds = [np.zeros(0) if part.folds is None else part.folds[rows] for part, rows in runs]
    if a.manifest.protocol != b.manifest.protocol or not np.array_equal(folds[0], folds[1]):
        protocols = " and ".join(one.manifest.protocol or "holdout" for one in (a, b))
        raise BadRun(
            f"{_both(a, b)} hold their examples out in other folds ({protocols}); cross-validate both with the same "
            "protocol and --seed"
        )


def _both(a: Facts, b: Facts) -> str:
    return f"{a.manifest.name!r} and {b.manifest.name!r}"


def _outcomes(facts: Facts) -> PartOutcomes:
    if isinstance(facts.kept.val, NotComputable):
        raise BadRun(f"{facts.manifest.name!r} cannot be compared: {facts.kept.val.reason}")
    return facts.kept.val


def _best(facts: Facts, outcomes: PartOutcomes) -> int:
    if facts.best is None or facts.best >= len(outcomes.loss):
        raise BadRun(f"{facts.manifest.name!r} has no finished epoch to compare")
    return facts.best


def _in_ranks(
    first: tuple[Facts, NDArray[np.intp]],
    second: tuple[Facts, NDArray[np.intp]],
    targets: NDArray[np.generic],
    groups: Groups | None,
) -> Difference | None:
    """Compare in a headline that is no mean over examples, by drawing the same examples for both.

    None where it is one, or logits are missing. How alike epochs are is then read from their losses.
    """
    (a, rows), (b, others) = first, second
    logits = known(a.kept.best_logits), known(b.kept.best_logits)
    if a.metric.kind in ("proportion", "mean") or logits[0] is None or logits[1] is None:
        return None
    gain = gain_in_pairs(a.manifest.task, logits[0][rows], logits[1][others], targets, groups)
    units = len(targets) if groups is None else len(groups)
    resolution = smallest_paired(gain.se * math.sqrt(units), units)
    z = gain.better / gain.se if gain.se else math.copysign(math.inf, gain.better) if gain.better else 0.0
    found = Paired(gain.better, gain.se, z, gain.interval, units, RESAMPLED)
    return _difference(a.metric.name, gain.first, gain.second, found, resolution)


def _metric(
    facts: Facts, ours: NDArray[np.generic], theirs: NDArray[np.generic], groups: Groups | None
) -> Difference | None:
    name = facts.tested_metric
    if ours.dtype == np.bool_ and theirs.dtype == np.bool_:
        gain = accuracy_difference(ours.astype(np.bool_), theirs.astype(np.bool_), groups=groups)
        resolution = smallest_paired_accuracy(int((ours != theirs).sum()), len(ours))
        if groups is not None and isinstance(gain, Paired):
            resolution = smallest_paired(gain.se * math.sqrt(gain.n), gain.n)
        return _difference(name, float(ours.mean()), float(theirs.mean()), gain, resolution)
    if facts.higher_score:
        found = _of_errors(name, facts.as_error(ours), facts.as_error(theirs), groups)
        return None if found is None else replace(found, first=1 - found.first, second=1 - found.second)
    return _of_errors(name, ours.astype(np.float64), theirs.astype(np.float64), groups)


def _of_errors(
    what: str, ours: NDArray[np.float64], theirs: NDArray[np.float64], groups: Groups | None
) -> Difference | None:
    """Compare numbers of which less is better."""
    gap = theirs - ours
    gain = paired_difference(gap, groups=groups)
    gap = gap if groups is None else groups.values(gap)
    resolution = smallest_paired(float(gap.std()), len(gap)) if np.isfinite(gap).all() else NotComputable("not finite")
    return _difference(what, float(ours.mean()), float(theirs.mean()), gain, resolution)


def _chosen(
    found: Difference | None,
    ours: NDArray[np.floating],
    theirs: NDArray[np.floating],
    best: tuple[int, int],
    groups: Groups | None,
) -> Difference | None:
    """Allow in the interval for each run's best epoch having been chosen on these examples.

    Args:
        found: The difference of two epochs; None if there is none.
        ours: (T, n) errors or losses of the first run.
        theirs: (T', n) of the second run.
        best: The best epoch of each.
        groups: Of the examples; None where they are independent.
    """
    if found is None:
        return None
    low = allow_for_choice(
        found.better, found.interval, critical_choice(theirs[best[1]].astype(np.float64) - ours, groups=groups)
    )
    other = Interval(-found.interval.high, -found.interval.low)
    high = allow_for_choice(
        -found.better, other, critical_choice(ours[best[0]].astype(np.float64) - theirs, groups=groups)
    )
    return replace(found, interval=Interval(low.low, -high.low))


def _difference(
    what: str, first: float, second: float, gain: Paired | NotComputable, resolution: Resolution | NotComputable
) -> Difference | None:
    if isinstance(gain, NotComputable) or isinstance(resolution, NotComputable):
        return None
    return Difference(what, first, second, gain.mean, gain.interval, gain.z, resolution.difference, gain.form)


def _verdict(names: tuple[str, str], found: Difference, facts: Facts, size: str) -> str:
    metric, what = facts.metric, formatting.metric_word(found.what)
    shown = formatting.difference(metric, abs(found.better), _outward(found))
    if not found.interval.holds(0.0):
        winner, loser = names if found.better > 0 else names[::-1]
        return f"{winner} is better than {loser} in {what}, by {shown}."
    least = formatting.difference(metric, found.smallest)
    return f"The two are not distinguishable in {what}: they differ by {shown}, and {size} would show {least} or more."


def _outward(found: Difference) -> Interval:
    return found.interval if found.better >= 0 else Interval(-found.interval.high, -found.interval.low)


def show_comparison(found: Comparison, console: Console, *, as_json: bool = False) -> None:
    """Print a comparison."""
    if as_json:
        print_json(_json(found))
        return
    console.print(plain(found.verdict, "bold"))
    for name, epoch, decision in zip(found.names, found.epochs, found.decisions, strict=True):
        console.print(plain(f"  {name}, epoch {epoch}{f', answers {decision}' * bool(decision)}"))
    for one in found.differences:
        share = one.what != "loss" and found.metric.higher
        shown = formatting.percent if share else show_number
        size = formatting.points if share else formatting.with_interval
        least = formatting.points(one.smallest) if share else show_number(one.smallest)
        console.print(
            plain(
                f"  {formatting.metric_word(one.what)}: {shown(one.first)} against {shown(one.second)}, "
                f"{'worse' if one.better < 0 else 'better'} by {size(abs(one.better), _outward(one))} ({one.form}); "
                f"would show {least}"
            )
        )


def _json(found: Comparison) -> dict[str, object]:
    stored = asdict(found)
    for one in stored["differences"]:
        one["interval"] = [end if math.isfinite(end) else None for end in one["interval"]]
        one["z"] = one["z"] if math.isfinite(one["z"]) else None
    return stored
