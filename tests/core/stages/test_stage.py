from dl.errors import TrainingFailed
from dl.runs.run import Run
from dl.stages.stage import Entry, always, score_of


def test_a_stage_begins_unless_its_condition_says_otherwise(workflow_state):
    assert always(workflow_state()) == Entry(True)


def test_the_score_of_a_run_is_that_of_its_best_epoch(whole):
    run = Run(whole.path / whole.stage("fit").run)
    assert score_of(run).value == run.best["val_accuracy"] and whole.stage("fit").score == score_of(run)


def test_a_failed_training_is_an_error_of_its_own():
    assert TrainingFailed.exit_code == 1
