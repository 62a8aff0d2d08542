import pytest
import torch
from torch import nn

from dl.training.summary import Layer, count_parameters, summarize


def test_the_layers_of_a_small_network_are_counted_by_hand():
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 2 * 2, 10))
    assert summarize(network, torch.zeros(1, 1, 4, 4)) == [
        Layer("0", "Conv2d", (4, 2, 2), 4 * 9 + 4),
        Layer("1", "ReLU", (4, 2, 2), 0),
        Layer("2", "Flatten", (16,), 0),
        Layer("3", "Linear", (10,), 170),
    ]
    assert count_parameters(network) == 210


def test_a_frozen_layer_counts_for_nothing():
    network = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    network[0].requires_grad_(False)
    assert count_parameters(network) == 4


@pytest.mark.parametrize("training", [True, False])
def test_looking_changes_nothing(training):
    network = nn.Sequential(nn.BatchNorm1d(3), nn.Dropout(0.5)).train(training)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    state = torch.get_rng_state()
    summarize(network, torch.zeros(1, 3))
    assert network.training is training and torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert not network[0]._forward_hooks


def test_a_layer_that_is_used_twice_is_shown_and_counted_once_and_one_that_gives_no_tensor_has_no_shape():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm, self.last = nn.LSTM(2, 2, batch_first=True), nn.Linear(2, 2)

        def forward(self, inputs):
            return self.last(self.last(self.lstm(inputs)[0]))

    layers = summarize(Twice(), torch.zeros(1, 5, 2))
    assert [layer.kind for layer in layers] == ["LSTM", "Linear"] and layers[0].shape == ()
