"""Lightning's closure with regularizers around it."""

import pytest
import torch
from torch import nn

from dl.regularizer import Regularizer
from dl.training.closure import closure_within
from dl.training.regularizers import Regularizers


@pytest.mark.parametrize("scale", [1.0, 1024.0])
def test_regularizers_see_gradients_without_the_scale_of_half_precision(scale):
    network, seen = nn.Linear(1, 1, bias=False), []

    def halve(network, backward):
        backward()
        seen.append(float(network.weight.grad))
        network.weight.grad /= 2

    def closure():
        network.weight.grad = torch.full((1, 1), 3.0 * scale)  # the gradient is 3
        return torch.tensor(7.0)

    regularizers = Regularizers({"halve": Regularizer(gradients=halve)})
    loss = closure_within(closure, regularizers, network, scale)()
    assert float(loss) == 7.0 and seen == [3.0]
    assert float(network.weight.grad) == 1.5 * scale  # Lightning's scaler divides by it after this
