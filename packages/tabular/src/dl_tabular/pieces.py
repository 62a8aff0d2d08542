"""Encode numbers piece by piece: beside the number stands how far it lies in each interval between quantiles.

A network of smooth layers hardly learns what jumps with a number, as traffic with the hour; the pieces let the first
layer bend at every edge.
Source: Gorishniy et al. 2022, On Embeddings for Numerical Features in Tabular Deep Learning, section 3.1.
Letters: ``N`` values, ``P`` pieces; ``S`` stored and ``D`` prepared columns.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn


def learn_edges(values: NDArray[np.floating], pieces: int) -> tuple[float, ...]:
    """Return the edges of at most so many pieces with equal shares of the values (N,); empty for two values or fewer.

    Where there are few different values, each is an edge.
    """
    different = np.unique(values)
    if len(different) > pieces + 1:
        different = np.unique(np.quantile(values, np.linspace(0, 1, pieces + 1), method="nearest"))
    return tuple(different.tolist()) if pieces and len(different) > 2 else ()


def in_pieces(value: float, edges: Sequence[float]) -> NDArray[np.float32]:
    """Return how far a value lies in each piece, (P,): 0 before it, 1 behind it."""
    lows = np.asarray(edges[:-1], np.float32)
    return ((value - lows) / np.diff(np.asarray(edges, np.float32))).clip(0, 1).astype(np.float32)


class Pieces(nn.Module):
    """Writes the pieces of stored numbers into prepared rows.

    Args:
        numbers: Of each column of numbers its first prepared column, its number of stored ones, of which the first is
            the number, and the edges of its pieces, which are prepared right behind as many columns.
    """

    places: Tensor  # (P,) prepared column of each piece
    sources: Tensor  # (P,) stored column of its number
    lows: Tensor  # (P,)
    widths: Tensor  # (P,)

    def __init__(self, numbers: Sequence[tuple[int, int, tuple[float, ...]]]) -> None:
        super().__init__()
        places, sources, lows, widths, source = list[int](), list[int](), list[float](), list[float](), 0
        for start, stored, edges in numbers:
            count = max(0, len(edges) - 1)
            places += range(start + stored, start + stored + count)
            sources += [source] * count
            lows += edges[:-1]
            widths += np.diff(edges).tolist()
            source += stored
        self.register_buffer("places", torch.tensor(places, dtype=torch.int64), persistent=False)
        self.register_buffer("sources", torch.tensor(sources, dtype=torch.int64), persistent=False)
        self.register_buffer("lows", torch.tensor(lows, dtype=torch.float32), persistent=False)
        self.register_buffer("widths", torch.tensor(widths, dtype=torch.float32), persistent=False)

    def __len__(self) -> int:
        """Number of pieces."""
        return len(self.places)

    def forward(self, stored: Tensor, prepared: Tensor) -> None:
        """Write the pieces of rows (N, S) into rows (N, D)."""
        if len(self):
            numbers = stored[:, self.sources].to(prepared.dtype)
            prepared[:, self.places] = ((numbers - self.lows) / self.widths).clamp(0, 1)
