"""A finding is a value that is written as JSON and read back the same."""

import json

from dl.finding import SEVERITIES, Finding


def test_a_finding_is_read_back_as_it_was_written():
    found = Finding("fit-gap", "issue", "the gap is 3 %", {"gap": 0.03, "seen": [1, 2]}, "dl report last")
    assert Finding(**json.loads(json.dumps(found.as_dict()))) == found


def test_evidence_and_the_next_command_may_be_left_out_and_no_two_findings_share_evidence():
    first, second = Finding("a-b", "tip", "x"), Finding("a-b", "tip", "x")
    assert first == second and first.evidence == {} and first.next == ""
    assert first.evidence is not second.evidence


def test_the_most_pressing_severity_comes_first():
    assert SEVERITIES == ("issue", "tip", "note")
