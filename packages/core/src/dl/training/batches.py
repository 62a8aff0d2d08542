"""Data sets on a device, and batch samplers.

Lightning's loops iterate over positions, not examples: `DeviceDataset.take` gathers a batch on the device if the data
fits there, otherwise on the host (from memory or a memory map) with a copy to the device.
The order of an epoch is a function of (seed, epoch), the same for any number of devices; rows of different lengths are
bucketed by length, so that batches have little padding. Data larger than memory is shuffled in blocks: `in_windows`.
Letters: ``n`` positions of a batch or block, ``B`` batch size over all devices, ``W`` devices.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dl.data.branches import Branches
from dl.data.examples import Examples, Index, Inputs, Subset
from dl.data.larger import read_ahead
from dl.data.ragged import Ragged
from dl.errors import BadData
from dl.padded import BranchTensors, Padded, Prepared, RaggedTensor, as_tensors
from dl.tasks.task import EVAL_BATCH, Task
from dl.terminal import safe_text
from dl.words import many

WIDEST = 1 << 25  # most values of a padded batch: 256 MiB, and a few times that in a preprocessor
POOL = 50  # batches whose rows are sorted by length together
FEWEST_QUERIES = 2  # of a batch
SHARE_OF_DEVICE = 0.5  # of an accelerator's free memory that data may use
EVAL_BYTES = 1 << 25  # of stored inputs that are scored at once, as 170 images of 256 x 256
BLOCK = 1 << 18  # bytes of the rows that lie together and are read at once, where data is larger than memory
WINDOW = 1 << 10  # blocks whose rows are shuffled together
POOLS = 8  # of `POOL` batches, whose batches are shuffled together there


@dataclass
class DeviceDataset:
    """Inputs and encoded targets, on the device or on the host.

    Args:
        inputs: (N, ...) stored inputs, a ragged column, or the inputs of each branch.
        targets: (N, ...) as the loss reads them.
        ids: (N,) stable ids, for messages.
        stored: The arrays that the inputs share their memory with on the host; None if none are known.
    """

    inputs: Tensor | RaggedTensor | BranchTensors
    targets: Tensor
    ids: Index
    stored: Inputs | None = None

    @classmethod
    def of(cls, examples: Examples, task: Task) -> DeviceDataset:
        """Wrap the examples without copying their inputs; memory maps stay memory maps."""
        return cls(as_tensors(examples.inputs), task.encode(examples.targets), examples.ids, examples.inputs)

    @property
    def rows_per_block(self) -> int:
        """Number of neighbouring rows that are read at once, where the data is larger than memory."""
        return max(BLOCK // self.row_bytes, 1)

    def eval_batch_size(self, most: int) -> int:
        """Return the number of examples that are scored at once: ``most`` but where they are large."""
        return max(1, min(most, EVAL_BYTES // self.row_bytes))

    def read_ahead(self, positions: Tensor) -> None:
        """Ask the system to read the rows at these positions (n,) soon, if they lie in mapped files on the host."""
        if self.inputs.device.type != "cpu" or self.stored is None:
            return
        rows = np.sort(positions.cpu().numpy())
        for part in self.stored.parts.values() if isinstance(self.stored, Branches) else [self.stored]:
            if isinstance(part, Ragged):
                read_ahead(part.values, part.offsets[rows], part.offsets[rows + 1])
            else:
                read_ahead(part, rows, rows + 1)

    @property
    def is_plain(self) -> bool:
        """Whether all rows are of one kind and one shape."""
        return isinstance(self.inputs, Tensor)

    @property
    def lengths(self) -> Index | None:
        """Length of each row, (N,), of several kinds of input the longest; None if all rows have one shape."""
        inputs = self.inputs
        ragged = [inputs] if isinstance(inputs, RaggedTensor) else []
        ragged += inputs.ragged() if isinstance(inputs, BranchTensors) else []
        lengths = [one.offsets.diff() for one in ragged]
        return torch.stack(lengths).amax(dim=0).cpu().numpy() if lengths else None

    @property
    def width(self) -> int:
        """Numbers of each value of a row, where rows differ in length; else 1."""
        return math.prod(self.inputs.values.shape[1:]) if isinstance(self.inputs, RaggedTensor) else 1

    @property
    def row_bytes(self) -> int:
        """Mean size of a row in bytes."""
        return max(self.inputs.nbytes // max(len(self.ids), 1), 1)

    def to(self, device: torch.device) -> None:
        """Move the targets to the device, and the inputs if they fit; otherwise these stay on the host."""
        self.targets = self.targets.to(device)
        if device.type != "cuda" or self.inputs.nbytes < SHARE_OF_DEVICE * torch.cuda.mem_get_info(device)[0]:
            self.inputs = self.inputs.to(device)

    def take(self, positions: Tensor) -> tuple[Prepared, Tensor]:
        """Gather stored inputs (B, ...) and targets (B, ...) at these positions (B,), on the device of the targets."""
        device, here = self.targets.device, positions.to(self.inputs.device)
        targets = self.targets.index_select(0, positions)
        if isinstance(self.inputs, BranchTensors):
            return {name: _moved(part, device) for name, part in self.inputs.take(here).items()}, targets
        if isinstance(self.inputs, RaggedTensor):
            return _moved(self.inputs.take(here), device), targets
        return _moved(self.inputs.index_select(0, here), device), targets


def _moved(batch: Tensor | Padded, device: torch.device) -> Tensor | Padded:
    if isinstance(batch, Padded):
        return Padded(batch.values.to(device), batch.lengths.to(device))
    return batch.to(device, non_blocking=True)


def epoch_permutation(seed: int, epoch: int, positions: Index) -> Index:
    """Shuffle the training positions (n,) for one epoch, as a function of seed and epoch alone."""
    return np.asarray(np.random.default_rng([seed, epoch, 0x0D3E]).permutation(positions))


def in_windows(seed: int, epoch: int, positions: Index, rows_per_block: int, skipped: int = 0) -> Iterator[Index]:
    """Yield the training positions (n,) of one epoch in windows, as a function of seed and epoch alone.

    Blocks of neighbouring rows are put in random order, `WINDOW` of them make a window, and the rows of a window are
    shuffled. Reading needs the memory of a window, and as good as no seeks.

    Args:
        seed: Of the order.
        epoch: From 0.
        positions: (n,) ascending; one that comes again is drawn again.
        rows_per_block: Number of stored rows of a block.
        skipped: Number of positions that were yielded before.
    """
    rng, numbers = np.random.default_rng([seed, epoch, 0xB10C]), positions // rows_per_block
    starts = np.flatnonzero(np.diff(numbers, prepend=-1))
    ends = np.append(starts[1:], len(positions))
    order = rng.permutation(len(starts))
    for number, first in enumerate(range(0, len(order), WINDOW)):
        blocks = order[first : first + WINDOW]
        size = int((ends[blocks] - starts[blocks]).sum())
        if size <= skipped:
            skipped -= size
            continue
        rows = np.concatenate([positions[starts[k] : ends[k]] for k in blocks])
        shuffled = np.random.default_rng([seed, epoch, number, 0xB10C]).permutation(rows)
        yield np.asarray(shuffled[skipped:])
        skipped = 0


def in_pieces(pieces: Iterable[Index], sizes: Iterable[int]) -> Iterator[Index]:
    """Yield concatenated positions in pieces of other sizes."""
    left, source = np.empty(0, np.int64), iter(pieces)
    for size in sizes:
        parts = [left]
        while sum(map(len, parts)) < size and (piece := next(source, None)) is not None:
            parts.append(piece)
        whole = np.concatenate(parts) if len(parts) > 1 else left
        yield whole[:size]
        left = whole[size:]


def draw_epoch(seed: int, epoch: int, positions: Index, chances: NDArray[np.float64]) -> Index:
    """Draw as many training positions as there are, (n,), as a function of seed and epoch alone.

    Each is drawn as often as its chance asks for, to less than one: a common example at most once where its share is
    below one, a rare one again and again.

    Source: systematic sampling with unequal chances, Madow 1949.

    Args:
        seed: Of the draw.
        epoch: From 0.
        positions: (n,) of the training set.
        chances: (n,) how often each is drawn relative to the others.
    """
    rng, n = np.random.default_rng([seed, epoch, 0xD4A3]), len(positions)
    order = rng.permutation(n)
    ends = np.cumsum(chances[order])
    at = np.searchsorted(ends / ends[-1] * n, np.arange(n) + rng.random(), side="right")
    return np.asarray(rng.permutation(positions[order[np.minimum(at, n - 1)]]))


def bucket_by_length(order: Index, lengths: Index, batch_size: int, rng: np.random.Generator) -> Index:
    """Bucket rows by length: sort them within pools of `POOL` batches, then shuffle whole batches.

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


def check_width(train: Subset, lengths: Index | None, batch_size: int, width: int = 1) -> None:
    """Refuse a row that would make a padded batch larger than `WIDEST`.

    Args:
        train: The training set.
        lengths: (N,) of all stored rows; None if all rows have one shape.
        batch_size: Rows of a batch.
        width: Numbers of each value of a row, as of a step of a series.

    Raises:
        BadData: Naming the longest row.
    """
    if lengths is None:
        return
    longest = int(train.index[np.argmax(lengths[train.index])])
    if width > 1 and width * lengths[longest] * min(batch_size, len(train)) > WIDEST:
        raise BadData(
            f"{safe_text(train.examples.source(longest))}: {lengths[longest]:,} steps of {many(width, 'number')}, and "
            f"a batch of {batch_size} is padded to its longest series; cut such series, or use a smaller batch_size="
        )
    if lengths[longest] * min(batch_size, len(train)) > WIDEST:
        raise BadData(
            f"{safe_text(train.examples.source(longest))}: {lengths[longest]:,} tokens, and a batch of {batch_size} is "
            f"padded to its longest text; truncate texts, as with max_len=5000, or use a smaller batch_size="
        )


def batch_sizes(n: int, batch_size: int) -> list[int]:
    """Return the batch sizes for n examples; a single left-over one joins the last batch, as batch norm needs two."""
    whole, rest = divmod(n, batch_size)
    sizes = [batch_size] * whole + ([rest] if rest else [])
    if rest == 1 and whole:
        sizes[-2:] = [batch_size + 1]
    return sizes


@dataclass(frozen=True)
class Shard:
    """The shard of one device: its rank, 0 to ``world_size - 1``."""

    rank: int = 0
    world_size: int = 1


@dataclass
class TrainBatchSampler:
    """Samples the training batches of an epoch for Lightning's training loop.

    With one device an item is a block of ``steps_per_block`` batches, their positions in one tensor. With several it is
    one batch, of which this device gets every W-th position, and the weight of its mean loss in the mean over devices:
    1, except for a last batch that W does not divide. Of an epoch that is continued the items are left out whose steps
    were all taken; where nothing is left there is one item without positions, as Lightning needs one to validate.

    With ``queries``, (N,) the numbers of the queries of all rows, queries are shuffled, and a batch holds as many whole
    ones as have ``batch_size`` rows on average; a device gets every W-th query.

    With ``rows_per_block`` the order is that of `in_windows`, of which one window at a time is in memory; batches of
    rows of different lengths are then shuffled among `POOLS` pools. What comes next is given to ``ahead`` in a thread.
    """

    positions: Index
    batch_size: int
    seed: int
    shard: Shard
    steps_per_block: int
    lengths: Index | None = None
    epoch: int = 0
    chances: NDArray[np.float64] | None = None  # (n,) how often each position is drawn relative to the others
    queries: Index | None = None
    taken: int = 0  # steps of this epoch that were taken before the fit was resumed
    rows_per_block: int = 0  # of neighbouring rows that are read at once; 0 shuffles all rows
    ahead: Callable[[Tensor], None] | None = None  # reads rows ahead

    @property
    def sampler(self) -> TrainBatchSampler:
        """Itself: Lightning calls `set_epoch` on this attribute."""
        return self

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch, from 0; Lightning calls it before each epoch."""
        self.epoch = epoch

    @property
    def sizes(self) -> list[int]:
        """The number of examples, or of whole queries, in each batch of an epoch."""
        if self.queries is None:
            return batch_sizes(len(self.positions), self.batch_size)
        count = len(np.unique(self.queries[self.positions]))
        return batch_sizes(count, max(FEWEST_QUERIES, round(self.batch_size * count / len(self.positions))))

    @property
    def steps(self) -> int:
        """Number of optimizer steps per epoch."""
        return len(self.sizes)

    def sizes_of(self, positions: Tensor) -> list[int]:
        """Return the size of each batch in a block of this device, the last one of an epoch or another.

        Args:
            positions: (n,) of the block, as it was yielded.
        """
        if self.queries is None:
            return batch_sizes(len(positions), self.batch_size)
        numbers = self.queries[positions.cpu().numpy()]
        ends = np.append(np.flatnonzero(np.diff(numbers)) + 1, len(numbers))  # of each query
        last = np.cumsum(batch_sizes(len(ends), self.sizes[0])) - 1
        return [int(size) for size in np.diff(ends[last], prepend=0)]

    def __len__(self) -> int:
        return max(-(-self.steps // self.steps_per_block) - self.taken_blocks, 1)

    @property
    def taken_blocks(self) -> int:
        """Number of items whose steps were all taken before the fit was resumed."""
        whole = self.taken == self.steps
        return -(-self.steps // self.steps_per_block) if whole else self.taken // self.steps_per_block

    def __iter__(self) -> Iterator[tuple[Tensor, float]]:
        if self.queries is not None:
            yield from self._whole_queries(np.unique(self.queries[self.positions], return_inverse=True)[1].reshape(-1))
            return
        sizes = self.sizes
        blocks = [sum(sizes[k : k + self.steps_per_block]) for k in range(0, len(sizes), self.steps_per_block)]
        left = blocks[self.taken_blocks :]
        if not left:
            yield torch.empty(0, dtype=torch.int64), 0.0
        for block in _each_read_ahead(in_pieces(self._order(sum(blocks) - sum(left)), left), self.ahead):
            yield self._local_part(block)

    def _order(self, skipped: int) -> Iterator[Index]:
        """Yield the positions of the epoch in order, in pieces, without the first ones."""
        rng = np.random.default_rng([self.seed, self.epoch, 0xB0CE])
        for order in self._shuffled(0 if self.lengths is not None else skipped):
            if self.lengths is not None:
                order = bucket_by_length(order, self.lengths, self.batch_size, rng)
                order, skipped = order[skipped:], max(skipped - len(order), 0)
            yield order

    def _shuffled(self, skipped: int) -> Iterator[Index]:
        """Yield the positions of the epoch as they are shuffled; of rows of different lengths, whole pools."""
        drawn = self.positions
        if self.chances is not None:
            drawn = draw_epoch(self.seed, self.epoch, self.positions, self.chances)
        if not self.rows_per_block:
            order = epoch_permutation(self.seed, self.epoch, drawn) if self.chances is None else drawn
            yield order[skipped:]
            return
        ascending = drawn if self.chances is None else np.sort(drawn)
        windows = in_windows(self.seed, self.epoch, ascending, self.rows_per_block, skipped)
        if self.lengths is None:
            yield from windows
            return
        size, n = POOLS * POOL * self.batch_size, len(ascending)
        yield from in_pieces(windows, [min(size, n - first) for first in range(0, n, size)])

    def _whole_queries(self, queries: Index) -> Iterator[tuple[Tensor, float]]:
        """Yield blocks of shuffled queries.

        Args:
            queries: (n,) number of the query of each position, from 0.
        """
        counts, sizes = np.bincount(queries), self.sizes
        shuffled = epoch_permutation(self.seed, self.epoch, np.arange(len(counts)))
        place = np.empty(len(counts), np.int64)
        place[shuffled] = np.arange(len(counts))
        rows = np.argsort(place[queries], kind="stable")
        ends = np.cumsum(counts[shuffled])[np.cumsum(sizes) - 1]  # of each batch
        ends = np.append(ends[self.steps_per_block - 1 : -1 : self.steps_per_block], ends[-1])
        rank, world_size = self.shard.rank, self.shard.world_size
        left = np.split(rows, ends[:-1])[self.taken_blocks :]
        if not left:
            yield torch.empty(0, dtype=torch.int64), 0.0
        for block in left:
            if world_size == 1:
                yield torch.from_numpy(self.positions[block]), 1.0
                continue
            own = block[(place[queries[block]] - place[queries[block[0]]]) % world_size == rank]
            local = own if len(own) else block[queries[block] == queries[block[0]]]  # with weight 0
            count = len(np.unique(queries[block]))
            share = len(np.unique(queries[own])) * world_size / count
            yield torch.from_numpy(self.positions[local]), share

    def _local_part(self, positions: Index) -> tuple[Tensor, float]:
        block = torch.from_numpy(positions)
        local_positions = block[self.shard.rank :: self.shard.world_size]
        if len(local_positions) == 0:  # every device takes part in every step, this one with weight 0
            return block[:1], 0.0
        return local_positions, len(local_positions) * self.shard.world_size / len(block)


def _each_read_ahead(blocks: Iterable[Index], ahead: Callable[[Tensor], None] | None) -> Iterator[Index]:
    """Yield blocks of positions, each after the next one was asked for in a thread."""
    if ahead is None:
        yield from blocks
        return
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as reader:
        before: Index | None = None
        for block in blocks:
            reader.submit(ahead, torch.from_numpy(block))
            if before is not None:
                yield before
            before = block
        if before is not None:
            yield before


@dataclass(frozen=True)
class EvalBatchSampler:
    """Samples the evaluation batches of a subset; with several devices each position is on exactly one of them.

    Rows of different lengths (``lengths``, (N,)) are sorted by length. A batch holds ``eval_batch_size`` rows, fewer if
    they are very long.
    """

    positions: Index
    shard: Shard
    lengths: Index | None = None
    eval_batch_size: int = EVAL_BATCH

    @property
    def local_positions(self) -> Index:
        """The positions of this device."""
        local_positions = self.positions[self.shard.rank :: self.shard.world_size]
        return (
            local_positions
            if self.lengths is None
            else local_positions[np.argsort(self.lengths[local_positions], kind="stable")]
        )

    @property
    def sizes(self) -> list[int]:
        """The size of each batch."""
        local_positions = self.local_positions
        sizes: list[int] = []
        while (done := sum(sizes)) < len(local_positions):
            count = min(self.eval_batch_size, len(local_positions) - done)
            if self.lengths is not None:
                padded = np.arange(1, count + 1) * self.lengths[local_positions[done : done + count]]
                count = max(int(np.searchsorted(padded, WIDEST, "right")), 1)
            sizes.append(count)
        return sizes

    def __len__(self) -> int:
        return len(self.sizes)

    def __iter__(self) -> Iterator[Tensor]:
        yield from torch.from_numpy(self.local_positions).split(self.sizes)
