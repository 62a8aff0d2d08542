import pytest

from dl.intervals import Estimate
from dl.runs.workflow import Rung
from dl.stages.fit import BEATEN, CHEAP, CONSTANT, NOTHING, leave

RIVAL = (Rung("linear", "ridge", Estimate(0.5, 0.4, 0.6), rival=True),)


@pytest.mark.parametrize(
    ("state", "rungs", "passed", "words"),
    [
        (NOTHING, RIVAL, False, "not certainly better than a constant answer"),
        (CONSTANT, RIVAL, True, "from the best cheap learner no difference is established"),
        (CONSTANT, (), True, "better than a constant answer"),
        (CHEAP, RIVAL, True, "and than every cheap learner"),
        (BEATEN, RIVAL, True, "certainly worse than the best cheap learner"),
    ],
)
def test_a_fit_passes_if_it_is_better_than_a_constant_answer(workflow_state, state, rungs, passed, words):
    whole = workflow_state(baseline={"rungs": rungs}, fit={"state": state})
    found = leave(whole, whole.stage("fit"))
    assert found.passed == passed and words in found.words and not found.stops
    assert rungs or "cheap" not in found.words
