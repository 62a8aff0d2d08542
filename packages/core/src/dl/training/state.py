"""The state of a fit between two steps: what is in it beside weights and optimizers, and when it is saved.

A fit that is continued from it takes the same steps on the same numbers.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from lightning.fabric.utilities import move_data_to_device
from torch import Tensor

from dl.runs.manifest import Manifest
from dl.training.checkpoint import has_states, keep_newest
from dl.words import many

if TYPE_CHECKING:
    from dl.training.module import FitModule

CHECKPOINTS, STATE = "checkpoints", "state.ckpt"  # the folder of the states of a run; the name that Lightning is given
AGREE_EVERY = 16  # steps between two times at which several devices agree whether to save
RARELY = 50  # times what a save takes until the next one: at most 2 % of the time
FIRST_COST = 0.02  # seconds that the first save is thought to take
LARGEST_KEPT = 32_000_000  # bytes of the state of a finished run that is kept
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


class StateKeeper:
    """Saves the state of a fit while it trains, and at its end.

    Args:
        folder: Of the run.
        save_every: Seconds between two saves in the middle of an epoch; 0 saves at every step.
        writer: Keeps the run; its files of the best epoch are set aside before an epoch that is not whole is scored.
    """

    def __init__(self, folder: Path, save_every: float, writer: SetsAside) -> None:
        self.path, self.save_every, self.writer = folder / CHECKPOINTS / STATE, save_every, writer
        self.saved_at, self.cost, self.saved_step = time.monotonic(), FIRST_COST, -1.0

    def begin(self, module: FitModule) -> None:
        """Start the clock, with the first step."""
        self.saved_at, self.saved_step = time.monotonic(), module.steps_done

    def after_step(self, module: FitModule) -> None:
        """Save after an optimizer step if it is due, or if the fit stops here; several devices agree on it."""
        trainer = module.trainer
        stops = trainer.should_stop or (not module.automatic_optimization and module.stop())
        if module.automatic_optimization and module.step_in_epoch == module.sampler.steps:
            return  # Lightning cannot validate without a step before it: the epoch is saved once it is scored
        due = stops or self._is_due(self.save_every)
        if trainer.world_size > 1 and not stops:
            if module.step_in_epoch % AGREE_EVERY:
                return
            due = bool(trainer.strategy.reduce_boolean_decision(due, all=False))
        if due:
            self.writer.sets_aside = stops and module.step_in_epoch < module.sampler.steps
            self.save(module)

    def after_epoch(self, module: FitModule) -> None:
        """Save after a whole epoch was kept, if that is due or the fit stops here."""
        trainer = module.trainer
        due = trainer.should_stop or self._is_due(0.0)
        if trainer.world_size > 1:
            due = bool(trainer.strategy.reduce_boolean_decision(due, all=False))
        if due and module.is_scored and module.step_in_epoch == 0:
            self.save(module)

    def at_end(self, module: FitModule) -> None:
        """Save the state of a fit whose last epoch is whole, if it is small, so that further epochs can be trained."""
        if module.step_in_epoch == 0 and module.steps_done and size_of(module) <= LARGEST_KEPT:
            self.save(module)

    def clear(self, module: FitModule) -> None:
        """Remove the states of a finished fit, but the last one if it is small or its epoch is not whole."""
        kept = module.step_in_epoch != 0 or size_of(module) <= LARGEST_KEPT
        keep_newest(self.path.parent, int(kept))

    def save(self, module: FitModule) -> None:
        """Save the state, unless it is saved already or its losses are no numbers."""
        place = module.steps_done + (0.5 if module.is_scored else 0.0)  # 0.5: its epoch is scored as well
        if place == self.saved_step or not self._all_finite(module):
            return
        started = time.monotonic()
        module.trainer.save_checkpoint(self.path, weights_only=False)
        self.saved_at = time.monotonic()
        self.cost, self.saved_step = self.saved_at - started, place

    def _all_finite(self, module: FitModule) -> bool:
        finite = module.losses_are_finite()
        if module.trainer.world_size > 1:
            finite = bool(module.trainer.strategy.reduce_boolean_decision(finite, all=True))
        return finite

    def _is_due(self, seconds: float) -> bool:
        since = time.monotonic() - self.saved_at
        return self.save_every == 0 or since >= max(seconds, RARELY * self.cost)


class SetsAside(Protocol):
    """Sets the files of the best epoch aside, as a part of its state."""

    sets_aside: bool


def size_of(module: FitModule) -> int:
    """Return about how many bytes the state of a fit has: weights, and the states of their optimizers."""
    tensors = [*module.state_dict().values()]
    tensors += [one for made in module.made for state in made.state.values() for one in state.values()]
    return sum(one.numel() * one.element_size() for one in tensors if isinstance(one, Tensor))


def place_in_words(module: FitModule, epochs: int) -> str:
    """Return where a fit stands: ``after step 70, in epoch 3 of 10``."""
    epoch, step = module.epoch_and_step
    where = f"in epoch {epoch + 1} of {epochs}" if step else f"with {many(epochs - epoch, 'epoch')} to go"
    return f"after step {module.steps_done:,}, {where}"


def parts_of_all(parts: Mapping[str, Stateful]) -> dict[str, Saved]:
    """Return the state of each part, by name."""
    return {name: part.state_dict() for name, part in parts.items()}
