"""What an epoch has gathered before its end: sums, norms, a block that is not whole, and the random numbers to draw.

It is what the middle of an epoch needs to be continued, beside weights, optimizers, schedules and regularizers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from lightning.fabric.utilities import move_data_to_device
from torch import Tensor

from dl.training.batches import Shard
from dl.training.diagnostics import GradientNormMonitor
from dl.training.scoring import RunningMeans
from dl.training.state import Block, Saved, random_states, restore_random_states, seed_generators

ExampleScores = Callable[[Tensor, Tensor], Tensor]  # from logits and targets to the score of each example
PURPOSE = 0x9E6  # tells these random numbers from others of the same seed


class EpochState:
    """The sums, norms and random numbers of the epoch that a device is in.

    Args:
        running: Sums of losses and scores.
        gradients: Norms of gradients.
        shard: Of this device.
        device: Where tensors lie.
    """

    def __init__(
        self, running: RunningMeans, gradients: GradientNormMonitor, shard: Shard, device: torch.device
    ) -> None:
        self.running, self.gradients, self.shard, self.device = running, gradients, shard, device
        self.generator = torch.Generator(device)
        self.block = Block()
        self._random: Saved = {}  # states of the generators to restore in the first epoch

    def seed(self, seed: int, epoch: int) -> None:
        """Seed dropout, and what regularizers do not draw by example, by (seed, epoch, device).

        Each device then drops other units, and an epoch is the same whether or not the fit was resumed before it. One
        that is continued goes on with the generators as they were.
        """
        rng = np.random.default_rng([seed, epoch, self.shard.rank, PURPOSE])
        self.generator.manual_seed(int(rng.integers(1 << 63)))
        seed_generators(int(rng.integers(1 << 63)), self.device)
        if self._random:
            self.generator.set_state(self._random["generator"].cpu())
            restore_random_states(self._random["random"], self.device)
            self._random = {}

    def state_dict(self) -> Saved:
        """Return the state of this device."""
        return {
            "random": random_states(self.device),
            "generator": self.generator.get_state(),
            "running": self.running.sums,
            "gradients": self.gradients.seen,
            "block": self.block.state_dict(),
        }

    def restore(self, devices: list[Saved], done: int, scores: ExampleScores) -> None:
        """Restore the middle of an epoch; on another number of devices the sums alone, as those of the first device.

        Args:
            devices: The state of each device of then.
            done: Steps of the current block that were taken.
            scores: Of examples, by which steps of blocks are counted that are not gone on with.
        """
        same = len(devices) == self.shard.world_size
        states = devices[self.shard.rank :][:1] if same else devices
        for state in states:
            self.running.sums += move_data_to_device(list(state["running"]), self.device)
            self.gradients.seen += move_data_to_device(list(state["gradients"]), self.device)
        blocks = [Block.of(state["block"], self.device) for state in states]
        if same and blocks[0].done == done:
            self.block = blocks[0]
        else:
            self.block = Block(done)
            self._count_begun(blocks, scores)
        if same:
            self._random = {name: states[0][name] for name in ("random", "generator")}
        elif self.shard.rank:
            self.running.sums, self.gradients.seen = [torch.zeros_like(one) for one in self.running.sums], []

    def _count_begun(self, blocks: list[Block], scores: ExampleScores) -> None:
        """Count the steps of blocks that were begun elsewhere, and are not gone on with as they are."""
        for block in blocks:
            if block.losses:
                found = scores(torch.cat(block.logits), torch.cat(block.targets))
                self.running.add(torch.stack(block.losses), block.sizes, found)
