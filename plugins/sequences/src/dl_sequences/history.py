"""Forecast beside the last value, or that of a season ago: a network learns by how much the next values differ from it.

A level that the training set never had is then no surprise. A linear layer of the window stands beside the network.
Source: Zeng et al. 2023, Are Transformers Effective for Time Series Forecasting?, NLinear.
Letters: ``B`` windows, ``T`` steps of a window, ``C`` numbers of a step, ``K`` steps to forecast.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from dl.options import InputShape
from dl.padded import Padded
from dl_sequences.shape import Beginning, SeriesShape

LEAST = 1e-3  # of a share, whose log-odds stay finite


class Forecast(nn.Module):
    """The last value or those of a season ago, a linear layer of the window, and a network, both relative to the last.

    At first it forecasts as that rule does: the linear layer and the head of the network begin at zero.

    Args:
        deep: The network.
        window: T of the training windows.
        begins: The values that it begins at.
    """

    back: Tensor  # (K,) steps from the end of the window
    factors: Tensor  # (K,)
    offsets: Tensor  # (K,)

    def __init__(self, deep: nn.Module, window: int, begins: Beginning) -> None:
        super().__init__()
        outputs, history = len(begins.factors), begins.column
        self.shares = begins.shares
        self.register_buffer("back", begins.season - torch.arange(outputs) % begins.season, persistent=False)
        self.register_buffer("factors", torch.tensor(begins.factors), persistent=False)
        self.register_buffer("offsets", torch.tensor(begins.offsets), persistent=False)
        self.deep, self.history = deep, history
        self.linear = nn.Linear(window, outputs)
        for layer in (self.linear, deep.head):
            assert isinstance(layer, nn.Linear)
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, batch: Padded) -> Tensor:
        """Map a batch of windows to logits (B, K)."""
        values, mask = batch.values[:, :, self.history], batch.mask
        last = values.gather(1, batch.lengths[:, None] - 1)
        relative = torch.where(mask, values - last, 0)
        steps = batch.values.clone()
        steps[:, :, self.history] = relative
        begins = values.gather(1, (batch.lengths[:, None] - self.back).clamp_min(0)) * self.factors + self.offsets
        begins = begins.clamp(LEAST, 1 - LEAST).logit() if self.shares else begins
        logits: Tensor = (
            begins + self.linear(self._at_the_end(relative, batch)) + self.deep(batch._replace(values=steps))
        )
        return logits

    def _at_the_end(self, relative: Tensor, batch: Padded) -> Tensor:
        """Return windows (B, T) as long as in training, the newest step last, with the last value before them."""
        count = self.linear.in_features
        place = torch.arange(count, device=relative.device) + batch.lengths[:, None] - count
        found = relative.gather(1, place.clamp_min(0))
        return torch.where(place >= 0, found, 0)


def with_history(deep: nn.Module, shape: InputShape, outputs: int) -> nn.Module:
    """Return the network, beside the last value where the shape says what is forecast."""
    begins = shape.begins if isinstance(shape, SeriesShape) else None
    return deep if begins is None or len(begins.factors) != outputs else Forecast(deep, shape[0], begins)
