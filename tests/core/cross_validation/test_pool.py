from dataclasses import replace

import numpy as np
import pytest

from dl.cross_validation.pool import FinishedFold


def test_the_examples_of_a_fold_are_found_by_their_ids(blobs, cv):
    given = blobs(40)
    run = cv(given, "kfold:2", epochs=1)
    first, second = (FinishedFold.of(fold, given.train) for fold in run.folds)
    assert np.array_equal(given.train.ids[first.val], run.folds[0].outcomes("val").ids)
    assert np.array_equal(np.sort(np.concatenate([first.val, second.val])), np.arange(40))
    assert np.array_equal(np.sort(first.probe), np.sort(second.val))


def test_a_constant_is_learnt_from_all_in_random_folds_and_from_the_past_alone_forward_in_time(dataset, cv):
    inputs = np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32)
    values = np.arange(40.0)  # in blocks of 8: the median of what is older is 4 too low at first, 16 at last
    given = dataset(inputs, values)
    random = {one.name: one for one in cv(given, "kfold:4", epochs=1).manifest.baselines}
    assert random["median"].score == pytest.approx(10.0) and random["median"].answer == "always 19.5"
    dated = replace(given, train=replace(given.train, times=np.arange(40)))
    forward = cv(dated, "kfold:4", epochs=1).manifest.baselines
    median = next(one for one in forward if one.name == "median")
    # the middle of the held-out block less the median of those before it: 11.5 - 3.5, 19.5 - 7.5, 27.5 - 11.5, ...
    assert median.score == pytest.approx(np.mean([8, 12, 16, 20])) and median.answer == "each fold's median"


def test_a_constant_is_scored_on_the_rows_that_the_networks_are_scored_on(blobs, cv):
    run = cv(blobs(41), "repeated-holdout:2", epochs=1)
    held = run.outcomes("val").targets
    majority = next(one for one in run.manifest.baselines if one.name == "majority")
    assert majority.score == pytest.approx(np.mean(held == 0))
