"""The dense network of rows: its layers by hand, and weights that keep the variance."""

import pytest
import torch
from torch import nn

from dl_tabular.models import dense


def test_each_hidden_layer_is_followed_by_what_its_options_ask_for():
    plain = dense((6,), 3, {"width": 4, "depth": 2, "dropout": 0.0})
    assert [type(layer) for layer in plain] == [nn.Linear, nn.ReLU, nn.Linear, nn.ReLU, nn.Linear]
    dropped = dense((6,), 3, {"width": 4, "depth": 1, "dropout": 0.5})
    assert [type(layer) for layer in dropped] == [nn.Linear, nn.ReLU, nn.Dropout, nn.Linear] and dropped[2].p == 0.5
    assert plain(torch.zeros(5, 6)).shape == dropped(torch.zeros(5, 6)).shape == (5, 3)


def test_weights_begin_as_glorot_says_and_biases_at_zero():
    torch.manual_seed(0)
    first = dense((300,), 1, {"width": 200, "depth": 1, "dropout": 0.0})[0]
    bound = (6 / (300 + 200)) ** 0.5
    assert float(first.weight.detach().abs().max()) == pytest.approx(bound, rel=1e-2) and not first.bias.any()
