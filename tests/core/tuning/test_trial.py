from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

import dl
from dl.cross_validation import plan
from dl.hookspecs import hookimpl
from dl.options import Option, Space
from dl.regularizer import Regularizer
from dl.runs.run import Run
from dl.specs import RegularizerSpec
from dl.training import run_fit
from dl.training.devices import Devices
from dl.tuning.study import PRUNED, read_study, write_study
from dl.tuning.trial import recovered
from dl.tuning.tune import resume_study


def test_what_a_cut_off_trial_left_is_removed_before_it_is_fitted_again(blobs, tune, plugins_with, runs):
    leftover = runs / "0001-given-tune/trials/001/outcomes"
    study = tune(blobs(), trials=1)
    assert sorted(path.name for path in leftover.iterdir()) == [
        "best-00003.npz",
        "columns.npz",
        "epochs.npz",
        "examples.npz",
        "features.npz",
        "sketches.npz",
    ]
    assert study.trials[0].seconds > 0 and study.trials[0].epochs == 3


def test_a_trial_is_recovered_from_its_run_if_that_has_ended(blobs, tune):
    study = tune(blobs(), trials=2)
    write_study(study)
    ended = study.trials[1]
    running = replace(ended, status="running", score=None, message="")
    assert recovered(study, running) == ended
    manifest = study.run(ended).path / "run.json"
    text = replace(study.run(ended).manifest, pid=0).to_json()
    manifest.write_text(text.replace('"finished"', '"failed"'))
    assert recovered(study, running).status == PRUNED
    manifest.write_text(text.replace('"finished"', '"running"'))
    assert recovered(study, running) is None
    manifest.unlink()
    assert recovered(study, running) is None


@pytest.fixture
def fitted(monkeypatch):
    """The trials and folds that were trained, in their order; ``stop_at`` is one that is cut off, once."""
    train = run_fit.train

    class Fitted(list):
        stop_at = None

    found = Fitted()

    def noted(given, devices, folder, *rest, **how):
        one = (folder.parent.parent.name, folder.name)
        found.append(one)
        if one == found.stop_at and found.count(one) == 1:
            raise KeyboardInterrupt
        return train(given, devices, folder, *rest, **how)

    monkeypatch.setattr(run_fit, "train", noted)
    return found


def test_a_trial_of_folds_is_the_cross_validation_of_its_recipe_on_data_that_is_split_once_a_fold(
    blobs, tune, plugins_with, tmp_path, monkeypatch
):
    given, split, made = blobs(), plan.split_data, []
    monkeypatch.setattr(plan, "split_data", lambda *how: (made.append(1), split(*how))[1])
    study = tune(given, trials=2, protocol="iterated-kfold:2x2", over=["lr", "width"])
    assert len(made) == 4
    known = {"plugins": plugins_with(given=given), "devices": Devices("cpu", "1")}
    alone = dl.cv(
        "numbers", "given", protocol="iterated-kfold:2x2", model="dense", epochs=3, runs=tmp_path / "cv", **known
    )
    first, best = study.run(study.trials[0]), study.run(study.best)
    assert np.array_equal(first.outcomes("val").loss, alone.outcomes("val").loss)
    assert (study.trials[0].score, study.trials[0].low) == (alone.best["val_accuracy"], alone.best["val_low"])
    assert study.val_fingerprint == alone.manifest.parts.val_fingerprint == first.manifest.parts.val_fingerprint
    assert [trial.folds for trial in study.trials] == [4, 4] and study.protocol == "iterated-kfold:2x2"
    assert study.luck.interval.high - study.luck.interval.low > 1.1 * (study.best.high - study.best.low) / 1.2
    assert (
        study.command.startswith("dl cv numbers given --model dense") and "protocol=iterated-kfold:2x2" in study.command
    )
    assert best.weights.exists() and not (best.outcomes_folder / "logits.npz").exists()
    assert len(dl.predict(best, given.train.array[:2], plugins=known["plugins"])) == 2


def test_a_trial_that_was_cut_off_keeps_its_finished_folds_and_the_study_is_as_an_unbroken_one(
    blobs, tune, plugins_with, tmp_path, fitted
):
    given, chosen = blobs(60), {"trials": 3, "protocol": "kfold:2", "over": ["lr"], "epochs": 1}
    unbroken = tune(given, root=tmp_path / "unbroken", **chosen)
    fitted.clear()
    fitted.stop_at = ("002", "02")
    with pytest.raises(KeyboardInterrupt):
        tune(given, **chosen)
    half = read_study(tmp_path / "runs/0001-given-tune")
    assert [trial.status for trial in half.trials] == ["finished", "running"]
    whole = resume_study(half.path, plugins_with(given=given), Devices("cpu", "1"), Console(quiet=True))
    every = [(f"{trial:03d}", f"{fold:02d}") for trial in (1, 2, 3) for fold in (1, 2)]
    assert fitted == [*every[:4], *every[3:]]
    assert [trial.options for trial in whole.trials] == [trial.options for trial in unbroken.trials]
    assert [trial.score for trial in whole.trials] == [trial.score for trial in unbroken.trials]
    assert whole.luck == unbroken.luck


class Harm:
    """A plugin with a regularizer that keeps the network at zero, and one that makes its loss infinite."""

    @hookimpl
    def register_regularizers(self):
        def build(options, task):
            factor = np.inf if options["level"] > 1.9 else 1e6
            return Regularizer(penalty=lambda network: factor * sum((one**2).sum() for one in network.parameters()))

        option = Option("level", 1.0, "how much", low=0.0, space=Space(choices=(1.0, 2.0)))
        return (RegularizerSpec("harm", "penalty", "harm", build, (option,)),)


def test_a_trial_that_is_certainly_worse_after_a_fold_or_without_a_number_ends_and_is_left_out_of_the_luck(blobs, tune):
    study = tune(
        blobs(200, spread=0.3),
        trials=3,
        epochs=5,
        lr=0.1,
        over=["harm"],
        more=[Harm()],
        sampler="grid",
        protocol="kfold:4",
    )
    ends = {str(trial.options["harm"]): trial for trial in study.trials}
    assert ends["None"].status == "finished" and study.best.number == 1
    assert ends["1.0"].status == PRUNED and ends["1.0"].folds == 1
    assert ends["1.0"].message == "certainly worse than trial 1 after fold 1 of 4"
    assert (ends["2.0"].status, ends["2.0"].folds, ends["2.0"].score) == (PRUNED, 0, None)
    assert study.luck.naive == pytest.approx(study.best.score)
    pruned = Run(study.run(ends["1.0"]).path)
    assert pruned.manifest.status == "finished" and len(pruned.manifest.folds) == 1 and pruned.manifest.parts.val == 50
