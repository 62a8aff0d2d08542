"""The callbacks that write a short fit, one of several, once at its end: of a fold, of a trial, of the last weights."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from torch import Tensor

from dl.runs import outcomes
from dl.runs.history import write_history
from dl.runs.run import WEIGHTS
from dl.training.checkpoint import copy_weights, save_weights
from dl.training.devices import is_first_device
from dl.training.module import FitModule
from dl.training.run_writer import Files, RunWriter
from dl.training.state import Saved


class OnceWriter(RunWriter):
    """Keeps the epochs of a short fit, one of several, in memory, and writes its run once, at the end.

    Writing it epoch by epoch would take longer than the epochs. Where it takes longer than ``save_every=``, its state
    has the epochs so far, so that it goes on where it was cut off.
    """

    def __init__(self, *given: Any) -> None:  # Any: as RunWriter takes them
        super().__init__(*given)
        self.epochs: list[dict[str, outcomes.Scored]] = []
        self.best: dict[str, Tensor] = {}
        self.best_logits: np.ndarray | None = None
        self.best_answers: np.ndarray | None = None

    def state_dict(self) -> Saved:
        """Return what the rows and files to come depend on, and the epochs so far."""
        best = None if self.best_logits is None else torch.from_numpy(self.best_logits)
        answers = None if self.best_answers is None else torch.from_numpy(self.best_answers)
        mine = {
            "best_epoch": self.manifest.best_epoch,
            "epochs": [
                {part: list(map(torch.from_numpy, astuple(one))) for part, one in both.items()} for both in self.epochs
            ],
            "best": self.best,
            "best_logits": best,
            "best_answers": answers,
        }
        return super().state_dict() | mine

    def load_state_dict(self, state: Saved) -> None:
        """Restore what `state_dict` returned."""
        super().load_state_dict(state)
        self.manifest = self.manifest.with_status("running", epochs=len(self.rows), best_epoch=state["best_epoch"])
        self.epochs = [
            {part: outcomes.Scored(*(one.numpy() for one in arrays)) for part, arrays in both.items()}
            for both in state["epochs"]
        ]
        self.best = state["best"]
        self.best_logits, self.best_answers = as_array(state["best_logits"]), as_array(state["best_answers"])

    def _files_aside(self) -> Files:
        """Return none: no file is written before the end."""
        return {}

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Keep no state of a whole epoch."""

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Keep no features and sketches."""

    def keep_epoch(self, module: FitModule, *, is_best: bool) -> None:
        """Keep what the newest epoch gave, without its logits unless they are the best."""
        scored = module.subsets.scored
        self.epochs.append({part: replace(one, logits=one.logits[:, :0]) for part, one in scored.items()})
        if is_best:
            self.best = copy_weights(module.network)
            self.best_logits, self.best_answers = scored["val"].logits, module.val_answers()

    def keep_status(self) -> None:
        """Keep the status in memory, like the epochs."""

    @contextmanager
    def outliving(self) -> Iterator[None]:
        """Let a write that fails end the fit, which is short."""
        yield

    def write_unkept(self) -> None:
        """Write nothing: `end` has."""

    def end(self, status: str, message: str = "", signal: int = 0) -> None:
        """Write everything, the manifest last."""
        if self.epochs:
            folder = self.folder / "outcomes"
            outcomes.write_epochs(folder, self.epochs)
            if self.best_logits is not None:
                epoch = self.manifest.best_epoch
                outcomes.write_logits(folder, "best", self.best_logits, self.best_answers, epoch)
                save_weights(self.folder / WEIGHTS, self.best, f"{epoch:05d}")
            self.write_more(folder)
            write_history(self.folder / "history.csv", self.rows)
        super().end(status, message, signal)

    def write_more(self, folder: Path) -> None:
        """Write what a kind of fit keeps beside the usual files, into the folder of the outcomes."""


class FoldWriter(OnceWriter):
    """Writes the fit of a fold: logits of all epochs are kept, since the epoch is chosen for all fits together."""

    def __init__(self, *given: Any) -> None:  # Any: as RunWriter takes them
        super().__init__(*given)
        self.logits: list[np.ndarray] = []
        self.answers: list[np.ndarray | None] = []

    def keep_epoch(self, module: FitModule, *, is_best: bool) -> None:
        """Keep what the newest epoch gave."""
        super().keep_epoch(module, is_best=is_best)
        self.logits.append(module.subsets.scored["val"].logits)
        self.answers.append(module.val_answers())

    def state_dict(self) -> Saved:
        """Return what the rows and files to come depend on, the epochs so far, and their logits."""
        answers = [None if one is None else torch.from_numpy(one) for one in self.answers]
        return super().state_dict() | {"logits": list(map(torch.from_numpy, self.logits)), "answers": answers}

    def load_state_dict(self, state: Saved) -> None:
        """Restore what `state_dict` returned."""
        super().load_state_dict(state)
        self.logits = [one.numpy() for one in state["logits"]]
        self.answers = [as_array(one) for one in state["answers"]]

    def decide(self) -> None:
        """Choose no threshold: like the epoch, it is chosen for all folds together."""

    def write_more(self, folder: Path) -> None:
        """Write the logits of all epochs."""
        outcomes.write_all_logits(folder, self.logits, self.answers)


class TrialWriter(OnceWriter):
    """Writes one trial of a tuning, with features and sketches as of any fit, so that it has a full report."""

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write features and sketches for the report."""
        RunWriter.on_train_end(self, trainer, pl_module)


class LastWriter(OnceWriter):
    """Writes the weights after the last epoch, and nothing else."""

    def keep_epoch(self, module: FitModule, *, is_best: bool) -> None:
        """Keep the weights of the newest epoch."""
        self.best = copy_weights(module.network)

    def end(self, status: str, message: str = "", signal: int = 0) -> None:
        """Write the weights of a fit that was not cut off."""
        self.manifest = self.manifest.with_status(status, message=message, signal=signal)
        if status == "finished" and is_first_device():
            save_weights(self.folder / WEIGHTS, self.best)


def as_array(tensor: Tensor | None) -> np.ndarray | None:
    """Return a tensor of the CPU as an array; None as it is."""
    return None if tensor is None else tensor.numpy()
