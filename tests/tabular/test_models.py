"""The networks of rows: their layers by hand, and weights that keep the variance."""

import pytest
import torch
from torch import nn

from dl_tabular.models import EmbedColumns, dense, dimensions, residual
from dl_tabular.shape import RowShape


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


def test_a_residual_network_of_zero_blocks_is_its_first_and_last_layer():
    network = residual((6,), 3, {"width": 4, "depth": 2, "dropout": 0.5}).eval()
    for block in network[1:3]:
        nn.init.zeros_(block.layers[-1].weight)
    rows = torch.randn(5, 6)
    torch.testing.assert_close(network(rows), network[3:](network[0](rows)))


def test_a_category_of_many_values_becomes_the_row_of_a_table_that_is_learnt():
    embed = EmbedColumns(RowShape.of(33, [(1, 31)]))
    rows = torch.zeros(2, 33)
    rows[0, [0, 4, 32]] = torch.tensor([7.0, 1.0, 8.0])
    found = embed(rows)
    assert found.shape == (2, 3 + dimensions(30)) and found[0, :3].tolist() == [7, 0, 8]
    torch.testing.assert_close(found[0, 3:], embed.tables[0].weight[:, 3])
    assert not found[1].any()


@pytest.mark.parametrize("build", [dense, residual])
def test_only_wide_categories_are_embedded(build):
    options = {"width": 4, "depth": 1, "dropout": 0.0}
    assert build(RowShape.of(33, [(1, 31)]), 2, options)(torch.zeros(5, 33)).shape == (5, 2)
    assert isinstance(build(RowShape.of(33, [(1, 31)]), 2, options)[0], EmbedColumns)
    assert isinstance(build(RowShape.of(33, []), 2, options)[0], nn.Linear)
