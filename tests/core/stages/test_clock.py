import pytest

from dl.errors import BadOption
from dl.stages.clock import allot, check_limit, expected_left, too_short
from dl.stages.workflow import STAGES

LOOK, BASELINE, FIT, OVERFIT, REGULARIZE, TUNE, FINAL = STAGES
DONE = {"status": "finished"}
FITTED = {"look": DONE, "baseline": DONE, "fit": {**DONE, "seconds": 10.0}}


def test_a_limit_in_which_no_fit_could_be_made_is_refused():
    check_limit(0)
    check_limit(10)
    with pytest.raises(BadOption, match="--max-time 9s: a workflow takes at least 10s"):
        check_limit(9)


def test_the_shares_of_all_stages_together_are_no_more_than_the_time():
    assert sum(stage.share for stage in STAGES[:-1]) == pytest.approx(1.0)


def test_what_a_stage_leaves_flows_on_and_the_fits_of_the_final_score_are_kept_back(workflow_state):
    state = workflow_state(**FITTED)
    kept = 4 * 1.2 * 10
    assert allot(448, OVERFIT, STAGES, state) == pytest.approx(400 * 0.3 / 0.8)
    later = workflow_state(**FITTED, overfit={"status": "skipped"})
    assert allot(448, REGULARIZE, STAGES, later) == pytest.approx((448 - kept) * 0.2 / 0.5)
    last = workflow_state(**FITTED, overfit=DONE, regularize=DONE, tune=DONE)
    assert allot(48, FINAL, STAGES, last) == 48
    assert allot(-5, TUNE, STAGES, later) == 0


def test_where_many_folds_take_too_much_those_of_one_round_are_kept_back_and_never_more_than_a_share(workflow_state):
    many = workflow_state(**FITTED, fits=12)
    assert allot(200, OVERFIT, STAGES, many) == pytest.approx((200 - 48) * 0.3 / 0.8)
    assert allot(100, OVERFIT, STAGES, many) == pytest.approx(60 * 0.3 / 0.8)


def test_what_is_kept_back_for_the_final_score_is_not_used_up_from_stage_to_stage(workflow_state):
    state = workflow_state(**FITTED, overfit=DONE, regularize=DONE, limit=120.0)
    assert allot(60, TUNE, STAGES, state) == pytest.approx(60 - 4 * 1.2 * 10)
    assert allot(30, TUNE, STAGES, state) == 0


def test_a_stage_without_time_for_its_fits_is_named_with_both_times(workflow_state):
    state = workflow_state(**FITTED)
    assert too_short(OVERFIT, 60.0, state) == ""
    assert too_short(OVERFIT, 59.0, state) == "no time: it needs about 60 s, and its share is 59 s"


def test_the_time_left_is_unknown_before_the_first_fit_and_shrinks(workflow_state):
    assert expected_left(STAGES, workflow_state()) == 0
    state = workflow_state(**FITTED, trials=10, overfit=DONE, regularize=DONE)
    assert expected_left(STAGES, state) == pytest.approx(10 * (8 + 4))
    assert expected_left(STAGES, state, 20) == pytest.approx(100)
