"""Running statistics: computed anew before scoring where an epoch has few steps."""

import numpy as np
import torch
from torch import nn

from dl.backbone import Backbone
from dl.training.norms import batches_of, recompute_statistics, running_norms


def test_statistics_are_the_means_over_the_batches():
    network = nn.Sequential(nn.BatchNorm1d(1), nn.Dropout(0.5), nn.Linear(1, 1)).eval()
    batches = [torch.tensor([[0.0], [2.0]]), torch.tensor([[4.0], [8.0]])]
    recompute_statistics(network, iter(batches))
    norm = running_norms(network)[0]
    assert norm.running_mean.item() == 3.5  # of 1 and 6
    assert norm.running_var.item() == 5.0  # of 2 and 8, each with n - 1
    assert not network[0].training and not network[1].training and norm.momentum == 0.1


def test_scores_do_not_depend_on_how_many_batches_came_before():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2))
    inputs, scored = torch.randn(40, 1, 8, 8), []
    for batches in (0, 1, 7):
        network[1].reset_running_stats()
        network.train()
        for batch in inputs.split(8)[:1] * batches:
            network(batch)
        network.eval()
        before = network(inputs)
        recompute_statistics(network, batches_of(np.arange(40), 8, lambda rows: inputs[rows]))
        scored.append((before, network(inputs)))
    assert not torch.allclose(scored[0][0], scored[2][0], atol=1e-3)
    assert all(torch.equal(scored[0][1], later) for _, later in scored[1:])


def test_no_batch_has_a_single_example():
    sizes = [len(batch) for batch in batches_of(np.arange(65), 64, lambda rows: rows)]
    assert sizes == [65]
    assert [len(batch) for batch in batches_of(np.arange(9), 1, lambda rows: rows)] == [3, 2, 2, 2]
    assert not list(batches_of(np.arange(1), 8, lambda rows: rows))


def test_a_few_thousand_examples_are_enough_and_spread_over_all():
    seen = np.concatenate(list(batches_of(np.arange(100_000), 128, lambda rows: rows)))
    assert len(seen) <= 2048 and seen[0] == 0 and seen[-1] > 90_000


def test_norms_without_running_statistics_are_left_alone():
    assert running_norms(nn.Sequential(nn.BatchNorm1d(2, track_running_stats=False), nn.LayerNorm(2))) == []


def test_norms_of_a_body_keep_what_they_brought():
    body, head = nn.Sequential(nn.BatchNorm1d(2)), nn.Sequential(nn.BatchNorm1d(2), nn.Linear(2, 1))
    assert running_norms(Backbone(body, head, "small", "small 1")) == [head[0]]
