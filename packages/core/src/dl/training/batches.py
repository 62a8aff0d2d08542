"""Feeds and orders: where the data lies, and in which order its examples are taken.

What travels through Lightning's loops are positions, never examples: a feed gives a batch by one gather, on the device
where the data fits there, else on the host (from memory or a memory map) with a copy to the device.
The order of an epoch is a function of (seed, epoch), the same for any number of devices; rows of different lengths are
brought together with others of like length, so that little of a batch is padding.
Letters: ``n`` positions of a batch or block, ``B`` batch size over all devices, ``W`` devices.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from dl.data.examples import Examples, Index, Subset
from dl.data.ragged import Ragged
from dl.errors import BadData
from dl.padded import Padded, RaggedTensor
from dl.tasks.task import EVAL_BATCH, Task
from dl.terminal import safe_text

WIDEST = 1 << 25  # values of a padded batch, at most: 256 MiB, and a few times that in a preprocessor
POOL = 50  # batches among whose rows those of like length are brought together
SHARE_OF_DEVICE = 0.5  # of the free memory of an accelerator that data may take


@dataclass
class DeviceDataset:
    """Inputs and encoded targets, on the device or on the host.

    Args:
        inputs: (N, ...) stored inputs, or a ragged column.
        targets: (N, ...) as the loss reads them.
        ids: (N,) stable ids, for messages.
    """

    inputs: Tensor | RaggedTensor
    targets: Tensor
    ids: Index

    @classmethod
    def of(cls, examples: Examples, task: Task) -> DeviceDataset:
        """Wrap the examples without copying their inputs; memory maps stay memory maps."""
        stored = examples.inputs
        inputs = RaggedTensor.of(stored) if isinstance(stored, Ragged) else torch.from_numpy(stored)
        return cls(inputs, task.encode(examples.targets), examples.ids)

    @property
    def is_ragged(self) -> bool:
        """Whether rows differ in length."""
        return isinstance(self.inputs, RaggedTensor)

    @property
    def lengths(self) -> Index | None:
        """(N,) how long each row is; None where all are alike."""
        return self.inputs.offsets.diff().cpu().numpy() if isinstance(self.inputs, RaggedTensor) else None

    @property
    def row_bytes(self) -> int:
        """Bytes of an average row."""
        return max(self.inputs.nbytes // max(len(self.ids), 1), 1)

    def to(self, device: torch.device) -> None:
        """Move to the device if it has room; otherwise stay on the host."""
        self.targets = self.targets.to(device)
        if device.type != "cuda" or self.inputs.nbytes < SHARE_OF_DEVICE * torch.cuda.mem_get_info(device)[0]:
            self.inputs = self.inputs.to(device)

    def take(self, positions: Tensor) -> tuple[Tensor | Padded, Tensor]:
        """Return the stored inputs and the targets at these positions, on the device of the targets."""
        device, here = self.targets.device, positions.to(self.inputs.device)
        targets = self.targets.index_select(0, positions)
        if isinstance(self.inputs, RaggedTensor):
            taken = self.inputs.take(here)
            return Padded(taken.values.to(device), taken.lengths.to(device)), targets
        return self.inputs.index_select(0, here).to(device, non_blocking=True), targets


def epoch_order(seed: int, epoch: int, positions: Index) -> Index:
    """Return the training positions in the order of one epoch, (n,): a function of seed and epoch alone."""
    return np.asarray(np.random.default_rng([seed, epoch, 0x0D3E]).permutation(positions))


def bucketed(order: Index, lengths: Index, batch_size: int, rng: np.random.Generator) -> Index:
    """Bring rows of like length into one batch: sorted within pools of `POOL` batches, whole batches then shuffled.

    The last batch, which may be smaller, stays last.

    Args:
        order: (n,) positions in random order.
        lengths: (N,) of all rows.
        batch_size: Rows of a batch.
        rng: Shuffles the batches.
    """
    pools = np.split(order, np.arange(POOL * batch_size, len(order), POOL * batch_size))
    by_length = np.concatenate([pool[np.argsort(lengths[pool], kind="stable")] for pool in pools])
    full = len(order) // batch_size
    batches = by_length[: full * batch_size].reshape(full, batch_size)
    return np.concatenate([batches[rng.permutation(full)].ravel(), by_length[full * batch_size :]])


def check_width(train: Subset, lengths: Index | None, batch_size: int) -> None:
    """Refuse a row that makes a padded batch too large for a memory.

    Args:
        train: What is learnt from.
        lengths: (N,) of all stored rows; None where all are alike.
        batch_size: Rows of a batch.

    Raises:
        BadData: Naming the longest row.
    """
    if lengths is None:
        return
    longest = int(train.index[np.argmax(lengths[train.index])])
    if lengths[longest] * min(batch_size, len(train)) > WIDEST:
        raise BadData(
            f"{safe_text(train.examples.source(longest))}: {lengths[longest]:,} tokens, and a batch of {batch_size} is "
            f"padded to its longest text; cut long texts, as with max_len=5000, or say a smaller batch_size="
        )


def batch_sizes(n: int, batch_size: int) -> list[int]:
    """Cut n examples into batches; one that is left over joins the last, for batch norm needs two."""
    whole, rest = divmod(n, batch_size)
    sizes = [batch_size] * whole + ([rest] if rest else [])
    if rest == 1 and whole:
        sizes[-2:] = [batch_size + 1]
    return sizes


@dataclass(frozen=True)
class Shard:
    """Which device of how many: rank 0..world-1."""

    rank: int = 0
    world: int = 1


@dataclass
class TrainBatchSampler:
    """The steps of an epoch, as Lightning's training loop walks over them.

    With one device a step of Lightning is a block of ``steps_a_block`` batches, their positions in one tensor. With
    several it is one batch, of which this device gets every W-th position, and the factor by which its mean loss enters
    the mean over devices: 1, but for a last batch that W does not divide.
    """

    positions: Index
    batch_size: int
    seed: int
    share: Shard
    steps_a_block: int
    lengths: Index | None = None
    epoch: int = 0

    @property
    def sampler(self) -> TrainBatchSampler:
        """Where Lightning looks for `set_epoch`."""
        return self

    def set_epoch(self, epoch: int) -> None:
        """Called by Lightning before each epoch, counted from 0."""
        self.epoch = epoch

    @property
    def sizes(self) -> list[int]:
        """The size of each batch of an epoch."""
        return batch_sizes(len(self.positions), self.batch_size)

    @property
    def steps(self) -> int:
        """Optimizer steps an epoch."""
        return len(self.sizes)

    def __len__(self) -> int:
        return -(-self.steps // self.steps_a_block)

    def __iter__(self) -> Iterator[tuple[Tensor, float]]:
        order = epoch_order(self.seed, self.epoch, self.positions)
        sizes = self.sizes
        if self.lengths is not None:
            rng = np.random.default_rng([self.seed, self.epoch, 0xB0CE])
            order = bucketed(order, self.lengths, self.batch_size, rng)
        blocks = [sum(sizes[k : k + self.steps_a_block]) for k in range(0, len(sizes), self.steps_a_block)]
        for block in torch.from_numpy(order).split(blocks):
            yield self._of_this_device(block)

    def _of_this_device(self, block: Tensor) -> tuple[Tensor, float]:
        mine = block[self.share.rank :: self.share.world]
        if len(mine) == 0:  # every device takes part in every step; this one with no weight
            return block[:1], 0.0
        return mine, len(mine) * self.share.world / len(block)


@dataclass(frozen=True)
class EvalBatchSampler:
    """The positions of a part in batches; with several devices each position on exactly one of them, none repeated.

    Where rows differ in length (``lengths``, (N,)) they are taken from the shortest to the longest. A batch holds
    ``eval_batch_size`` of them, and fewer where they are very long.
    """

    positions: Index
    share: Shard
    lengths: Index | None = None
    eval_batch_size: int = EVAL_BATCH

    @property
    def mine(self) -> Index:
        """The positions of this device."""
        mine = self.positions[self.share.rank :: self.share.world]
        return mine if self.lengths is None else mine[np.argsort(self.lengths[mine], kind="stable")]

    @property
    def sizes(self) -> list[int]:
        """The size of each batch."""
        mine = self.mine
        sizes: list[int] = []
        while (done := sum(sizes)) < len(mine):
            count = min(self.eval_batch_size, len(mine) - done)
            if self.lengths is not None:
                padded = np.arange(1, count + 1) * self.lengths[mine[done : done + count]]
                count = max(int(np.searchsorted(padded, WIDEST, "right")), 1)
            sizes.append(count)
        return sizes

    def __len__(self) -> int:
        return len(self.sizes)

    def __iter__(self) -> Iterator[Tensor]:
        yield from torch.from_numpy(self.mine).split(self.sizes)
