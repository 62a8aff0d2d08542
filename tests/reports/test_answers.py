"""Three questions, each answered from the interval that is shown."""

from dataclasses import replace

import pytest

from dl.intervals import Interval
from dl_reports.answers import Memory, Skill, Turn, answer, answer_memory, answer_skill, answer_turn
from dl_reports.facts import Facts
from dl_reports.read import read
from dl_reports.statistics.gap import Gap

THREE = (0.4, 0.3, 0.3)


@pytest.fixture
def facts(simulated, plugins):
    """Facts of a simulated fit, perhaps with another gap at the best epoch; always '0' gets 10 %."""

    def make(gap=None, **fit):
        found = Facts(read(simulated(**{"signal": [3.5] * 3, **fit})), plugins)
        if gap is not None:
            found.gap = Gap(0.9, 0.9 - gap[0], gap[0], Interval(*gap[1:]), 3.0)
        return found

    return make


@pytest.mark.parametrize(
    ("fit", "state"),
    [
        ({}, Skill.BETTER),
        ({"signal": [0.0] * 3, "n": 2000}, Skill.NOTHING),
        ({"signal": [0.0] * 3, "probe_signal": [4.0] * 3, "n": 2000}, Skill.MEMORIZED),
        ({"signal": [0.2] * 3, "n": 40, "shares": THREE}, Skill.UNTOLD),
        ({"signal": [0.2] * 3, "probe_signal": [6.0] * 3, "n": 40, "shares": THREE}, Skill.UNTOLD_BUT_FITTED),
        ({"signal": []}, Skill.UNKNOWN),
    ],
)
def test_skill_is_read_from_the_interval_of_the_lead_and_the_score_on_training(facts, fit, state):
    assert answer_skill(facts(**fit)).state is state


def test_a_cheap_rival_counts_only_where_it_is_certainly_better(facts):
    assert answer_skill(facts(rival=0.99)).rival.lead < 0
    assert answer_skill(facts(rival=0.5)).rival is None


@pytest.mark.parametrize(
    ("gap", "state"),
    [
        ((0.004, 0.002, 0.006), Memory.SMALL),  # certain, and 0.4 % of what can be learnt
        ((0.30, -0.05, 0.55), Memory.UNTOLD),  # thirty points on few examples may be nothing, or much
        ((0.05, -0.05, 0.15), Memory.NONE),
        ((-0.05, -0.08, -0.02), Memory.EASIER),
        ((0.05, 0.019, 0.08), Memory.PART),  # its lower end is 2 % of 90 points or more
        ((0.32, 0.01, 0.6), Memory.VAGUE),  # certain, and so wide that it may be small or large
        ((0.32, 0.28, 0.36), Memory.LARGE),
    ],
)
def test_memorization_is_read_from_the_gap_as_a_share_of_what_can_be_learnt(facts, gap, state):
    found = answer_memory(facts(gap))
    assert found.state is state
    assert found.of_learnable == pytest.approx(tuple(end / 0.9 for end in gap))


def test_a_turn_counts_if_its_interval_is_above_zero_and_it_is_one_percent_of_a_constants_loss(facts):
    both, loss, none = (
        facts(signal=[2.0, 3.0, 3.5, 3.0, 2.5, 2.0], probe_signal=[3.0, 3.2, 3.5, 3.6, 3.6, 3.7]) for _ in range(3)
    )
    assert answer_turn(both).state is Turn.BOTH
    loss.metric_change = none.metric_change = replace(both.metric_change, worse=0.001)
    assert answer_turn(loss).state is Turn.LOSS
    none.loss_change = replace(both.loss_change, worse=0.001)
    assert answer_turn(none).state is Turn.TRIFLING


def test_the_three_answers_come_together(facts):
    found = answer(facts())
    assert (found.skill.state, found.memory.state, found.turn.state) == (Skill.BETTER, Memory.NONE, Turn.NONE)
