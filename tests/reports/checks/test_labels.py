"""Labels and classes: memorized and mislabelled examples, imbalance, and classes without an example."""

from dataclasses import replace

import numpy as np
import pytest

from dl_reports.checks.labels import class_name, imbalance, memorized, mislabelled, missing_class
from dl_reports.facts import Facts

FLIPPED = {"signal": [5.0] * 6, "flipped": 0.08, "n": 2000}


def test_flipped_labels_are_found_with_about_their_share(finding):
    found = finding(mislabelled, **FLIPPED)
    low, high = found.evidence["interval"]
    assert low < 0.08 < high
    assert finding(mislabelled, signal=[3.0] * 6, n=2000) is None


def test_the_listed_suspects_have_negative_margins_on_average(facts, finding):
    listed, probe = finding(mislabelled, **FLIPPED).evidence["suspects"], facts(**FLIPPED).kept.probe
    assert len(listed) == pytest.approx(0.08 * 2000, rel=0.2)
    assert (probe.margin[:, np.isin(probe.ids, listed)].astype(float).mean(axis=0) < 0).all()


def test_common_classes_flatter_the_accuracy(finding):
    found = finding(imbalance, shares=(0.8, 0.1, 0.1), prior=1.0, signal=[1.0] * 4, n=2000)
    difference = found.evidence["accuracy"] - found.evidence["balanced"]
    assert found.evidence["difference"] == pytest.approx(difference) and difference > 0
    assert finding(imbalance, signal=[3.0] * 4) is None


def test_a_class_without_an_example_is_a_tip_and_all_but_one_an_issue(finding):
    assert finding(missing_class, shares=(0.5, 0.5, 0.0), signal=[3.0]).evidence == {"missing": 1, "classes": 3}
    assert finding(missing_class, shares=(1.0, 0.0, 0.0), signal=[3.0]).severity == "issue"
    assert finding(missing_class, signal=[3.0]) is None


def test_examples_fitted_after_the_onset_are_memorized(finding):
    rise = {"signal": [3.0, 3.2, 3.0, 2.8, 2.6, 2.4], "probe_signal": [2.0, 2.5, 3.5, 5.0, 6.0, 7.0]}
    found = finding(memorized, **rise)
    assert found.evidence["excess"] > 0 and 0 < found.evidence["late"] < 1
    assert finding(memorized, signal=[3.0] * 6) is None


def test_a_class_is_named_in_quotes_where_it_is_blank_and_by_number_where_it_has_no_name(facts):
    found = facts(signal=[3.0])
    task = replace(found.manifest.task, names=("cat", " "))
    kept = replace(found.kept, manifest=replace(found.manifest, task=task))
    assert [class_name(Facts(kept, found.plugins), k) for k in range(3)] == ["cat", "' '", "2"]
