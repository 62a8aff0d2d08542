"""The run of all folds together, from the folder before the first fold to what is pooled after the last.

It is written in this one way for `dl cv` and for a trial of a tuning.

    runs/0007-wine-dense/
        recipe.toml  run.json  history.csv  outcomes/     of all folds together
        folds/01/  folds/02/  ...                         the run of each fit
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from dl import files, sealed
from dl.cross_validation.fold import SetUp, fit_in_turn
from dl.cross_validation.plan import Plan
from dl.cross_validation.pool import FinishedFold, pool
from dl.data.examples import subset_fingerprint, whole
from dl.errors import BadRun, TrainingFailed
from dl.plugins.registry import Plugins
from dl.recipes.recipe import recipe_text, write_recipe
from dl.runs.commit import commit, remove_run
from dl.runs.manifest import Manifest
from dl.runs.outcomes import ALL_LOGITS
from dl.runs.run import FOLDS, Run, write_findings
from dl.runs.seen import SEEN, write_fingerprints
from dl.training.devices import Devices
from dl.training.setup import FitSetup

Judge = Callable[[Sequence[FinishedFold]], str]  # from the folds so far to the reason why no further one is fitted


def start(folder: Path, plan: Plan, first: FitSetup) -> None:
    """Write everything known before the first fold into a folder."""
    files.make_folder(folder / "outcomes")
    files.make_folder(folder / FOLDS)
    write_recipe(folder, plan.recipe, plan.defaults)
    if first.at_hand.data is not None:
        write_fingerprints(folder / SEEN, first.fingerprints())


def manifest_of(name: str, plan: Plan, first: FitSetup) -> Manifest:
    """Return the manifest of the run of all folds, from the first of them."""
    manifest, everything = first.manifest(name), whole(plan.dataset.train)
    parts = replace(
        manifest.parts,
        val=0,
        probe=0,
        rule=f"{plan.protocol}, {first.splits.rule.partition(', ')[2]}",
        val_fingerprint=subset_fingerprint(everything),
    )
    return replace(manifest, parts=parts, task=plan.task.info, baselines=(), protocol=str(plan.protocol))


def finish(folder: Path, manifest: Manifest, plan: Plan, folds: Sequence[FinishedFold], first: FitSetup) -> Manifest:
    """Pool folds into the run, and return its manifest."""
    write_findings(folder / "findings.json", first.splits.findings)
    return pool(folder, manifest, plan, folds, first)


def drop_logits(folder: Path) -> None:
    """Remove the logits of all epochs of the folds, which are pooled by now."""
    for run in Run(folder).folds:
        files.remove(sealed.place(run.outcomes_folder / ALL_LOGITS))


def fit_pooled(
    folder: Path,
    plan: Plan,
    set_up_fold: SetUp,
    devices: Devices,
    plugins: Plugins,
    name: str = "",
    judge: Judge | None = None,
) -> Run:
    """Fit a recipe on all folds in a folder of its own, without output, and pool them.

    What was finished of the same recipe there is kept; what is there of another one is removed.

    Args:
        folder: Of the run.
        plan: Of the fits, with a closed recipe.
        set_up_fold: Sets the recipe of a fold up.
        devices: Where to train.
        plugins: The registered plugins.
        name: Of the run; empty for that of its folder.
        judge: Returns after each fold why no further one is fitted, empty to continue; the folds so far are pooled.

    Returns:
        The run; after a signal that of the fold which it stopped.

    Raises:
        TrainingFailed: If a fit fails; the folds before are pooled.
    """
    if not _is_of(folder, plan):
        remove_run(folder)
    first = set_up_fold(plan.fold_recipe(1))
    start(folder, plan, first)
    manifest, done = manifest_of(name or folder.name, plan, first), list[FinishedFold]()

    def end(status: str, message: str) -> Run:
        pooled = finish(folder, manifest, plan, done, first) if done else manifest
        seconds = round(sum(fold.run.manifest.seconds for fold in done), 3)
        ended = pooled.with_status(status, message=message, seconds=seconds)
        commit(folder, ended)
        drop_logits(folder)
        return Run(folder)

    commit(folder, manifest)
    with _ended_by_failure(end):
        for _, run in fit_in_turn(plan, folder / FOLDS, first, set_up_fold, devices, plugins):
            if run.manifest.status != "finished":
                return run
            done.append(FinishedFold.of(run, plan.dataset.train))
            if why := judge(done) if judge else "":
                return end("finished", why)
    return end("finished", "")


def _is_of(folder: Path, plan: Plan) -> bool:
    """Return whether a folder holds folds of this recipe, to the letter."""
    try:
        return sealed.read(folder / "recipe.toml").decode("utf-8") == recipe_text(plan.recipe, plan.defaults)
    except (OSError, ValueError, BadRun):
        return False


@contextmanager
def _ended_by_failure(end: Callable[[str, str], Any]) -> Iterator[None]:  # Any: not used
    """End the run as failed where a fit fails."""
    try:
        yield
    except TrainingFailed as error:
        end("failed", str(error))
        raise
