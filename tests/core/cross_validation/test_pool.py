import numpy as np

from dl.cross_validation.pool import FinishedFold


def test_the_examples_of_a_fold_are_found_by_their_ids(blobs, cv):
    given = blobs(40)
    run = cv(given, "kfold:2", epochs=1)
    first, second = (FinishedFold.of(fold, given.train) for fold in run.folds)
    assert np.array_equal(given.train.ids[first.val], run.folds[0].outcomes("val").ids)
    assert np.array_equal(np.sort(np.concatenate([first.val, second.val])), np.arange(40))
    assert np.array_equal(np.sort(first.probe), np.sort(second.val))
