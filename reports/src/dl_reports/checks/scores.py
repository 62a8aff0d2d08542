"""Checks of the score at the best epoch: against training, baselines, selection bias and noise."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from dl.finding import Finding
from dl_reports import clauses, formatting, remedy, sizes
from dl_reports.answers import Memory, Skill, SkillAnswer, answer_memory, answer_skill
from dl_reports.change import Change
from dl_reports.facts import Facts, known
from dl_reports.reuse import evaluation_command
from dl_reports.statistics import NotComputable
from dl_reports.statistics.moments import too_few
from dl_reports.statistics.power import (
    Resolution,
    smallest_paired,
    smallest_paired_accuracy,
    smallest_unpaired,
    smallest_unpaired_accuracy,
)

SPARED = 0.1  # of the training examples: so many may become validation examples at hardly any cost to the score
SPENT = 0.25  # likewise, where without them nobody can tell whether anything was learnt
_WORTH = 1.1  # times: where it takes fewer examples than this squared, more of them would hardly help
OF_GAP = {Memory.SMALL: "note", Memory.VAGUE: "note", Memory.PART: "tip", Memory.LARGE: "issue"}
SMALL_STEPS = 1e-4  # a learning rate below those by which a network is usually trained from scratch
_BIAS = 0.65  # standard errors; a larger bias is reported: 95 % intervals then cover less than 90 %


def gap(facts: Facts) -> list[Finding] | NotComputable:
    """Find a training score certainly better than the validation score at the best epoch, at 2.5 % one-sided."""
    answer = answer_memory(facts)
    if answer.gap is None:
        return NotComputable(answer.why)
    if answer.state not in OF_GAP:
        return []
    found, name = answer.gap, formatting.metric_word(facts.metric.name)
    train, val = (formatting.score(facts.metric, score) for score in (found.train, found.val))
    shares = ""
    if math.isfinite(answer.of_learnable[0]):
        shares = f", {clauses.share_of_learnable(answer)}"
    if math.isfinite(answer.of_left):
        shares += f" and {formatting.rounded_percent(answer.of_left)} of the remaining error"
    message = (
        f"{name} is {train} on training and {val} on validation examples: a certain gap of "
        f"{formatting.difference(facts.metric, found.gap, found.interval)}{shares}"
    )
    numbers = {"probe": found.train, "val": found.val, "gap": found.gap, "interval": list(found.interval), "z": found.z}
    numbers_all = {**numbers, "of_learnable": list(answer.of_learnable), "of_left": answer.of_left}
    severity = OF_GAP[answer.state]
    command = "" if severity == "note" else _generalize(facts)
    return [Finding("fit-gap", severity, message, numbers_all, command)]


def no_better_than_baseline(facts: Facts) -> list[Finding] | NotComputable:
    """Find a network that is not certainly better than a constant answer, or certainly worse than a cheap rival."""
    answer = answer_skill(facts)
    if answer.state is Skill.UNKNOWN:
        return NotComputable(answer.why)
    if answer.state is Skill.BETTER and answer.rival is None:
        return []
    clause, severity, next_command = OF_SKILL.get(answer.state, (clauses.behind_rival, "issue", remedy.larger))
    found = answer.rival if answer.state is Skill.BETTER else answer.lead
    numbers: dict[str, object] = {"state": answer.state.value, "fitted": answer.fitted}
    if found is not None:
        numbers |= {"score": found.score, "baseline": found.baseline.score, "lead": found.lead}
        numbers |= {"interval": list(found.interval), "z": found.z, "critical": found.critical, "form": found.form}
    command = remedy.fit_rival(facts, answer.rival.baseline) if answer.rival is not None else ""
    command = command or next_command(facts)
    return [Finding("fit-no-better-than-baseline", severity, clause(facts, answer), numbers, command)]


def _train_more(facts: Facts) -> str:
    """Return the fit that goes on where the loss still falls, faster if its steps are small; else with smaller ones."""
    trend = known(facts.trend)
    if not (len(facts.epochs) < 3 or (trend is not None and trend.falling)):
        return remedy.slower(facts)
    small = (remedy.option(facts, "lr") or math.inf) <= SMALL_STEPS
    return remedy.slower(facts, 10.0) if small else remedy.longer(facts)


def _generalize(facts: Facts) -> str:
    """Return the fit with a remedy against overfitting; after a single epoch a longer one, as nothing has turned."""
    return remedy.longer(facts) if len(facts.epochs) == 1 else remedy.regularize(facts)


def _more_to_tell(facts: Facts) -> str:
    """Return the fit with as many validation examples as would make the lead certain if it is as it seems."""
    found, parts = answer_skill(facts).lead, facts.manifest.parts
    times = (found.lead - found.interval.low) / found.lead if found is not None and found.lead > 0 else math.inf
    return _with_val(facts, int(min(parts.val * times**2, parts.val + SPENT * parts.train)))


Wording = tuple[Callable[[Facts, SkillAnswer], str], str, Callable[[Facts], str]]
OF_SKILL: dict[Skill, Wording] = {
    Skill.NOTHING: (clauses.nothing, "issue", _train_more),
    Skill.MEMORIZED: (clauses.memorized, "issue", _generalize),
    Skill.UNTOLD: (clauses.untold, "tip", _more_to_tell),
    Skill.UNTOLD_BUT_FITTED: (clauses.untold_but_fitted, "issue", _more_to_tell),
}


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
    next_command = evaluation_command(facts.kept.run, facts.manifest)
    return [Finding("fit-lucky-best", "note", message, found, next_command)]


def small_validation(facts: Facts) -> list[Finding] | NotComputable:
    """Find a change for the worse that so few validation examples cannot tell from noise."""
    n, change = facts.manifest.parts.val, known(facts.metric_change)
    if facts.best is None:
        return NotComputable("no epoch has a score")
    resolution = smallest(facts)
    if isinstance(resolution, NotComputable):
        message = f"{sizes.val_that(facts, 'is', 'are')} too few for any test: {resolution.reason}"
        command = _with_val(facts, int(n + SPENT * facts.manifest.parts.train))
        return [Finding("data-small-validation", "tip", message, {"n": n}, command)]
    left = abs(facts.metric.perfect - facts.best_row.get(f"val_{facts.metric.name}", math.nan))
    shown = formatting.difference(facts.metric, resolution.difference)
    if resolution.difference > _WORTH * left:
        message = (
            f"even a perfect network could not be distinguished from this one: "
            f"{facts.val_size} show differences of {shown} or more, and "
            f"{formatting.difference(facts.metric, left)} is left"
        )
        found: dict[str, object] = {"n": n, "smallest": resolution.difference, "left": left}
        command = _more(facts, resolution.difference / left) if left else ""
        return [Finding("data-small-validation", "tip", message, found, command)]
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


def _more(facts: Facts, times: float) -> str:
    """Return the fit that would show it: of all folds, or with more validation examples if training can spare them."""
    wanted, parts = int(facts.manifest.parts.val * times**2), facts.manifest.parts
    spared = wanted <= parts.val + SPARED * parts.train
    return _with_val(facts, wanted) if spared else remedy.cross_validate(facts)


def _with_val(facts: Facts, size: int) -> str:
    """Return the cross-validation, or the fit with so many validation examples; empty if it has as many.

    At most half of all examples are held out.
    """
    parts = facts.manifest.parts
    if folds := remedy.cross_validate(facts):
        return folds
    size = min(size, (parts.train + parts.val) // 2)
    return remedy.again(facts, val=size) if size > parts.val and "hold-out" in parts.rule else ""
