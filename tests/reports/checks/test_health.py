"""Health of the optimization: numbers, gradients, dead units and the learning rate."""

import pytest

from dl_reports.checks import health
from dl_reports.statistics import NotComputable

SPIKE = {"grad_norm": [1.0] * 4, "grad_norm_max": [1.0, 1.0, 1000.0, 1.0]}


def test_a_fit_that_failed_for_its_numbers_is_named_by_its_epochs(finding):
    found = finding(health.not_a_number, signal=[2.0, 2.5], status="failed", message="the loss is not a number")
    assert found.severity == "issue" and found.message.startswith("the loss stopped being a number after 2 epochs")
    assert finding(health.not_a_number, signal=[2.0, 2.5]) is None


def test_a_step_of_a_thousand_typical_gradients_that_harms_is_named_with_its_epoch(finding):
    found = finding(health.exploding_gradients, signal=[2.0, 3.0, 0.5, 1.0], columns=SPIKE)
    assert (found.evidence["epoch"], found.evidence["largest"]) == (3, 1000.0) and "clip=10" in found.next


def test_a_step_that_does_no_harm_is_not_named(finding):
    assert finding(health.exploding_gradients, signal=[1.0, 2.0, 3.0, 3.5], columns=SPIKE) is None


def test_a_faint_first_layer_of_a_network_that_does_not_fit_is_named(finding):
    columns = {"grad_first": [1e-6] * 6, "grad_last": [1e-1] * 6}
    found = finding(health.vanishing_gradients, signal=[1.0] * 6, columns=columns)
    assert found.evidence["ratio"] == pytest.approx(1e-5)


@pytest.mark.parametrize(("shares", "named"), [([0.1, 0.6], True), ([0.6, 0.4], False)])
def test_more_than_half_of_the_units_dead_at_the_end_are_named(finding, shares, named):
    assert (finding(health.dead_units, signal=[3.0] * 2, columns={"dead_share": shares}) is not None) == named


def test_a_loss_that_ends_above_that_of_a_constant_is_a_learning_rate_too_high(finding):
    found = finding(health.lr_too_high, signal=[2.0, -1.0])
    assert found.severity == "issue" and found.evidence["above"] > 0


def test_one_epoch_that_learnt_little_is_no_rate_too_high_and_one_that_diverged_is(facts, finding):
    assert isinstance(health.lr_too_high(facts(signal=[-0.1])), NotComputable), "one epoch has no rise"
    assert finding(health.lr_too_high, signal=[-1.0], sharpness=[4.0]).severity == "issue"
    slow = facts(signal=[-1.0], sharpness=[4.0], options={"lr": 1e-5})
    assert isinstance(health.lr_too_high(slow), NotComputable), "the advice would be the same again and again"


def test_a_loss_that_still_falls_from_above_a_constants_is_no_rate_too_high(finding):
    assert finding(health.lr_too_high, signal=[-0.3, -0.2, -0.1]) is None
    assert finding(health.lr_too_high, signal=[-2.0, -1.0], sharpness=[9.0, 1.0]) is not None, "it was driven up there"


def test_a_loss_that_falls_faster_in_the_second_half_is_a_learning_rate_too_low(finding):
    slow = [0.02 * epoch**2 for epoch in range(1, 10)]
    found = finding(health.lr_too_low, signal=slow, options={"schedule": "constant"})
    assert found.evidence["second_half"] > found.evidence["first_half"]


def test_what_was_not_kept_cannot_be_checked(facts):
    bare = facts(signal=[3.0] * 2)
    for check in (health.exploding_gradients, health.vanishing_gradients, health.dead_units):
        assert isinstance(check(bare), NotComputable)
