"""Batch norm's running statistics, computed anew before scoring where an epoch has few steps.

In eval mode a batch norm scales by running statistics: averages in which a step counts a tenth, and the steps before it
less and less. After few steps they are still those of the first, random weights, and scores swing from epoch to epoch
with how far they lag. Means over the training set at the present weights do not depend on the steps before.
Source: Wu and Johnson 2021, "Rethinking 'Batch' in BatchNorm", section 3 (precise batch norm).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from dl.backbone import bodies
from dl.data.examples import Index
from dl.regularizer import Prepared

FEW_STEPS = 100  # of an epoch: 0.9 ** 100 of the statistics before it are left, 3e-5
MOST_EXAMPLES = 2048  # that the statistics are computed on


def running_norms(network: nn.Module) -> list[_BatchNorm]:
    """Return the batch norms of a network that learn running statistics; those of a body keep what they brought."""
    norms = [layer for layer in network.modules() if isinstance(layer, _BatchNorm) and layer.track_running_stats]
    inner = bodies(network)
    return [norm for norm in norms if norm not in inner]


@torch.no_grad()
def recompute_statistics(network: nn.Module, batches: Iterator[Prepared]) -> None:
    """Replace running statistics by their means over batches of prepared inputs; all else stays in eval mode."""
    norms = running_norms(network)
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean over batches
        norm.train()
    try:
        for inputs in batches:
            network(inputs)
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
            norm.eval()


def batches_of(positions: Index, size: int, take: Callable[[Index], Prepared]) -> Iterator[Prepared]:
    """Yield prepared batches of at most `MOST_EXAMPLES` examples, evenly spaced over the positions.

    Args:
        positions: (n,) of the training examples.
        size: Of a batch, about; none has a single example, of which there is no deviation.
        take: From positions to prepared inputs.
    """
    few = positions[:: max(1, len(positions) // MOST_EXAMPLES)][:MOST_EXAMPLES]
    if len(few) >= 2:
        for batch in np.array_split(few, max(1, len(few) // max(size, 2))):
            yield take(batch)
