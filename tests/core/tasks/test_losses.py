"""Losses by hand, an example each and their mean."""

import math

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


def tensor(values):
    return torch.tensor(values, dtype=torch.float32)


def test_a_uniform_guess_over_ten_classes_costs_log_ten_nats():
    task = decide(np.arange(10), ())
    assert float(task.row.loss(torch.zeros(10, 10), task.encode(np.arange(10)), "mean")) == pytest.approx(math.log(10))


def test_an_undecided_binary_answer_costs_log_two_nats():
    task = decide(BINARY, ())
    losses = task.row.loss(torch.zeros(6, 1), task.encode(BINARY), "none")
    assert losses.tolist() == pytest.approx([math.log(2)] * 6)


def test_losses_of_labels_are_summed_over_the_labels():
    task = decide(LABELS, ())
    losses = task.row.loss(torch.zeros(4, 3), task.encode(LABELS), "none")
    assert losses.tolist() == pytest.approx([3 * math.log(2)] * 4)


def test_squared_error_is_in_units_of_the_targets_deviation():
    task = decide(REALS[:, :1], ())  # 2, 4, 6: mean 4, variance 8/3
    losses = task.row.loss(torch.zeros(3, 1), task.encode(REALS[:, :1]), "none")
    assert losses.tolist() == pytest.approx([1.5, 0.0, 1.5])


def test_squared_error_of_shares_reads_the_sigmoid():
    task = decide(SHARES, (), loss="squared-error")
    losses = task.row.loss(torch.zeros(3, 1), task.encode(SHARES), "none")
    assert losses.tolist() == pytest.approx([0.25, 0.0625, 0.25])


def test_cross_entropy_of_a_share_is_least_at_the_share():
    task = decide(SHARES, ())
    logits = torch.logit(tensor([[0.2], [0.25], [0.3]]))
    losses = task.row.loss(logits, tensor([[0.25]] * 3), "none").tolist()
    assert losses[1] < min(losses[0], losses[2])
    assert losses[1] == pytest.approx(-0.25 * math.log(0.25) - 0.75 * math.log(0.75))


@pytest.mark.parametrize(
    "target",
    [BINARY, CLASSES, LABELS, REALS, SHARES, NOTHING, STRINGS],
    ids=[
        name
        for name in TABLE
        if not TABLE[name].of_heads and TABLE[name].form not in ("inputs", "frames") and name != "ranking"
    ],
)
def test_the_mean_loss_is_the_mean_of_the_examples_losses(target):
    task = decide(target, ())
    steps = (4,) if task.row.form == "steps" else ()
    logits = torch.randn(len(target), *steps, task.info.outputs, generator=torch.Generator().manual_seed(0))
    each = task.row.loss(logits, task.encode(target), "none")
    assert each.shape == (len(target),)
    assert float(each.mean()) == pytest.approx(float(task.row.loss(logits, task.encode(target), "mean")))
