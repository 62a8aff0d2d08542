"""Keep each head of several targets as a run of its own below the run, so that a report judges it like any other.

Such a folder has a manifest, a history and outcomes, with the epochs of the run and its best one; weights, recipe and
features are those of the run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from dl import files
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

    def write_epoch(self, module: FitModule, shared: EpochRow, *, is_best: bool) -> None:
        """Write what the newest epoch gave for this head."""
        task, folder = self.place.one.task, self.folder / "outcomes"
        scored, metrics = {}, dict[str, dict[str, float]]()
        for part in outcomes.PARTS:
            logits = torch.from_numpy(module.scored[part].logits[:, self.place.logits])
            encoded = self.place.encoded(module.encoded_targets(part))
            scored[part], metrics[part] = score(task, logits, encoded), task.metrics(logits, encoded)
        self.rows.append(self._row(scored, metrics, shared))
        outcomes.write_epoch(folder, len(self.rows), scored)
        write_history(self.folder / "history.csv", self.rows)
        if is_best:
            answers = task.answers(torch.from_numpy(scored["val"].logits))
            compact = None if answers is None else answers.numpy()
            outcomes.write_logits(folder, "best", scored["val"].logits, compact)

    def _row(
        self, scored: Mapping[str, outcomes.Scored], metrics: Mapping[str, Mapping[str, float]], shared: EpochRow
    ) -> EpochRow:
        targets = (self.splits.probe.targets, self.splits.val.targets)
        found = estimate_scores(self.place.one.task.info, scored["probe"], scored["val"], *targets, self.splits.groups)
        return {name: shared[name] for name in SHARED} | score_columns(scored, metrics, found)

    def write_manifest(self, whole: Manifest) -> None:
        """Write the manifest with the status of the run."""
        same = ("status", "seconds", "message", "signal", "epochs", "best_epoch")
        self.manifest = replace(self.manifest, **{name: getattr(whole, name) for name in same})
        files.write_text(self.folder / "run.json", self.manifest.to_json())


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
