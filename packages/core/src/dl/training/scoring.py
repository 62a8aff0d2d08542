"""Score the logits of a subset, from one device or several, and average loss and score over training steps.

Letters: ``n`` examples of a subset, ``K`` outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeGuard

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dl.data.examples import Index, Inputs
from dl.domain import Preprocessor
from dl.errors import BadOption
from dl.padded import Prepared, in_precision
from dl.runs.outcomes import PARTS, Scored
from dl.tasks.task import Task
from dl.training.batches import EVAL_BYTES, DeviceDataset, EvalBatchSampler, Shard
from dl.training.diagnostics import penultimate, pool_tokens
from dl.training.fit_data import FitData
from dl.work import doing


class RunningMeans:
    """Running means over an epoch's training batches; the sums stay on the device until the epoch ends."""

    def __init__(self) -> None:
        self.sums: list[Tensor] = []  # each (3,): losses and scores over examples, and the number of examples

    def add(self, losses: Tensor, sizes: Sequence[int], scores: Tensor) -> None:
        """Add the mean losses (b,) of b batches of these sizes, and the scores of their examples."""
        counts = losses.new_tensor(sizes)
        self.sums.append(torch.stack([losses @ counts, scores.sum().to(losses.dtype), counts.sum()]))

    def means(self, over_devices: Callable[[Tensor], Tensor]) -> tuple[float, float]:
        """Return mean loss and mean score over all devices since the last call, and reset."""
        if not self.sums:
            return float("nan"), float("nan")
        loss, score, count = over_devices(torch.stack(self.sums).sum(dim=0)).tolist()
        self.sums = []
        return loss / count, score / count


class SubsetScores:
    """The scores of validation set and probe: logits are gathered batch by batch, and scored when all are there.

    Args:
        task: Loss, scores and metrics.
        data: The positions of the subsets, and their targets.
    """

    def __init__(self, task: Task, data: FitData) -> None:
        self.task, self.data = task, data
        self.scored: dict[str, Scored] = {}
        self.metrics: dict[str, dict[str, float]] = {}
        self.passes = 0  # forward passes of this scoring on this device
        self._pending: dict[str, list[tuple[Tensor, Tensor]]] = {part: [] for part in PARTS}

    def add(self, part: str, positions: Tensor, logits: Tensor) -> None:
        """Add a batch of a subset: positions (b,) and logits (b, K)."""
        self._pending[part].append((positions, logits))
        self.passes += 1

    def score(self, shard: Shard, all_gather: Callable[[Tensor], Any]) -> None:
        """Merge the logits of each subset over all devices, and score them.

        Args:
            shard: Of this device.
            all_gather: Lightning's gather of equally shaped tensors. Any: it is typed for nested data.
        """
        for part, pending in self._pending.items():
            logits = merge(pending, self.data.scored(part)[1], shard, all_gather)
            targets = self.data.targets(part).to(logits.device)
            self.scored[part] = score(self.task, logits, targets)
            self.metrics[part] = self.task.metrics(logits, targets)
            pending.clear()
        self.passes = 0


def fits_a_batch(inputs: Inputs, task: Task) -> TypeGuard[NDArray[np.generic]]:
    """Return whether stored inputs are of one shape, and few enough to be scored at once."""
    return isinstance(inputs, np.ndarray) and len(inputs) <= task.row.eval_batch_size and inputs.nbytes <= EVAL_BYTES


def logits_of_batch(
    network: nn.Module, preprocessor: Preprocessor, task: Task, inputs: Tensor, weight: Tensor
) -> Tensor:
    """Compute the logits (N, K) of one batch of stored inputs (N, ...), without what it takes to make batches.

    Args:
        network: In eval mode.
        preprocessor: On the same device.
        task: Of the network.
        inputs: On the host.
        weight: One of the network, for its device and type of number.
    """
    with torch.inference_mode():
        prepared = in_precision(preprocessor(inputs.to(weight.device)), weight.dtype)
        return task.row.reduce_logits(network(prepared), prepared).float().cpu()


def compute_logits(
    network: nn.Module, preprocessor: Preprocessor, task: Task, data: DeviceDataset, positions: Index
) -> Tensor:
    """Compute the logits of stored inputs batch by batch, (n, K) in the order of the positions.

    Args:
        network: In eval mode.
        preprocessor: On the same device.
        task: Of the network.
        data: Encoded inputs.
        positions: (n,) of the inputs, ascending.
    """
    sampler = EvalBatchSampler(positions, Shard(), data.lengths, data.eval_batch_size(task.row.eval_batch_size))
    batches = []
    with torch.inference_mode():
        for prepared in _prepared(network, preprocessor, data, sampler):
            batches.append(task.row.reduce_logits(network(prepared), prepared).float().cpu())
    return in_order(torch.cat(batches), sampler)


def in_order(computed: Tensor, sampler: EvalBatchSampler) -> Tensor:
    """Return what was computed batch by batch, (n, ...), in the order of the positions: those of one shape have it."""
    if sampler.lengths is None:
        return computed
    return computed[torch.from_numpy(np.argsort(sampler.local_positions))]


def _prepared(
    network: nn.Module, preprocessor: Preprocessor, data: DeviceDataset, sampler: EvalBatchSampler
) -> Iterator[Prepared]:
    """Yield the batches of a sampler as the network reads them."""
    weight = next(network.parameters())
    data.targets = data.targets.to(weight.device)
    with doing("computing", len(sampler.local_positions)) as work:
        for some in sampler:
            yield in_precision(preprocessor(data.take(some)[0]), weight.dtype)
            work.advance(len(some))


def compute_features(
    network: nn.Module, preprocessor: Preprocessor, task: Task, data: DeviceDataset, positions: Index
) -> Tensor:
    """Compute what a network has learnt of inputs: codes, or the inputs of its last linear layer, (n, F).

    Where these are several vectors an example, as for each token or step, it is their mean.

    Args:
        network: In eval mode.
        preprocessor: On the same device.
        task: Of the network.
        data: Encoded inputs.
        positions: (n,) of the inputs, ascending.

    Raises:
        BadOption: If the network has no such layer.
    """
    sampler = EvalBatchSampler(positions, Shard(), data.lengths, data.eval_batch_size(task.row.eval_batch_size))
    batches = []
    with torch.inference_mode(), penultimate(network) as kept:
        for prepared in _prepared(network, preprocessor, data, sampler):
            network(prepared)
            if not kept:
                raise BadOption("the network has no linear layer, whose inputs would be its features")
            pooled = pool_tokens(kept[-1], prepared)
            kept.clear()
            batches.append((pooled.mean(dim=1) if pooled.ndim == 3 else pooled.flatten(1)).float().cpu())
    return in_order(torch.cat(batches), sampler)


def score(task: Task, logits: Tensor, targets: Tensor) -> Scored:
    """Compute the outcomes of each example of a subset.

    Args:
        task: Loss and scores.
        logits: (n, K) float32.
        targets: As the loss reads them.
    """

    def as_array(values: Tensor) -> np.ndarray:
        return values.float().cpu().numpy()

    return Scored(
        loss=as_array(task.row.loss(logits, targets, "none")),
        score=as_array(task.example_scores(logits, targets)),
        margin=as_array(task.margins(logits, targets)),
        logits=as_array(logits),
    )


def merge(
    pending: list[tuple[Tensor, Tensor]], expected: Index, shard: Shard, all_gather: Callable[[Tensor], Any]
) -> Tensor:
    """Merge the logits of a subset, scored on several devices, in the order of its positions, (n, K).

    Args:
        pending: Batches of (positions, logits) of this device.
        expected: (n,) all positions of the subset, ascending.
        shard: Of this device.
        all_gather: Lightning's gather of equally shaped tensors. Any: it is typed for nested data.

    Raises:
        RuntimeError: If an example is missing or was scored twice.
    """
    positions = torch.cat([p for p, _ in pending]) if pending else torch.empty(0, dtype=torch.int64)
    logits = torch.cat([z for _, z in pending]) if pending else torch.empty(0, 0)
    if shard.world_size > 1:
        missing = -(-len(expected) // shard.world_size) - len(positions)  # 0 or 1: shards differ by at most one
        positions = torch.nn.functional.pad(positions, (0, missing), value=-1)
        logits = torch.cat([logits, logits.new_zeros(missing, *logits.shape[1:])])
        positions, logits = all_gather(positions).flatten(), all_gather(logits).flatten(0, 1)
        real = positions >= 0
        positions, logits = positions[real], logits[real]
    ascending, order = positions.sort()
    if not np.array_equal(ascending.cpu().numpy(), expected):
        raise RuntimeError(f"{len(ascending)} examples were scored where {len(expected)} were expected, each once")
    return logits[order]
