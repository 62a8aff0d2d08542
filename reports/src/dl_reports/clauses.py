"""Clauses of the first sentence: each words one answer with its interval, and claims no more and no less than that.

A clause begins in lower case and has no full stop; the verdict joins two of them at most.
"""

from __future__ import annotations

from dl.finding import Finding
from dl.words import show_number
from dl_reports import formatting, remedy, sizes
from dl_reports.answers import Memory, MemoryAnswer, SkillAnswer, Turn, TurnAnswer
from dl_reports.baseline import Lead
from dl_reports.change import Change
from dl_reports.facts import Facts

KNOWN, LEARNT = 0.2, 0.5  # of what can be learnt: training examples that lack less are known, or learnt in part


def better(facts: Facts, answer: SkillAnswer) -> str:
    """Word a certain lead over the best constant answer."""
    assert answer.lead is not None
    return f"better than {_theirs(answer.lead)} by {_lead(facts, answer.lead)}"


def nothing(facts: Facts, answer: SkillAnswer) -> str:
    """Word that no lead is possible that matters, or hardly one."""
    assert answer.lead is not None
    much = "nothing was learnt" if _trifling(facts, answer.lead) else "little was learnt, if anything"
    return f"{much}: its lead over {_theirs(answer.lead)} is {_lead(facts, answer.lead)}"


def memorized(facts: Facts, answer: SkillAnswer) -> str:
    """Word that training examples are known, and that no lead is possible on new ones that matters, or hardly one."""
    assert answer.lead is not None
    much = "does not generalize" if _trifling(facts, answer.lead) else "hardly generalizes"
    return (
        f"it memorizes and {much}: {_probe(facts)} on training examples, and its lead over "
        f"{_theirs(answer.lead)} on validation is {_lead(facts, answer.lead)}"
    )


def untold(facts: Facts, answer: SkillAnswer) -> str:
    """Word that the validation examples do not suffice to tell."""
    of = "too few validation examples to tell whether it learnt"
    if answer.lead is None:
        return f"{of}: {facts.val_size}"
    leaves = sizes.val_that(facts, "leaves", "leave")
    return f"{of}: {leaves} its lead over {_theirs(answer.lead)} at {_lead(facts, answer.lead)}"


def untold_but_fitted(facts: Facts, answer: SkillAnswer) -> str:
    """Word that training examples are known, and validation examples do not suffice to tell."""
    fitted = _fitted(facts)
    if answer.lead is None:
        return f"{fitted}, and too few validation examples tell what that is worth: {facts.val_size}"
    return (
        f"{fitted}, and cannot be told from {_theirs(answer.lead)} on "
        f"{facts.val_size}: a lead of {_lead(facts, answer.lead)}"
    )


def _fitted(facts: Facts) -> str:
    """Word how well training examples are fitted, by the share of what can be learnt that is there."""
    lacks = abs(facts.metric.perfect - facts.score("probe").value) / sizes.learnable(facts)
    if KNOWN < lacks <= LEARNT:
        share = formatting.rounded_percent(1 - lacks)
        return f"it has learnt {share} of what can be learnt on its training examples ({_probe(facts)})"
    return f"it {'knows' if lacks <= KNOWN else 'does better on'} its training examples ({_probe(facts)})"


def behind_rival(facts: Facts, answer: SkillAnswer) -> str:
    """Word that a cheap rival is certainly better."""
    found = answer.rival
    assert found is not None
    behind = formatting.difference(facts.metric, -found.lead, (-found.interval.high, -found.interval.low))
    score, typed = formatting.score(facts.metric, found.baseline.score), remedy.as_model(facts, found.baseline)
    return f"{_theirs(found)}{f' ({typed})' * bool(typed)} gets {score}, certainly better by {behind}"


def memorizes(facts: Facts, answer: MemoryAnswer) -> str:
    """Word a certain gap that is a large part, or a part, of what can be learnt."""
    how = "it memorizes" if answer.state is Memory.LARGE else "it memorizes in part"
    return f"{how}: a gap of {_gap(facts, answer)} between training and validation, {share_of_learnable(answer)}"


def share_of_learnable(answer: MemoryAnswer) -> str:
    """Word the gap as a share of what can be learnt."""
    return f"{formatting.rounded_percent(answer.of_learnable[0])} of what can be learnt"


def gap_untold(facts: Facts, answer: MemoryAnswer) -> str:
    """Word a gap that may be anything from nothing to much of what can be learnt."""
    of = sizes.val_that(facts, "leaves", "leave")
    return f"too few examples to tell whether it memorizes: {of} the gap at {_gap(facts, answer)}"


def gap_vague(facts: Facts, answer: MemoryAnswer) -> str:
    """Word a certain gap that may be small or large."""
    return f"it memorizes, and too few examples tell how much: a certain gap of {_gap(facts, answer)}"


def overfits(facts: Facts, answer: TurnAnswer) -> str:
    """Word when and by how much validation became worse."""
    loss, metric, name = answer.loss, answer.metric, formatting.metric_word(facts.tested_metric)
    assert loss is not None
    if answer.state is Turn.LOSS:
        return f"overfits in loss since {since(loss)}, {_sizes_of_loss(loss)}"
    assert metric is not None
    if answer.state is Turn.METRIC:
        return f"overfits in {name} since {since(metric)}, {_sizes(facts, metric)}"
    if answer.state is Turn.BOTH:
        return (
            f"overfits in loss and in {name} since {since(loss, 'the best loss')}, "
            f"loss {_sizes_of_loss(loss)}, {name} {_sizes(facts, metric)}"
        )
    return (
        f"overfits in loss since {since(loss)}, {_sizes_of_loss(loss)}, and in {name} since {since(metric)}, "
        f"{_sizes(facts, metric)}"
    )


def after_turn(facts: Facts, answer: TurnAnswer) -> str:
    """Word what follows from a turn: where to stop, or that loss and metric disagree."""
    loss, metric, name = answer.loss, answer.metric, formatting.metric_word(facts.tested_metric)
    assert loss is not None
    if answer.state is Turn.METRIC:
        return "the loss is not certainly worse"
    if metric is None:
        return f"{name} could not be tested"
    if answer.state is Turn.APART:
        return (
            f"loss and {name} disagree on the best epoch, {loss.best} against {metric.best}: over-confidence, so "
            "choose by purpose, and calibrate"
        )
    if answer.state is Turn.BOTH:
        where = "both are best" if metric.best == loss.best else f"the loss is best ({name} at epoch {metric.best})"
        return f"stop at epoch {loss.best}, where {where}"
    return f"{name} is not certainly worse: {_not_distinguishable(facts, metric)}"


def _not_distinguishable(facts: Facts, metric: Change) -> str:
    if metric.worse <= 0:
        return "it grows over-confident"
    seen = formatting.difference(facts.metric, metric.worse, metric.interval)
    if metric.established:
        return f"a change of {seen} is too small to matter, and it grows over-confident"
    examples = formatting.many(metric.n, facts.val_unit)
    return f"a change of {seen} on {examples}, and it grows over-confident"


def worse_on_both(_facts: Facts, answer: TurnAnswer) -> str:
    """Word a change for the worse that training examples share, or may share."""
    assert answer.loss is not None
    shown = f"since {since(answer.loss)}, {_sizes_of_loss(answer.loss)}"
    return f"the loss got worse {shown}, but not certainly more than on training examples"


def turn_untold(_facts: Facts, answer: TurnAnswer) -> str:
    """Word why nobody can tell whether validation has turned."""
    return f"whether it overfits cannot be told, because {answer.why.partition(';')[0]}"


def skill_unknown(_facts: Facts, answer: SkillAnswer) -> str:
    """Word why nobody can tell whether the network beats a constant answer."""
    return f"whether it beats a constant answer cannot be told, because {answer.why.partition(';')[0]}"


def gap_unknown(_facts: Facts, answer: MemoryAnswer) -> str:
    """Word why nobody can tell whether the network memorizes."""
    return f"whether it memorizes cannot be told, because {answer.why.partition(';')[0]}"


def fine(facts: Facts, answer: MemoryAnswer) -> str:
    """Word that nothing of the three is wrong."""
    if answer.gap is None:
        return "no overfitting is established"
    shown = _gap(facts, answer)
    words = {
        Memory.SMALL: f"a small but certain gap of {shown} between training and validation",
        Memory.EASIER: f"validation is certainly the easier part, by a gap of {shown}",
        Memory.UNTOLD: f"training and validation do not certainly differ, gap {shown}",
    }
    return f"no overfitting is established: {words.get(answer.state, words[Memory.UNTOLD])}"


def head(finding: Finding) -> str:
    """Word a finding by the first clause of its message."""
    return finding.message.partition("; ")[0]


def _trifling(facts: Facts, found: Lead) -> bool:
    return found.interval.high < sizes.smallest_that_matters(facts)


def _lead(facts: Facts, found: Lead) -> str:
    return formatting.difference(facts.metric, found.lead, found.interval)


def _theirs(found: Lead) -> str:
    return formatting.quoted(found.baseline.answer)


def _probe(facts: Facts) -> str:
    return formatting.score(facts.metric, facts.score("probe").value)


def _gap(facts: Facts, answer: MemoryAnswer) -> str:
    assert answer.gap is not None
    return formatting.difference(facts.metric, answer.gap.gap, answer.gap.interval)


def since(change: Change, best: str = "its best") -> str:
    """Word from when on a curve got worse."""
    return f"epoch {change.onset}" if change.dated else f"{best} at epoch {change.best}"


def _sizes_of_loss(loss: Change) -> str:
    by = formatting.with_interval(loss.worse, loss.interval)
    return f"from {show_number(loss.before)} to {show_number(loss.after)} (by {by})"


def _sizes(facts: Facts, change: Change) -> str:
    shown = formatting.percent if facts.higher_score else show_number
    by = formatting.points if facts.higher_score else formatting.with_interval
    return f"from {shown(change.before)} to {shown(change.after)} (by {by(change.worse, change.interval)})"
