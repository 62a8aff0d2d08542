"""Metrics of a whole part, against scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn import metrics as reference

from dl.tasks.table import decide

BINARY = np.array([0, 1, 1, 0, 1, 0])


def test_binary_metrics_are_scikit_learns(logits):
    target = np.random.default_rng(0).integers(0, 2, 200)
    task, z = decide(target, (), positive="1"), logits(200, 1)
    found, share = task.metrics(z, task.encode(target)), torch.sigmoid(z).squeeze(1).numpy()
    assert found == pytest.approx(
        {
            "accuracy": reference.accuracy_score(target, share > 0.5),
            "roc_auc": reference.roc_auc_score(target, share),
            "average_precision": reference.average_precision_score(target, share),
            "precision": reference.precision_score(target, share > 0.5),
            "recall": reference.recall_score(target, share > 0.5),
        },
        abs=1e-5,
    )


def test_multiclass_metrics_are_scikit_learns(logits):
    target = np.random.default_rng(0).integers(0, 4, 200)
    task, z = decide(target, ()), logits(200, 4)
    said = z.argmax(dim=1).numpy()
    assert task.metrics(z, task.encode(target)) == pytest.approx(
        {
            "accuracy": reference.accuracy_score(target, said),
            "macro_f1": reference.f1_score(target, said, average="macro"),
        },
        abs=1e-5,
    )


def test_multilabel_metrics_are_scikit_learns(logits):
    target = np.random.default_rng(0).integers(0, 2, (200, 3))
    task, z = decide(target, ()), logits(200, 3)
    assert task.metrics(z, task.encode(target)) == pytest.approx(
        {
            "mean_average_precision": reference.average_precision_score(target, z.numpy(), average="macro"),
            "label_accuracy": float(((z.numpy() > 0) == target).mean()),
        },
        abs=1e-5,
    )


def test_a_label_that_nobody_has_is_left_out_of_the_mean(logits):
    target = np.random.default_rng(0).integers(0, 2, (50, 3))
    target[:, 2] = 0
    task, z = decide(target, ()), logits(50, 3)
    expected = reference.average_precision_score(target[:, :2], z.numpy()[:, :2], average="macro")
    assert task.metrics(z, task.encode(target))["mean_average_precision"] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("value", [0, 1])
def test_a_part_of_one_class_is_scored_without_complaint(logits, value):
    task = decide(BINARY, ())
    found = task.metrics(logits(5, 1), task.encode(np.full(5, value)))
    assert 0 <= found["accuracy"] <= 1


def test_regression_metrics_are_scikit_learns_in_target_units(logits):
    rng = np.random.default_rng(0)
    target = rng.normal(100, 30, (200, 2))
    task, z = decide(target, ()), logits(200, 2)
    shown = task.preds(z).numpy()
    assert task.metrics(z, task.encode(target)) == pytest.approx(
        {
            "mae": reference.mean_absolute_error(target, shown),
            "rmse": reference.mean_squared_error(target, shown) ** 0.5,
            "r2": reference.r2_score(target, shown),
        },
        rel=1e-4,
    )


def test_the_headline_of_an_imbalanced_target_comes_first(logits):
    target = np.repeat([0, 1], [90, 10])
    task = decide(target, ())
    assert next(iter(task.metrics(logits(100, 1), task.encode(target)))) == "average_precision"


def test_metrics_of_two_classes_are_those_of_the_class_to_find_whichever_its_number():
    rng = np.random.default_rng(0)
    flags = (rng.random(200) < 0.1).astype(np.int64)
    logits = torch.from_numpy(rng.normal(0, 2, (200, 1)) + 3 * flags[:, None]).float()
    second, first = decide(flags, ("ok", "rare")), decide(1 - flags, ("rare", "zero"))
    ours = second.metrics(logits, second.encode(flags))
    theirs = first.metrics(-logits, first.encode(1 - flags))
    assert ours == pytest.approx(theirs, abs=1e-6)
    assert ours["average_precision"] == pytest.approx(reference.average_precision_score(flags, logits[:, 0]), abs=1e-6)
    assert ours["recall"] == pytest.approx(reference.recall_score(flags, logits[:, 0] > 0))
