"""The data of a fit: data sets, and the positions of each subset in them.

Letters: ``n`` positions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dl.data.examples import Index
from dl.training.batches import DeviceDataset


@dataclass(frozen=True)
class FitData:
    """The data of a fit: a data set for each source of examples, and the positions of each subset in it.

    Args:
        train_data: Of the training examples.
        val_data: Of the validation examples; the same object if they were held out of the training examples.
        train: (n,) positions of the training set.
        val: (n,) positions of the validation set.
        probe: (n,) positions of the probe, in the training data.
        unknown: Of ``training`` and ``validation``: (n,) which examples hold nothing known to the preprocessor.
    """

    train_data: DeviceDataset
    val_data: DeviceDataset
    train: Index
    val: Index
    probe: Index
    unknown: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)

    def scored(self, part: str) -> tuple[DeviceDataset, Index]:
        """Return the data set of a subset that is scored, ``val`` or ``probe``, and its positions there, (n,)."""
        return (self.val_data, self.val) if part == "val" else (self.train_data, self.probe)

    def targets(self, part: str) -> Tensor:
        """Return the encoded targets of a subset that is scored, (n, ...), where its data set lies."""
        data, positions = self.scored(part)
        return data.targets.index_select(0, torch.from_numpy(positions).to(data.targets.device))
