"""The state of a fit between two steps: what is in it beside weights and optimizers.

A fit that is continued from it takes the same steps on the same numbers.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from lightning.fabric.utilities import move_data_to_device
from torch import Tensor

from dl.runs.manifest import Manifest
from dl.runs.states import CHECKPOINTS
from dl.training.checkpoint import has_states

STATE = "state.ckpt"  # the name that Lightning is given
Saved = dict[str, Any]  # Any: numbers, words and tensors, and lists and mappings of them, as `torch.save` takes them
CPU = torch.device("cpu")


class Stateful(Protocol):
    """Has a state beside that of the network."""

    def state_dict(self) -> Saved:
        """Return the state."""

    def load_state_dict(self, state: Saved) -> None:
        """Restore the state."""


@dataclass
class Block:
    """What the steps of a block of optimizer steps gave so far.

    Args:
        skipped: Steps at its start of which nothing is known but that they were taken.
        losses: () of each further step.
        logits: (B, K) of each.
        targets: (B, ...) of each.
    """

    skipped: int = 0
    losses: list[Tensor] = field(default_factory=list)
    logits: list[Tensor] = field(default_factory=list)
    targets: list[Tensor] = field(default_factory=list)

    @property
    def done(self) -> int:
        """Number of steps that were taken."""
        return self.skipped + len(self.losses)

    @property
    def sizes(self) -> list[int]:
        """Number of examples of each further step."""
        return [len(one) for one in self.targets]

    def add(self, loss: Tensor, logits: Tensor, targets: Tensor) -> None:
        """Add a step."""
        self.losses.append(loss)
        self.logits.append(logits)
        self.targets.append(targets)

    def state_dict(self) -> Saved:
        """Return the state."""
        return {"skipped": self.skipped, "losses": self.losses, "logits": self.logits, "targets": self.targets}

    @classmethod
    def of(cls, state: Saved, device: torch.device) -> Block:
        """Return the block of a state, on the device."""
        lists = {name: move_data_to_device(list(state[name]), device) for name in ("losses", "logits", "targets")}
        return cls(int(state["skipped"]), **lists)


def seed_generators(seed: int, device: torch.device) -> None:
    """Seed the generators of torch, numpy and Python, of which layers and training steps draw."""
    if device.type == "cpu":  # to seed devices that nobody uses takes longer than a step
        torch.default_generator.manual_seed(seed)
    else:
        torch.manual_seed(seed)
    np.random.seed(seed % (1 << 32))
    random.seed(seed)


def random_states(device: torch.device) -> Saved:
    """Return the states of these generators."""
    name, keys, *rest = np.random.get_state(legacy=True)
    found = {"cpu": torch.get_rng_state(), "numpy": [str(name), torch.from_numpy(np.asarray(keys, np.int64)), *rest]}
    found["python"] = random.getstate()
    if device.type != "cpu":
        found["device"] = torch.get_device_module(device).get_rng_state(device)
    return found


def restore_random_states(state: Saved, device: torch.device) -> None:
    """Restore what `random_states` returned."""
    torch.set_rng_state(state["cpu"].cpu())
    name, keys, *rest = state["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))
    version, inner, gauss = state["python"]
    random.setstate((version, tuple(inner), gauss))
    if device.type != "cpu" and "device" in state:
        torch.get_device_module(device).set_rng_state(state["device"].cpu(), device)


def of_all_devices(state: Saved, world_size: int) -> list[Saved]:
    """Return the states of all devices, in their order; every device calls it."""
    own = move_data_to_device(state, CPU)
    if world_size == 1:
        return [own]
    gathered: list[Any] = [None] * world_size  # Any: filled by torch
    torch.distributed.all_gather_object(gathered, own)
    return gathered


@dataclass(frozen=True)
class Resumed:
    """A run that is continued.

    Args:
        folder: Of the run.
        manifest: As it is when the fit goes on.
        raised: Whether the fit has more epochs than when its state was saved.
        accepts: Whether another number of devices is accepted.
    """

    folder: Path
    manifest: Manifest
    raised: bool = False
    accepts: bool = False

    @property
    def state(self) -> str | None:
        """The place of its states, for Lightning; None if none was saved, and the fit begins anew."""
        folder = self.folder / CHECKPOINTS
        return str(folder / STATE) if has_states(folder) else None


def parts_of_all(parts: Mapping[str, Stateful]) -> dict[str, Saved]:
    """Return the state of each part, by name."""
    return {name: part.state_dict() for name, part in parts.items()}
