"""The callback that writes the run folder of a fit, epoch by epoch: history, outcomes, best weights, manifest."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import lightning.pytorch as pl
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback
from numpy.typing import NDArray
from torch import Tensor

from dl import sealed
from dl.data.examples import Index, Subset
from dl.data.summary import summarize_inputs
from dl.domain import Preprocessor
from dl.errors import CannotWrite
from dl.groups import Groups
from dl.runs import outcomes
from dl.runs.commit import commit
from dl.runs.drift import write_columns
from dl.runs.estimates import ScoreEstimates, estimate_scores, score_columns
from dl.runs.history import EpochRow, best_epoch, write_history
from dl.runs.manifest import Manifest
from dl.runs.run import HEADS, WEIGHTS
from dl.runs.thresholds import choose_thresholds
from dl.terminal import plain
from dl.training.checkpoint import copy_weights, save_weights
from dl.training.devices import is_first_device
from dl.training.keeper import StateKeeper, place_in_words
from dl.training.module import FitModule, as_fit_module
from dl.training.progress import ProgressDisplay
from dl.training.sketches import MOST_EXAMPLES, hardest, project_splits, spread, write_sketches
from dl.training.state import Saved
from dl.words import many

AT_ONCE = 256  # examples that are encoded anew at once

Write = Callable[[], None]
Files = dict[str, Tensor]  # contents as (n,) uint8, by their names in a run folder
LOGITS = "outcomes/best.npz"  # of the best epoch


class HeadKeeper(Protocol):
    """Keeps the run of one head of several targets."""

    rows: list[EpochRow]

    def keep_epoch(self, module: FitModule, shared: EpochRow, *, is_best: bool) -> Write:
        """Score what the newest epoch gave for this head, and return what writes it."""


@dataclass(frozen=True)
class ScoredSubsets:
    """The subsets scored after each epoch, and the domain's function to shrink examples for the report.

    Args:
        subsets: ``val`` and ``probe``.
        sketch: Shrinks one stored input to a thumbnail or a text.
        groups: Of the examples of each subset; None where they are independent.
    """

    subsets: Mapping[str, Subset]
    sketch: Callable[[Any], Any]  # Any: stored inputs and sketches of the domain
    groups: Mapping[str, Groups | None] = field(default_factory=lambda: outcomes.NO_GROUPS)


class RunWriter(Callback):
    """Writes history, outcomes, best weights and a checkpoint after each epoch, on the first device only."""

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        scored: ScoredSubsets,
        monitor: str,
        progress: ProgressDisplay,
        threshold: str = "auto",
    ) -> None:
        self.folder, self.manifest, self.scored, self.monitor = folder, manifest, scored, monitor
        self.progress, self.threshold = progress, threshold
        self.targets = {name: subset.targets for name, subset in scored.subsets.items()}
        self.losses = {name: np.zeros(len(subset)) for name, subset in scored.subsets.items()}  # summed over epochs
        self.margins = {name: np.zeros(len(subset)) for name, subset in scored.subsets.items()}
        self.heads: Sequence[HeadKeeper] = ()  # of several targets
        self.gathered: dict[str, Tensor] = {}  # the newest weights, of a network whose weights are shared out
        self.rows: list[EpochRow] = []
        self.unkept: list[Write] = []  # of finished epochs, oldest first
        self.unkept_best: Write = _nothing
        self.trouble, self.troubled = "", False  # why the last write failed, and whether any has
        self.kept = 0  # epochs that are written
        self.started = self.epoch_started = time.monotonic()
        self.train_seconds = 0.0
        self.seconds_before = self.epoch_seconds_before = 0.0  # of a fit that is resumed, and of its epoch
        self.keeper: StateKeeper | None = None
        self.sets_aside = False  # whether the next state has the files of the best epoch
        self.aside: Files = {}  # of the best epoch, where one that was not whole may have replaced them

    def state_dict(self) -> Saved:
        """Return what the rows and files to come depend on."""
        now = time.monotonic()
        return {
            "rows": [_plain(row) for row in self.rows],
            "heads": [[_plain(row) for row in head.rows] for head in self.heads],
            "losses": {name: torch.from_numpy(values) for name, values in self.losses.items()},
            "margins": {name: torch.from_numpy(values) for name, values in self.margins.items()},
            "seconds": now - self.started,
            "epoch_seconds": now - self.epoch_started,
            "aside": self._files_aside(),
        }

    def load_state_dict(self, state: Saved) -> None:
        """Restore what `state_dict` returned."""
        self.rows = state["rows"]
        for head, rows in zip(self.heads, state["heads"], strict=True):
            head.rows = rows
        self.losses = {name: values.numpy() for name, values in state["losses"].items()}
        self.margins = {name: values.numpy() for name, values in state["margins"].items()}
        self.seconds_before, self.epoch_seconds_before = state["seconds"], state["epoch_seconds"]
        self.aside = state["aside"]

    def _files_aside(self) -> Files:
        """Return the files of the best epoch, if an epoch that is not whole may replace them."""
        best = best_epoch(self.rows, self.manifest.task.headline, self.monitor)
        if self.aside or self.unkept or not (self.sets_aside and best and best == self.manifest.best_epoch):
            return self.aside
        of_heads = [str(path.relative_to(self.folder)) for path in self.folder.glob(f"{HEADS}/*/{LOGITS}")]
        names = [WEIGHTS, LOGITS, *of_heads]
        return {name: as_tensor(sealed.read(self.folder / name)) for name in names}

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the clock."""
        self.started = time.monotonic() - self.seconds_before
        module = as_fit_module(pl_module)
        if module.steps_done and is_first_device():
            self.progress.resumed(len(self.rows), place_in_words(module, self.progress.epochs))
        if self.keeper:
            self.keeper.begin(module)

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the clock of the epoch's training."""
        resumed = as_fit_module(pl_module).sampler.taken > 0
        self.epoch_started = time.monotonic() - (self.epoch_seconds_before if resumed else 0.0)

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Stop the clock: scoring does not count as training time."""
        self.train_seconds = time.monotonic() - self.epoch_started

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write the scores and outcomes of the epoch."""
        module = as_fit_module(pl_module)
        self.gathered = module.weights() if module.is_sharded else {}  # all devices together
        if not trainer.is_global_zero:
            return
        probe, val = module.subsets.scored["probe"], module.subsets.scored["val"]
        targets, groups = self.targets, self.scored.groups
        scores = estimate_scores(self.manifest.task, probe, val, targets["probe"], targets["val"], groups)
        row = self._epoch_row(module, scores)
        self.rows.append(row)
        for part, scored in module.subsets.scored.items():
            self.losses[part] += scored.loss
            self.margins[part] += scored.margin
        best = best_epoch(self.rows, self.manifest.task.headline, self.monitor)
        if not self.aside and self.manifest.best_epoch == len(self.rows):  # made again: its weights are those on disk
            best = len(self.rows)
        is_best = best == len(self.rows)
        self.keep_epoch(module, is_best=is_best)
        self.unkept += [head.keep_epoch(module, row, is_best=is_best) for head in self.heads]
        if module.step_in_epoch == module.sampler.steps:
            self.aside = {}
        self.manifest = self.manifest.with_status("running", epochs=len(self.rows), best_epoch=best)
        self.keep_status()
        self.progress.epoch(row, scores)
        if len(self.rows) == 1 and (words := module.pay_back_in_words()):
            self.progress.console.print(plain(f"  - {words}"))

    def keep_epoch(self, module: FitModule, *, is_best: bool) -> None:
        """Keep what the newest epoch gave until it is written: outcomes, and the weights if they are the best."""
        folder, epoch, scored = self.folder / "outcomes", len(self.rows), module.subsets.scored
        self.unkept.append(lambda: outcomes.write_epoch(folder, epoch, scored))
        if is_best:
            weights = self.gathered or copy_weights(module.network)
            answers, logits = module.val_answers(), scored["val"].logits

            def write_best() -> None:
                save_weights(self.folder / WEIGHTS, weights, f"{epoch:05d}")
                outcomes.write_logits(folder, "best", logits, answers, epoch)

            self.unkept_best = write_best
        elif self.aside:
            aside, best = self.aside, self.manifest.best_epoch

            def write_aside() -> None:
                for name, content in aside.items():
                    sealed.write(self.folder / name, content.numpy().tobytes(), f"{best:05d}")

            self.unkept_best = write_aside

    def keep_status(self) -> None:
        """Write what is not written yet, and then that it is kept; on a disk that fails, go on with the fit."""
        with self.outliving():
            self.write_unkept()
            self.write_manifest("running")

    def write_unkept(self) -> None:
        """Write the epochs that are not written yet, oldest first, the best of them, and the history.

        Raises:
            CannotWrite: If one cannot be written; it and the later ones stay.
        """
        while self.unkept:
            self.unkept[0]()
            del self.unkept[0]
        self.unkept_best()
        self.unkept_best = _nothing
        write_history(self.folder / "history.csv", self.rows)

    def trouble_at_end(self) -> str:
        """Return what became of a fit whose disk failed, in words; empty if it never did."""
        if not self.trouble:
            return "the disk failed for a while; everything is kept now" if self.troubled else ""
        kept = f"{many(self.kept, 'epoch')} of {len(self.rows)} are kept"
        return f"{self.trouble}: {kept}, and nothing after them"

    @contextmanager
    def outliving(self) -> Iterator[None]:
        """Go on where the disk fails, and tell it once; what could not be written is tried again after the next epoch.

        Raises:
            CannotWrite: If the folder of the run is gone.
        """
        try:
            yield
            self.trouble = ""
        except CannotWrite as error:
            if not self.folder.is_dir():
                raise CannotWrite(f"{str(self.folder)!r} was removed while its fit ran; nothing is kept") from error
            if not self.troubled:
                self.progress.console.print(plain(f"  ! {error}; the fit goes on, and tries again", "bold red"))
            self.trouble, self.troubled = str(error), True

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Let the state be saved, to resume from."""
        module = as_fit_module(pl_module)
        if self.keeper:
            self.keeper.after_epoch(module)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write features of some examples, and sketches of the hardest, for the report."""
        if self.keeper:
            self.keeper.at_end(as_fit_module(pl_module))
        if not trainer.is_global_zero or not self.rows:
            return
        with self.outliving():
            self.write_features(as_fit_module(pl_module))

    def write_features(self, module: FitModule) -> None:
        """Write what the report shows of single examples."""
        subsets = self.scored.subsets
        rows = {name: hardest(self.losses[name], self.margins[name], one) for name, one in subsets.items()}
        remakes = self.manifest.task.gives_inputs and sealed.exists(self.folder / WEIGHTS) and not module.is_sharded
        remade = module.reconstruct(rows, self.folder / WEIGHTS) if remakes else {}
        write_sketches(self.folder / "outcomes", subsets, rows, self.scored.sketch, remade)
        features = {f"{name}_rows": spread(len(subset), MOST_EXAMPLES) for name, subset in subsets.items()}
        for name in subsets if not module.is_sharded else ():  # a pass needs the shares of all devices
            features |= module.features(name, features[f"{name}_rows"])
        train = Subset(subsets["probe"].examples, module.data.train)
        projected = project_splits(train, subsets["val"], self.scored.groups.get("train"))
        self._keep_columns(module, train, projected["train_rows"], projected["val_rows"])
        features |= projected
        outcomes.write_arrays(self.folder / "outcomes" / "features.npz", features)

    def _keep_columns(self, module: FitModule, train: Subset, train_rows: Index, val_rows: Index) -> None:
        """Keep columns of the training inputs, with which new data is compared."""
        val = self.scored.subsets["val"]
        unknown = _unknown_shares(module.preprocessor, Subset(val.examples, val.index[val_rows]))
        columns = summarize_inputs(train.examples.inputs, train.index[train_rows])
        write_columns(self.folder / "outcomes", columns, unknown)

    def end(self, status: str, message: str = "", signal: int = 0) -> None:
        """Write the final status and the thresholds to the manifest, on the first device only."""
        if is_first_device():
            with self.outliving():
                self.write_unkept()
                if status != "failed" and self.manifest.best_epoch:
                    self.decide()
                self.write_manifest(status, message, signal)

    def decide(self) -> None:
        """Choose the thresholds of the run on the kept outcomes of its best epoch."""
        if not self.manifest.task.has_thresholds:
            return
        logits = outcomes.read_logits(self.folder / "outcomes", "best")
        given = (self.manifest.task, self.threshold, logits, self.targets["val"], self.scored.groups["val"])
        task = replace(self.manifest.task, decision=choose_thresholds(*given))
        self.manifest = replace(self.manifest, task=task)

    def write_manifest(self, status: str, message: str = "", signal: int = 0) -> None:
        """Write `run.json`."""
        seconds = round(time.monotonic() - self.started, 3)
        self.manifest = self.manifest.with_status(status, seconds=seconds, message=message, signal=signal)
        self.manifest = commit(self.folder, self.manifest)
        self.kept = self.manifest.epochs

    def _epoch_row(self, module: FitModule, scores: ScoreEstimates) -> EpochRow:
        train_loss, train_score = module.train_means
        row = {
            "epoch": float(len(self.rows) + 1),
            "step": float(module.steps_done),
            "seconds": time.monotonic() - self.started,
            "train_seconds": self.train_seconds,
            "lr": float(module.made[0].param_groups[0]["lr"]),
            "train_loss": train_loss,
            "train_score": train_score,
        }
        return (
            row
            | score_columns(module.subsets.scored, module.subsets.metrics, scores)
            | module.gradients.row()
            | module.units.row()
            | module.linear_share
            | module.head_weights()
        )


def _nothing() -> None:
    """Write nothing."""


def as_tensor(content: bytes) -> Tensor:
    """Return bytes as (n,) uint8."""
    return torch.frombuffer(bytearray(content), dtype=torch.uint8)


def _plain(row: EpochRow) -> EpochRow:
    """Return a row whose numbers are Python's, as a state may hold no others."""
    return {name: float(value) for name, value in row.items()}


def _unknown_shares(preprocessor: Preprocessor, subset: Subset) -> NDArray[np.float64] | None:
    """Return the share of each input that is unknown, (n,), made a few inputs at a time; None where nothing can be."""
    found = [preprocessor.unknown_share(preprocessor.encode(chunk)) for chunk in subset.chunks(AT_ONCE)]
    shares = [one for one in found if one is not None]
    return np.concatenate(shares) if len(shares) == len(found) > 0 else None
