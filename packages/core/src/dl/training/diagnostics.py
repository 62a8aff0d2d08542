"""Diagnostics recorded for the report: gradient norms, dead units, and penultimate features.

Each is cheap: gradients are read at one step of a block, units on a few validation batches, features once, at the end.
Letters: ``n`` examples of a subset, ``F`` features.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from dl.autoencoder import Autoencoder
from dl.data.examples import Index
from dl.data.projection import MOST_NUMBERS, directions
from dl.padded import Padded, Prepared
from dl.training.batches import DeviceDataset, EvalBatchSampler, Shard
from dl.training.sharded import whole

WATCHED_BATCHES = 4  # validation batches on which dead units are detected


class GradientNormMonitor:
    """Records gradient norms at some steps of an epoch; tensors stay on the device until they are read."""

    def __init__(self, network: nn.Module) -> None:
        self.parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
        weights = [parameter for parameter in self.parameters if parameter.ndim > 1] or self.parameters
        self.first, self.last = weights[0], weights[-1]
        self.seen: list[Tensor] = []

    def record(self) -> None:
        """Record the norms of the current gradient: of all, of the first and of the last weights."""
        gradients = [parameter.grad for parameter in self.parameters if parameter.grad is not None]
        ends = [nn.utils.get_total_norm([p.grad]) for p in (self.first, self.last) if p.grad is not None]
        if len(ends) == 2:
            self.seen.append(torch.stack([whole(norm) for norm in (nn.utils.get_total_norm(gradients), *ends)]))

    def row(self) -> dict[str, float]:
        """Return the medians and the maximum over the recorded steps, and reset; empty if no step was recorded."""
        if not self.seen:
            return {}
        norms = torch.stack(self.seen).float().cpu().numpy()
        self.seen = []
        median = np.median(norms, axis=0)
        named = zip(("grad_norm", "grad_first", "grad_last"), median.tolist(), strict=True)
        return dict(named) | {"grad_norm_max": float(norms[:, 0].max())}


class DeadUnitMonitor:
    """Records which channels of the ReLU layers ever fire on the first batches of a scoring pass."""

    def __init__(self, network: nn.Module) -> None:
        self.layers = [layer for layer in network.modules() if isinstance(layer, nn.ReLU)]
        self.fired: dict[int, Tensor] = {}

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Record the outputs of the layers inside this context."""
        handles = [layer.register_forward_hook(self._observe) for layer in self.layers]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def row(self) -> dict[str, float]:
        """Return the share of channels that never fired, and reset; empty without a ReLU."""
        fired = [float(one.float().sum()) for one in self.fired.values()]
        total = sum(len(one) for one in self.fired.values())
        self.fired = {}
        return {"dead_share": 1 - sum(fired) / total} if total else {}

    def _observe(self, layer: nn.Module, _inputs: Any, output: Tensor) -> None:  # Any: as torch's hooks take
        others = [axis for axis in range(output.ndim) if axis != 1]
        fires = (output > 0).any(dim=others[0]) if len(others) == 1 else (output.amax(dim=others) > 0)
        key = id(layer)
        self.fired[key] = self.fired[key] | fires if key in self.fired else fires


def project(values: Tensor) -> Tensor:
    """Project (n, ...) values to at most `MOST_NUMBERS` dimensions, (n, F) float32 on the CPU.

    The projection is random but the same in every run; it preserves distances well enough to find near duplicates.

    Source: Johnson and Lindenstrauss 1984.
    """
    flat = values.detach().float().flatten(1)
    width = flat.shape[1]
    if width > MOST_NUMBERS:
        flat = flat @ torch.from_numpy(directions(width)).to(flat.device)
    return flat.cpu()


def pool_tokens(values: Tensor, batch: Prepared) -> Tensor:
    """Mean-pool (B, T, F) features over the real tokens of each row; pass (B, F) through."""
    if not isinstance(batch, Padded) or values.ndim != 3:
        return values
    inside = batch.mask.to(values)
    return torch.einsum("btf,bt->bf", values, inside) / inside.sum(dim=1, keepdim=True)


@contextmanager
def penultimate(network: nn.Module) -> Iterator[list[Tensor]]:
    """Collect learnt features while the network runs in this context: codes, else the inputs of the last linear layer.

    Nothing is collected of a network with neither.
    """
    kept: list[Tensor] = []
    if isinstance(network, Autoencoder):
        handle = network.encoder.register_forward_hook(lambda _layer, _inputs, codes: kept.append(codes.detach()))
        try:
            yield kept
        finally:
            handle.remove()
        return
    linear = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
    handles = [
        layer.register_forward_pre_hook(lambda _, inputs: kept.append(inputs[0].detach())) for layer in linear[-1:]
    ]
    try:
        yield kept
    finally:
        for handle in handles:
            handle.remove()


def features_of(
    network: nn.Module,
    prepare: Callable[[Prepared], Prepared],
    subset: tuple[DeviceDataset, Index],
    rows: Index,
    batch_size: int,
) -> np.ndarray | None:
    """Compute the inputs of the last layer for some rows of a subset, (n, F) float32; None without such a layer.

    Args:
        network: In eval mode.
        prepare: Makes its inputs from stored ones.
        subset: A data set, and the positions of the subset in it.
        rows: (n,) of the subset.
        batch_size: The largest.
    """
    data, positions = subset[0], subset[1][rows]
    lengths = None if data.lengths is None else data.lengths[positions]
    sampler = EvalBatchSampler(np.arange(len(rows)), Shard(), lengths, data.eval_batch_size(batch_size))
    with penultimate(network) as kept:
        for batch in sampler:
            prepared = prepare(data.take(torch.from_numpy(positions)[batch].to(data.targets.device))[0])
            network(prepared)
            if kept:
                kept[-1] = project(pool_tokens(kept[-1], prepared))
    return torch.cat(kept).numpy()[np.argsort(sampler.local_positions)] if kept else None
