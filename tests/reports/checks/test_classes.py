"""Classes of which the network finds few."""

import numpy as np

from dl_reports.checks.classes import missed

RARE = {"shares": (0.9, 0.1), "prior": 3.0, "signal": [0.5] * 4, "n": 2000}


def test_a_class_that_is_hardly_found_is_an_issue_with_its_counts(facts, finding):
    found = finding(missed, **RARE)
    counts = facts(**RARE).class_counts
    assert found.severity == "issue" and found.evidence["classes"] == ["1"]
    assert found.evidence["found"] == [counts.right[1]] and found.evidence["examples"] == [200]
    assert f"{counts.right[1]} of 200 '1'" in found.message


def test_classes_that_are_found_alike_are_no_finding(finding):
    assert finding(missed, signal=[3.0] * 4) is None


def test_a_class_too_rare_to_tell_is_named_in_a_note(finding):
    found = finding(missed, shares=(0.9, 0.099, 0.001), prior=1.0, signal=[3.0] * 3, n=2000)
    assert found is None or found.severity in ("note", "issue")
    never = finding(missed, shares=(0.994, 0.006), prior=5.0, signal=[0.5] * 3, n=500)
    assert never.severity == "note" and "'1' (3)" in never.message


def test_the_counts_of_classes_are_those_of_the_kept_answers(facts):
    found = facts(**RARE)
    counts, targets = found.class_counts, found.kept.val.targets
    assert counts.examples.tolist() == np.bincount(targets).tolist()
    assert counts.right.sum() == (found.answers == targets).sum()
