"""Three questions about a fit, each answered with its interval: skill, memorization and turn.

1. Skill: is it better than the best constant answer, and than a cheap rival?
2. Memorization: how much of what it can do on training examples is lost on new ones?
3. Turn: has validation become worse since its best, certainly and by an amount that matters?

A state is read from the interval that is shown, so words and numbers never disagree; which state means what stands in
the table of `docs/reports.md`. Letters: ``R`` the range that can be learnt.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from dl_reports import sizes
from dl_reports.baseline import Lead, lead, rival_leads
from dl_reports.change import Change
from dl_reports.facts import Facts, fact, known
from dl_reports.statistics import NotComputable
from dl_reports.statistics.gap import Gap
from dl_reports.statistics.moments import too_few

LITTLE = 0.2  # of R: where a lead is certainly smaller, if there is one, more examples are not what is wanting
PARTLY = 0.02  # of R: a gap certainly this large is worth a remedy
LIKELY = 0.05  # of R: a certain gap of this estimate is not small, though its interval may leave its size open
MOSTLY = 0.25  # of R: a gap certainly this large is memorization


class Skill(StrEnum):
    """How the network stands to the best constant answer."""

    BETTER = "better"
    NOTHING = "nothing"
    MEMORIZED = "memorized"
    UNTOLD = "untold"
    UNTOLD_BUT_FITTED = "untold-but-fitted"
    UNKNOWN = "unknown"


class Memory(StrEnum):
    """How much of what the network can do is lost on new examples."""

    NONE = "none"
    EASIER = "easier"
    SMALL = "small"
    VAGUE = "vague"
    PART = "part"
    LARGE = "large"
    UNTOLD = "untold"
    UNKNOWN = "unknown"


class Turn(StrEnum):
    """Whether validation got worse since its best; shared, where training examples did not certainly less so.

    It is absent of a model that is not trained in epochs.
    """

    NONE = "none"
    TRIFLING = "trifling"
    LOSS = "loss"
    METRIC = "metric"
    BOTH = "both"
    APART = "apart"
    SHARED = "shared"
    ABSENT = "absent"
    UNKNOWN = "unknown"


TURNED = (Turn.LOSS, Turn.METRIC, Turn.BOTH, Turn.APART)


@dataclass(frozen=True)
class SkillAnswer:
    """The first answer.

    Attributes:
        state: Where the interval of the lead lies.
        lead: Over the best constant answer; None where it is not computable.
        fitted: Whether the score on training examples is certainly better than that answer's.
        rival: The lead over a cheap rival that is certainly better than the network; None without one.
        why: Why the lead is not computable; empty where it is.
    """

    state: Skill
    lead: Lead | None
    fitted: bool
    rival: Lead | None
    why: str = ""


@dataclass(frozen=True)
class MemoryAnswer:
    """The second answer.

    Attributes:
        state: Where the interval of the gap lies, as a share of R.
        gap: None where it is not computable.
        of_learnable: The gap as a share of R, with both ends of its interval; NaN where R is not known.
        of_left: The gap as a share of the remaining error; NaN where nothing is left.
        why: Why the gap is not computable; empty where it is.
    """

    state: Memory
    gap: Gap | None
    of_learnable: tuple[float, float, float] = (math.nan, math.nan, math.nan)
    of_left: float = math.nan
    why: str = ""


@dataclass(frozen=True)
class TurnAnswer:
    """The third answer.

    Attributes:
        state: Which of loss and metric turned, certainly and by an amount that matters.
        loss: Change of the loss; None where it is not computable.
        metric: Change of the metric; None where it is not computable.
        of_gained: How much of what the loss had gained on a constant answer is lost again; NaN where not known.
        why: Why the change of the loss is not computable; empty where it is.
    """

    state: Turn
    loss: Change | None
    metric: Change | None
    of_gained: float = math.nan
    why: str = ""


@dataclass(frozen=True)
class Answers:
    """The three answers of a run.

    Attributes:
        skill: The first.
        memory: The second.
        turn: The third.
    """

    skill: SkillAnswer
    memory: MemoryAnswer
    turn: TurnAnswer


@fact
def answer(facts: Facts) -> Answers:
    """Answer the three questions about a run."""
    return Answers(answer_skill(facts), answer_memory(facts), answer_turn(facts))


@fact
def answer_skill(facts: Facts) -> SkillAnswer:
    """Answer whether the network is better than the best constant answer and a cheap rival."""
    found, best = lead(facts), sizes.best_of(facts, sizes.constants(facts))
    fitted = best is not None and _fitted(facts, best.score)
    rival = min((one for one in rival_leads(facts) if one.worse), key=lambda one: one.lead, default=None)
    if not isinstance(found, NotComputable):
        return SkillAnswer(_skill(facts, found, fitted), found, fitted, rival)
    few = (
        best is not None
        and facts.best is not None
        and too_few(facts.manifest.parts.val, facts.groups("val")) is not None
    )
    untold = Skill.UNTOLD_BUT_FITTED if fitted else Skill.UNTOLD
    return SkillAnswer(untold if few else Skill.UNKNOWN, None, fitted, rival, found.reason)


def _skill(facts: Facts, found: Lead, fitted: bool) -> Skill:
    low, high = found.interval
    if high < sizes.smallest_that_matters(facts) or (low <= 0 and high < LITTLE * sizes.learnable(facts)):
        return Skill.MEMORIZED if fitted else Skill.NOTHING
    if low > 0:
        return Skill.BETTER
    return Skill.UNTOLD_BUT_FITTED if fitted else Skill.UNTOLD


def _fitted(facts: Facts, constant: float) -> bool:
    _, low, high = facts.score("probe")
    return low > constant if facts.metric.higher else high < constant


@fact
def answer_memory(facts: Facts) -> MemoryAnswer:
    """Answer how much of what the network can do on training examples is lost on new ones."""
    found = facts.gap
    if isinstance(found, NotComputable):
        return MemoryAnswer(Memory.UNKNOWN, None, why=found.reason)
    whole, left = sizes.learnable(facts), abs(facts.metric.perfect - found.val)
    low, high = found.interval
    shares = (found.gap / whole, low / whole, high / whole)
    return MemoryAnswer(_memory(found, shares), found, shares, found.gap / left if left else math.nan)


def _memory(found: Gap, shares: tuple[float, float, float]) -> Memory:
    value, low, high = shares
    if not found.certain:
        return Memory.UNTOLD if high >= MOSTLY else Memory.NONE
    if found.gap < 0:
        return Memory.EASIER
    if low >= MOSTLY:
        return Memory.LARGE
    if low >= PARTLY:
        return Memory.PART
    return Memory.VAGUE if value >= LIKELY else Memory.SMALL


@fact
def answer_turn(facts: Facts) -> TurnAnswer:
    """Answer whether validation has become worse since its best, certainly and by an amount that matters."""
    loss, metric = facts.loss_change, known(facts.metric_change)
    if facts.manifest.learner:
        return TurnAnswer(Turn.ABSENT, None, None, why="the model is not trained in epochs")
    if isinstance(loss, NotComputable):
        return TurnAnswer(Turn.UNKNOWN, None, metric, why=loss.reason)
    floor = sizes.constant_loss(facts)
    gained = math.nan if floor is None or floor <= loss.before else floor - loss.before
    return TurnAnswer(_turn(facts, loss, metric), loss, metric, loss.worse / gained)


def _turn(facts: Facts, loss: Change, metric: Change | None) -> Turn:
    in_loss = loss.established and loss.worse >= sizes.smallest_loss(facts)
    in_metric = metric is not None and metric.established and metric.worse >= sizes.smallest_change(facts)
    if in_loss and in_metric:
        both = known(facts.agreement)
        return Turn.BOTH if both is not None and both.overfits_both else Turn.APART
    if in_loss or in_metric:
        return Turn.LOSS if in_loss else Turn.METRIC
    if loss.with_training and loss.worse >= sizes.smallest_loss(facts):
        return Turn.SHARED
    return Turn.TRIFLING if loss.onset is not None or (metric is not None and metric.established) else Turn.NONE
