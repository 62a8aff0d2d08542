"""A body and a head: what is trained, what is stored, and when a stored head is refused."""

import pytest
import torch
from torch import nn

from dl.backbone import Backbone, Thawed, backbone, bodies, digest_of
from dl.errors import BadRun


def parted(thawed=(), *, is_stored=False, seed=0):
    torch.manual_seed(seed)
    body = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 4))
    made = Backbone(
        body, nn.Linear(4, 2), "small", "small 1", [Thawed([body[at]], 0.5) for at in thawed], is_stored=is_stored
    )
    made.seal()
    return made


def test_the_head_alone_is_trained():
    network = parted()
    assert {name for name, one in network.named_parameters() if one.requires_grad} == {"head.weight", "head.bias"}
    assert network.is_frozen


def test_stages_that_are_thawed_are_trained_and_the_body_stays_in_evaluation_mode():
    network = parted(thawed=[2]).train()
    assert network.body[2].weight.requires_grad and not network.body[0].weight.requires_grad
    assert not network.is_frozen and network.is_stored
    assert network.head.training and not network.body[1].training


def test_a_body_that_others_have_is_left_out_and_put_back():
    network, again = parted(), parted()
    nn.init.ones_(network.head.weight)
    state = network.state_dict()
    assert set(state) == {"digest", "head.weight", "head.bias"}
    again.load_state_dict(state)
    inputs = torch.randn(5, 3)
    assert torch.equal(network.eval()(inputs), again.eval()(inputs))


def test_a_head_is_not_put_on_a_body_with_other_weights():
    with pytest.raises(BadRun, match=r"the body small has other weights than .* trained on"):
        parted(seed=1).load_state_dict(parted().state_dict())


def test_a_body_that_is_stored_is_loaded_whatever_the_digest():
    network, other = parted(is_stored=True), parted(is_stored=True, seed=1)
    other.load_state_dict(network.state_dict())
    assert digest_of(other.body) == digest_of(network.body)


def test_inside_the_context_the_network_reads_features():
    network = parted().eval()
    inputs = torch.randn(5, 3)
    with network.reading_features():
        read = network(network.body(inputs))
    assert torch.equal(read, network(inputs))


def test_a_digest_is_of_names_shapes_and_values():
    assert digest_of(parted().body) == digest_of(parted().body) != digest_of(parted(seed=1).body)
    assert len(digest_of(nn.Linear(2, 2))) == 16
    assert digest_of(nn.Linear(2, 2)) != digest_of(nn.Sequential(nn.Linear(2, 2)))


def test_networks_without_a_body_are_told_apart():
    network = parted()
    assert backbone(network) is network and backbone(nn.Linear(2, 2)) is None
    assert network.body[1] in bodies(nn.Sequential(network)) and not bodies(nn.Linear(2, 2))
