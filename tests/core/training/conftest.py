"""What the tests of training share: a stranger's network, and points on a line."""

import numpy as np
import pytest
from torch import nn

from dl.hookspecs import hookimpl
from dl.specs import ModelSpec


@pytest.fixture
def net():
    """A function that wraps a network as a plugin's: net(lambda logits, training: ..., module=nn.Linear).

    It has one layer, its forward is the given function of its logits, and it stands under the name ``net``.
    """

    def make(answer, module=nn.Linear):
        class Net(module):
            def forward(self, inputs):
                return answer(super().forward(inputs), self.training)

        class Networks:
            @hookimpl
            def register_models(self):
                return [
                    ModelSpec("net", "numbers", "of a test", lambda shape, outputs, options: Net(shape[0], outputs))
                ]

        return Networks()

    return make


@pytest.fixture
def line(dataset):
    """Sixty points on a line."""
    inputs = np.linspace(-1, 1, 60, dtype=np.float32)[:, None]
    return dataset(inputs, inputs.astype(np.float64) * 3)
