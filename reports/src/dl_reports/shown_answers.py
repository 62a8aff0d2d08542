"""The three answers as a report shows them: a row each, with its sign, its words and its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from dl.intervals import Estimate, Interval
from dl.runs.manifest import drawn
from dl.words import show_number
from dl_reports import formatting, sizes
from dl_reports.answers import Answers, Memory, MemoryAnswer, Skill, SkillAnswer, Turn, TurnAnswer
from dl_reports.baseline import Lead, rival_leads
from dl_reports.change import Change
from dl_reports.clauses import share_of_learnable, since
from dl_reports.facts import Facts
from dl_reports.report import Answer

SKILL, MEMORIZATION, TURN = "skill", "memorization", "turn"
OF_SKILL = {
    Skill.BETTER: "good",
    Skill.NOTHING: "issue",
    Skill.MEMORIZED: "issue",
    Skill.UNTOLD: "tip",
    Skill.UNTOLD_BUT_FITTED: "issue",
    Skill.UNKNOWN: "note",
}
OF_MEMORY = {
    Memory.NONE: "good",
    Memory.EASIER: "good",
    Memory.SMALL: "good",
    Memory.VAGUE: "note",
    Memory.PART: "tip",
    Memory.LARGE: "issue",
    Memory.UNTOLD: "note",
    Memory.UNKNOWN: "note",
}
OF_TURN = {
    Turn.NONE: "good",
    Turn.TRIFLING: "good",
    Turn.SHARED: "note",
    Turn.ABSENT: "note",
    Turn.UNKNOWN: "note",
}


def show_answers(facts: Facts, answers: Answers, *, distrusted: bool = False) -> tuple[Answer, ...]:
    """Return the three answers as a report shows them.

    Args:
        facts: Of the run.
        answers: To the three questions.
        distrusted: Whether the score cannot be trusted: then none of them is good.
    """
    found = (_skill(facts, answers.skill), _memory(facts, answers.memory), _turn(facts, answers.turn))
    if not distrusted:
        return found
    return tuple(replace(one, severity="note") if one.severity == "good" else one for one in found)


def _skill(facts: Facts, answer: SkillAnswer) -> Answer:
    found, severity = answer.lead, OF_SKILL[answer.state]
    if found is None:
        return Answer(SKILL, answer.state.value, severity, f"cannot be told: {answer.why}")
    theirs, lead = formatting.quoted(found.baseline.answer), formatting.difference(facts.metric, found.lead)
    words = {
        Skill.BETTER: f"better than {theirs} by {lead}",
        Skill.NOTHING: f"hardly better than {theirs}, if at all: a lead of {lead}",
        Skill.MEMORIZED: f"hardly better than {theirs}, if at all: a lead of {lead}",
    }
    message = words.get(answer.state, f"too few examples to tell it from {theirs}: a lead of {lead}")
    if answer.rival is not None:
        behind = formatting.difference(facts.metric, -answer.rival.lead)
        message += f"; {formatting.quoted(answer.rival.baseline.answer)} is better by {behind}"
        severity = "issue"
    elif answer.state is Skill.BETTER and (rivals := _rivals(facts)):
        message += f", {rivals}"
    share = _share(found.lead, found.interval, sizes.learnable(facts))
    return Answer(SKILL, answer.state.value, severity, message, Estimate(found.lead, *found.interval), share=share)


def _rivals(facts: Facts) -> str:
    """Word which cheap rivals the network is better than, and which it cannot be told from; empty without one."""
    leads = rival_leads(facts)
    beaten, equal = ([one for one in leads if one.better is better] for better in (True, False))
    words = [f"and than {_listed(beaten, 'and')}"] if beaten else []
    words += [f"not certainly {'' if beaten else 'better '}than {_listed(equal, 'or')}"] if equal else []
    sizes_of = {one.baseline.train for one in leads if one.baseline.answer.endswith(drawn(one.baseline.train))}
    return ", ".join(words) + (drawn(sizes_of.pop()) if len(sizes_of) == 1 else "")


def _listed(leads: Sequence[Lead], last_but: str) -> str:
    *first, last = [formatting.quoted(one.baseline.name) for one in leads]
    return f"{', '.join(first)} {last_but} {last}" if first else last


def _memory(facts: Facts, answer: MemoryAnswer) -> Answer:
    found, severity = answer.gap, OF_MEMORY[answer.state]
    if found is None:
        return Answer(MEMORIZATION, answer.state.value, severity, f"cannot be told: {answer.why}")
    gap = formatting.difference(facts.metric, found.gap)
    if answer.state is Memory.EASIER:
        message = f"none: validation is better by {formatting.difference(facts.metric, -found.gap)}"
    elif answer.state in (Memory.NONE, Memory.UNTOLD):
        message = (
            f"{'too few examples to tell' if answer.state is Memory.UNTOLD else 'none is certain'}: a gap of {gap}"
        )
    else:
        shares = [share_of_learnable(answer)] if math.isfinite(answer.of_learnable[0]) else []
        shares += [f"{formatting.rounded_percent(answer.of_left)} of what is left"] * math.isfinite(answer.of_left)
        message = f"a gap of {gap}{', ' * bool(shares)}{', '.join(shares)}"
    share = Estimate(*answer.of_learnable) if math.isfinite(answer.of_learnable[0]) else None
    return Answer(
        MEMORIZATION, answer.state.value, severity, message, Estimate(found.gap, *found.interval), share=share
    )


def _turn(facts: Facts, answer: TurnAnswer) -> Answer:
    severity = OF_TURN.get(answer.state, "issue")
    of_loss = answer.state is not Turn.METRIC
    found = answer.loss if of_loss else answer.metric
    if found is None:
        what = "none" if answer.state is Turn.ABSENT else "cannot be told"
        return Answer(TURN, answer.state.value, severity, f"{what}: {answer.why}")
    name = formatting.metric_word(facts.tested_metric)
    what = {Turn.METRIC: name, Turn.BOTH: f"loss and {name}", Turn.APART: f"loss and {name}"}.get(answer.state, "loss")
    size = show_number(found.worse) if of_loss else _score_change(facts, found)
    if answer.state is Turn.NONE and found.worse == 0:
        message = "none: the loss is best at the last epoch"
    elif answer.state is Turn.NONE:
        message = f"none is certain: the loss is {size} above its best"
    elif answer.state is Turn.TRIFLING:
        message = f"none that matters: the loss is {size} above its best"
    elif answer.state is Turn.SHARED:
        message = f"the loss is {size} above its best, not certainly more than on training examples"
    else:
        message = f"{what} since {since(found)}, the {'loss' if of_loss else name} worse by {size}"
        if of_loss and math.isfinite(answer.of_gained):
            part = f"{formatting.rounded_percent(answer.of_gained)} of what" if answer.of_gained < 1 else "more than"
            message += f", {part} it had gained"
    share = _share(found.worse, found.interval, found.worse / answer.of_gained) if of_loss and found.worse else None
    return Answer(TURN, answer.state.value, severity, message, Estimate(found.worse, *found.interval), of_loss, share)


def _score_change(facts: Facts, change: Change) -> str:
    return formatting.points(change.worse) if facts.higher_score else show_number(change.worse)


def _share(value: float, interval: Interval, whole: float) -> Estimate | None:
    return Estimate(value / whole, interval.low / whole, interval.high / whole) if math.isfinite(whole) else None
