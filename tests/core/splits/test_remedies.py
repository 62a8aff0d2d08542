"""Each finding of the guards has the option that mends it, and only what flatters a score is a leak."""

from dl.finding import Finding
from dl.splits.remedies import leaks_among, option_against


def test_each_finding_has_its_option_beside_what_is_given():
    found = Finding("data-target-in-disguise", "issue", "", {"column": "code"})
    assert option_against(found, {}) == {"leave_out": "code"}
    assert option_against(found, {"leave_out": "id"}) == {"leave_out": "id,code"}
    assert option_against(found, {"leave_out": "id,code"}) == {}
    groups = Finding("data-groups-in-sight", "issue", "", {"column": "patient"})
    assert option_against(groups, {"group_on": ""}) == {"group_on": "patient"}
    copies = Finding("data-duplicates-across-split", "issue", "")
    assert option_against(copies, {"duplicates": "ignore"}) == {"duplicates": "together"}
    assert option_against(copies, {"duplicates": "together"}) == option_against(copies, {"duplicates": "near"}) == {}
    near = Finding("data-near-duplicates", "issue", "")
    assert option_against(near, {"duplicates": "together"}) == {"duplicates": "near"}
    assert option_against(Finding("data-time-overlap", "tip", ""), {}) == {}


def test_notes_and_findings_that_flatter_no_score_are_no_leaks():
    codes = ("data-duplicates", "data-row-counter", "data-conflicting-targets", "data-target-in-disguise")
    severities = ("note", "tip", "issue", "issue")
    found = [Finding(code, severity, "") for code, severity in zip(codes, severities, strict=True)]
    assert [one.code for one in leaks_among(found)] == ["data-target-in-disguise", "data-row-counter"]
