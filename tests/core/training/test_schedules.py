"""The schedules of a fit: they can be restored, and made anew for more steps."""

import pytest
import torch
from torch import nn

from dl.training.optimizers import make_optimizer
from dl.training.schedules import Schedules

OPTIONS = {"optimizer": "adamw", "lr": 0.01, "weight_decay": 0.0, "momentum": 0.0, "schedule": "cosine"}


def schedules(steps, **options):
    options = OPTIONS | options
    made = [make_optimizer(nn.Linear(2, 1), options) for _ in range(2)]
    return Schedules(made, options, steps)


def taken(one, steps):
    """The rate of each optimizer after each of some steps."""
    found = []
    for _ in range(steps):
        for optimizer in one.optimizers:
            optimizer.step()
        one.step()
        found.append([optimizer.param_groups[0]["lr"] for optimizer in one.optimizers])
    return found


@pytest.mark.parametrize("schedule", ["cosine", "one-cycle", "constant"])
def test_schedules_that_are_restored_go_on_as_those_before(schedule):
    torch.manual_seed(0)
    whole = taken(schedules(10, schedule=schedule), 10)
    first, second = schedules(10, schedule=schedule), schedules(10, schedule=schedule)
    assert taken(first, 4) == whole[:4]
    second.restore(first.states())
    for mine, theirs in zip(second.optimizers, first.optimizers, strict=True):
        mine.load_state_dict(theirs.state_dict())
    assert taken(second, 6) == whole[4:]


@pytest.mark.parametrize("schedule", ["cosine", "one-cycle", "constant"])
def test_schedules_of_more_steps_go_on_as_if_they_had_been_so_from_the_start(schedule):
    longer = schedules(20, schedule=schedule)
    whole = taken(longer, 20)
    raised = schedules(20, schedule=schedule)
    for optimizer in raised.optimizers:
        optimizer.param_groups[0]["lr"] = 0.003 if schedule != "constant" else 0.01  # of the fit with fewer steps
    raised.advance(7)
    assert taken(raised, 13) == [pytest.approx(rates, rel=1e-6) for rates in whole[7:]]
