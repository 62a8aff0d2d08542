import numpy as np

import dl
from dl.runs.run import Run


def test_the_network_refitted_on_all_examples_answers_in_place_of_the_ensemble(blobs, cv, plugins_with):
    given = blobs(80, open_test=lambda: blobs(40).train)
    ensemble, refitted = cv(given), cv(given, final="refit")
    plugins = plugins_with(given=given)
    points = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    one, other = (dl.load(Run(run.path), plugins=plugins) for run in (ensemble, refitted))
    assert type(one.network).__name__ == "ModuleList" and len(one.network) == 4
    assert type(other.network).__name__ != "ModuleList"
    assert not np.allclose(one(points).numpy(), other(points).numpy())
    assert dl.evaluate(refitted, plugins=plugins).score.value > 0.6


def test_it_trains_as_many_epochs_as_the_folds_chose(blobs, cv):
    given = blobs(80, spread=0.05)
    run = cv(given, epochs=6, final="refit", schedule="one-cycle")
    assert 1 <= run.manifest.best_epoch <= 6
    assert (run.weights).exists() and (run.path / "preprocessor.json").exists()
