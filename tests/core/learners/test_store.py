"""A fitted learner is stored without pickles, and a file with foreign types is not loaded."""

import subprocess

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from skops import io

from dl.errors import BadRun
from dl.learner import Learner
from dl.learners.fitted import FittedLearner
from dl.learners.store import load_learner, save_learner

LEARNER = Learner("ridge", Ridge, lambda train: (None, None), lambda learnt, subset: None)


def test_what_is_stored_answers_as_before(tmp_path):
    x = np.random.default_rng(0).normal(size=(30, 2))
    fitted = FittedLearner(LEARNER, {"names": ["a", "b"]}, (Ridge().fit(x, x[:, 0]), 1.0))
    save_learner(tmp_path / "learner.skops", fitted)
    again = load_learner(tmp_path / "learner.skops", LEARNER)
    assert again.learnt == {"names": ["a", "b"]} and again.estimators[1] == 1.0
    assert np.array_equal(again.estimators[0].predict(x), fitted.estimators[0].predict(x))


def test_a_file_that_would_run_something_or_is_none_is_one_line(tmp_path):
    path = tmp_path / "learner.skops"
    with pytest.raises(BadRun, match="is missing"):
        load_learner(path, LEARNER)
    path.write_bytes(io.dumps({"learnt": subprocess.Popen, "estimators": []}))
    with pytest.raises(BadRun, match=r"not trusted, and is not loaded: .*Popen"):
        load_learner(path, LEARNER)
    path.write_bytes(b"no archive")
    with pytest.raises(BadRun, match="cannot be read"):
        load_learner(path, LEARNER)
