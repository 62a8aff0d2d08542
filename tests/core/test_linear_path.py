"""The linear path: beside a network that alone is trained, and with a share in its logits in evaluation."""

import torch
from torch import nn

from dl.linear_path import LinearPath, with_linear_path


def path_of(share):
    path = LinearPath(nn.Linear(4, 2), (1, 2, 2), 2)
    path.deep = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    path.linear.weight.copy_(torch.tensor([[1.0, 0, 0, 0], [0, 0, 0, 2]]))
    path.linear.bias.copy_(torch.tensor([0.5, 0.0]))
    path.share.fill_(share)
    return path


def test_in_training_the_logits_are_those_of_the_network_alone():
    path, inputs = path_of(0.75), torch.randn(3, 1, 2, 2)
    assert torch.equal(path.train()(inputs), path.deep(inputs))


def test_in_evaluation_both_have_their_share():
    inputs = torch.arange(4.0).view(1, 1, 2, 2)
    linear = torch.tensor([[0.5, 6.0]])  # 1 * 0 + 0.5, and 2 * 3
    for share in (0.0, 0.25, 1.0):
        path = path_of(share).eval()
        torch.testing.assert_close(path(inputs), (1 - share) * path.deep(inputs) + share * linear)


def test_nothing_of_it_is_trained_and_all_of_it_is_kept():
    path = path_of(0.5)
    assert {name for name, _ in path.named_parameters()} == {"deep.1.weight", "deep.1.bias"}
    assert {"linear.weight", "linear.bias", "share"} < path.state_dict().keys()


def test_without_the_option_a_network_stays_as_it_is():
    deep = nn.Linear(4, 2)
    assert with_linear_path(deep, (4,), 2, {"linear": False}) is with_linear_path(deep, (4,), 2, {}) is deep
    assert isinstance(with_linear_path(deep, (4,), 2, {"linear": True}), LinearPath)
