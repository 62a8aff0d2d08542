"""A replayed network against the network itself, to the bits."""

import numpy as np
import pytest
import torch
from torch import nn

from dl.inference.load import reopen
from dl.inference.replay import MOST, ReplayedNetwork, replayed

NETWORKS = {
    "dense": lambda: nn.Sequential(nn.Linear(12, 6), nn.ReLU(), nn.Dropout(0.4), nn.Linear(6, 3)),
    "convnet": lambda: nn.Sequential(
        *(nn.Unflatten(1, (3, 2, 2)), nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(inplace=True)),
        *(nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4, 3)),
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_shape_that_comes_again_is_replayed_to_the_same_bits(name):
    torch.manual_seed(0)
    network = NETWORKS[name]().eval()
    faster = ReplayedNetwork(network)
    with torch.inference_mode():
        for size in (4, 4, 4, 7, 4, 7, 7):
            inputs = torch.randn(size, 12)
            assert torch.equal(faster(inputs), network(inputs))
    assert [shape[0] for shape, passes in faster._passes.items() if passes] == [(4, 12), (7, 12)]


def test_shapes_without_end_are_not_all_on_record():
    faster = ReplayedNetwork(NETWORKS["dense"]().eval())
    with torch.inference_mode():
        for size in [*range(1, MOST + 5)] * 2:
            faster(torch.randn(size, 12))
    assert len(faster._passes) == MOST


def test_a_network_that_is_watched_by_a_hook_is_called_as_ever():
    network = NETWORKS["dense"]().eval()
    faster, seen = ReplayedNetwork(network), []
    network[0].register_forward_hook(lambda layer, given, found: seen.append(len(found)))
    with torch.inference_mode():
        for _ in range(3):
            faster(torch.randn(2, 12))
    assert seen == [2, 2, 2]


def test_a_run_that_is_replayed_has_the_same_logits(fit, blobs, plugins_with):
    given = blobs()
    opened = reopen(fit(given, model="dense", epochs=1), plugins_with(given=given))
    faster, some = replayed(opened), given.train.take(np.arange(9))
    assert faster is not opened
    for _ in range(3):
        assert torch.equal(faster.logits(some), opened.logits(some))
