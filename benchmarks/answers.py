"""Are the three answers of the verdict right? Real and simulated fits, judged by what their networks do untouched.

`benchmarks.answer_draws` names the sets, `benchmarks.answer_fits` fits them. Of each answer are compared what it claims
and what its interval holds: skill with the lead over the same constant answer, memorization with the gap between all
training examples and the untouched set, turn with the change between the same two epochs. An answer that claims
something is contradicted where the untouched set certainly is beyond what it claims, at 5 % with that set's own error;
one that claims nothing where the truth lies beyond its interval. An interval covers where it holds the truth, both
errors taken together.
"""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.answer_draws import draws
from benchmarks.answer_fits import KEPT, Fitted, fitted
from benchmarks.measuring import publish
from dl.groups import Groups
from dl.intervals import Interval
from dl.plugins.loading import load_plugins
from dl_reports import sizes
from dl_reports.answers import (
    LITTLE,
    MOSTLY,
    PARTLY,
    TURNED,
    Answers,
    Memory,
    MemoryAnswer,
    Skill,
    SkillAnswer,
    Turn,
    TurnAnswer,
    answer,
)
from dl_reports.change import Change
from dl_reports.facts import Facts
from dl_reports.read import read

SURE, BOTH_ENDS = 1.645, 1.96  # standard errors: 5 % one-sided, 5 % on both sides
SKILL, MEMORY, TURN = "skill", "memorization", "turn"
NOTE = "asked for: contradicted at most 5 %, covered 93-97 %; intervals widened by the untouched set's own error"


@dataclass(frozen=True)
class Truth:
    """A number on the untouched set, with its standard error."""

    value: float
    error: float

    def below(self, bound: float) -> bool:
        """Whether it is certainly below a bound."""
        return self.value + SURE * self.error < bound

    def above(self, bound: float) -> bool:
        """Whether it is certainly above a bound."""
        return self.value - SURE * self.error > bound

    def beyond(self, value: float, interval: Interval) -> int:
        """Return -1 where it lies below an interval, 1 above, 0 within, the errors of both taken together."""
        low = value - math.hypot(value - interval.low, BOTH_ENDS * self.error)
        high = value + math.hypot(interval.high - value, BOTH_ENDS * self.error)
        return -1 if self.value < low else 1 if self.value > high else 0


@dataclass(frozen=True)
class Judged:
    """One answer of one fit.

    Attributes:
        kind: Of the draw.
        setting: Of the draw.
        question: Of the answer.
        state: Of the answer.
        contradicted: Whether the untouched set contradicts it.
        beyond: Where the truth lies beside the interval: -1 below, 1 above, 0 within; None without an interval.
        told: Value and ends.
        truth: On the untouched set.
    """

    kind: str
    setting: str
    question: str
    state: str
    contradicted: bool
    beyond: int | None
    told: tuple[float, float, float]
    truth: float


def judge(kind: str, setting: str, fit: Fitted) -> list[Judged]:
    """Compare the answers that the report gives with the untouched set."""
    facts = Facts(read(fit.run), load_plugins())
    told: Answers = answer(facts)
    found = (_skill(facts, told.skill, fit), _memory(facts, told.memory, fit), _turn(facts, told.turn, fit))
    return [Judged(kind, setting, *one) for one in found if one is not None]


Verdict = tuple[str, str, bool, int | None, tuple[float, float, float], float]


def _told(
    question: str, state: str, value: float, interval: Interval, truth: Truth, *, contradicted: bool | None
) -> Verdict:
    beyond = truth.beyond(value, interval)
    against = beyond != 0 if contradicted is None else contradicted
    return question, state, against, beyond, (value, *interval), truth.value


def _skill(facts: Facts, said: SkillAnswer, fit: Fitted) -> Verdict | None:
    if said.lead is None:
        return None
    truth, whole = true_lead(facts, said.lead.baseline.name, fit), sizes.learnable(facts)
    claimed: dict[Skill, bool] = {
        Skill.BETTER: truth.below(0.0),
        Skill.NOTHING: truth.above(LITTLE * whole),
        Skill.MEMORIZED: truth.above(LITTLE * whole),
    }
    found = said.lead
    return _told(SKILL, said.state, found.lead, found.interval, truth, contradicted=claimed.get(said.state))


def true_lead(facts: Facts, baseline: str, fit: Fitted) -> Truth:
    """Return the lead over a constant answer on the untouched set, paired where the metric is a mean."""
    assert facts.best is not None
    sign = 1.0 if facts.metric.higher else -1.0
    if facts.metric.kind in ("proportion", "mean"):
        apart = sign * (fit.score[facts.best] - fit.constants[baseline])
        return Truth(float(apart.mean()), error_of(apart, fit.groups))
    value, low, high = fit.headline
    return Truth(sign * (value - fit.constant_headlines[baseline]), (high - low) / 2 / BOTH_ENDS)


def _memory(facts: Facts, said: MemoryAnswer, fit: Fitted) -> Verdict | None:
    if said.gap is None:
        return None
    value, low, high = fit.headline
    sign = 1.0 if facts.metric.higher else -1.0
    truth = Truth(sign * (fit.train - value), (high - low) / 2 / BOTH_ENDS)
    whole = sizes.learnable(facts)
    claimed: dict[Memory, bool] = {
        Memory.LARGE: truth.below(MOSTLY * whole),
        Memory.PART: truth.below(PARTLY * whole),
        Memory.SMALL: truth.below(0.0) or truth.beyond(said.gap.gap, said.gap.interval) > 0,
        Memory.VAGUE: truth.below(0.0),
        Memory.EASIER: truth.above(0.0),
        Memory.NONE: truth.beyond(said.gap.gap, said.gap.interval) > 0,
    }
    return _told(MEMORY, said.state, said.gap.gap, said.gap.interval, truth, contradicted=claimed.get(said.state))


def _turn(facts: Facts, said: TurnAnswer, fit: Fitted) -> Verdict | None:
    of_loss = said.state is not Turn.METRIC
    change = said.loss if of_loss else said.metric
    if change is None:
        return None
    values = fit.loss if of_loss else (-fit.score if facts.higher_score else fit.score)
    truth = moved(values, change.best, change.last, fit.groups)
    if said.state in TURNED:
        against = truth.below(0.0) or _too_early(values, change, fit.groups)
    else:
        against = truth.beyond(change.worse, change.interval) > 0
    return _told(TURN, said.state, change.worse, change.interval, truth, contradicted=against)


def moved(values: NDArray[np.float64], first: int, second: int, groups: Groups | None) -> Truth:
    """Return how much worse values (T, J) are at the second of two epochs, counted from 1."""
    apart = values[second - 1] - values[first - 1]
    return Truth(float(apart.mean()), error_of(apart, groups))


def _too_early(values: NDArray[np.float64], change: Change, groups: Groups | None) -> bool:
    """Return whether it was still certainly better at the stated onset than at the stated best."""
    return change.dated and change.onset is not None and moved(values, change.best, change.onset, groups).below(0.0)


def error_of(values: NDArray[np.float64], groups: Groups | None) -> float:
    """Return the standard error of the mean of values (J,), by group."""
    one = values if groups is None else groups.values(values)
    return float(one.std(ddof=1)) / math.sqrt(len(one))


def row_of(name: str, question: str, judged: Sequence[Judged]) -> dict[str, object]:
    """Return one line of the table."""
    told = [one for one in judged if one.beyond is not None]
    ends = [sum(one.beyond == side for one in told) for side in (-1, 1)]
    against = sum(one.contradicted for one in judged)
    return {
        "fits": name,
        "answer": question,
        "told": len(judged),
        "contradicted": f"{against} ({against / len(judged):.1%})",
        "covered": f"{1 - sum(ends) / len(told):.1%}",
        "truth below, above": f"{ends[0]}, {ends[1]}",
    }


def rows(judged: Sequence[Judged]) -> Iterator[dict[str, object]]:
    """Yield a line for each kind and question, and for all."""
    for kind in [*dict.fromkeys(one.kind for one in judged), "all"]:
        for question in (SKILL, MEMORY, TURN, "all three"):
            chosen = [one for one in judged if kind in (one.kind, "all") and question in (one.question, "all three")]
            if chosen:
                yield row_of(kind, question, chosen)


def main() -> None:
    """Print and keep the tables: by kind, by setting, and what was contradicted."""
    found: list[Judged] = []
    fits = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, (make, count) in draws().items():
            for seed in range(count):
                draw = make(seed)
                found += judge(draw.kind, draw.name, fitted(draw, KEPT / f"{name}-{seed}", seed))
                fits += 1
            print(name, file=sys.stderr, flush=True)
    settings = [
        row_of(setting, question, chosen)
        for setting in dict.fromkeys(one.setting for one in found)
        for question in (SKILL, MEMORY, TURN)
        if (chosen := [one for one in found if (one.setting, one.question) == (setting, question)])
    ]
    publish("answers", f"The three answers of {fits} fits, against sets they never saw", list(rows(found)), NOTE)
    publish("answers-by-setting", "The same, by set", settings, NOTE)


if __name__ == "__main__":
    main()
