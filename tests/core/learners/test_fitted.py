"""A learner answers in the form of the task's preds, and as logits that the task turns into them."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from dl.data.examples import whole
from dl.learner import Learner
from dl.learners.fitted import as_logits, fit_learner, learner_of
from dl.specs import ModelSpec
from dl.tasks.table import decide

NUMBERS = np.random.default_rng(0).normal(size=(120, 3)).astype(np.float32)
TARGETS = {
    "binary": (NUMBERS[:, 0] > 0).astype(np.int64),
    "multiclass": np.digitize(NUMBERS[:, 0], [-0.5, 0.5]).astype(np.int64),
    "multilabel": (NUMBERS > [0, 0.3, 99]).astype(np.int64),
    "regression": (NUMBERS[:, :2] * 10.0 - 3).astype(np.float64),
    "unit-regression": 1 / (1 + np.exp(-NUMBERS[:, 0].astype(np.float64))),
    "skewed": np.exp(2 * NUMBERS[:, 0].astype(np.float64) + 8),
}


def rows(_learnt, subset):
    return subset.examples.array[subset.index]


@pytest.mark.parametrize("kind", TARGETS)
def test_the_preds_of_its_logits_are_its_preds(examples, kind):
    train = whole(examples(NUMBERS, TARGETS[kind], ("a", "b", "c")[: 2 + (kind != "binary")] * (kind != "regression")))
    task = decide(train.targets, train.examples.names if kind in ("binary", "multiclass", "multilabel") else ())
    make = LogisticRegression if task.row.learner == "classifier" else Ridge
    fitted = fit_learner(Learner("one", make, lambda some: (None, rows(None, some)), rows), task, train)
    preds = fitted.preds(task, train)
    logits = as_logits(task, preds)
    assert logits.shape == (120, task.info.outputs) and np.isfinite(logits.numpy()).all()
    assert np.allclose(task.preds(logits).numpy(), preds.numpy(), rtol=1e-4, atol=1e-6)
    assert np.allclose(fitted.logits(task, train).numpy(), logits.numpy(), atol=14)


def test_a_model_has_the_learner_that_the_task_asks_for():
    spec = ModelSpec("one", "numbers", "", classifier=lambda options: ("classifier", options))
    row = decide(TARGETS["binary"], ("a", "b")).row
    assert learner_of(spec, row, {"x": 1}) == ("classifier", {"x": 1})
    assert learner_of(spec, decide(TARGETS["regression"], ()).row, {}) is None
