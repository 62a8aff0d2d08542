from dataclasses import replace

from dl.tuning.study import PRUNED, write_study
from dl.tuning.trial import recovered


def test_what_a_cut_off_trial_left_is_removed_before_it_is_fitted_again(blobs, tune, plugins_with, runs):
    leftover = runs / "0001-given-tune/trials/001/outcomes"
    study = tune(blobs(), trials=1)
    assert sorted(path.name for path in leftover.iterdir()) == [
        "best.npz",
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
    text = manifest.read_text()
    manifest.write_text(text.replace('"finished"', '"failed"'))
    assert recovered(study, running).status == PRUNED
    manifest.write_text(text.replace('"finished"', '"running"'))
    assert recovered(study, running) is None
    manifest.unlink()
    assert recovered(study, running) is None
