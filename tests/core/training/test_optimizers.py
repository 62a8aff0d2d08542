"""Optimizers and schedules."""

import pytest
import torch
from torch import nn

from dl.backbone import Backbone, Thawed
from dl.training.optimizers import make_optimizer, make_schedule

OPTIONS = {"optimizer": "adam", "lr": 0.01, "weight_decay": 0.0, "momentum": 0.0, "schedule": "one-cycle"}


def rates(steps, **options):
    """The learning rate of each step."""
    network = nn.Linear(2, 1)
    optimizer = make_optimizer(network, OPTIONS | options)
    schedule = make_schedule(optimizer, OPTIONS | options, steps)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        network(torch.ones(1, 2)).sum().backward()
        optimizer.step()
        if schedule is not None:
            schedule.step()
    return found


@pytest.mark.parametrize("schedule", ["one-cycle", "cosine", "constant"])
@pytest.mark.parametrize("steps", [1, 2, 3, 4, 10])
def test_of_few_steps_none_is_wasted(steps, schedule):
    assert min(rates(steps, schedule=schedule)) >= 0.01 * 0.01


def test_one_cycle_climbs_for_three_tenths_and_falls_to_nearly_nothing():
    found = rates(1000)
    assert found.index(max(found)) in range(295, 305) and max(found) == pytest.approx(0.01, rel=1e-3)
    assert found[0] == pytest.approx(0.01 / 25) and found[-1] < 0.01 / 10_000


def test_stages_of_a_body_have_their_share_of_the_rate():
    body = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 2))
    thawed = [Thawed([body[1]], 0.25), Thawed([body[2]], 0.5)]
    network = Backbone(body, nn.Linear(2, 1), "small", "small 1", thawed)
    groups = make_optimizer(network, OPTIONS).param_groups
    assert [(group["lr"], len(group["params"])) for group in groups] == [(0.01, 2), (0.0025, 2), (0.005, 2)]
    assert groups[0]["params"][0] is network.head.weight
