"""Duplicates: what the guards found, and what the fit adds to it."""

import pytest

from dl.finding import Finding
from dl.recipes.resolve import resolve
from dl_reports.checks.duplicates import (
    across_split,
    coded,
    conflicting,
    counting,
    disguised,
    grouped,
    guarded,
    later,
    mixed,
    near,
    skipped,
    within,
)
from dl_reports.facts import Facts
from dl_reports.read import read

CODES = {
    within: "data-duplicates",
    conflicting: "data-conflicting-targets",
    skipped: "data-skipped-files",
    later: "data-time-overlap",
}


@pytest.mark.parametrize("check", CODES, ids=lambda check: check.__name__)
def test_a_finding_of_the_guards_is_passed_on_as_it_is(facts, check):
    mine, other = Finding(CODES[check], "note", "found", {"n": 3}), Finding("data-other", "note", "other")
    assert check(facts(signal=[3.0], findings=[mine, other])) == [mine]


def test_leaked_examples_are_counted_with_what_they_add_to_the_score(finding):
    evidence = finding(across_split, leaked=0.2, signal=[2.0] * 4, probe_signal=[4.0] * 4).evidence
    assert (evidence["leaked"], evidence["val"]) == (200, 1000)
    assert evidence["inflation"] == pytest.approx(0.2 * (evidence["on_leaked"] - evidence["on_clean"]))


def test_the_message_of_the_guards_stays_before_what_the_fit_adds(finding):
    guard = Finding("data-duplicates-across-split", "issue", "200 are leaked", {"leaked": 200}, "dl fit again")
    found = finding(across_split, leaked=0.2, signal=[2.0] * 4, probe_signal=[4.0] * 4, findings=[guard])
    assert found.message.startswith("200 are leaked; accuracy is ") and found.next == "dl fit again"


def test_nearly_equal_features_are_named_in_pairs(finding):
    found = finding(near, signal=[3.0] * 2, near=0.05)
    assert (found.evidence["count"], found.evidence["share"]) == (50, 0.05)
    assert all(train - val == 1000 for val, train in found.evidence["pairs"]), "example k has its copy at 1000 + k"


OPTIONS = {
    disguised: ("data-target-in-disguise", "leave_out=code"),
    counting: ("data-row-counter", "leave_out=code"),
    coded: ("data-code-as-number", "categories=code"),
    grouped: ("data-groups-in-sight", "group_on=code"),
    mixed: ("data-dates-mixed", "time_on=code"),
}


@pytest.mark.parametrize("check", OPTIONS, ids=lambda check: check.__name__)
def test_a_finding_on_a_column_gets_the_fit_that_names_it(simulated, plugins, tmp_path, check):
    code, option = OPTIONS[check]
    run = simulated(signal=[3.0], findings=[Finding(code, "issue", "found", {"column": "code"})])
    (tmp_path / "a.csv").write_text("code,y\n")
    recipe = resolve(plugins, "tabular", str(tmp_path / "a.csv"), options={"target": "y", "epochs": 3})
    (run.path / "recipe.toml").write_text(recipe.to_toml())
    (finding,) = check(Facts(read(run), plugins))
    assert finding.next == f"dl fit --recipe {run.path}/recipe.toml {option}"


def test_a_finding_on_no_column_has_no_next_command(facts):
    found = Finding("data-groups-in-sight", "issue", "found", {"column": ""})
    assert grouped(facts(signal=[3.0], findings=[found])) == [found]


def test_a_fit_without_findings_of_the_guards_has_none_to_pass_on(facts):
    assert guarded(facts(signal=[3.0]), "data-duplicates") == []


def test_inputs_among_near_copies_in_the_training_set_are_an_issue(finding):
    found = finding(near, signal=[3.0] * 2, family=20)
    assert found.severity == "issue" and found.evidence["share"] > 0.9
    assert 5 <= found.evidence["family"] <= 20 and "--group-on" in found.message
    assert finding(near, signal=[3.0] * 2) is None
