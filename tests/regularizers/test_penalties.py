import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from torch import nn

from dl_regularizers.penalties import l1, l2


@pytest.fixture
def network():
    """Weights 1, -2, 3, 0 and 2, 1; biases 7 and 10; a norm layer of ones."""
    made = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Linear(2, 1))
    with torch.no_grad():
        made[0].weight.copy_(torch.tensor([[1.0, -2.0], [3.0, 0.0]]))
        made[2].weight.copy_(torch.tensor([[2.0, 1.0]]))
        made[0].bias.fill_(7)
        made[2].bias.fill_(10)
    return made


def test_the_penalties_are_sums_over_weights_without_biases_and_norms(network):
    assert l1(0.5).penalty(network).item() == pytest.approx(0.5 * 9)
    assert l2(0.5).penalty(network).item() == pytest.approx(0.5 * 19)


def test_every_counts_biases_and_norms_too(network):
    # biases 7 + 7 + 10, the norm layer's weights 1 + 1 and its biases 0 + 0
    assert l1(0.5, every=True).penalty(network).item() == pytest.approx(0.5 * (9 + 24 + 2))
    assert l2(0.5, every=True).penalty(network).item() == pytest.approx(0.5 * (19 + 49 + 49 + 100 + 2))


def test_what_is_not_trained_is_not_punished(network):
    network[0].weight.requires_grad_(False)
    assert l1(1.0).penalty(network).item() == pytest.approx(3)


def test_the_gradients_are_the_sign_and_twice_the_weight(network):
    weight = network[0].weight
    (by_sign,) = torch.autograd.grad(l1(0.5).penalty(network), weight)
    (by_size,) = torch.autograd.grad(l2(0.5).penalty(network), weight)
    assert by_sign.flatten().tolist() == pytest.approx([0.5, -0.5, 0.5, 0.0])
    assert by_size.flatten().tolist() == pytest.approx([1.0, -2.0, 3.0, 0.0])


@pytest.mark.parametrize("penalty", [l1(1.0), l2(1.0)])
def test_weights_of_zero_have_a_gradient_of_zero(penalty):
    network = nn.Linear(3, 2)
    nn.init.zeros_(network.weight)
    penalty.penalty(network).backward()
    assert not network.weight.grad.any()


def test_l2_is_the_weight_decay_of_plain_descent_at_twice_its_strength(fit):
    decayed = load_file(fit(optimizer="sgd", lr=0.1, weight_decay=0.02).weights)
    punished = load_file(fit({"l2": {"strength": 0.01, "every": True}}, optimizer="sgd", lr=0.1).weights)
    free = load_file(fit(optimizer="sgd", lr=0.1).weights)
    for name, value in decayed.items():
        assert punished[name] == pytest.approx(value, abs=1e-6)
        assert not np.allclose(free[name], value, atol=1e-5)
