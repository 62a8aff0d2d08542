"""What the middle of an epoch consists of: it goes on with the same random numbers, sums and steps."""

import numpy as np
import pytest
import torch
from torch import nn

from dl.training.batches import Shard
from dl.training.diagnostics import GradientNormMonitor
from dl.training.epoch_state import EpochState
from dl.training.scoring import RunningMeans

CPU = torch.device("cpu")


def state(rank=0, world_size=1):
    return EpochState(RunningMeans(), GradientNormMonitor(nn.Linear(2, 1)), Shard(rank, world_size), CPU)


def add_step(one, loss, examples):
    one.block.add(torch.tensor(loss), torch.zeros(examples, 2), torch.zeros(examples, dtype=torch.int64))


def ones(_logits, targets):
    """Scores of examples: one each."""
    return torch.ones(len(targets))


def draws(one):
    return torch.rand(3, generator=one.generator).tolist(), torch.rand(3).tolist(), np.random.rand(3).tolist()


def test_random_numbers_are_a_function_of_seed_epoch_and_device():
    found = []
    for rank, seed, epoch in [(0, 1, 2), (0, 1, 2), (1, 1, 2), (0, 1, 3), (0, 2, 2)]:
        one = state(rank, 2)
        one.seed(seed, epoch)
        found.append(draws(one))
    assert found[0] == found[1]
    assert all(found[0] != other for other in found[2:])


def test_an_epoch_that_is_continued_draws_what_it_would_have_drawn():
    one = state()
    one.seed(0, 5)
    draws(one)
    saved = one.state_dict()
    expected = draws(one)
    other = state()
    other.restore([saved], 0, ones)
    other.seed(0, 5)
    assert draws(other) == expected
    other.seed(0, 5)
    assert draws(other) != expected  # the next epoch is whole


def test_a_block_is_continued_where_it_was():
    one = state()
    add_step(one, 0.5, 4)
    one.running.add(torch.tensor([1.0]), [2], torch.zeros(2))
    other = state()
    other.restore([one.state_dict()], 1, ones)
    assert other.block.done == 1 and [float(loss) for loss in other.block.losses] == [0.5]
    assert other.running.means(lambda sums: sums) == (1.0, 0.0)


def test_on_another_number_of_devices_all_is_counted_once():
    states = []
    for loss in (1.0, 3.0):
        one = state()
        add_step(one, loss, 2)
        states.append(one.state_dict())
    first, second, third = (state(rank, 3) for rank in range(3))
    for one in (first, second, third):
        one.restore(states, 5, ones)
        assert one.block.done == 5 and one.block.losses == []
    sums = torch.stack([sum(one.running.sums) for one in (first, second, third)])
    assert sums.sum(dim=0).tolist() == [8.0, 4.0, 4.0]  # losses, scores and number of four examples
    assert first.running.means(lambda sums: sums) == (pytest.approx(2.0), pytest.approx(1.0))
