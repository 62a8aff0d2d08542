"""An optimizer step: the same weights as by the lines of a plain loop."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from dl.errors import TrainingFailed
from dl.regularizer import Batch, Regularizer
from dl.specs import OwnStep
from dl.tasks.table import decide
from dl.training.diagnostics import GradientNormMonitor
from dl.training.flat_gradients import FlatGradients
from dl.training.optimizer_step import FEWEST_RECORDED, OptimizerStep
from dl.training.regularizers import Regularizers
from dl.training.step_loss import StepLoss

TASK = decide(np.arange(12) % 3, ("a", "b", "c"))


def batches(count, size=6):
    generator = torch.Generator().manual_seed(0)
    return [Batch(torch.randn(size, 2, generator=generator), torch.arange(size) % 3) for _ in range(count)]


def step_of(network, *, regularizers=None, clip=0.0, own=None, steps=FEWEST_RECORDED):
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    loss = StepLoss(network, TASK.row, Regularizers(regularizers or {}))
    gradients = GradientNormMonitor(network)
    flat = FlatGradients(gradients.parameters, 1)
    return OptimizerStep(loss, [optimizer], gradients, flat, clip=clip, own=own, steps=steps, may_record=True)


def plain_loop(network, given, clip=0.0):
    optimizer, losses = torch.optim.SGD(network.parameters(), lr=0.1), []
    for batch in given:
        optimizer.zero_grad()
        loss = cross_entropy(network(batch.inputs), batch.targets)
        loss.backward()
        if clip:
            nn.utils.clip_grad_norm_(network.parameters(), clip)
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("clip", [0.0, 0.05])
def test_steps_are_those_of_a_plain_loop(clip):
    mine = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 3))
    theirs, given = copy.deepcopy(mine), batches(5)
    step = step_of(mine, clip=clip)
    losses = [float(step.take(batch, batch.inputs, 1.0, first=False)[1]) for batch in given]
    assert step.recorded.run is not None  # the third and later steps were taken by a record
    assert losses == plain_loop(theirs, given, clip)
    for one, other in zip(mine.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(one, other)


def test_of_a_fit_of_few_steps_none_is_recorded():
    step = step_of(nn.Linear(2, 3), steps=FEWEST_RECORDED - 1)
    for batch in batches(3):
        step.take(batch, batch.inputs, 1.0, first=False)
    assert step.recorded.run is None


def test_a_regularizer_around_the_backward_pass_changes_the_step_and_not_the_loss_shown():
    def freeze(network, backward):
        backward()
        for parameter in network.parameters():
            parameter.grad.zero_()

    network = nn.Linear(2, 3)
    before = network.weight.clone()
    (batch,) = batches(1)
    step = step_of(network, regularizers={"freeze": Regularizer(gradients=freeze)})
    loss = step.take(batch, batch.inputs, 1.0, first=True)[1]
    assert torch.equal(network.weight, before)
    assert float(loss) == pytest.approx(cross_entropy(network(batch.inputs), batch.targets).item())
    assert len(step.gradients.seen) == 1 and float(step.gradients.seen[0][0]) == 0.0  # as the optimizer saw them


def test_an_own_step_is_taken_in_place_and_must_return_a_loss():
    (batch,) = batches(1)
    mine = step_of(nn.Linear(2, 3), own=OwnStep(lambda network, batch, optimizer: torch.tensor(0.25)))
    logits, loss = mine.take(batch, batch.inputs, 1.0, first=False)
    assert float(loss) == 0.25 and logits.shape == (6, 3) and mine.network.training
    broken = step_of(nn.Linear(2, 3), own=OwnStep(lambda network, batch, optimizer: None))
    with pytest.raises(TrainingFailed, match="training_step returned NoneType, not the loss to show"):
        broken.take(batch, batch.inputs, 1.0, first=False)
