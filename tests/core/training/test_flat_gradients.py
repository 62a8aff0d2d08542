"""Gradients summed over processes in one message: the mean over all examples, in the layout of the weights."""

import pytest
import torch
from lightning.pytorch.strategies import DDPStrategy, SingleDeviceStrategy
from torch import distributed, nn

from dl.training import flat_gradients
from dl.training.flat_gradients import FlatGradients, fit_in_one_message


def network():
    torch.manual_seed(0)
    made = nn.Sequential(nn.Conv2d(2, 3, 3), nn.Flatten(), nn.Linear(12, 2)).double()
    made[0].to(memory_format=torch.channels_last)
    return made


def mean_gradients(rows):
    """The gradients of the mean over all rows, by one process."""
    one = network()
    one(rows).square().sum(dim=1).mean().backward()
    return [parameter.grad for parameter in one.parameters()]


def test_the_weighted_gradients_of_processes_are_those_of_the_whole_batch(tmp_path):
    torch.multiprocessing.start_processes(reduce, (str(tmp_path / "meet"),), nprocs=2, start_method="fork")


def reduce(rank, place):
    distributed.init_process_group("gloo", init_method=f"file://{place}", rank=rank, world_size=2)
    rows = torch.arange(5 * 2 * 16, dtype=torch.float64).reshape(5, 2, 4, 4).sin()
    mine, own = network(), rows[rank::2]
    parameters = list(mine.parameters())
    flat = FlatGradients(parameters, 2)
    for _ in range(2):
        for parameter in parameters:
            parameter.grad = None
        mine(own).square().sum(dim=1).mean().backward()
        flat.reduce(2 * len(own) / 5)
        for parameter, wanted in zip(parameters, mean_gradients(rows), strict=True):
            assert torch.allclose(parameter.grad, wanted, rtol=1e-12)
            assert parameter.grad.stride() == parameter.stride()
    parameters[0].requires_grad_(False)
    parameters[0].grad = parameters[3].grad = None
    parameters[1].grad = torch.full_like(parameters[1], rank + 1.0)
    flat.reduce(1.0)
    assert parameters[0].grad is None, "a frozen weight has none"
    assert parameters[1].grad.tolist() == [1.5] * 3 and parameters[3].grad.tolist() == [0.0] * 2
    distributed.destroy_process_group()


def test_one_process_keeps_the_gradients_that_it_has():
    (parameter,) = nn.Linear(2, 1, bias=False).parameters()
    parameter.grad = given = torch.ones(1, 2)
    FlatGradients([parameter], 1).reduce(1.0)
    assert parameter.grad is given


class Coded(nn.Linear):
    def __init__(self):
        super().__init__(2, 1)
        self.register_buffer("codes", torch.zeros(4))


@pytest.mark.parametrize(
    ("made", "strategy", "fits"),
    [
        (nn.Linear(2, 1), DDPStrategy(), True),
        (nn.BatchNorm1d(2), DDPStrategy(), True),
        (nn.Linear(2, 1), SingleDeviceStrategy(), False),
        (nn.Linear(20, 20), DDPStrategy(), False),  # more than a message of 1,000 bytes
        (nn.Embedding(4, 2, sparse=True), DDPStrategy(), False),
        (Coded(), DDPStrategy(), False),
    ],
)
def test_many_bytes_sparse_gradients_and_acting_buffers_are_left_to_lightning(monkeypatch, made, strategy, fits):
    monkeypatch.setattr(flat_gradients, "LARGEST", 1000)
    assert fit_in_one_message(strategy, made) is fits
