import json

import numpy as np
import pytest
from rich.console import Console

import dl
from dl import files
from dl.cross_validation.cross_validate import cross_validate
from dl.errors import BadData, BadDevices, BadOption, BadRun, CannotWrite
from dl.recipes.resolve import resolve
from dl.runs.outcomes import read_arrays
from dl.runs.run import Run, open_run
from dl.splits import partition
from dl.training import run_fit
from dl.training.devices import Devices


def test_every_example_is_scored_once_by_a_network_that_never_saw_it(blobs, cv):
    given = blobs(120)
    run = cv(given)
    val = run.outcomes("val")
    assert np.array_equal(np.sort(val.ids), given.train.ids)
    for number, fold in enumerate(run.folds, start=1):
        mine = fold.outcomes("val")
        assert np.array_equal(val.ids[val.folds == number], np.sort(mine.ids))
    assert run.manifest.status == "finished" and run.manifest.protocol == "kfold:4"
    assert run.manifest.parts.val == 120 and run.manifest.parts.train == 90


def test_the_pooled_score_is_the_mean_of_the_folds_weighted_by_their_size(blobs, cv):
    run = cv(blobs(121))
    epoch = run.manifest.best_epoch
    rows = [fold.history.rows[epoch - 1]["val_accuracy"] for fold in run.folds]
    sizes = [fold.manifest.parts.val for fold in run.folds]
    assert run.best["val_accuracy"] == pytest.approx(np.average(rows, weights=sizes))
    assert run.best["val_accuracy"] == pytest.approx(run.outcomes("val").score[epoch - 1].mean())
    assert [fold.score for fold in run.manifest.folds] == pytest.approx(rows)


def test_the_probe_of_a_fold_is_what_the_next_one_holds_out_so_that_all_are_learnt_from_once(blobs, cv):
    given = blobs(120)
    probe = cv(given).outcomes("probe")
    assert np.array_equal(np.sort(probe.ids), given.train.ids)


def test_in_three_rounds_an_example_counts_as_one_group(blobs, cv):
    run = cv(blobs(40), "iterated-kfold:2x3", epochs=2)
    val = run.outcomes("val")
    assert len(val.ids) == 120 and len(val.groups) == 40
    assert len(run.manifest.folds) == 6 and [fold.round for fold in run.manifest.folds] == [1, 1, 2, 2, 3, 3]
    low, high = run.best["val_low"], run.best["val_high"]
    single = cv(blobs(40), "kfold:2", epochs=2).best
    assert high - low > 0.7 * (single["val_high"] - single["val_low"]), "three rounds are not three times the examples"


def test_the_protocol_follows_the_size_unless_it_is_asked_for(blobs, cv):
    assert cv(blobs(60), "auto", epochs=1).manifest.protocol == "iterated-kfold:4x3"
    assert cv(blobs(1_200), "auto", epochs=1).manifest.protocol == "kfold:4"
    large = cv(blobs(10_000), "auto", epochs=1)
    assert large.manifest.protocol == "" and large.manifest.parts.val == 2_000


def test_a_fold_alone_is_a_fit_that_anyone_can_repeat(blobs, cv, fit):
    given = blobs(80)
    run = cv(given, epochs=2)
    alone = fit(given, protocol="kfold:4", fold=2, epochs=2)
    ours, theirs = alone.outcomes("val"), run.folds[1].outcomes("val")
    assert np.array_equal(ours.ids, theirs.ids) and np.array_equal(ours.loss, theirs.loss)


def test_a_fit_of_several_folds_is_sent_to_the_right_verb(blobs, fit):
    with pytest.raises(BadOption, match=r"protocol=kfold:4 makes 4 fits: dl cv makes them all, fold=1 the first"):
        fit(blobs(40), protocol="kfold:4")


def test_an_interrupted_run_goes_on_with_the_missing_folds(blobs, cv, runs, plugins_with, monkeypatch):
    given, train, fitted = blobs(80), run_fit.train, []

    def stop_in_the_third(setup, devices, path, *rest, **how):
        fitted.append(path.name)
        if path.name == "03" and len(fitted) == 3:
            raise KeyboardInterrupt
        return train(setup, devices, path, *rest, **how)

    monkeypatch.setattr(run_fit, "train", stop_in_the_third)
    with pytest.raises(KeyboardInterrupt):
        cv(given)
    cut = open_run("last", runs)
    assert cut.manifest.status == "interrupted" and len(cut.folds) == 3 and len(cut.finished_folds) == 2
    assert cut.manifest.message == f"stopped by a signal between two folds; go on with: dl cv --resume {cut.name}"
    plugins = plugins_with(given=given)
    recipe = resolve(plugins, recipe=str(cut.path / "recipe.toml"))
    whole = cross_validate(recipe, plugins, Devices("cpu", "1"), runs, Console(quiet=True), resumed=cut)
    assert fitted == ["01", "02", "03", "03", "04"]
    assert whole.path == cut.path and whole.manifest.status == "finished"
    unbroken = cv(given)
    assert np.array_equal(whole.outcomes("val").loss, unbroken.outcomes("val").loss)


def test_a_run_goes_on_with_its_own_data_alone(blobs, cv, plugins_with, runs):
    run = cv(blobs(40), epochs=1)
    (run.path / "folds/04/run.json").unlink()
    (run.path / "run.json").write_text(run.manifest.with_status("interrupted").to_json())
    given = (Devices("cpu", "1"), runs, Console(quiet=True))
    other = plugins_with(given=blobs(44))
    recipe = resolve(other, recipe=str(run.path / "recipe.toml"))
    with pytest.raises(BadRun, match="given has changed since 0001-given-linear"):
        cross_validate(recipe, other, *given, resumed=Run(run.path))


def test_a_finished_run_and_one_of_a_single_fit_have_nothing_to_go_on_with(blobs, cv, fit, plugins_with, runs):
    given, done = blobs(40), cv(blobs(40), epochs=1)
    single = fit(given, epochs=1)
    plugins, where = plugins_with(given=given), (Devices("cpu", "1"), runs, Console(quiet=True))
    with pytest.raises(BadRun, match="is finished"):
        cross_validate(resolve(plugins, recipe=str(done.path / "recipe.toml")), plugins, *where, resumed=done)
    with pytest.raises(BadRun, match="is a run of one fit"):
        cross_validate(resolve(plugins, recipe=str(single.path / "recipe.toml")), plugins, *where, resumed=single)


def test_findings_of_the_guards_stand_once(cv, dataset, monkeypatch):
    inputs = np.repeat(np.random.default_rng(0).normal(size=(30, 2)).astype(np.float32), 2, axis=0)
    read, hashed = partition.example_keys, []
    monkeypatch.setattr(partition, "example_keys", lambda one: (hashed.append(len(one)), read(one))[1])
    run = cv(dataset(inputs, np.repeat(np.arange(30) % 2, 2)), "kfold:3", epochs=1)
    assert [one.code for one in run.guard_findings] == ["data-duplicates"]
    assert hashed == [60], "the inputs are read once for all folds"


def test_a_regression_is_pooled_in_one_scale(dataset, cv):
    rng = np.random.default_rng(5)
    inputs = rng.normal(size=(90, 2)).astype(np.float32)
    run = cv(dataset(inputs, inputs[:, 0] * 40.0 + 1000), "kfold:3", epochs=30, lr=0.05)
    answers = json.loads((run.path / "run.json").read_text())["task"]
    assert answers["shift"] == pytest.approx([float((inputs[:, 0] * 40.0 + 1000).mean())])
    kept = read_arrays(run.outcomes_folder / "best.npz")
    targets = run.outcomes("val").targets.reshape(-1)
    back = kept["logits"][:, 0] * answers["scale"][0] + answers["shift"][0]
    assert back == pytest.approx(kept["answers"].reshape(-1), abs=1e-2)
    assert np.abs(back - targets).mean() == pytest.approx(run.best["val_mae"], rel=1e-3)


def test_data_with_a_validation_set_is_fitted_once_by_size_and_refused_for_folds(blobs, cv):
    given = blobs(60, val=blobs(20).train)
    assert cv(given, "auto", epochs=1).manifest.parts.rule == "as the data set brings it"
    with pytest.raises(BadData, match=r"brings its own validation set, which kfold:4 would ignore"):
        cv(given)


@pytest.mark.parametrize(
    ("choices", "error", "reason"),
    [
        ({"protocol": "kfold:200"}, BadData, "more folds than the data"),
        ({"protocol": "kfold:4", "val": 0.3}, BadOption, r"of kfold:4 each fold holds out its share; leave val= out"),
        ({"final": "best"}, BadOption, "expected ensemble or refit"),
        ({"devices_": "2", "jobs": 2}, BadOption, r"jobs=2: each of 2 devices fits one fold at once; leave jobs= out"),
        ({"devices_": "2", "protocol": "holdout"}, BadDevices, "holdout is one fit, and a fold takes one device"),
    ],
)
def test_what_does_not_go_together_is_one_line(blobs, cv, runs, plugins_with, choices, error, reason):
    choices = dict(choices)
    with pytest.raises(error, match=reason):
        if devices := choices.pop("devices_", ""):
            given = {"plugins": plugins_with(given=blobs(40)), "runs": runs, "devices": Devices("cpu", devices)}
            dl.cv("numbers", "given", model="linear", **given, **choices)
        else:
            cv(blobs(40), **choices)
    assert not list(runs.glob("0*"))


def test_arrays_in_memory_are_folded_too_and_are_not_given_to_other_processes(plugins_with, runs):
    rng = np.random.default_rng(0)
    inputs, targets = rng.normal(size=(60, 3)).astype(np.float32), np.arange(60) % 2
    given = {"plugins": plugins_with(), "runs": runs, "devices": Devices("cpu", "1"), "epochs": 1}
    run = dl.cv("numbers", (inputs, targets), protocol="kfold:3", model="linear", **given)
    assert len(run.folds) == 3 and isinstance(run, Run)
    with pytest.raises(BadOption, match="cannot be given to other processes"):
        dl.cv("numbers", (inputs, targets), protocol="kfold:3", model="linear", jobs=2, **given)


def test_a_run_that_is_not_finished_has_no_network(blobs, cv, plugins_with):
    run = cv(blobs(40), epochs=1)
    (run.path / "run.json").write_text(run.manifest.with_status("interrupted").to_json())
    with pytest.raises(BadRun, match=r"is not finished, it has 4 of 4 folds  go on: dl cv --resume 0001"):
        dl.predict(Run(run.path), np.zeros((1, 3), np.float32), plugins=plugins_with(given=blobs(40)))


def test_an_error_in_a_fold_ends_the_run_as_failed_and_a_full_disk_says_how_to_go_on(blobs, cv, runs, monkeypatch):
    given, train = blobs(40), run_fit.train

    def full_in_the_second(setup, devices, path, *rest, **how):
        if path.name == "02":
            raise CannotWrite("cannot write 'epochs.npz': the disk is full")
        return train(setup, devices, path, *rest, **how)

    monkeypatch.setattr(run_fit, "train", full_in_the_second)
    with pytest.raises(CannotWrite, match=r"is full; the finished folds are kept; go on with: dl cv --resume 0001"):
        cv(given, "kfold:2", epochs=1)
    cut = open_run("last", runs)
    assert cut.manifest.status == "failed" and len(cut.finished_folds) == 1
    with pytest.raises(BadRun, match=r"is not finished, it has 1 of 2 folds  go on: dl cv --resume 0001"):
        dl.load(cut.path)


def test_no_fit_at_once_is_refused(blobs, cv):
    with pytest.raises(BadOption, match=r"jobs=0: expected 1 or more"):
        cv(blobs(40), "kfold:2", jobs=0)


def test_two_processes_do_not_go_on_with_one_run(blobs, cv, runs, plugins_with):
    given = blobs(40)
    run = cv(given, "kfold:2", epochs=1)
    plugins = plugins_with(given=given)
    with files.held_alone(run.path) as alone, pytest.raises(BadRun, match="is being fitted by another process"):
        assert alone
        recipe = resolve(plugins, recipe=str(run.path / "recipe.toml"))
        cross_validate(recipe, plugins, Devices("cpu", "1"), runs, Console(quiet=True), resumed=run, final="refit")


def test_a_refit_that_is_stopped_leaves_the_finished_folds_and_is_made_when_the_run_goes_on(
    blobs, cv, runs, plugins_with, monkeypatch
):
    given, seen = blobs(40), []

    def stopped(setup, devices, folder, *_, **__):  # a signal before the first step
        seen.append(json.loads((folder / "run.json").read_text())["status"])

    with monkeypatch.context() as patch:
        patch.setattr("dl.cross_validation.refit.train", stopped)
        run = cv(given, "kfold:2", epochs=1, final="refit")
    assert seen == ["running"], "a kill in the refit leaves a run that is not finished"
    assert run.manifest.status == "finished" and not (run.weights).exists()
    assert run.manifest.message.endswith("go on with: dl cv --resume 0001-given-linear --final refit")
    plugins = plugins_with(given=given)
    given_again = resolve(plugins, recipe=str(run.path / "recipe.toml")), plugins, Devices("cpu", "1"), runs
    again = cross_validate(*given_again, Console(quiet=True), resumed=run)
    assert again.weights.exists() and again.manifest.message == ""
    with pytest.raises(BadRun, match="is finished"):
        cross_validate(*given_again, Console(quiet=True), resumed=again)
