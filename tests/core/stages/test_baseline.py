from dl.intervals import Estimate
from dl.runs.manifest import MetricInfo
from dl.runs.workflow import Rung
from dl.stages.baseline import best_rung, leave, show_rung

ACCURACY, ERROR = MetricInfo("accuracy", True, 1.0, "proportion"), MetricInfo("mae", False, 0.0, "mean")
RUNGS = (
    Rung("majority", "always 'a'", Estimate(0.5, 0.5, 0.5), rival=False),
    Rung("linear", "logistic regression", Estimate(0.75, 0.5, 0.875), rival=True),
)


def test_the_best_answer_follows_the_sense_of_the_metric():
    assert best_rung(RUNGS, ACCURACY).name == "linear" and best_rung(RUNGS, ERROR).name == "majority"


def test_a_cheap_learner_is_shown_with_its_interval_and_a_constant_without():
    assert [show_rung(one, ACCURACY) for one in RUNGS] == [
        "50.00 % by always 'a'",
        "75.00 % [50.00, 87.50] by logistic regression",
    ]


def test_there_always_is_a_number_to_beat(workflow_state):
    state = workflow_state(baseline={"rungs": RUNGS[:1]})
    assert leave(state, state.stage("baseline")).words == "this task has no cheap learner"
