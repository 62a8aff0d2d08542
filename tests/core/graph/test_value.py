"""Values of networks, and layers that refuse them."""

import pytest
import torch
from torch import nn

from dl.graph.value import Entered, Function, Misfit, kind_of, show_reads, show_shape, try_layer, watched
from dl.padded import Padded


def test_shapes_are_shown_without_the_batch_axis():
    tokens = Padded(torch.zeros(2, 5, 8), torch.tensor([5, 3]))
    values = [torch.zeros(2, 3, 4), torch.zeros(2), tokens, Padded(torch.zeros(2, 5), tokens.lengths), (1, 2)]
    assert list(map(show_shape, values)) == ["3 x 4", "1 number", "tokens x 8", "tokens", "a tuple"]


def test_what_a_layer_of_torch_reads_is_named():
    layers = [nn.Linear(3, 1), nn.Conv2d(3, 1, 1), nn.BatchNorm1d(4), nn.LSTM(5, 2), nn.LayerNorm((2, 3)), nn.ReLU()]
    assert list(map(show_reads, layers)) == ["3 numbers", "3 channels", "4 channels", "5 numbers a step", "2 x 3", ""]


def test_the_innermost_layer_that_fails_is_named_with_what_it_got():
    network = nn.Sequential(nn.Flatten(), nn.Sequential(nn.ReLU(), nn.Linear(3, 1)))
    with pytest.raises(Misfit) as failed:
        try_layer(network, [torch.zeros(1, 4)])
    assert failed.value.entered.fault == "Linear reads 3 numbers, and gets 4"
    assert failed.value.why == ""


def test_a_layer_whose_inputs_nobody_knows_fails_with_the_reason():
    with pytest.raises(Misfit) as failed:
        try_layer(Function(torch.matmul, "times", torch.zeros(3, 3)), [torch.zeros(1, 4)])
    assert failed.value.why.startswith("mat1 and mat2 shapes cannot be multiplied")


def test_trying_a_layer_leaves_modes_and_hooks_as_they_were():
    layer = nn.Sequential(nn.BatchNorm1d(4), nn.Dropout())
    layer[0].eval()
    assert try_layer(layer, [torch.ones(1, 4)]).shape == (1, 4)
    assert [one.training for one in layer.modules()] == [True, False, True]
    assert not any(one._forward_hooks or one._forward_pre_hooks for one in layer.modules())


def test_a_watched_layer_that_ends_is_no_longer_among_those_that_run():
    entered = []
    layer = nn.Linear(2, 2)
    with watched(layer, entered):
        layer(torch.zeros(1, 2))
        assert entered == []
    assert Entered(layer, [torch.zeros(1, 2)]).what == "Linear reads 2 numbers"


def test_a_function_is_a_layer_of_its_own_name():
    assert [kind_of(Function(one)) for one in (torch.abs, lambda x: x)] == ["abs", "function"]
    assert Function(torch.flatten, "", 1)(torch.zeros(2, 3, 4)).shape == (2, 12)
