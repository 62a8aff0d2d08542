import json

import numpy as np
import pytest
from rich.console import Console

from dl.errors import TrainingFailed
from dl.hookspecs import hookimpl
from dl.options import Option, Space
from dl.regularizer import Regularizer
from dl.specs import RegularizerSpec
from dl.stored import seal_text
from dl.training.devices import Devices
from dl.tuning import workers
from dl.tuning.run_trials import is_over
from dl.tuning.study import Budget, read_study
from dl.tuning.tune import resume_study


class Odd:
    """A plugin with a regularizer that makes every loss infinite, and one that refuses most of its values."""

    def __init__(self, broken):
        self.broken = broken

    @hookimpl
    def register_regularizers(self):
        option = Option("level", 1.0, "how much", low=0.0, space=Space(0.5, 2.0))
        return (RegularizerSpec("odd", "penalty", "odd", self.broken, (option,)),)


@pytest.fixture
def cut(monkeypatch):
    """A function that ends the process of a study, as a kill does, in the fit of a trial: cut(3)."""
    fit_trial = workers.fit_trial

    def at(number):
        fitted = []

        def fit(work, study, trial, pruner, flag):
            fitted.append(trial.number)
            if trial.number == number and fitted.count(number) == 1:
                raise KeyboardInterrupt
            return fit_trial(work, study, trial, pruner, flag)

        monkeypatch.setattr(workers, "fit_trial", fit)
        return fitted

    return at


def test_a_study_that_was_cut_off_loses_no_trial_repeats_none_and_is_as_an_unbroken_one(
    blobs, tune, cut, plugins_with, tmp_path
):
    given = blobs()
    unbroken = tune(given, trials=4, root=tmp_path / "unbroken")
    fitted = cut(3)
    with pytest.raises(KeyboardInterrupt):
        tune(given, trials=4)
    half = read_study(tmp_path / "runs/0001-given-tune")
    assert [trial.status for trial in half.trials][2] == "running" and len(half.trials) == 3
    whole = resume_study(half.path, plugins_with(given=given), Devices("cpu", "1"), Console(quiet=True))
    assert fitted == [1, 2, 3, 3, 4] and whole.status == "finished"
    assert [trial.options for trial in whole.trials] == [trial.options for trial in unbroken.trials]
    assert [trial.score for trial in whole.trials] == [trial.score for trial in unbroken.trials]


def test_a_trial_that_ended_just_before_the_cut_is_not_fitted_again(blobs, tune, cut, plugins_with, runs):
    given, fitted = blobs(), cut(0)
    study = tune(given, trials=3)
    stored = json.loads((study.path / "study.json").read_text())
    last = study.trials[-1]
    stored["trials"][-1] = {name: getattr(last, name) for name in ("number", "asked", "point", "options")}
    del stored["seal"]
    (study.path / "study.json").write_text(seal_text(stored | {"status": "running"}))
    again = resume_study(study.path, plugins_with(given=given), Devices("cpu", "1"), Console(quiet=True))
    assert fitted == [1, 2, 3] and again.trials == study.trials


def test_a_loss_that_becomes_infinite_prunes_its_trial_and_the_study_goes_on(blobs, tune):
    build = lambda options, task: Regularizer(penalty=lambda network: next(network.parameters()).sum() * np.inf)  # noqa: E731
    study = tune(blobs(), trials=8, over=["odd"], more=[Odd(build)], sampler="random")
    ends = {trial.options["odd"] is None: trial for trial in study.trials}
    assert (ends[True].status, ends[False].status) == ("finished", "pruned")
    assert ends[False].score is None and "the loss is" in ends[False].message
    assert study.status == "finished" and study.best.options["odd"] is None


def test_options_that_do_not_go_together_fail_their_trial_alone(blobs, tune):
    def build(options, task):
        if options["level"] > 1.9:
            raise ValueError("too much")
        return Regularizer(penalty=lambda network: next(network.parameters()).sum() * 0)

    study = tune(blobs(), trials=4, over=["odd"], more=[Odd(build)], sampler="grid")
    failed = [trial for trial in study.trials if trial.status == "failed"]
    assert [trial.options["odd"] for trial in failed] == [2.0] and "too much" in failed[0].message


def test_many_failures_in_a_row_end_the_study(blobs, tune, monkeypatch):
    from dataclasses import replace

    def fail(work, study, trial, pruner, flag):
        return replace(trial, status="failed", message="so"), None

    monkeypatch.setattr(workers, "fit_trial", fail)
    with pytest.raises(TrainingFailed, match="10 trials in a row failed, the last one: so"):
        tune(blobs(), trials=50)
    with pytest.raises(TrainingFailed, match="no trial of 0002-given-tune finished; the first: so"):
        tune(blobs(), trials=3)


def test_a_hopeless_trial_is_pruned_with_its_reason(blobs, tune):
    study = tune(blobs(400, spread=0.3), trials=12, epochs=9, over=["lr"], sampler="random")
    pruned = [trial for trial in study.trials if trial.status == "pruned"]
    assert all(trial.epochs >= 3 and "certainly worse than trial" in trial.message for trial in pruned)
    assert all(trial.score < study.best.score for trial in pruned)


def test_a_study_is_over_after_its_trials_or_its_time(study, trial):
    two = [trial(1), trial(2)]
    assert is_over(study(two, budget=Budget(2))) and not is_over(study(two, budget=Budget(3)))
    timed = {"budget": Budget(0, 30.0)}
    assert is_over(study(two, elapsed=30.0, **timed)) and not is_over(study(two, elapsed=29.0, **timed))
    assert is_over(study(two, elapsed=1.0, budget=Budget(2, 30.0)))


def test_a_grid_ends_with_its_last_point(blobs, tune):
    study = tune(blobs(), trials=50, over=["schedule"], sampler="grid", epochs=1)
    assert {trial.options["schedule"] for trial in study.trials} == {"constant", "one-cycle", "cosine"}
    assert len(study.trials) == 3
