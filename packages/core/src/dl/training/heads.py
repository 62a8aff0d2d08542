"""Keep each head of several targets as a run of its own below the run, so that a report judges it like any other.

Such a folder has a manifest, a history and outcomes, which `run.json` of the run lists with its own files. Status,
epochs, the best of them, weights, recipe and features are those of the run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from dl import files, sealed
from dl.runs import outcomes
from dl.runs.estimates import estimate_scores, score_columns
from dl.runs.history import EpochRow, write_history
from dl.runs.manifest import Manifest
from dl.runs.run import HEADS
from dl.splits.partition import DataSplits
from dl.tasks.several import Place, each_alone, places_of
from dl.tasks.task import HeadTask
from dl.training.module import FitModule
from dl.training.scoring import score
from dl.training.setup import FitSetup

SHARED = ("epoch", "step", "seconds", "train_seconds", "lr")  # columns of the history that all heads share


@dataclass
class HeadWriter:
    """Writes the run of one head.

    Args:
        folder: Of the run of the head.
        manifest: Of it.
        place: Of the head among all.
        splits: With the target of this head alone.
        rows: Of its history so far.
    """

    folder: Path
    manifest: Manifest
    place: Place
    splits: DataSplits
    rows: list[EpochRow] = field(default_factory=list)

    def begin(self) -> None:
        """Write what is known before the first epoch."""
        files.make_folder(self.folder / "outcomes")
        subsets = {"val": self.splits.val, "probe": self.splits.probe}
        outcomes.write_examples(self.folder / "outcomes", subsets, self.splits.leaked, self.splits.groups)
        sealed.write(self.folder / sealed.RUN, self.manifest.to_json().encode())

    def keep_epoch(self, module: FitModule, shared: EpochRow, *, is_best: bool) -> Callable[[], None]:
        """Score what the newest epoch gave for this head, and return what writes it."""
        task, folder = self.place.one.task, self.folder / "outcomes"
        scored, metrics = {}, dict[str, dict[str, float]]()
        for part in outcomes.PARTS:
            logits = torch.from_numpy(module.subsets.scored[part].logits[:, self.place.logits])
            encoded = self.place.encoded(module.data.targets(part).cpu())
            scored[part], metrics[part] = score(task, logits, encoded), task.metrics(logits, encoded)
        self.rows.append(self._row(scored, metrics, shared))
        rows, epoch = list(self.rows), len(self.rows)

        def write() -> None:
            outcomes.write_epoch(folder, epoch, scored)
            write_history(self.folder / "history.csv", rows)
            if is_best:
                answers = task.answers(torch.from_numpy(scored["val"].logits))
                compact = None if answers is None else answers.numpy()
                outcomes.write_logits(folder, "best", scored["val"].logits, compact, epoch)

        return write

    def _row(
        self, scored: Mapping[str, outcomes.Scored], metrics: Mapping[str, Mapping[str, float]], shared: EpochRow
    ) -> EpochRow:
        targets = (self.splits.probe.targets, self.splits.val.targets)
        found = estimate_scores(self.place.one.task.info, scored["probe"], scored["val"], *targets, self.splits.groups)
        return {name: shared[name] for name in SHARED} | score_columns(scored, metrics, found)


def head_writers(folder: Path, setup: FitSetup) -> list[HeadWriter]:
    """Return a writer for each head of a fit; none for a single target."""
    found = []
    heads = setup.task.row.heads
    for number, (place, splits) in enumerate(zip(places_of(heads), head_splits(heads, setup.splits), strict=True)):
        task = place.one.task
        baselines = task.row.baselines(task, splits.train, splits.val, setup.preprocessor)
        name = f"{folder.name}/{place.one.head.name}"
        manifest = replace(setup.manifest(name), task=task.info, baselines=baselines)
        found.append(HeadWriter(folder / HEADS / f"{number:02d}", manifest, place, splits))
    return found


def head_splits(heads: Sequence[HeadTask], splits: DataSplits) -> list[DataSplits]:
    """Return the splits of a fit with the target of each head alone."""
    alone = each_alone(heads, splits.train, splits.val, splits.probe)
    return [replace(splits, train=train, val=val, probe=probe) for _, (train, val, probe) in alone]
