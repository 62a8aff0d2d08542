"""Networks with a code: what they return, and how wide their code is."""

import torch
from torch import nn

from dl.autoencoder import Autoencoder, code_width


def test_a_network_returns_its_inputs_shape_and_knows_the_width_of_its_code():
    network = Autoencoder(
        nn.Sequential(nn.Flatten(), nn.Linear(12, 5)), nn.Sequential(nn.Linear(5, 12), nn.Unflatten(1, (3, 4)))
    )
    assert network(torch.zeros(2, 3, 4)).shape == (2, 3, 4)
    assert code_width(network, torch.zeros(1, 3, 4)) == 5 and network.training


def test_any_other_network_has_no_code():
    assert code_width(nn.Linear(3, 3), torch.zeros(1, 3)) == 0
