"""Phrases that all renderers share: numbers, intervals, durations and facts of a run in words.

They are not yet safe for a terminal or a page; each renderer makes them so.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from dl.groups import FEWEST_GROUPS
from dl.intervals import Estimate
from dl.recipes.threshold import AUTO
from dl.runs.manifest import HALF, MetricInfo
from dl.runs.wording import show_estimate, show_probability, show_value
from dl.words import show_number
from dl_reports.formatting import bracket, many, metric_word, percent, points
from dl_reports.report import Answer, BaselineRow, CalibrationCard, Curves, Example, Header, HeadRow, Report, Reuse

MOST_THRESHOLDS = 6  # labels in a sentence
PARTS = {"train": "while learning", "probe": "training", "val": "validation", "test": "test"}
REMADE = "each with what the network made of it"
WHY = {"hardest": "largest loss on validation", "suspect": "label probably wrong"}


def value(metric: MetricInfo, estimate: Estimate, *, signed: bool = False) -> str:
    """Return the number alone."""
    return show_value(metric, estimate.value, signed=signed)


def interval(metric: MetricInfo, estimate: Estimate, *, signed: bool = False) -> str:
    """Return the interval alone, like ``[97.39, 97.98]``; empty where there is none."""
    if not (math.isfinite(estimate.low) and math.isfinite(estimate.high)):
        return ""
    return "[" + show_estimate(metric, estimate, signed=signed).partition(" [")[2]


def share_estimate(estimate: Estimate) -> str:
    """Return a share with its interval, in percent, both with the same digits."""
    shown = percent(estimate.value)
    digits = len(shown.removesuffix(" %").partition(".")[2])
    return f"{shown} {bracket(estimate[1:], 100, digits)}" if math.isfinite(estimate.low) else shown


def loss(example: Example) -> str:
    """Return the loss of one example: two decimals, none where it is huge."""
    if abs(example.loss) >= 1000:
        return f"loss {example.loss:,.0f}"
    return f"loss {max(example.loss, 0.0) if abs(example.loss) < 0.005 else example.loss:.2f}"


def duration(seconds: float) -> str:
    """Format a duration."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def head(one: HeadRow) -> str:
    """Return task, score, loss and share of one of several targets."""
    found = [one.task, f"{title(one.metric)} {show_estimate(one.metric, one.score)}"]
    if one.loss is not None:
        found.append(f"loss {one.loss:.4f}")
    if one.share is not None:
        found.append(f"{percent(one.share)} of the loss")
    return ", ".join(found)


def state(header: Header) -> str:
    """Return status, finished epochs and duration of the run."""
    if header.learner:
        return f"{header.status}, {duration(header.seconds)}"
    done = many(header.epochs, "epoch")
    if header.planned > header.epochs:
        done = f"{header.epochs:,} of {many(header.planned, 'epoch')}"
    return f"{header.status}, {done}, {duration(header.seconds)}"


def facts(header: Header) -> tuple[tuple[str, str], ...]:
    """Return task, data and network, tags and note, as names and sentences."""
    few = ", too few for an interval" if 0 < header.val_groups < FEWEST_GROUPS else ""
    groups = f" in {many(header.val_groups, 'group')}{few}" if header.val_groups else ""
    data = f"{header.data} - {header.train:,} to train on, {header.val:,} for validation{groups} ({header.rule})"
    path = "" if header.linear_share is None else f"; the linear path has {header.linear_share:.0%} of its outputs"
    origin = f"; goes on from {header.goes_on_from}" if header.goes_on_from else ""
    network = f"{header.model}, {many(header.parameters, 'parameter')}{path.replace('%', ' %')}{origin}"
    model = ("model", f"{header.model}, {header.learner}, by scikit-learn") if header.learner else ("network", network)
    kept = [("tags", " ".join(header.tags)), ("note", header.note)]
    return ("task", f"{header.task} - {header.reason}"), ("data", data), model, *(pair for pair in kept if pair[1])


def at_epoch(report: Report) -> str:
    """Return the epoch of the scores, behind a comma; nothing before the first, and of a learner, which has none."""
    return f", epoch {report.scores.epoch}" if report.scores and not report.header.learner else ""


def baseline_name(row: BaselineRow) -> str:
    """Return the name of a row of the table of baselines: a baseline is named by its answer."""
    return row.name if row.ours else row.answer or row.name


def title(metric: MetricInfo) -> str:
    """Return the name of a metric for a heading."""
    return metric_word(metric.name)


def answer_interval(given: Answer, metric: MetricInfo) -> str:
    """Return the interval of one of the three answers alone; empty where it has none, or no width."""
    size = given.size
    if size is None or not math.isfinite(size.value) or size.low == size.high:
        return ""
    return bracket(size[1:], 100, 2) if metric.higher and not given.of_loss else bracket(size[1:])


def other_scores(report: Report) -> Iterator[tuple[str, str, str]]:
    """Return the other scores at the best epoch: name, number, interval."""
    scores, metric = report.scores, report.header.metric
    if scores is None:
        return
    if scores.corrected is not None:
        yield "less selection bias", value(metric, scores.corrected), interval(metric, scores.corrected)
    yield "on training examples", value(metric, scores.probe), interval(metric, scores.probe)
    yield "gap", value(metric, scores.gap, signed=True), interval(metric, scores.gap, signed=True)
    for row in report.ladder:
        if row.lead is not None:
            shown = value(metric, row.lead, signed=True), interval(metric, row.lead, signed=True)
            yield f"ahead of {row.name}, {row.seconds:.2g} s", *shown
    yield from _of_class_to_find(report)


def _of_class_to_find(report: Report) -> Iterator[tuple[str, str, str]]:
    """Give recall and precision of the class to find, where the headline ranks it."""
    for row in report.classes:
        if row.positive and report.header.metric.kind == "ranking":
            for name, found in (("recall", row.recall), ("precision", row.precision)):
                yield f"{name} of '{row.name}'", *share_and_interval(found)


def share_and_interval(estimate: Estimate) -> tuple[str, str]:
    """Return a share in percent, and its interval; a dash and nothing where there is none."""
    if not math.isfinite(estimate.value):
        return "-", ""
    return f"{estimate.value:.2%}".replace("%", " %"), bracket(estimate[1:], 100, 2)


def thresholds(report: Report, *, short: bool = False) -> str:
    """Return the thresholds in words; empty where the usual one needs none: the likelier answer of balanced classes.

    In short, those alone that are not one half, without the reasons.
    """
    found = report.thresholds
    if found is None:
        return ""
    own = sorted((one for one in found.rows if one.threshold != HALF), key=lambda one: one.threshold)
    ranks = report.header.metric.kind == "ranking"
    if not own:
        said = not short and (ranks or found.asked != AUTO)
        return f"the likelier answer, from 0.5 on: {found.reason}" if said else ""
    shown = ", ".join(f"'{one.name}' from {show_probability(one.threshold)} on" for one in own[:MOST_THRESHOLDS])
    more = f" and {len(own) - MOST_THRESHOLDS:,} more" if len(own) > MOST_THRESHOLDS else ""
    if short:
        return f"{shown}{more}"
    fair = "; each example is counted by a threshold tuned on others" if any(one.tuned for one in own) else ""
    return f"{shown}{more}, {found.reason}{fair}"


def reuse(found: Reuse, metric: MetricInfo) -> str:
    """Return the number of evaluations on a set, with the resulting bound."""
    if not found.evaluations:
        return "not evaluated yet"
    by = "" if found.part == "test" and found.evaluations == found.runs else f" by {many(found.runs, 'run')}"
    counted = f"{many(found.evaluations, 'evaluation')}{by}"
    if found.bound is not None:
        off = points(found.bound) if metric.higher else show_number(found.bound)
        on = many(found.examples, "example")
        counted += f"; with 95 % confidence no score on these {on} is off by more than {off}, in practice by less"
    if found.budget is not None:
        left = found.budget - found.evaluations
        until = "this bound is half as large again as after the first"
        spent = f"the budget of {found.budget} is spent: {until}"
        counted += f"; {left} of {found.budget} are left until {until}" if left > 0 else f"; {spent}"
    if found.unread:
        counted += f"; {many(found.unread, 'run')} beside it could not be read"
    return counted


def silenced(report: Report) -> str:
    """Return the ignored findings; empty if none."""
    return f"silenced: {', '.join(report.ignored)}" if report.ignored else ""


def by_reason(examples: Sequence[Example]) -> Iterator[tuple[str, list[Example]]]:
    """Group examples by reason: the heading of a group, and its examples."""
    for why in dict.fromkeys(example.why for example in examples):
        group = [example for example in examples if example.why == why]
        remade = f", {REMADE}" if any(example.remade is not None for example in group) else ""
        yield WHY.get(why, why) + remade, group


def where(example: Example) -> str:
    """Return where to look an example up: its file or row, or its id."""
    return example.source or f"#{example.id}"


def answer(example: Example) -> str:
    """Return the true target and the predicted one."""
    return f"{example.true}, predicted {example.predicted}" if example.predicted is not None else example.true


def calibration(card: CalibrationCard) -> str:
    """Return the calibration in one sentence."""
    before = card.ece_before
    off = f"at most {percent(before.high)}" if before.low <= 0 else share_estimate(before)
    if card.gain.low <= 0 <= card.gain.high:
        return (
            f"Its confidence is off by {off} on average. Rescaling it, with temperature {card.temperature:.2f}, "
            f"has no certain effect."
        )
    trust = "over-confident" if card.temperature > 1 else "under-confident"
    if card.ece_after.value >= before.value:
        trust = "rescaling helps its loss, not its confidence"
    return (
        f"Its confidence is off by {off} on average; with temperature {card.temperature:.2f} by "
        f"{share_estimate(card.ece_after)} ({trust}). Loss "
        f"{show_number(card.nll_before.value)} becomes {show_number(card.nll_after.value)}."
    )


def marked(curves: Curves, onset: int | None, onset_words: str) -> tuple[tuple[int, str, bool], ...]:
    """Return the epochs to mark in a plot, with a label, and whether the curve gets worse from there."""
    marks = []
    if curves.best_epoch is not None:
        marks.append((curves.best_epoch, f"best {curves.best_epoch}", False))
    if onset is not None:
        marks.append((onset, f"{onset_words} {onset}", True))
    return tuple(sorted(marks))
