"""A bare fit has nothing that holds a network back."""

import torch
from torch import nn

from dl.capacity.bare import bare, removed, without_dropout
from dl.options import Option
from dl.recipes.recipe import Recipe

OPTIONS = (
    Option("dropout", 0.0, "rate", regularizes=True),
    Option("linear", False, "beside it", regularizes=True),
    Option("width", 8, "units", units=True),
)
TRAIN = {"weight_decay": 0.1, "schedule": "one-cycle", "lr": 0.02, "epochs": 3, "monitor": "metric"}
FULL = Recipe(
    "numbers",
    "given",
    "dense",
    model_options={"dropout": 0.5, "linear": True, "width": 8},
    train=TRAIN,
    regularizers={"l2": {}},
)


def test_regularizers_dropout_decay_and_schedule_go_and_the_rest_stays():
    found = bare(FULL, OPTIONS)
    assert found.regularizers == {} and found.model_options == {"dropout": 0.0, "linear": False, "width": 8}
    assert (found.train["weight_decay"], found.train["schedule"], found.train["lr"]) == (0.0, "constant", 0.01)
    assert found.train["epochs"] == 3


def test_what_goes_is_named():
    assert removed(FULL, OPTIONS) == "l2, dropout, linear, weight decay, one-cycle schedule"
    assert removed(bare(FULL, OPTIONS), OPTIONS) == ""


def test_a_networks_own_dropout_is_switched_off():
    network = nn.Sequential(nn.Dropout(0.5), nn.LSTM(4, 4, 2, dropout=0.5, batch_first=True))
    without_dropout(network)
    x = torch.ones(2, 3, 4)
    assert torch.equal(network.train()(x)[0], network(x)[0])
