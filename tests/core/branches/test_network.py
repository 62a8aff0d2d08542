"""Encoders of all branches, joined: their width and kind as asked, their names on the screen."""

import pytest
import torch

from dl.errors import BadOption
from dl.plugins.at_hand import NOTHING
from dl.recipes.resolve import resolve
from dl.training.setup import set_up
from dl.training.summary import summarize


def setup_of(plugins, table, **options):
    given = {"target": "price", "leave_out": "sold", "epochs": 1, **options}
    return set_up(resolve(plugins, "mixed", str(table), options=given), plugins, NOTHING)


def test_every_branch_gives_as_many_units_and_the_head_the_logits(plugins, table):
    setup = setup_of(plugins, table, width=8)
    network = setup.network.eval()
    assert network.joined[0].in_features == 3 * 8 and network.head.out_features == 1
    blank = setup.preprocessor.example_input()
    assert network(blank).shape == (1, 1)
    layers = summarize(network, blank)
    assert list(dict.fromkeys(layer.title for layer in layers)) == ["review", "photo", "rows", "joined"]


def test_a_network_of_a_domain_may_be_named(plugins, table):
    setup = setup_of(plugins, table, width=8, text_model="embedding-bag", vision_model="dense", depth=0)
    assert type(setup.network.encoders[0][0]).__name__ == "EmbeddingBag" and setup.network.head.in_features == 24
    with pytest.raises(BadOption, match="text_model=bagg: no such network; did you mean 'bag'"):
        setup_of(plugins, table, text_model="bagg")


def test_gradients_reach_every_branch(plugins, table):
    setup = setup_of(plugins, table, width=8)
    data = setup.data.train_data
    inputs, targets = data.take(torch.arange(16))
    setup.task.row.loss(setup.network.train()(setup.preprocessor(inputs)), targets, "mean").backward()
    for encoder in setup.network.encoders:
        assert any(float(one.grad.abs().sum()) > 0 for one in encoder.parameters())
