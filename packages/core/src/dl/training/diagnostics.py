"""What a fit keeps for the report beside outcomes: signs of training health, features, and sketches of hard examples.

Each costs little: health is read at one step of a block and on a few validation batches, features and sketches once, at
the end. Letters: ``n`` examples of a part, ``F`` features.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from dl.padded import Padded

MOST_FEATURES = 64  # dimensions kept of an example's penultimate features
WATCHED_BATCHES = 4  # of the validation part, for units that never fire


class GradientNormMonitor:
    """Norms of the gradient at some of the epoch's steps; tensors stay on the device until they are read."""

    def __init__(self, network: nn.Module) -> None:
        self.parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
        weights = [parameter for parameter in self.parameters if parameter.ndim > 1] or self.parameters
        self.first, self.last = weights[0], weights[-1]
        self.seen: list[Tensor] = []

    def note(self) -> None:
        """Note the norms of the gradient that was just computed: of all, of the first and of the last weights."""
        gradients = [parameter.grad for parameter in self.parameters if parameter.grad is not None]
        ends = [nn.utils.get_total_norm([p.grad]) for p in (self.first, self.last) if p.grad is not None]
        if len(ends) == 2:
            self.seen.append(torch.stack([nn.utils.get_total_norm(gradients), *ends]))

    def row(self) -> dict[str, float]:
        """Return medians over the noted steps and the largest, and start anew; nothing if no step was noted."""
        if not self.seen:
            return {}
        norms = torch.stack(self.seen).float().cpu().numpy()
        self.seen = []
        median = np.median(norms, axis=0)
        named = zip(("grad_norm", "grad_first", "grad_last"), median.tolist(), strict=True)
        return dict(named) | {"grad_norm_max": float(norms[:, 0].max())}


class DeadUnitMonitor:
    """Which channels of the ReLU layers ever fire on the first batches of a scoring pass."""

    def __init__(self, network: nn.Module) -> None:
        self.layers = [layer for layer in network.modules() if isinstance(layer, nn.ReLU)]
        self.fired: dict[int, Tensor] = {}

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch what the layers give inside."""
        handles = [layer.register_forward_hook(self._look) for layer in self.layers]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def row(self) -> dict[str, float]:
        """Return the share of channels that never fired, and start anew; nothing where there is no ReLU."""
        fired = [float(one.float().sum()) for one in self.fired.values()]
        total = sum(len(one) for one in self.fired.values())
        self.fired = {}
        return {"dead_share": 1 - sum(fired) / total} if total else {}

    def _look(self, layer: nn.Module, _inputs: Any, output: Tensor) -> None:  # Any: what a hook is given
        others = [axis for axis in range(output.ndim) if axis != 1]
        fires = (output > 0).any(dim=others[0]) if len(others) == 1 else (output.amax(dim=others) > 0)
        key = id(layer)
        self.fired[key] = self.fired[key] | fires if key in self.fired else fires


def project(values: Tensor) -> Tensor:
    """Project (n, ...) values to at most `MOST_FEATURES` dimensions, (n, F) float32 on the CPU.

    The projection is random, fixed and the same for every run: distances are kept well enough to find near copies.

    Source: Johnson and Lindenstrauss 1984.
    """
    flat = values.detach().float().flatten(1)
    width = flat.shape[1]
    if width > MOST_FEATURES:
        draws = np.random.default_rng(0xFEA7).standard_normal((width, MOST_FEATURES)).astype(np.float32)
        flat = flat @ (torch.from_numpy(draws) / MOST_FEATURES**0.5).to(flat.device)
    return flat.cpu()


def pool_tokens(values: Tensor, batch: Tensor | Padded) -> Tensor:
    """Return what a layer reads of each row: where it reads every token, (B, T, F), the mean over those of the row."""
    if not isinstance(batch, Padded) or values.ndim != 3:
        return values
    inside = batch.mask.to(values)
    return torch.einsum("btf,bt->bf", values, inside) / inside.sum(dim=1, keepdim=True)


@contextmanager
def penultimate(network: nn.Module) -> Iterator[list[Tensor]]:
    """Collect what the last linear layer reads while the network runs inside; nothing if it has none."""
    kept: list[Tensor] = []
    linear = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
    handles = [
        layer.register_forward_pre_hook(lambda _, inputs: kept.append(inputs[0].detach())) for layer in linear[-1:]
    ]
    try:
        yield kept
    finally:
        for handle in handles:
            handle.remove()
