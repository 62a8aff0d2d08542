"""Fit a learner of scikit-learn in place of a network, and write the run: one epoch, after which it is scored."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from dl.data.projection import project_inputs
from dl.errors import CannotWrite, DLError, TrainingFailed
from dl.learners.fitted import FittedLearner, fit_learner
from dl.learners.store import save_learner
from dl.plugins.states import describe_error
from dl.runs import outcomes
from dl.runs.commit import commit
from dl.runs.estimates import estimate_scores
from dl.runs.history import EpochRow, write_history
from dl.runs.manifest import Manifest, TaskInfo
from dl.runs.run import LEARNER, Run
from dl.runs.thresholds import choose_thresholds
from dl.signals import SecondSignal, signal_of
from dl.training.scoring import score
from dl.training.setup import FitSetup
from dl.training.sketches import MOST_EXAMPLES, hardest, spread, write_sketches


@dataclass
class _Clock:
    """Since when a fit runs, and how long the learner took to fit."""

    started: float
    fitted: float = 0.0


def learn(setup: FitSetup, folder: Path, name: str = "", *, of_fold: bool = False, alone: bool = False) -> Run:
    """Fit the learner of a set-up, score it, and write the run.

    Args:
        setup: With a learner.
        folder: Of the run.
        name: Of the run; empty for that of its folder.
        of_fold: Whether logits are kept for pooling.
        alone: Whether the fitted learner alone is written.

    Raises:
        TrainingFailed: If the learner fails.
    """
    clock, manifest = _Clock(time.monotonic()), setup.manifest(name or folder.name)

    def end(status: str, **changes: Any) -> None:  # Any: fields of a manifest
        seconds = round(time.monotonic() - clock.started, 3)
        written = manifest.with_status(status, seconds=seconds, **changes)
        if not alone:
            commit(folder, written)

    try:
        fitted = _fit(setup)
        clock.fitted = time.monotonic()
        task = manifest.task if alone else _write(setup, folder, fitted, clock, manifest, of_fold=of_fold)
        save_learner(folder / LEARNER, fitted)
        end("finished", epochs=1, best_epoch=1, task=task)
    except (KeyboardInterrupt, SecondSignal) as error:
        why = "stopped by a signal before the learner was fitted"
        end("interrupted", message=why, signal=signal_of(error))
    except BaseException as error:
        with suppress(CannotWrite):  # the error of the fit matters more
            end("failed", message=str(error) if isinstance(error, DLError) else describe_error(error))
        raise
    return Run(folder, setup.at_hand or None)


def _fit(setup: FitSetup) -> FittedLearner:
    """Fit the learner.

    Raises:
        TrainingFailed: For every error of scikit-learn.
    """
    assert setup.learner is not None
    try:
        return fit_learner(setup.learner, setup.task, setup.splits.train)
    except DLError:
        raise
    except Exception as error:
        raise TrainingFailed(f"the model {setup.recipe.model!r} cannot be fitted: {describe_error(error)}") from error


def _write(
    setup: FitSetup, folder: Path, fitted: FittedLearner, clock: _Clock, manifest: Manifest, *, of_fold: bool
) -> TaskInfo:
    """Write outcomes, history, and what the report shows of single examples; return the task with its thresholds."""
    task, subsets = setup.task, {"val": setup.splits.val, "probe": setup.splits.probe}
    logits = {name: fitted.logits(task, subset) for name, subset in subsets.items()}
    targets = {name: task.encode(subset.targets) for name, subset in subsets.items()}
    scored = {name: score(task, logits[name], targets[name]) for name in subsets}
    outcomes.write_epoch(folder / "outcomes", 1, scored)
    found = task.answers(logits["val"])
    answers = None if found is None else (found.float() if found.is_floating_point() else found.int()).numpy()
    outcomes.write_logits(folder / "outcomes", "best", scored["val"].logits, answers)
    if of_fold:
        outcomes.write_all_logits(folder / "outcomes", [scored["val"].logits], [answers])
    metrics = {name: task.metrics(logits[name], targets[name]) for name in subsets}
    write_history(folder / "history.csv", [_row(setup, scored, metrics, clock, manifest)])
    rows = {
        name: hardest(one.loss.astype(np.float64), one.margin.astype(np.float64), subsets[name])
        for name, one in scored.items()
    }
    write_sketches(folder / "outcomes", subsets, rows, setup.sketch)
    _write_inputs(setup, folder)
    if of_fold or not task.info.has_thresholds:
        return task.info
    asked, groups = str(setup.recipe.train["threshold"]), setup.splits.groups["val"]
    given = (scored["val"].logits, setup.splits.val.targets, groups)
    return replace(task.info, decision=choose_thresholds(task.info, asked, *given))


def _row(
    setup: FitSetup,
    scored: dict[str, outcomes.Scored],
    metrics: dict[str, dict[str, float]],
    clock: _Clock,
    manifest: Manifest,
) -> EpochRow:
    """Return the only row of the history; while it is fitted, a learner has no loss of its own."""
    targets = (setup.splits.probe.targets, setup.splits.val.targets)
    scores = estimate_scores(manifest.task, scored["probe"], scored["val"], *targets, setup.splits.groups)
    row: EpochRow = {
        "epoch": 1.0,
        "step": 1.0,
        "seconds": time.monotonic() - clock.started,
        "train_seconds": clock.fitted - clock.started,
    }
    for part in outcomes.PARTS:
        row[f"{part}_loss"] = float(scored[part].loss.mean(dtype=np.float64))
        row |= {f"{part}_{name}": value for name, value in metrics[part].items()}
    for name, estimate in (("probe", scores.probe), ("val", scores.val), ("gap", scores.gap)):
        row |= {f"{name}_low": estimate.low, f"{name}_high": estimate.high}
    return row | {"gap": scores.gap.value}


def _write_inputs(setup: FitSetup, folder: Path) -> None:
    """Write projected inputs of some training and validation examples, as of every fit, but no features."""
    splits = setup.splits
    rows = {name: spread(len(subset), MOST_EXAMPLES) for name, subset in (("train", splits.train), ("val", splits.val))}
    groups = splits.groups.get("train")
    arrays: dict[str, np.ndarray] = {} if groups is None else {"train_groups": groups.numbers[rows["train"]]}
    for name, subset in (("train", splits.train), ("val", splits.val)):
        arrays |= {f"{name}_rows": rows[name]}
        arrays |= {f"{name}_inputs": project_inputs(subset.examples.inputs, subset.index[rows[name]])}
    arrays["probe_rows"] = spread(len(splits.probe), MOST_EXAMPLES)
    outcomes.write_arrays(folder / "outcomes" / "features.npz", arrays)
