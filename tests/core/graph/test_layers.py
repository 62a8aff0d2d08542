"""Layers that take their input's width from a node."""

import pytest
import torch
from torch import nn

from dl.errors import BadNetwork
from dl.graph import (
    GRU,
    LSTM,
    Average,
    Conv,
    ConvStack,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Graph,
    Head,
    Input,
    Norm,
    Pool,
    Upsample,
)
from dl.padded import Padded


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (Conv(4), (4, 8, 8)),
        (Conv(4, 5, stride=2), (4, 4, 4)),
        (ConvStack(4, 6), (6, 2, 2)),
        (Norm(), (2, 8, 8)),
        (Norm(groups=2), (2, 8, 8)),
        (Pool(), (2, 4, 4)),
        (Pool(4, "mean"), (2, 2, 2)),
        (Upsample(), (2, 16, 16)),
        (Flatten(), (128,)),
        (Dropout(0.1), (2, 8, 8)),
        (Average(), (2,)),
    ],
)
def test_a_layer_reads_an_image_of_any_width(layer, shape):
    assert (Input((2, 8, 8)) >> layer).shape == shape


@pytest.mark.parametrize("layer", [LSTM(5), GRU(5), Average()])
def test_padding_of_a_text_is_not_read(layer):
    words = Input((0, 50), "text", tokens=True)
    network = Graph(words, words >> Embedding(5) >> layer >> Head(2)).eval()
    tokens = torch.tensor([[3, 4, 5, 0], [6, 7, 8, 9]])
    together = network(Padded(tokens, torch.tensor([3, 4])))
    torch.testing.assert_close(together[:1], network(Padded(tokens[:1, :3], torch.tensor([3]))))


def test_recurrent_layers_stand_on_each_other_and_on_plain_sequences():
    words = Input((0, 50), tokens=True)
    assert (words >> Embedding(4) >> LSTM(6, each=True) >> GRU(3)).shape == (3,)
    assert (Input((7, 4)) >> LSTM(6)).shape == (6,)
    assert (Input((7, 4)) >> LSTM(6, each=True)).shape == (7, 6)
    assert (Input((7, 4)) >> Average()).shape == (4,)


def test_a_layer_on_two_nodes_has_one_module_and_its_activation_stands_behind_it():
    dense = Dense(3, "tanh")
    left, right = Input((4,), "left") >> dense, Input((4,), "right") >> dense
    assert left.reads[0].module is right.reads[0].module is dense.built
    assert isinstance(left.module, nn.Tanh)


def test_a_shared_layer_keeps_the_width_of_its_first_node():
    dense = Dense(3)
    Input((4,), "left") >> dense
    with pytest.raises(BadNetwork, match="Linear reads 4 numbers, and the input 'right' gives 5"):
        Input((5,), "right") >> dense


REFUSED = {
    "no activation 'rleu'; did you mean 'relu'?  there are: relu, gelu": lambda: Dense(3, "rleu"),
    "Pool takes kind='max' or kind='mean'; 'sum' was given": lambda: Pool(2, "sum"),
    "shapes do not fit: Conv reads 3 axes of an example, and the input": lambda: Input((4,)) >> Conv(3),
    "Embedding reads an input of texts, Input(shape, tokens=True); the": lambda: Input((4,)) >> Embedding(3),
}


@pytest.mark.parametrize(("message", "make"), REFUSED.items())
def test_a_layer_that_cannot_be_is_refused(message, make):
    with pytest.raises(BadNetwork) as error:
        make()
    assert str(error.value).startswith(message)
