"""Clauses of the verdict: each claims what its interval does."""

from dataclasses import replace

import pytest

from dl.finding import Finding
from dl.intervals import Interval
from dl_reports import clauses
from dl_reports.answers import Turn, answer
from dl_reports.facts import Facts
from dl_reports.read import read


@pytest.fixture
def facts(simulated, plugins):
    return lambda **fit: Facts(read(simulated(**fit)), plugins)


def test_a_lead_is_worded_with_its_interval(facts):
    found = facts(signal=[3.5])
    skill = answer(found).skill
    told = replace(skill, lead=replace(skill.lead, lead=0.4, interval=Interval(0.1323, 0.6177)))
    assert clauses.better(found, told) == "better than always '0' by 40.00 points [13.23, 61.77]"


def test_nothing_is_said_of_a_lead_only_where_none_that_matters_is_possible(facts):
    found = facts(signal=[3.5])
    skill = answer(found).skill
    for high, words in ((0.008, "nothing was learnt"), (0.02, "little was learnt, if anything: ")):
        told = replace(skill, lead=replace(skill.lead, lead=0.001, interval=Interval(-0.02, high)))
        assert clauses.nothing(found, told).startswith(words)


def test_a_gap_is_worded_as_a_share_of_what_can_be_learnt(facts):
    found = facts(signal=[2.0] * 3, probe_signal=[6.0] * 3)
    assert clauses.memorizes(found, answer(found).memory).endswith(", 38 % of what can be learnt")


def test_where_loss_and_metric_turn_far_apart_it_is_over_confidence(facts):
    found = facts(signal=[2.0, 3.0, 3.5, 3.0, 2.5, 2.0], probe_signal=[3.0, 3.2, 3.5, 3.6, 3.6, 3.7])
    turn = answer(found).turn
    apart = replace(turn, state=Turn.APART, metric=replace(turn.metric, best=9))
    assert clauses.after_turn(found, apart) == (
        "loss and accuracy disagree on the best epoch, 3 against 9: over-confidence, so choose by purpose, "
        "and calibrate"
    )


def test_a_reason_is_cut_where_it_names_what_was_found(facts):
    found = facts(signal=[3.5])
    assert clauses.turn_untold(found, answer(found).turn) == (
        "whether it overfits cannot be told, because it takes two epochs with finite values on all examples"
    )


def test_the_head_of_a_finding_is_its_first_clause():
    assert clauses.head(Finding("code", "issue", "300 are copies; they are easy")) == "300 are copies"


@pytest.mark.parametrize(
    ("probe", "words"),
    [
        (0.97, "it knows its training examples (97.0 %)"),
        (0.64, "it has learnt 60 % of what can be learnt on its training examples (64.0 %)"),
        (0.28, "it does better on its training examples (28.0 %)"),
    ],
)
def test_training_examples_are_known_by_the_share_of_what_can_be_learnt(simulated, plugins, probe, words):
    kept = read(simulated(signal=[3.5]))
    rows = tuple({**row, "probe_accuracy": probe} for row in kept.rows)
    assert clauses._fitted(Facts(replace(kept, rows=rows), plugins)) == words
