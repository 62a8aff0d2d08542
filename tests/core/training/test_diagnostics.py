import pytest
import torch
from torch import nn

from dl.data.projection import MOST_NUMBERS
from dl.padded import Padded
from dl.training.diagnostics import (
    DeadUnitMonitor,
    GradientNormMonitor,
    penultimate,
    pool_tokens,
    project,
)


def test_norms_of_the_gradient_are_those_by_hand():
    network = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False))
    for parameter in network.parameters():
        nn.init.constant_(parameter, 2.0)
    watch = GradientNormMonitor(network)
    for x in (1.0, 2.0, 3.0):  # output 4 x; its gradient is 2 x for either weight
        network.zero_grad()
        network(torch.tensor([[x]])).sum().backward()
        watch.record()
    row = watch.row()
    assert row["grad_first"] == row["grad_last"] == pytest.approx(4.0)
    assert row["grad_norm"] == pytest.approx(4.0 * 2**0.5) and row["grad_norm_max"] == pytest.approx(6.0 * 2**0.5)
    assert watch.row() == {}


def test_a_unit_that_never_fires_is_counted():
    network = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1))
    with torch.no_grad():
        network[0].weight.fill_(1.0)
        network[0].bias.copy_(torch.tensor([0.0, 0.0, 0.0, -100.0]))
    watch = DeadUnitMonitor(network)
    with watch.recording():
        network(torch.ones(5, 2))
    network(torch.full((5, 2), 1000.0))  # not watched
    assert watch.row() == {"dead_share": 0.25} and watch.row() == {}


def test_a_channel_fires_if_any_of_its_places_does_in_any_batch():
    watch = DeadUnitMonitor(network := nn.Sequential(nn.ReLU()))
    maps = torch.full((2, 3, 4, 4), -1.0)
    with watch.recording():
        maps[1, 0, 2, 3] = 1.0
        network(maps)
        network(-maps.clamp(max=0)[:, [0, 1, 2]] * torch.tensor([0.0, 1.0, 0.0])[:, None, None])
    assert watch.row() == {"dead_share": pytest.approx(1 / 3)}


def test_a_network_without_relu_has_no_dead_share():
    watch = DeadUnitMonitor(nn.Sequential(nn.Linear(2, 2)))
    with watch.recording():
        pass
    assert watch.row() == {}


def test_features_are_what_the_last_linear_layer_reads():
    network = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    inputs = torch.randn(5, 2, generator=torch.Generator().manual_seed(0))
    with penultimate(network) as kept:
        network(inputs)
    network(inputs)
    (features,) = kept
    assert features.numpy() == pytest.approx(network[:2](inputs).detach().numpy(), abs=1e-3)


def test_a_network_without_a_linear_layer_has_no_features():
    with penultimate(nn.Sequential(nn.Flatten())) as kept:
        pass
    assert kept == []


def test_of_a_row_of_tokens_the_features_are_the_mean_over_its_own():
    batch = Padded(torch.tensor([[1, 2, 3], [4, 0, 0]]), torch.tensor([3, 1]))
    values = torch.arange(12.0).reshape(2, 3, 2)
    assert pool_tokens(values, batch).tolist() == [[2, 3], [6, 7]]
    assert torch.equal(pool_tokens(values[:, 0], batch), values[:, 0]) and pool_tokens(values, values[:, 0]) is values


def test_few_dimensions_are_kept_and_many_projected_the_same_way_each_time():
    few, many = torch.randn(4, 3, 2), torch.randn(4, 1000)
    assert project(few).shape == (4, 6) and project(many).shape == (4, MOST_NUMBERS)
    assert torch.equal(project(many), project(many.clone()))


def test_a_projection_keeps_distances_well_enough_to_find_copies():
    many = torch.randn(40, 2000, generator=torch.Generator().manual_seed(0))
    many[7] = many[3] + 0.01
    distances = torch.cdist(project(many).float(), project(many).float()).fill_diagonal_(torch.inf)
    assert int(distances.argmin()) in (3 * 40 + 7, 7 * 40 + 3)
    ratio = distances[3, 10:] / torch.cdist(many[3:4], many[10:])[0]
    assert float(ratio.min()) > 0.6 and float(ratio.max()) < 1.4
