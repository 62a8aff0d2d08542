"""Preparing signals: stored (N, T) to what a network reads, (N, 1, T). What is learnt comes from training alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from dl.data.examples import Subset
from dl.domain import Preprocessor
from dl.errors import BadData, BadRun
from dl.options import Options
from torch import Tensor


class SignalPreprocessor(Preprocessor):
    """Values minus their mean, over their deviation.

    Args:
        length: T, values of a signal.
        mean: Of all values of the training part.
        std: Their deviation.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, length: int, mean: float, std: float) -> None:
        super().__init__()
        self.length = length
        self.register_buffer("mean", torch.tensor(mean))  # buffers move to the device with the network
        self.register_buffer("std", torch.tensor(std))

    @property
    def input_shape(self) -> tuple[int, int]:
        """(1, T): one channel."""
        return (1, self.length)

    def settings(self) -> dict[str, Any]:  # Any: JSON
        """Return what `restore` needs."""
        return {"length": self.length, "mean": self.mean.item(), "std": self.std.item()}

    def forward(self, inputs: Tensor) -> Tensor:
        """Turn (N, T) into (N, 1, T)."""
        return ((inputs - self.mean) / self.std)[:, None]


def learn(part: Subset, options: Options) -> SignalPreprocessor:
    """Learn mean and deviation from the rows of a training part, and from no others.

    Raises:
        BadData: If the inputs are no signals.
    """
    if part.examples.array.ndim != 2:
        raise BadData(f"signals are stored as (N, values); found {part.examples.array.shape}")
    signals = part.examples.array[part.index]
    if options["scale"] == "none":
        return SignalPreprocessor(signals.shape[1], 0.0, 1.0)
    return SignalPreprocessor(signals.shape[1], float(signals.mean()), float(signals.std()) or 1.0)


def restore(settings: Mapping[str, Any]) -> SignalPreprocessor:  # Any: JSON
    """Make a preprocessor again from its settings.

    Raises:
        BadRun: If they are not what `SignalPreprocessor.settings` gives.
    """
    try:
        return SignalPreprocessor(int(settings["length"]), float(settings["mean"]), float(settings["std"]))
    except (KeyError, TypeError, ValueError) as error:
        raise BadRun(f"the stored preprocessor of signals cannot be read: {type(error).__name__} {error}") from error
