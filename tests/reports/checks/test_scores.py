"""Scores at the best epoch: the gap, the baseline, selection bias, and what so few examples can show."""

import pytest

from dl_reports.checks.scores import gap, lucky_best, no_better_than_baseline, small_validation, smallest
from dl_reports.remedy import longer
from dl_reports.statistics import NotComputable
from dl_reports.statistics.power import smallest_unpaired_accuracy


def test_a_network_that_knows_its_training_set_has_a_gap(finding):
    found = finding(gap, signal=[2.0] * 2, probe_signal=[6.0] * 2)
    assert found.severity == "issue", "certainly more than a quarter of what can be learnt"
    assert finding(gap, signal=[3.0] * 3, probe_signal=[4.0] * 3).severity == "tip"
    assert found.evidence["gap"] == pytest.approx(found.evidence["probe"] - found.evidence["val"])


def test_a_network_as_good_on_both_has_none(finding):
    assert finding(gap, signal=[3.0] * 2) is None


def test_a_gap_after_one_epoch_asks_for_more_epochs_and_a_later_one_for_a_remedy(facts, finding):
    apart = {"signal": [2.0], "probe_signal": [6.0]}
    assert finding(gap, **apart).next == longer(facts(**apart)) != ""
    assert " --reg " in finding(gap, signal=[2.0] * 2, probe_signal=[6.0] * 2).next


def test_a_guess_is_no_better_than_the_baseline(finding):
    found = finding(no_better_than_baseline, signal=[0.0] * 3, n=2000)
    assert found.severity == "issue" and found.evidence["baseline"] == 0.1
    assert found.evidence["state"] == "nothing" and " lr=0.0001 " in found.next
    assert finding(no_better_than_baseline, signal=[2.0] * 3) is None


def test_where_too_few_examples_tell_more_of_them_are_asked_for_and_no_lower_rate(finding):
    few = {"n": 40, "shares": (0.4, 0.3, 0.3)}
    for fit in ({"signal": [0.2] * 3}, {"signal": [0.2] * 3, "probe_signal": [6.0] * 3}):
        found = finding(no_better_than_baseline, **fit, **few)
        assert found.evidence["interval"][0] < 0 < found.evidence["interval"][1]
        assert found.next.startswith("dl cv ") and "lr=0.0001" not in found.next and "othing" not in found.message


def test_a_fit_killed_before_its_first_epoch_is_not_short_of_examples(facts):
    assert small_validation(facts(signal=[], n=10_000)) == NotComputable("no epoch has a score")


def test_the_best_of_many_wavering_epochs_is_lucky(finding):
    found = finding(lucky_best, signal=[1.5] * 40, wandering=1.5, n=300)
    assert found.severity == "note"
    assert found.evidence["optimism"] == pytest.approx(found.evidence["naive"] - found.evidence["corrected"])
    assert found.next == "dl test 0001"


def test_the_smallest_difference_is_that_of_two_independent_accuracies(facts):
    found = facts(signal=[3.0] * 2)
    assert smallest(found) == smallest_unpaired_accuracy(found.best_row["val_accuracy"], 1000, 1000)


def test_nineteen_examples_are_too_few_for_any_test(facts, finding):
    assert smallest(facts(signal=[3.0] * 2, n=19)) == NotComputable("it takes 20 examples or more; found 19")
    assert finding(small_validation, signal=[3.0] * 2, n=19).evidence == {"n": 19}


def test_a_nearly_perfect_network_on_few_examples_could_not_be_improved_visibly(finding):
    found = finding(small_validation, signal=[5.0] * 4, n=40)
    assert found.severity == "tip" and found.evidence["smallest"] > found.evidence["left"]


def test_folds_are_asked_for_where_examples_are_few_and_more_for_validation_where_training_hardly_misses_them(finding):
    nearly = {"signal": [4.0] * 4, "n": 40}
    assert finding(small_validation, **nearly, m=40).next.startswith("dl cv "), "200 training examples"
    assert " val=" in finding(small_validation, **nearly, m=4_000).next, "20,000"
