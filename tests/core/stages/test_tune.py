import pytest

from dl.intervals import Estimate, Interval
from dl.runs.manifest import MetricInfo
from dl.runs.workflow import Search
from dl.stages.tune import is_believed, leave, show_luck
from dl.tuning.study import UNCHANGED

ACCURACY = MetricInfo("accuracy", True, 1.0, "proportion")
ERROR = MetricInfo("mae", False, 0.0, "mean")
BEFORE = Estimate(0.75, 0.6, 0.85)


def search(corrected, before, metric="accuracy", options="lr=0.1"):
    found = (metric, 0.875, corrected, Interval(0.7, 0.9), before)
    return Search(20, 400, options, Estimate(0.875, 0.75, 0.95), BEFORE, *found)


@pytest.mark.parametrize(
    ("found", "metric", "believed"),
    [
        (search(0.8, 0.74), ACCURACY, True),
        (search(0.74, 0.74), ACCURACY, False),
        (search(0.8, 0.74, options=UNCHANGED), ACCURACY, False),
        (search(0.8, 0.74, "mae"), ERROR, False),
        (search(0.7, 0.74, "mae"), ERROR, True),
        (search(0.3, 0.5, "loss"), ACCURACY, True),
        (search(None, None), ACCURACY, False),
        (Search(3, 9, "lr=1", BEFORE, None), ACCURACY, True),
    ],
)
def test_the_best_trial_is_believed_if_it_is_better_when_both_are_corrected_for_luck(found, metric, believed):
    assert is_believed(found, metric) == believed


@pytest.mark.parametrize(
    ("found", "state", "words"),
    [
        (
            search(0.8, 0.74),
            "better",
            "corrected for luck accuracy 80.00 %, and 74.00 % of the recipe before: it goes on with lr=0.1",
        ),
        (
            search(0.7, 0.74),
            "same",
            "corrected for luck accuracy 70.00 %, and 74.00 % of the recipe before, which stays",
        ),
        (search(0.8, 0.74, options=UNCHANGED), "same", "no trial is better than the recipe before, which stays"),
        (search(None, None), "same", "how much of the best is luck is unknown: the recipe stays"),
        (None, "nothing", "the recipe stays as it is"),
    ],
)
def test_the_exit_says_whether_it_is_believed(workflow_state, found, state, words):
    whole = workflow_state(tune={"search": found, "state": state})
    assert leave(whole, whole.stage("tune")).words == words


def test_the_luck_is_described_with_its_interval_or_as_unknown():
    assert show_luck(search(0.8, 0.74), ACCURACY) == (
        "accuracy 87.50 % is the best of 400 epochs in 20 trials; corrected for that choice 80.00 % [70.00, 90.00]"
    )
    assert "is unknown" in show_luck(search(None, None), ACCURACY)
    assert show_luck(search(0.8, 0.74, "loss"), ACCURACY).startswith("loss 0.875 is the best")
