"""What a fit reads in place of its inputs: features of a frozen body, computed before the first step.

Where a body is trained, features serve to solve its head, so that training begins with one that reads them well.
Source: Chollet, Deep Learning with Python, section 8.3.2 (a head first, then fine-tuning).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from dl.backbone import Backbone, backbone
from dl.data.examples import Examples
from dl.domain import Preprocessor, encode_examples
from dl.features import Extractor, Rows
from dl.padded import as_tensor
from dl.training.batches import DeviceDataset
from dl.training.fit_data import FitData
from dl.training.linear import few_enough, solve
from dl.training.regularizers import can_read_features
from dl.training.setup import FitSetup
from dl.work import doing


class FeaturePreprocessor(Preprocessor):
    """Passes features (N, F) on as they are."""

    def __init__(self, features: int) -> None:
        super().__init__(features=features)
        self.features = features

    @property
    def input_shape(self) -> tuple[int, ...]:
        """(F,)."""
        return (self.features,)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the features."""
        return inputs


@dataclass(frozen=True)
class Reading:
    """What a fit reads.

    Args:
        preprocessor: From what is stored to the network's inputs.
        data: Stored inputs, or features.
        context: In which the network reads that.
    """

    preprocessor: Preprocessor
    data: FitData
    context: AbstractContextManager[None] = field(default_factory=nullcontext)


def read_features(setup: FitSetup, device: torch.device, stop: Callable[[], bool]) -> Reading:
    """Compute what a network with a body needs before its first step; of any other network, nothing.

    Args:
        setup: Of the fit.
        device: Where features are computed.
        stop: Whether a signal was received.

    Raises:
        Stopped: If one was received.
    """
    network = backbone(setup.network)
    if network is None or (not network.is_frozen and setup.recipe.from_run):
        return Reading(setup.preprocessor, setup.data)
    if network.is_frozen and not can_read_features(setup.regularizers):
        return Reading(setup.preprocessor, setup.data)
    extractor = Extractor(network.body.to(device), setup.preprocessor.to(device), network.code, device)
    train, val = setup.splits.train.examples, setup.splits.val.examples
    rows = _compute(extractor, train, setup, stop)
    data = replace(setup.data.train_data, inputs=as_tensor(rows), stored=rows)
    if not network.is_frozen:
        _solve_head(network, data, setup)
        return Reading(setup.preprocessor, setup.data)
    shared = setup.data.val_data is setup.data.train_data
    val_rows = rows if shared else _compute(extractor, val, setup, stop)
    val_data = data if shared else replace(setup.data.val_data, inputs=as_tensor(val_rows), stored=val_rows)
    fed = replace(setup.data, train_data=data, val_data=val_data)
    return Reading(FeaturePreprocessor(rows.shape[1]), fed, network.reading_features())


def _compute(extractor: Extractor, examples: Examples, setup: FitSetup, stop: Callable[[], bool]) -> Rows:
    encoded = encode_examples(examples, setup.preprocessor)
    with doing("features", len(examples)) as work:
        return extractor.features(encoded, tell=lambda done, _of: work.reach(done), stop=stop)


@torch.no_grad()
def _solve_head(network: Backbone, data: DeviceDataset, setup: FitSetup) -> None:
    """Solve the last layer of a head on features, where it is linear in them."""
    last = [layer for layer in network.head.modules() if isinstance(layer, nn.Linear)]
    if len(last) != 1:
        return
    positions = few_enough(setup.data.train, last[0].in_features)
    inputs, targets = data.take(torch.from_numpy(positions))
    assert isinstance(inputs, Tensor)
    solve(last[0], inputs, targets, setup.task.row.loss)
