"""Steps of optimizers on lists, against torch's own."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from dl.training.listed_step import ListedStep
from dl.training.optimizers import make_optimizer, make_schedule

OPTIONS = {"optimizer": "adam", "lr": 0.01, "weight_decay": 0.01, "momentum": 0.0, "schedule": "cosine"}


def trained(network, optimizer, step, steps=5):
    """The weights and the state of the optimizer after some steps on the same noise."""
    generator = torch.Generator().manual_seed(0)
    schedule = make_schedule(optimizer, OPTIONS, steps)
    for _ in range(steps):
        optimizer.zero_grad()
        network(torch.randn(8, 3, generator=generator)).square().mean().backward()
        step()
        schedule.step()
    return list(network.parameters()), optimizer.state_dict()["state"]


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("name", ["rmsprop", "adam", "adamw", "sgd"])
def test_weights_and_state_are_those_of_torch_bit_by_bit(name, momentum):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    other = deepcopy(network)
    options = OPTIONS | {"optimizer": name, "momentum": momentum}
    own, theirs = make_optimizer(network, options), make_optimizer(other, options)
    weights, states = trained(network, own, ListedStep(own))
    weights_, states_ = trained(other, theirs, lambda: theirs.step())
    assert all(torch.equal(one, two) for one, two in zip(weights, weights_, strict=True))
    assert states.keys() == states_.keys()
    for one, two in zip(states.values(), states_.values(), strict=True):
        assert one.keys() == two.keys() and all(
            one[key] is two[key] is None or torch.equal(one[key], two[key]) for key in one
        )


def test_a_weight_without_a_gradient_is_left_to_torch():
    network = nn.ModuleList([nn.Linear(3, 1), nn.Linear(3, 1)])
    optimizer = make_optimizer(network, OPTIONS | {"optimizer": "rmsprop"})
    step = ListedStep(optimizer)
    for number in range(3):
        before = network[1].weight.clone()
        optimizer.zero_grad()
        sum(layer(torch.ones(1, 3)).sum() for layer in network[: 2 if number == 1 else 1]).backward()
        step()
        assert torch.equal(network[1].weight, before) == (number != 1)
    assert [int(optimizer.state[layer.weight]["step"]) for layer in network] == [3, 1]


def test_a_hook_of_the_optimizer_is_called():
    network, seen = nn.Linear(3, 1), []
    optimizer = make_optimizer(network, OPTIONS)
    optimizer.register_step_post_hook(lambda *_: seen.append(1))
    trained(network, optimizer, ListedStep(optimizer), steps=2)
    assert seen == [1, 1]
