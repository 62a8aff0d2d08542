"""The three answers as rows: sign, words and interval."""

import math

import pytest

from dl_reports.answers import answer
from dl_reports.facts import Facts
from dl_reports.read import read
from dl_reports.shown_answers import show_answers


@pytest.fixture
def shown(simulated, plugins):
    """The rows of a simulated fit."""

    def show(*, distrusted=False, **fit):
        facts = Facts(read(simulated(**fit)), plugins)
        return show_answers(facts, answer(facts), distrusted=distrusted)

    return show


def test_the_three_questions_have_a_row_each_with_the_interval_of_its_answer(shown):
    skill, memory, turn = shown(signal=[2.0] * 3, probe_signal=[6.0] * 3)
    assert [one.question for one in (skill, memory, turn)] == ["skill", "memorization", "turn"]
    assert [one.severity for one in (skill, memory, turn)] == ["good", "issue", "good"]
    assert all(one.size.low <= one.size.value <= one.size.high for one in (skill, memory, turn))
    assert memory.message == "a gap of 33.90 points, 38 % of what can be learnt, 100 % of what is left"
    assert memory.share.value == pytest.approx(memory.size.value / 0.9)


def test_a_turn_is_worded_as_a_share_of_what_the_loss_had_gained(shown):
    _, _, turn = shown(signal=[2.0, 3.0, 3.5, 3.0, 2.5, 2.0], probe_signal=[3.0, 3.2, 3.5, 3.6, 3.6, 3.7])
    assert turn.of_loss and turn.severity == "issue" and turn.share.value == pytest.approx(0.39, abs=0.01)
    assert turn.message.startswith("loss and accuracy since epoch 4, the loss worse by ")


def test_nothing_is_good_while_the_score_cannot_be_trusted(shown):
    assert {one.severity for one in shown(signal=[3.5] * 3)} == {"good"}
    assert {one.severity for one in shown(signal=[3.5] * 3, distrusted=True)} == {"note"}


def test_what_cannot_be_told_has_its_reason_and_no_size(shown):
    _, _, turn = shown(signal=[3.5])
    assert turn.message.startswith("cannot be told: it takes two epochs") and turn.size is None


def test_a_cheap_rival_that_is_certainly_better_is_named(shown):
    skill, _, _ = shown(signal=[2.5] * 3, rival=0.99)
    assert skill.severity == "issue" and "a linear model is better by" in skill.message
    assert math.isfinite(skill.share.value)
