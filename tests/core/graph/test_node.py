"""Nodes of a graph."""

import re

import pytest
import torch
from torch import nn

from dl.errors import BadNetwork
from dl.graph import Conv, Dense, Flatten, Head, Input, add, apply, concat


def refused(message):
    return pytest.raises(BadNetwork, match=f"^{re.escape(message)}$")


@pytest.fixture
def image():
    return Input((1, 8, 8), "image")


def test_a_node_knows_its_shape_where_it_is_typed(image):
    assert (image >> Conv(4)).shape == (4, 8, 8)
    assert (image >> nn.LazyConv2d(6, 3)).shape == (6, 6, 6)
    assert (image >> torch.flatten >> (lambda x: x[None])).shape == (64,)
    assert repr(image[:, :, :3]) == "<part: 1 x 8 x 3>"


def test_arithmetic_and_functions_of_torch_give_nodes(image):
    rows = image >> Flatten()
    nodes = [rows + rows, rows - rows, 2 * rows, rows + 1, abs(rows), torch.relu(rows), torch.flatten(image, 1)]
    assert [node.shape for node in nodes] == [(64,)] * 7
    assert [node.kind for node in nodes] == ["add", "sub", "mul", "add", "abs", "relu", "flatten"]


def test_channels_are_scaled_by_a_number_each(image):
    channels = image >> Conv(4)
    scale = channels >> nn.AdaptiveAvgPool2d(1) >> nn.Sigmoid()
    assert (channels * scale).shape == (4, 8, 8)


def test_shapes_that_do_not_fit_name_both_layers_and_both_shapes(image):
    with refused("shapes do not fit: Linear reads 10 numbers, and Flatten gives 64"):
        image >> Flatten() >> nn.Linear(10, 5)
    with refused("shapes do not fit: Conv2d reads 3 channels, and the input 'image' gives 1 x 8 x 8"):
        image >> nn.Conv2d(3, 4, 3)
    with refused("shapes do not fit: add takes one shape, and Conv2d gives 4 x 6 x 6 and Conv2d gives 4 x 4 x 4"):
        add(image >> nn.Conv2d(1, 4, 3), image >> nn.Conv2d(1, 4, 5))
    with refused(
        "shapes do not fit: concat joins along axis 0, and the input 'image' gives 1 x 8 x 8 and part gives 1 x 8 x 3"
    ):
        concat(image, image[:, :, :3])
    with refused(
        "shapes do not fit: Linear reads 3 numbers in Sequential, where it gets 64, and the input 'image' gives "
        "1 x 8 x 8"
    ):
        image >> nn.Sequential(nn.Flatten(), nn.Linear(3, 1))
    with refused(
        "shapes do not fit: Head reads 1 axis of an example, and the input 'image' gives 1 x 8 x 8  "
        "put Flatten() or Average() between"
    ):
        image >> Head(10)


def test_layers_are_joined_along_their_channels_or_another_axis(image):
    assert concat(image, image >> Conv(3)).shape == (4, 8, 8)
    assert concat(image, image[:, :4], axis=1).shape == (1, 12, 8)
    assert add(image, image, image).shape == (1, 8, 8)


def test_a_module_of_several_inputs_is_applied_to_several_nodes():
    left, right = Input((3,), "left"), Input((4,), "right")
    assert apply(nn.Bilinear(3, 4, 5), left, right, name="both").described == "Bilinear 'both'"


BY_CALL = "a module of torch is put on a node by >>, as node >> nn.Linear(64, 10), and not by a call"
REFUSED = {
    "Dense is a class, not a layer; call it with its options: Dense(...)": lambda x: x >> Dense,
    BY_CALL: lambda x: nn.Conv2d(1, 2, 3)(x),
    "a node has no 'flatten'; put layers and functions on it by >>: node >> layer": lambda x: nn.Flatten()(x),
    "Dense is put on nodes; Tensor was given": lambda x: Dense(3)(torch.zeros(1, 3)),
    "LSTM gives a tuple, not a tensor; take one of it: node >> function": lambda x: x[0] >> nn.LSTM(8, 2),
    "Input takes the shape of one example, as (1, 28, 28); 28 was given": lambda x: Input(28),
    "an input of texts has the shape (most tokens, vocabulary); (3,) was given": lambda x: Input((3,), tokens=True),
    "a layer is put on a node: node >> layer": lambda x: apply(nn.ReLU()),
}


@pytest.mark.parametrize(("message", "put"), REFUSED.items())
def test_what_cannot_be_put_on_a_node_is_refused(put, message, image):
    with refused(message):
        put(image)


def test_other_attributes_of_python_are_asked_for_as_usual(image):
    assert not hasattr(image, "_repr_html_")
