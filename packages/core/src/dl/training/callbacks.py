"""What happens beside the training loop: keeping the run folder, showing progress, stopping when asked.

Callbacks of Lightning: what ends the fit, or tells others of it, asks the one that keeps; none knows more than that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import Logger

from dl import files
from dl.data.examples import Subset
from dl.options import Value
from dl.plugins.registry import Plugins
from dl.plugins.states import describe_error, warn_of_plugins
from dl.runs import outcomes
from dl.runs.estimates import ScoreEstimates, estimate_scores
from dl.runs.history import EpochRow, write_history
from dl.runs.manifest import Manifest
from dl.signals import StopFlag, StoppedAtOnce
from dl.training.checkpoint import save_weights
from dl.training.devices import is_first_device
from dl.training.module import FitModule
from dl.training.progress import ProgressDisplay
from dl.training.regularizers import Regularizers
from dl.training.sketches import MOST_EXAMPLES, hardest, spread, write_sketches

CHECK_EVERY = 16  # steps between two looks at losses and signals, where a step of Lightning is one step


@dataclass(frozen=True)
class ScoredParts:
    """The parts that are scored after each epoch, and how their examples are made small enough to show.

    Args:
        parts: ``val`` and ``probe``.
        sketch: From one stored input to a small picture or a text.
    """

    parts: Mapping[str, Subset]
    sketch: Callable[[Any], Any]  # Any: as the domain stores and shows inputs


class RunWriter(Callback):
    """Keeps history, outcomes, best weights and a checkpoint after each epoch; only the first device writes."""

    def __init__(
        self, folder: Path, manifest: Manifest, scored: ScoredParts, monitor: str, screen: ProgressDisplay
    ) -> None:
        self.folder, self.manifest, self.scored, self.monitor = folder, manifest, scored, monitor
        self.screen = screen
        self.targets = {name: part.targets for name, part in scored.parts.items()}
        self.losses = {name: np.zeros(len(part)) for name, part in scored.parts.items()}  # summed over epochs
        self.margins = {name: np.zeros(len(part)) for name, part in scored.parts.items()}
        self.rows: list[EpochRow] = []
        self.started = self.epoch_started = time.monotonic()
        self.train_seconds = 0.0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save the state before the first step, so that there is always a good one."""
        self.started = time.monotonic()
        self._save_state(trainer)

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the clock of the epoch's training."""
        self.epoch_started = time.monotonic()

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Stop the clock: scoring is counted apart."""
        self.train_seconds = time.monotonic() - self.epoch_started

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Keep what the epoch gave."""
        module = _ours(pl_module)
        if not trainer.is_global_zero:
            return
        scores = estimate_scores(
            self.manifest.task, module.scored["probe"], module.scored["val"], self.targets["probe"], self.targets["val"]
        )
        row = self._row(module, scores)
        self.rows.append(row)
        for part, scored in module.scored.items():
            self.losses[part] += scored.loss
            self.margins[part] += scored.margin
        outcomes.write_epoch(self.folder / "outcomes", len(self.rows), module.scored)
        write_history(self.folder / "history.csv", self.rows)
        if self._is_best():
            save_weights(self.folder / "best.safetensors", module.network)
            outcomes.write_logits(self.folder / "outcomes", "best", module.scored["val"].logits, module.val_answers())
            self.manifest = self.manifest.with_status("running", best_epoch=len(self.rows))
        self.manifest = self.manifest.with_status("running", epochs=len(self.rows))
        self.write_manifest("running")
        self.screen.epoch(row, scores)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save all that going on later needs."""
        self._save_state(trainer)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Keep features of some examples, and sketches of the hardest, for the report."""
        if not trainer.is_global_zero or not self.rows:
            return
        module = _ours(pl_module)
        rows = {name: hardest(self.losses[name], self.margins[name]) for name in self.scored.parts}
        write_sketches(self.folder / "outcomes", self.scored.parts, rows, self.scored.sketch)
        features = {f"{name}_rows": spread(len(part), MOST_EXAMPLES) for name, part in self.scored.parts.items()}
        for name in self.scored.parts:
            features |= module.features(name, features[f"{name}_rows"])
        outcomes.write_arrays(self.folder / "outcomes" / "features.npz", features)

    def end(self, status: str, message: str = "", signal: int = 0) -> None:
        """Say in the manifest how the fit ended; only the first device writes."""
        if is_first_device():
            self.write_manifest(status, message, signal)

    def write_manifest(self, status: str, message: str = "", signal: int = 0) -> None:
        """Write `run.json`."""
        seconds = round(time.monotonic() - self.started, 3)
        self.manifest = self.manifest.with_status(status, seconds=seconds, message=message, signal=signal)
        files.write_text(self.folder / "run.json", self.manifest.to_json())

    def _save_state(self, trainer: pl.Trainer) -> None:
        trainer.save_checkpoint(self.folder / "checkpoints" / "state.ckpt")

    def _row(self, module: FitModule, scores: ScoreEstimates) -> EpochRow:
        train_loss, train_score = module.train_means
        row = {
            "epoch": float(len(self.rows) + 1),
            "step": float(module.steps_done),
            "seconds": time.monotonic() - self.started,
            "train_seconds": self.train_seconds,
            "lr": float(module.optimizer.param_groups[0]["lr"]),
            "train_loss": train_loss,
            "train_score": train_score,
        }
        for part in outcomes.PARTS:
            row[f"{part}_loss"] = float(module.scored[part].loss.mean(dtype=np.float64))
            row |= {f"{part}_{name}": value for name, value in module.metrics[part].items()}
        for name, estimate in (("probe", scores.probe), ("val", scores.val), ("gap", scores.gap)):
            row |= {f"{name}_low": estimate.low, f"{name}_high": estimate.high}
        return row | {"gap": scores.gap.value} | module.gradients.row() | module.units.row()

    def _is_best(self) -> bool:
        """Whether the newest epoch is the best one yet: by the headline, ties broken by the loss; or by the loss."""
        headline = self.manifest.task.headline
        sign = 1.0 if headline.higher else -1.0

        def merit(row: Mapping[str, float]) -> tuple[float, float]:
            metric = sign * row[f"val_{headline.name}"] if self.monitor == "metric" else 0.0
            return (metric, -row["val_loss"])

        newest = merit(self.rows[-1])
        if any(value != value for value in newest):
            return False
        best = self.manifest.best_epoch
        return best == 0 or newest > merit(self.rows[best - 1])


class EarlyStopping(Callback):
    """Ends the fit after an epoch when a regularizer says so; the first device decides for all."""

    def __init__(self, keeper: RunWriter, regularizers: Regularizers) -> None:
        self.keeper, self.regularizers = keeper, regularizers
        self.why = ""

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Ask, once the keeper has added the epoch's row."""
        rows, headline = self.keeper.rows, self.keeper.manifest.task.headline  # other devices keep no rows
        why = self.regularizers.ends(rows, headline) if trainer.is_global_zero else ""
        self.why = trainer.strategy.broadcast(why)
        trainer.should_stop = trainer.should_stop or bool(self.why)


class LoggerCallback(Callback):
    """Tells loggers each epoch's numbers. One that fails is said once and told no more; the fit goes on without it."""

    def __init__(
        self, keeper: RunWriter, loggers: Mapping[str, Logger], choices: Mapping[str, Value], plugins: Plugins
    ) -> None:
        self.keeper, self.loggers, self.choices, self.plugins = keeper, dict(loggers), choices, plugins

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Tell what was chosen."""
        self._tell(lambda logger: logger.log_hyperparams(dict(self.choices)))

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Tell the epoch's row, once the keeper has added it."""
        if self.keeper.rows:
            row = {name: value for name, value in self.keeper.rows[-1].items() if value == value}
            step = int(row.pop("step"))
            self._tell(lambda logger: logger.log_metrics(row, step=step))

    def end(self, status: str) -> None:
        """Tell that the fit has ended."""
        self._tell(lambda logger: logger.finalize("success" if status == "finished" else status))

    def _tell(self, tell: Callable[[Logger], None]) -> None:
        if not is_first_device():
            return
        for name, logger in list(self.loggers.items()):
            try:
                tell(logger)
            except (KeyboardInterrupt, StoppedAtOnce):
                raise
            except BaseException as error:
                del self.loggers[name]
                message = f"the logger {name!r} failed and is told no more: {describe_error(error)}"
                warn_of_plugins(self.plugins.line("loggers", name, message))


class ProgressCallback(Callback):
    """Moves the bar of the screen."""

    def __init__(self, screen: ProgressDisplay) -> None:
        self.screen = screen

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Show a new epoch."""
        self.screen.training(trainer.current_epoch + 1, 0)

    def on_train_batch_end(self, trainer: pl.Trainer, *_: object) -> None:
        """Show how far the epoch is."""
        module = _ours(trainer.lightning_module)
        self.screen.training(trainer.current_epoch + 1, module.steps_done - trainer.current_epoch * module.order.steps)

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Show that the parts are being scored."""
        self.screen.scoring(trainer.current_epoch + 1)


class SignalStop(Callback):
    """Ends the fit at a step boundary when a signal came, on all devices together, or when a loss is not a number."""

    def __init__(self, flag: StopFlag) -> None:
        self.flag = flag

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Take SIGTERM from Lightning, which has set its own handler by now."""
        self.flag.take_over()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: object, batch: object, batch_idx: int
    ) -> None:
        """Look for a signal, and with several devices at the losses; all devices look at the same steps."""
        if not pl_module.automatic_optimization:  # one device, whose block of steps has looked at its losses
            trainer.should_stop = trainer.should_stop or self.flag.received is not None
            return
        if batch_idx % CHECK_EVERY and not trainer.is_last_batch:
            return

        def anywhere(here: bool) -> bool:
            return bool(trainer.strategy.reduce_boolean_decision(here, all=False))

        if anywhere(self.flag.received is not None):
            trainer.should_stop = True
        _ours(pl_module).check_losses(anywhere)


def _ours(module: pl.LightningModule) -> FitModule:
    assert isinstance(module, FitModule)
    return module
