"""The loss of a training step."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from dl.regularizer import Batch, Regularizer
from dl.tasks.table import decide
from dl.training.regularizers import Regularizers
from dl.training.step_loss import StepLoss

TASK = decide(np.arange(12) % 3, ("a", "b", "c"))
BATCH = Batch(torch.randn(6, 2, generator=torch.Generator().manual_seed(0)), torch.arange(6) % 3)


def test_a_penalty_is_in_the_loss_that_gradients_are_taken_of_and_not_in_the_one_that_is_shown():
    network = nn.Linear(2, 3)
    penalty = Regularizer(penalty=lambda network: network.weight.square().sum())
    step = StepLoss(network, TASK.row, Regularizers({"l2": penalty}))
    logits, shown, whole = step.all_of(BATCH)
    expected = cross_entropy(network(BATCH.inputs), BATCH.targets).item()
    assert float(shown) == pytest.approx(expected)
    assert whole.item() == pytest.approx(expected + network.weight.square().sum().item())
    assert not logits.requires_grad and not shown.requires_grad and whole.requires_grad


def test_a_loss_is_plain_unless_a_regularizer_is_in_it():
    network = nn.Linear(2, 3)
    assert StepLoss(network, TASK.row, Regularizers({})).is_plain
    assert StepLoss(network, TASK.row, Regularizers({"clip": Regularizer(gradients=lambda _n, b: b())})).is_plain
    assert not StepLoss(network, TASK.row, Regularizers({"l2": Regularizer(penalty=lambda _: torch.ones(()))})).is_plain
    halved = Regularizer(loss=lambda loss: lambda *given: loss(*given) / 2)
    assert not StepLoss(network, TASK.row, Regularizers({"half": halved})).is_plain
