"""Lightning callbacks beside `RunWriter`: call loggers, show progress, stop early or on a signal.

`EarlyStopping` and `LoggerCallback` read the history from `RunWriter`; the callbacks share nothing else.
"""

import time
from collections.abc import Callable, Mapping

import lightning.pytorch as pl
from lightning.pytorch.callbacks import Callback

from dl.options import Value
from dl.runs import outcomes
from dl.runs.history import EpochRow
from dl.signals import StopFlag
from dl.training.module import FitModule, as_fit_module
from dl.training.once_writer import OnceWriter
from dl.training.progress import ProgressDisplay
from dl.training.ranks import Ranks, connect
from dl.training.regularizers import Regularizers
from dl.training.run_writer import RunWriter
from dl.training.state import Saved
from dl.training.trackers import Trackers

Judge = Callable[[list[EpochRow], list[outcomes.Scored]], str]  # from history and validation outcomes to a reason
CHECK_EVERY = 16  # most steps between two checks for a signal, and of losses, if one waits for devices


class EarlyStopping(Callback):
    """Stops the fit after an epoch if a regularizer ends it, or the judge of a study; the first device decides for all.

    Args:
        run_writer: With the history.
        regularizers: Of the fit.
        judge: Returns why a trial of a study ends; None outside of a study.
    """

    def __init__(self, run_writer: RunWriter, regularizers: Regularizers, judge: Judge | None = None) -> None:
        self.run_writer, self.regularizers, self.judge = run_writer, regularizers, judge
        self.why = ""

    def state_dict(self) -> Saved:
        """Return why the fit has ended; empty while it goes on."""
        return {"why": self.why}

    def load_state_dict(self, state: Saved) -> None:
        """Restore what `state_dict` returned."""
        self.why = state["why"]

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Train no further epoch of a fit that had ended."""
        trainer.should_stop = trainer.should_stop or bool(self.why)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Stop if a regularizer ends the fit; called after `RunWriter` has added the epoch's row."""
        rows, headline = self.run_writer.rows, self.run_writer.manifest.task.headline  # other devices keep no rows
        why = self.regularizers.ends(rows, headline) if trainer.is_global_zero else ""
        if not why and self.judge and isinstance(self.run_writer, OnceWriter):
            why = self.judge(rows, [epoch["val"] for epoch in self.run_writer.epochs])
        self.why = trainer.strategy.broadcast(why)
        trainer.should_stop = trainer.should_stop or bool(self.why)


class LoggerCallback(Callback):
    """Passes the options and the row of each epoch to the loggers, on the first device only."""

    def __init__(self, run_writer: RunWriter, trackers: Trackers, choices: Mapping[str, Value]) -> None:
        self.run_writer, self.trackers, self.choices = run_writer, trackers, choices

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log the options as hyperparameters."""
        self.trackers.choose(self.choices)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log the epoch's row, after `RunWriter` has added it."""
        if self.run_writer.rows:
            row = {name: value for name, value in self.run_writer.rows[-1].items() if value == value}
            step = int(row.pop("step"))
            self.trackers.log(row, step)


class ProgressCallback(Callback):
    """Updates the progress display."""

    def __init__(self, progress: ProgressDisplay) -> None:
        self.progress = progress

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Show a new epoch."""
        self.progress.training(trainer.current_epoch + 1, 0)

    def on_train_batch_end(self, trainer: pl.Trainer, *_: object) -> None:
        """Show the progress of the epoch."""
        module = as_fit_module(trainer.lightning_module)
        self.progress.training(
            trainer.current_epoch + 1, module.steps_done - trainer.current_epoch * module.sampler.steps
        )

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Show that the epoch is being scored."""
        self.progress.scoring(trainer.current_epoch + 1)


class SignalStop(Callback):
    """Stops the fit at a step boundary after a signal, on all devices together, or if a loss is not finite.

    Args:
        flag: Of this process.
        ranks: The processes of the fit; `ALONE` where Lightning connects them.
    """

    def __init__(self, flag: StopFlag, ranks: Ranks) -> None:
        self.flag, self.ranks = flag, ranks
        self.check_at, self.checked_at, self.agreed = 0, -1, False
        self.checked = time.monotonic()

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Replace the SIGTERM handler that Lightning has installed."""
        self.flag.take_over()
        self.ranks = self.ranks if self.ranks.world_size > 1 else connect()

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Check after the first step of each epoch."""
        self.check_at, self.checked_at = 0, -1
        self.checked = time.monotonic()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: object, batch: object, batch_idx: int
    ) -> None:
        """Stop after a signal; where Lightning takes the steps, check the losses as well, which a block has done."""
        module, before = as_fit_module(pl_module), self.checked_at
        trainer.should_stop = self.stops(module) or trainer.should_stop
        if module.automatic_optimization and self.checked_at != before:
            module.check_losses(lambda bad: bool(self.ranks.largest(bad)[0]))

    def stops(self, module: FitModule) -> bool:
        """Return whether a signal ends the fit after the newest step, on all devices, which all ask it alike."""
        if self.ranks.world_size == 1 and not module.automatic_optimization:
            return self.flag.received is not None
        step, is_last = module.steps_done, module.step_in_epoch == module.sampler.steps
        if step != self.checked_at and (step >= self.check_at or is_last):
            received, fewest = self.ranks.largest(self.flag.received or 0, -self._steps_until_check(step))
            self.check_at = step - fewest
            if received:
                self.flag.received, self.agreed = received, True
        return self.agreed

    def _steps_until_check(self, step: int) -> int:
        """Return after how many steps to check again: a second's, from one to `CHECK_EVERY`."""
        now = time.monotonic()
        seconds = (now - self.checked) / max(step - self.checked_at, 1) if self.checked_at >= 0 else now - self.checked
        self.checked, self.checked_at = now, step
        return max(1, min(CHECK_EVERY, int(1 / max(seconds, 1e-3))))
