import pytest

from dl.intervals import Estimate
from dl.runs.workflow import Rung
from dl.stages.final import affordable, leave

CONSTANT = (Rung("majority", "always 'a'", Estimate(0.5, 0.5, 0.5), rival=False),)
RIVAL = (Rung("linear", "ridge", Estimate(0.5, 0.4, 0.6), rival=True),)


@pytest.mark.parametrize(
    ("asked", "fit", "seconds", "made"),
    [
        ("iterated-kfold:4x3", 10.0, 0.0, "iterated-kfold:4x3"),
        ("iterated-kfold:4x3", 10.0, 120.0, "iterated-kfold:4x3"),
        ("iterated-kfold:4x3", 10.0, 119.0, "kfold:4"),
        ("iterated-kfold:4x3", 10.0, 39.0, "holdout"),
        ("kfold:4", 10.0, 39.0, "holdout"),
        ("repeated-holdout:4", 10.0, 30.0, "holdout"),
        ("holdout", 10.0, 1.0, "holdout"),
    ],
)
def test_the_protocol_is_the_one_asked_for_one_round_of_it_or_the_hold_out(asked, fit, seconds, made):
    assert str(affordable(asked, fit, seconds)) == made


@pytest.mark.parametrize(
    ("record", "passed", "words"),
    [
        ({"state": "kfold:4"}, True, "each example scored by networks that never saw it"),
        ({"state": "holdout"}, True, "new ones will score a little worse"),
        ({"state": "kfold:4", "rungs": RIVAL, "lead": Estimate(-0.2, -0.3, -0.1)}, False, "ridge is certainly better"),
        ({"state": "kfold:4", "rungs": RIVAL, "lead": Estimate(-0.1, -0.3, 0.1)}, True, "never saw it"),
        ({"state": "kfold:4", "rungs": CONSTANT, "score": Estimate(0.7, 0.51, 0.9)}, True, "never saw it"),
        ({"state": "kfold:4", "rungs": CONSTANT, "score": Estimate(0.7, 0.5, 0.9)}, False, "than a constant answer"),
    ],
)
def test_the_exit_states_what_the_score_rests_on(workflow_state, record, passed, words):
    state = workflow_state(final=record)
    found = leave(state, state.stage("final"))
    assert found.passed == passed and words in found.words
