"""Graphs as networks."""

import re
from copy import deepcopy

import pytest
import torch
from torch import nn

from dl.errors import BadNetwork
from dl.graph import Conv, Dense, Flatten, Graph, Head, Input, Pool, add, concat


def siamese():
    """A network that compares two vectors by one encoder."""
    left, right = Input((4,), "left"), Input((4,), "right")
    encoder = Dense(3, "relu", name="encoder")
    return Graph([left, right], abs((left >> encoder) - (right >> encoder)) >> Head(1, "same"))


def test_a_shared_layer_has_its_weights_once_under_its_name():
    network = siamese()
    assert list(network.state_dict()) == ["encoder.weight", "encoder.bias", "same.weight", "same.bias"]
    assert sum(map(torch.numel, network.parameters())) == 4 * 3 + 3 + 3 + 1
    assert str(network).splitlines() == [
        "left       ●    Input  4",
        "right      │ ●  Input  4",
        "encoder    ● │  Dense  3  15",
        "relu_1     ● │  ReLU   3",
        "encoder_2  │ ●  Dense  3      weights of encoder",
        "relu_2     │ ●  ReLU   3",
        "           ├─╯",
        "sub_1      ●    sub    3",
        "abs_1      ●    abs    3",
        "same       ●    Head   1   4",
        "19 parameters",
    ]


def test_equal_inputs_of_a_siamese_network_give_the_bias_alone():
    network, row = siamese(), torch.randn(2, 4)
    torch.testing.assert_close(network(row, row), network.same.bias.expand(2, 1))


def test_several_inputs_are_given_by_name_in_a_sequence_or_one_after_the_other():
    network, left, right = siamese(), torch.randn(2, 4), torch.randn(2, 4)
    expected = network({"right": right, "left": left, "other": left})
    torch.testing.assert_close(network((left, right)), expected)
    torch.testing.assert_close(network(left, right), expected)


def test_several_heads_give_logits_side_by_side_and_by_name():
    row = Input((4,), "row")
    shared = row >> Dense(5, "relu")
    network = Graph(row, shared >> Head(1, "price"), shared >> Head(3, "kind"))
    logits = network(torch.randn(2, 4))
    assert (network.inputs, network.widths) == ({"row": (4,)}, {"price": 1, "kind": 3})
    torch.testing.assert_close(network.split(logits)["kind"], logits[:, 1:])


def test_a_residual_block_computes_what_torch_computes():
    image = Input((2, 6, 6))
    conv = nn.Conv2d(2, 2, 3, padding=1)
    network = Graph(image, add(image, image >> conv) >> Pool() >> Flatten() >> Head(3))
    batch = torch.randn(4, 2, 6, 6)
    expected = network.head_1(nn.functional.max_pool2d(batch + conv(batch), 2).flatten(1))
    torch.testing.assert_close(network(batch), expected)


def test_a_graph_on_nodes_is_a_model_inside_a_graph_and_shared_like_a_layer():
    image = Input((1, 8, 8), "image")
    encoder = Graph(image, image >> Conv(2) >> Flatten() >> Dense(3))
    pair = Input((1, 8, 16), "pair")
    network = Graph(pair, concat(encoder(pair[:, :, :8]), pair[:, :, 8:] >> encoder) >> Head(2))
    assert list(network.state_dict())[:2] == ["graph_1.conv_1.weight", "graph_1.conv_1.bias"]
    assert [layer.shares for layer in network.diagram.layers if layer.kind == "Graph"] == ["", "graph_1"]
    assert network(torch.zeros(2, 1, 8, 16)).shape == (2, 2)


def test_a_copy_has_weights_of_its_own_and_names_do_not_depend_on_other_graphs():
    network = siamese()
    copy = deepcopy(network)
    with torch.no_grad():
        copy.encoder.weight.zero_()
    assert network.encoder.weight.any()
    assert list(siamese().state_dict()) == list(copy.state_dict())


def test_weights_of_a_graph_learn():
    network, rows = siamese(), torch.randn(8, 4)
    network(rows, -rows).square().mean().backward()
    assert network.encoder.weight.grad.any()


@pytest.fixture
def ends():
    row, other = Input((4,), "row"), Input((4,), "other")
    return row, other, row >> Head(1, "price")


def test_what_is_no_graph_is_refused(ends):
    row, other, head = ends
    wrong = {
        "the input 'other' leads to no head; use it, or leave it out of Graph": lambda: Graph([row, other], head),
        "a head reads the input 'row', which is not among the inputs of Graph": lambda: Graph(other, head),
        "2 heads are named 'price'; give each a name of its own, as in Head(1, 'price')": lambda: Graph(
            row, head, row >> Head(2, "price")
        ),
        "2 heads are named 'logits'; give each a name of its own, as in Head(1, 'price')": lambda: Graph(
            row, row >> Head(1), row >> Head(2)
        ),
        "2 inputs are named 'row'; give each a name of its own, as in Input(shape, 'left')": lambda: Graph(
            [row, Input((2,), "row")], head
        ),
        "Graph takes nodes: inputs, then heads; NoneType was given": lambda: Graph(row, None),
        "a graph needs a head: Graph(image, image >> Flatten() >> Head(10))": lambda: Graph(row),
        "the first argument of Graph takes what Input made; Head 'price' is a layer": lambda: Graph(head, head),
        "two layers are named 'price'; give each a name of its own": lambda: Graph(
            row, head >> Dense(1, name="price") >> Head(1)
        ),
        "a layer cannot be named 'train'; give it another name": lambda: Graph(row, row >> Head(1, "train")),
    }
    for message, make in wrong.items():
        with pytest.raises(BadNetwork, match=f"^{re.escape(message)}$"):
            make()


def test_nodes_that_read_each_other_are_a_cycle(ends):
    row, _, head = ends
    later = head >> Dense(4)
    object.__setattr__(head, "reads", (later,))
    with pytest.raises(BadNetwork, match="the graph has a cycle: Head 'price' reads what comes of it"):
        Graph(row, later >> Head(1))


def test_inputs_that_are_missing_are_named():
    network = siamese()
    with pytest.raises(BadNetwork, match="the graph reads the input 'right'; there are: 'left'"):
        network({"left": torch.zeros(1, 4)})
    with pytest.raises(BadNetwork, match="the graph reads 'left', 'right'; it got 1 value"):
        network(torch.zeros(1, 4))
