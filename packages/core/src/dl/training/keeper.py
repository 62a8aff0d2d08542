"""When the state of a fit is saved, and which states stay."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import lightning.pytorch as pl
from torch import Tensor

from dl import files
from dl.errors import CannotWrite
from dl.runs.states import CHECKPOINTS
from dl.training.checkpoint import keep_newest
from dl.training.module import FitModule
from dl.training.state import STATE
from dl.words import many

AGREE_EVERY = 16  # steps between two times at which several devices agree whether to save
RARELY = 50  # times what a save takes until the next one: at most 2 % of the time
FIRST_COST = 0.02  # seconds that the first save is thought to take
LARGEST_KEPT = 32_000_000  # bytes of the state of a finished run that is kept


class StateKeeper:
    """Saves the state of a fit while it trains, and at its end.

    Args:
        folder: Of the run.
        save_every: Seconds between two saves in the middle of an epoch; 0 saves at every step.
        writer: Keeps the run; its files of the best epoch are set aside before an epoch that is not whole is scored.
        once: Whether the run is written once, at its end: a state is then saved in the middle of it alone.
    """

    def __init__(self, folder: Path, save_every: float, writer: SetsAside, *, once: bool = False) -> None:
        self.path, self.save_every, self.writer = folder / CHECKPOINTS / STATE, save_every, writer
        self.once = once
        self.saved_at, self.cost, self.saved_step = time.monotonic(), FIRST_COST, -1.0

    def begin(self, module: FitModule) -> None:
        """Start the clock, with the first step."""
        self.saved_at, self.saved_step = time.monotonic(), module.steps_done

    def after_step(self, module: FitModule) -> None:
        """Save after an optimizer step if it is due, or if the fit stops here; several devices agree on it."""
        trainer = module.trainer
        stops = trainer.should_stop or (not module.automatic_optimization and module.stops())
        if module.automatic_optimization and module.step_in_epoch == module.sampler.steps:
            return  # Lightning cannot validate without a step before it: the epoch is saved once it is scored
        due = stops or self._is_due(self.save_every)
        if trainer.world_size > 1 and not stops and self.save_every:
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
        if not self.once and module.step_in_epoch == 0 and module.steps_done and size_of(module) <= LARGEST_KEPT:
            self.save(module)

    def clear(self, module: FitModule) -> None:
        """Remove the states of a finished fit, but the last one if it is small or its epoch is not whole."""
        if self.once:
            files.remove_folder(self.path.parent)
            return
        kept = module.step_in_epoch != 0 or size_of(module) <= LARGEST_KEPT
        keep_newest(self.path.parent, int(kept))

    def save(self, module: FitModule) -> None:
        """Save the state, unless it is saved already or its losses are no numbers."""
        place = module.steps_done + (0.5 if module.is_scored else 0.0)  # 0.5: its epoch is scored as well
        if place == self.saved_step or not self._all_finite(module):
            return
        started = time.monotonic()
        error = self._write(module.trainer)
        self.saved_at = time.monotonic()
        self.cost = self.saved_at - started
        if _on_all(module.trainer, error is None):
            self.saved_step = place  # else it is tried again
        if self.once:
            return  # what cannot be written at the end is told there
        with self.writer.outliving():
            if error is not None:
                raise error

    def _write(self, trainer: pl.Trainer) -> CannotWrite | None:
        """Write the state; return why it cannot be written, on the first device, which alone writes."""
        try:
            trainer.save_checkpoint(self.path, weights_only=False)
        except CannotWrite as error:
            trainer.strategy.barrier("Trainer.save_checkpoint")  # the others wait there
            return error
        return None

    def _all_finite(self, module: FitModule) -> bool:
        return _on_all(module.trainer, module.losses_are_finite())

    def _is_due(self, seconds: float) -> bool:
        since = time.monotonic() - self.saved_at
        return self.save_every == 0 or since >= max(seconds, RARELY * self.cost)


def _on_all(trainer: pl.Trainer, flag: bool) -> bool:
    """Return whether a flag is set on all devices."""
    return flag if trainer.world_size == 1 else bool(trainer.strategy.reduce_boolean_decision(flag, all=True))


class SetsAside(Protocol):
    """Sets the files of the best epoch aside, as a part of its state."""

    sets_aside: bool

    def outliving(self) -> AbstractContextManager[None]:
        """Go on where the disk fails."""


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
