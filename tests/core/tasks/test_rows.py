"""Each row of dl's own: activation, scores and margins by hand, and a law or classes that are learnt."""

import numpy as np
import pytest
import torch

from dl.tasks.rows import TABLE
from dl.tasks.table import decide

BINARY = np.array([0, 1, 1, 0, 1, 0])
CLASSES = np.array([0, 1, 2, 2, 1, 0])
LABELS = np.array([[0, 1, 1], [1, 0, 1], [0, 0, 0], [1, 1, 1]])
REALS = np.array([[2.0, -10.0], [4.0, 0.0], [6.0, 10.0]])
SHARES = np.array([0.0, 0.25, 1.0])
NOTHING = np.empty((6, 0))
STRINGS = np.array([[0, 1, -1], [1, -1, -1], [0, 0, -1]])
ALONE = [name for name, row in TABLE.items() if not (row.of_heads or row.by_query)]  # rows of one target


def tensor(values):
    return torch.tensor(values, dtype=torch.float32)


@pytest.mark.parametrize("row", ALONE)
def test_every_row_names_as_many_metrics_as_it_has_and_one_loss(row):
    of_row = dict(zip(ALONE, (BINARY, CLASSES, LABELS, REALS, SHARES, NOTHING, NOTHING, NOTHING, STRINGS), strict=True))
    info = decide(of_row[row], (), row).info
    assert info.name == row and info.loss == TABLE[row].loss.__name__
    assert {metric.name for metric in info.metrics} == {metric.info.name for metric in TABLE[row].metrics}


def test_activations_turn_logits_into_what_is_shown():
    assert decide(BINARY, ()).preds(torch.zeros(2, 1)).tolist() == [0.5, 0.5]
    assert decide(CLASSES, ()).preds(torch.zeros(1, 3)).tolist() == [pytest.approx([1 / 3] * 3)]
    assert decide(LABELS, ()).preds(torch.zeros(1, 3)).tolist() == [[0.5, 0.5, 0.5]]
    assert decide(SHARES, ()).preds(torch.zeros(1, 1)).tolist() == [[0.5]]
    assert decide(REALS[:, 0], ()).preds(torch.zeros(1, 1)).tolist() == [pytest.approx([4.0])]


def test_scores_of_examples_are_right_or_wrong_shares_or_errors():
    assert decide(BINARY, ()).example_scores(tensor([[1.0], [1.0]]), tensor([1.0, 0.0])).tolist() == [1.0, 0.0]
    three = tensor([[2.0, 1.0, 0.0], [2.0, 1.0, 0.0]])
    assert decide(CLASSES, ()).example_scores(three, torch.tensor([0, 1])).tolist() == [1.0, 0.0]
    labels = decide(LABELS, ()).example_scores(tensor([[1.0, -1.0, 1.0]]), tensor([[1.0, 0.0, 0.0]]))
    assert labels.tolist() == pytest.approx([2 / 3])
    task = decide(REALS, ())
    errors = task.example_scores(torch.zeros(3, 2), task.encode(REALS))  # always says the mean, (4, 0)
    assert errors.tolist() == pytest.approx([6.0, 0.0, 6.0])


def test_the_mean_of_the_examples_scores_is_the_accuracy(logits):
    task, z = decide(CLASSES, ()), logits(6, 3)
    target = task.encode(CLASSES)
    assert float(task.example_scores(z, target).mean()) == pytest.approx(task.metrics(z, target)["accuracy"])


def test_the_margin_is_the_true_logit_minus_the_largest_other():
    logits = tensor([[3.0, 1.0, 2.0], [3.0, 1.0, 2.0]])
    assert decide(CLASSES, ()).margins(logits, torch.tensor([0, 1])).tolist() == [1.0, -2.0]
    assert decide(BINARY, ()).margins(tensor([[3.0], [3.0]]), tensor([1.0, 0.0])).tolist() == [3.0, -3.0]
    assert decide(LABELS, ()).margins(torch.ones(2, 3), torch.ones(2, 3)).tolist() == [0.0, 0.0]


def test_separable_classes_are_learnt_without_a_mistake(fit, blobs):
    run = fit(blobs(3))
    assert run.manifest.task.name == "multiclass" and run.best["val_accuracy"] == 1.0


def test_two_separable_classes_are_learnt_without_a_mistake(fit, blobs):
    run = fit(blobs(2))
    assert run.manifest.task.name == "binary"
    assert run.best["val_accuracy"] == run.best["val_roc_auc"] == 1.0


def test_labels_that_are_signs_of_coordinates_are_learnt(fit, dataset):
    inputs = np.random.default_rng(0).uniform(-1, 1, (200, 3)).astype(np.float32)
    inputs += np.sign(inputs) * 0.3
    run = fit(dataset(inputs, (inputs > 0).astype(np.int64), ["a", "b", "c"]))
    assert run.manifest.task.name == "multilabel"
    assert run.best["val_mean_average_precision"] == pytest.approx(1.0)
    assert run.best["val_label_accuracy"] > 0.99


def weights_of(run):
    from safetensors.numpy import load_file

    state = load_file(run.weights)
    return state["1.weight"], state["1.bias"]


def test_a_linear_law_is_found_with_its_coefficients(fit, dataset):
    inputs = np.random.default_rng(0).normal(0, 1, (300, 3)).astype(np.float32)
    targets = inputs @ np.array([[50.0], [-20.0], [5.0]]) + 1000
    run = fit(dataset(inputs, targets, ["price"]), epochs=40, schedule="one-cycle")
    info = run.manifest.task
    weight, bias = weights_of(run)
    assert info.name == "regression"
    assert weight[0] * info.scale[0] == pytest.approx([50, -20, 5], abs=0.05)
    assert bias[0] * info.scale[0] + info.shift[0] == pytest.approx(1000, abs=0.1)
    assert run.best["val_r2"] > 0.9999 and run.best["val_mae"] < 0.1


@pytest.mark.parametrize("loss", ["cross-entropy", "squared-error"])
def test_a_logistic_law_is_found_with_its_coefficients(fit, dataset, loss):
    inputs = np.random.default_rng(0).normal(0, 1, (300, 2)).astype(np.float32)
    targets = 1 / (1 + np.exp(-(inputs @ np.array([[2.0], [-1.0]]) + 0.5)))
    run = fit(dataset(inputs, targets), epochs=60, schedule="one-cycle", loss=loss)
    weight, bias = weights_of(run)
    assert run.manifest.task.name == "unit-regression"
    assert [*weight[0], *bias] == pytest.approx([2, -1, 0.5], abs=0.02)
    assert run.best["val_mae"] < 0.01


def test_a_network_overfits_one_batch_of_noise(fit, dataset):
    rng = np.random.default_rng(0)
    inputs, targets = rng.normal(0, 1, (40, 8)).astype(np.float32), rng.integers(0, 2, 40)
    run = fit(dataset(inputs, targets, val_size=8), model="dense", width=256, epochs=60, batch_size=32, lr=0.01)
    last = run.history.rows[-1]
    assert last["probe_accuracy"] == 1.0 and last["train_loss"] < 0.02
    assert last["gap"] > 0
