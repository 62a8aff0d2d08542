import numpy as np
import pytest

from dl.intervals import Estimate
from dl.stages.pairs import fall_of_loss, is_better, is_worse, lead_over
from dl.stages.stage import score_of

UP, DOWN, OPEN = Estimate(0.2, 0.1, 0.3), Estimate(-0.2, -0.3, -0.1), Estimate(0.0, -0.1, 0.1)


@pytest.mark.parametrize(
    ("gain", "loss", "better", "worse"),
    [
        (UP, OPEN, True, False),
        (OPEN, UP, True, False),
        (OPEN, OPEN, False, False),
        (UP, DOWN, False, True),
        (DOWN, UP, False, True),
        (UP, None, True, False),
        (OPEN, None, False, False),
    ],
)
def test_better_is_certainly_better_in_score_or_loss_and_certainly_worse_in_neither(gain, loss, better, worse):
    assert (is_better(gain, loss), is_worse(gain, loss)) == (better, worse)


def test_a_fit_has_no_lead_over_itself_and_all_of_it_over_one_that_is_always_wrong(whole):
    run = whole.final.__class__(whole.path / whole.stage("fit").run)
    info, own = run.manifest.task, score_of(run)
    right = run.outcomes("val").score[run.manifest.best_epoch - 1]
    none = lead_over(info, run, np.asarray(right, np.float32), own, own)
    assert none.value == 0 and none.low < 0 < none.high
    every = lead_over(info, run, np.zeros(len(right), np.float32), own, Estimate(0.0, 0.0, 0.1))
    assert every.value == pytest.approx(own.value) and every.low > 0
    assert fall_of_loss(run, run) == (0.0, 0.0, 0.0)
