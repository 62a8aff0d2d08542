"""Keep the rivals of a fit with its run, so that its report compares the network with them, example by example."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace

from dl.errors import DLError
from dl.learners.fit_rivals import Failed, RivalScore, fit_rivals, ordered, rivals_of
from dl.limits import is_time_up
from dl.plugins.registry import Plugins
from dl.plugins.states import describe_error
from dl.recipes.recipe import Recipe
from dl.runs.commit import commit
from dl.runs.manifest import AS_IT_WAS, Baseline, Manifest
from dl.runs.outcomes import read_rival_logits, read_rivals, write_rivals
from dl.runs.run import Run
from dl.splits.partition import DataSplits
from dl.tasks.task import Task

VARIABLE = "DL_RIVALS"  # no: a fit has none, unless it is asked for


def are_wanted(asked: bool | None) -> bool:
    """Return whether a fit has rivals: as asked, else unless ``$DL_RIVALS`` is ``no``."""
    return os.environ.get(VARIABLE, "").lower() not in ("no", "0", "false") if asked is None else asked


def keep_rivals(run: Run, rivals: Sequence[RivalScore]) -> None:
    """Write the scores of rivals into a run, in place of those that it had; rules and the run as it was stay."""
    manifest, names = Run(run.path).manifest, {one.baseline.name for one in rivals}
    staying = [one for one in others(manifest) if one.name not in names]
    stay = {one.name for one in staying}
    kept = {name: scores for name, scores in read_rivals(run.outcomes_folder).items() if name in stay}
    logits = {name: one for name, one in read_rival_logits(run.outcomes_folder).items() if name in stay}
    logits |= {one.baseline.name: one.logits for one in rivals if one.logits is not None}
    write_rivals(run.outcomes_folder, kept | {one.baseline.name: one.scores for one in rivals}, logits)
    every = (*staying, *(one.baseline for one in rivals))
    commit(run.path, replace(manifest, baselines=every))


def others(manifest: Manifest) -> tuple[Baseline, ...]:
    """Return the baselines of a run that are no fitted rivals: constants, rules, the run from which it went on."""
    return tuple(one for one in manifest.baselines if not one.train or one.name == AS_IT_WAS)


def add_rivals(run: Run, recipe: Recipe, plugins: Plugins, task: Task, splits: DataSplits) -> list[str]:
    """Fit the rivals of a finished fit, quickly, and keep them; return a line for each that failed."""

    def fit(failed: Failed) -> Sequence[RivalScore]:
        rivals = rivals_of(plugins, recipe.domain, task, recipe.model, failed)
        given = (splits.train, splits.val, recipe.seed, splits.groups["val"])
        return ordered(fit_rivals(rivals, task, *given, quick=True, failed=failed), higher=task.info.headline.higher)

    return keep_safely(run, fit)


def keep_safely(run: Run, fit: Callable[[Failed], Sequence[RivalScore]]) -> list[str]:
    """Fit rivals, and keep them in a finished run; return a line for each that failed.

    Nothing that goes wrong here ends a fit that is finished, nor does Ctrl-C.

    Args:
        run: The run.
        fit: From what is called with the name and the error of one that failed to the rivals, the best first.
    """
    notes: list[str] = []
    try:
        if found := fit(lambda name, error: notes.append(f"without the rival {name!r}: {_reason(error)}")):
            keep_rivals(run, found)
    except KeyboardInterrupt:
        why = "as the time was up" if is_time_up() else "as asked by Ctrl-C"
        notes.append(f"rivals left out, {why}  fit them: dl baseline {run.name}")
    except Exception as error:  # the run is finished, whatever a learner or a disk does
        notes.append(f"without rivals: {_reason(error)}")
    return notes


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, DLError) else describe_error(error)
