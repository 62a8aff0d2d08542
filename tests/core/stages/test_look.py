import pytest

from dl.finding import Finding
from dl.stages.look import leak_of, leave

LEAK = Finding("data-target-in-disguise", "issue", "the column 'id' is the target again")
TIP = Finding("data-groups-in-sight", "tip", "names look like groups")
OTHER = Finding("data-conflicting-targets", "issue", "3 inputs have several targets")


@pytest.mark.parametrize(("findings", "found"), [((), None), ((TIP, OTHER), None), ((OTHER, LEAK), LEAK)])
def test_a_leak_is_an_issue_that_forbids_to_trust_a_score(findings, found):
    assert leak_of(findings) == found


@pytest.mark.parametrize(
    ("findings", "on_leak", "passed", "stops", "words"),
    [
        ((), "stop", True, False, "no leak found: a score can be trusted"),
        ((OTHER,), "stop", True, False, "no leak found, but 1 other issue"),
        ((LEAK,), "stop", False, True, "go on all the same with --on-leak warn"),
        ((LEAK,), "warn", False, False, "no score below is to be trusted"),
    ],
)
def test_a_leak_stops_unless_a_warning_was_asked_for(workflow_state, findings, on_leak, passed, stops, words):
    state = workflow_state(look={"findings": findings}, on_leak=on_leak)
    found = leave(state, state.stage("look"))
    assert (found.passed, found.stops) == (passed, stops) and words in found.words
