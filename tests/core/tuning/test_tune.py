import json

import numpy as np
import pytest
from rich.console import Console

import dl
from dl.errors import BadData, BadDevices, BadOption, BadRun
from dl.runs.run import list_runs, open_run
from dl.training.devices import Devices
from dl.tuning.study import Budget, read_study
from dl.tuning.tune import find_study, resume_study


def test_the_first_trial_is_the_fit_of_the_recipe_as_it_stands(blobs, tune, fit, tmp_path):
    given = blobs()
    study = tune(given, trials=1, root=tmp_path / "studies")
    alone = fit(given, model="dense", epochs=3)
    mine, theirs = study.run(study.trials[0]).outcomes("val"), alone.outcomes("val")
    assert np.array_equal(mine.ids, theirs.ids) and np.array_equal(mine.loss, theirs.loss)
    assert study.best.number == 1 and study.trials[0].score == alone.best["val_accuracy"]


def test_a_trial_is_a_run_with_a_report_that_predicts_and_stands_in_the_ledger_of_all_runs(
    blobs, tune, runs, plugins_with
):
    given = blobs(160)
    test = blobs(40).train
    given = type(given)(given.name, given.train, open_test=lambda: test)
    study = tune(given, trials=2)
    run, plugins = study.run(study.best), plugins_with(given=given)
    assert run.manifest.status == "finished" and run.manifest.name == f"trial {study.best.number} of {study.name}"
    assert (run.outcomes_folder / "features.npz").exists() and (run.outcomes_folder / "sketches.npz").exists()
    found = dl.evaluate(run, plugins=plugins)
    assert found.run == run.manifest.name and (runs / "test-ledger.jsonl").exists() and run.root == runs
    assert str(dl.report(run, plugins=plugins)).startswith(run.manifest.name)


def test_the_command_fits_the_best_trial_again(blobs, tune, fit):
    given = blobs()
    study = tune(given, trials=4, over=["lr", "width", "l2"])
    best = study.trials[-1]
    options = {one.name: best.options[one.name] for one in study.space if one.group != "reg"}
    reg = {"l2": best.options["l2"]} if best.options["l2"] else {}
    again = fit(given, model="dense", epochs=3, reg=reg, **options)
    assert np.array_equal(again.outcomes("val").loss[-1], study.run(best).outcomes("val").loss[-1])
    assert study.command.startswith("dl fit numbers given --model dense epochs=3")


def test_all_trials_share_one_split_and_each_has_other_options(blobs, tune):
    study = tune(blobs(), trials=4)
    runs = [study.run(trial) for trial in study.trials]
    assert {run.manifest.parts.val_fingerprint for run in runs} == {study.val_fingerprint}
    assert len({json.dumps(trial.options) for trial in study.trials}) == 4
    assert [trial.number for trial in study.trials] == [1, 2, 3, 4]


def test_a_study_goes_on_with_more_trials_as_one_that_had_them_from_the_start(
    blobs, tune, runs, tmp_path, plugins_with
):
    given = blobs()
    plugins, where = plugins_with(given=given), Devices("cpu", "1")
    whole = tune(given, trials=5, root=tmp_path / "whole")
    part = tune(given, trials=3)
    with pytest.raises(
        BadRun, match="is finished after 3 trials  more of it: dl tune --resume 0001-given-tune --trials 6"
    ):
        resume_study(part.path, plugins, where, Console(quiet=True))
    more = resume_study(part.path, plugins, where, Console(quiet=True), Budget(5))
    assert [trial.options for trial in more.trials] == [trial.options for trial in whole.trials]
    assert [trial.score for trial in more.trials] == [trial.score for trial in whole.trials]
    assert more.luck == whole.luck and read_study(more.path).trials == more.trials


def test_other_data_is_refused(blobs, tune, plugins_with):
    study = tune(blobs(), trials=1)
    with pytest.raises(BadRun, match="given has changed since 0001-given-tune: its examples are others"):
        resume_study(study.path, plugins_with(given=blobs(124)), Devices("cpu", "1"), Console(quiet=True), Budget(3))


def test_data_in_memory_is_tuned_and_has_no_command(runs):
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(80, 3)).astype(np.float32)
    given = (inputs, (inputs[:, 0] > 0).astype(np.int64))
    study = dl.tune("tabular", given, trials=2, epochs=2, runs=runs, over=["lr"])
    assert study.best.status == "finished" and study.command == "" and len(study.trials) == 2
    assert study.run(study.best).manifest.in_memory == ("data",)
    with pytest.raises(BadRun, match="tuned what was in memory"):
        resume_study(study.path, None, None, None)


def test_a_study_is_no_run_and_names_its_best_trial(blobs, tune, runs):
    study = tune(blobs(), trials=1)
    assert [run.name for run in list_runs(runs)] == ["0001-given-tune"]
    with pytest.raises(BadRun, match=f"is a study of several fits, not a run  take its best: {study.path}/trials/001"):
        open_run("last", runs)


def test_a_study_is_found_by_name_number_and_path(blobs, tune, runs):
    study = tune(blobs(), trials=1)
    assert {find_study(which, runs) for which in ("last", "1", "0001", study.name, str(study.path))} == {study.path}
    with pytest.raises(BadRun, match="no study 'x'"):
        find_study("x", runs)
    with pytest.raises(BadRun, match="no study 'last'"):
        find_study("last", runs / "none")


@pytest.mark.parametrize(
    ("choices", "error", "line"),
    [
        ({"trials": 0}, BadOption, "--trials 0"),
        ({"time": "soon"}, BadOption, "expected a time such as"),
        ({"sampler": "gp"}, BadOption, "--sampler gp"),
        ({"protocol": "kfold:4", "fold": 1}, BadOption, "a trial is fitted on all folds; leave fold= out"),
        ({"protocol": "kfold:100"}, BadData, "kfold:100 has more folds than the rarest class"),
        ({"over": ["lr"], "lr": 0.1}, BadOption, "nothing is left to tune: lr is fixed by what was typed"),
        ({"over": ["lrr"]}, BadOption, "--over lrr: nothing to try by this name; did you mean 'lr'"),
        ({"nosuch": 1}, BadOption, "nosuch"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_no_folder(blobs, tune, runs, choices, error, line):
    with pytest.raises(error, match=line):
        tune(blobs(), **choices)
    assert list_runs(runs) == []


def test_several_devices_are_refused(blobs, plugins_with, runs):
    given = {"plugins": plugins_with(given=blobs()), "runs": runs}
    with pytest.raises(BadDevices, match="trials are fitted one after the other on one device, not 2"):
        dl.tune("numbers", "given", model="dense", devices=Devices("cpu", "2"), **given)
