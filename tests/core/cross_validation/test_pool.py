import numpy as np
import pytest

from dl.cross_validation.pool import FinishedFold, rescaled
from dl.runs.manifest import TaskInfo


def info(shift, scale):
    return TaskInfo("regression", "", 1, ("y",), (), "squared_error", shift, scale)


def test_outputs_are_brought_to_one_scale():
    logits = np.array([[0.0], [1.0], [-2.0]], np.float32)  # in units of 10 around 50: 50, 60, 30
    assert rescaled(logits, info((50.0,), (10.0,)), info((40.0,), (5.0,))).ravel() == pytest.approx([2.0, 4.0, -2.0])
    assert rescaled(logits, info((), ()), info((), ())) is logits


def test_the_examples_of_a_fold_are_found_by_their_ids(blobs, cv):
    given = blobs(40)
    run = cv(given, "kfold:2", epochs=1)
    first, second = (FinishedFold.of(fold, given.train) for fold in run.folds)
    assert np.array_equal(given.train.ids[first.val], run.folds[0].outcomes("val").ids)
    assert np.array_equal(np.sort(np.concatenate([first.val, second.val])), np.arange(40))
    assert np.array_equal(np.sort(first.probe), np.sort(second.val))
