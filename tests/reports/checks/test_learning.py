"""Learning: underfitting, and a loss that still falls."""

import pytest

from dl_reports.checks.learning import common_error_z, not_converged, underfitting
from dl_reports.statistics import NotComputable


def test_most_of_the_error_on_training_as_well_is_underfitting(finding):
    found = finding(underfitting, signal=[1.5] * 8)
    assert found.severity == "note", "nobody can tell a network that is too small from inputs that hold no more"
    assert finding(underfitting, signal=[1.5] * 8, rival=0.9).severity == "tip", "unless a cheap rival shows more"
    assert found.evidence["probe"] == pytest.approx(found.evidence["val"], abs=0.05)


def test_a_network_that_fits_the_training_set_does_not_underfit(finding):
    assert finding(underfitting, signal=[2.0] * 8, probe_signal=[9.0] * 8) is None


def test_a_small_error_is_no_underfitting_though_training_has_all_of_it(finding):
    assert finding(underfitting, signal=[3.6] * 8) is None


def test_the_common_error_is_positive_where_training_has_more_than_half_of_it(facts):
    assert common_error_z(facts(signal=[1.5] * 2)) > 5
    assert common_error_z(facts(signal=[1.5] * 2, probe_signal=[9.0] * 2)) < -5


def test_a_loss_that_falls_to_the_end_has_not_converged(finding):
    found = finding(not_converged, signal=[0.4 * epoch for epoch in range(1, 9)])
    assert found.severity == "tip" and found.evidence["slope"] < 0 and found.evidence["epochs"] == 5
    assert finding(not_converged, signal=[3.0] * 8) is None


def test_a_fall_that_one_spike_makes_or_that_is_too_small_to_matter_counts_for_nothing(finding):
    assert finding(not_converged, signal=[3.0, 3.0, 3.0, 1.0, 3.0, 3.0, 3.0]) is None
    flat = {"signal": [9.0] * 6, "sharpness": [1.0, 1.2, 1.4, 1.6, 1.8, 2.0]}
    assert finding(not_converged, **flat) is None, "at 100 %, by a millionth an epoch"


def test_where_nearly_all_of_the_error_is_gap_more_epochs_are_not_advised(finding):
    found = finding(not_converged, signal=[0.4 * epoch for epoch in range(1, 7)], probe_signal=[9.0] * 6)
    assert (found.severity, found.next) == ("note", "")


def test_one_epoch_has_no_trend(facts):
    assert isinstance(not_converged(facts(signal=[3.0])), NotComputable)
