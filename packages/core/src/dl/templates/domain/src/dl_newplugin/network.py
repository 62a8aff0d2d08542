"""The network: prepared signals (N, 1, T) to logits (N, outputs)."""

from __future__ import annotations

from dl.options import InputShape
from torch import nn


def convolutions(shape: InputShape, outputs: int, width: int) -> nn.Module:
    """Build two convolutions along the signal, and a linear layer on the maximum of each channel."""
    return nn.Sequential(
        *(nn.Conv1d(shape[0], width, 9, padding=4), nn.ReLU()),
        *(nn.Conv1d(width, 2 * width, 9, padding=4), nn.ReLU()),
        *(nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(2 * width, outputs)),
    )
