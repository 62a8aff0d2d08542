"""Which run can be resumed, and whether it would be the same fit: its data, its code, its versions.

run = find_resumable("last", "runs")
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from dl import sealed
from dl.data.digest import hash_of_data
from dl.data.examples import Dataset
from dl.errors import BadOption, BadRun, DLError
from dl.limits import TIME_UP
from dl.plugins.registry import Plugins
from dl.recipes.recipe import RECIPE, SAVE_EVERY, Recipe, recipe_text
from dl.recipes.resolve import resolve
from dl.runs.identity import Identity, read_identity
from dl.runs.run import Run, is_of_several, json_bytes, list_runs, open_run, read_json
from dl.runs.states import CHECKPOINTS
from dl.training.checkpoint import has_states
from dl.training.devices import Devices
from dl.training.setup import FitSetup
from dl.training.state import Resumed
from dl.version import CORE

ENVIRONMENT = "environment.json"
COMPARED = (CORE, "torch", "lightning", "numpy")  # packages whose versions numbers may depend on
ACCEPT = "--accept-changes"
CHANGEABLE = ("epochs", SAVE_EVERY)  # options that a fit that is resumed may be given


def find_resumable(which: str | int | Path = "last", runs: str | Path = "runs") -> Run:
    """Find the run to resume; ``last`` is the newest one that is not finished.

    Raises:
        BadRun: If there is none.
    """
    if str(which) != "last":
        return open_run(which, runs)
    for run in reversed(list_runs(Path(runs))):
        if not why_not(run):
            return run
    raise BadRun(f"no run in {str(runs)!r} is unfinished  more epochs of a finished one: dl fit --resume RUN epochs=N")


def why_not(run: Run, epochs: int | None = None) -> str:
    """Return why a run cannot be resumed; empty if it can.

    Args:
        run: The run.
        epochs: To which a fit is raised; None for those it has.
    """
    if is_of_several(run.path):
        return f"{run.name} holds several fits  go on with its own verb: dl tune, dl overfit, dl curve, dl workflow"
    try:
        manifest = run.manifest
    except BadRun as error:
        return str(error)
    if manifest.protocol:
        return f"{run.name} is a cross-validation  go on with it: dl cv --resume {run.name}"
    if manifest.in_memory:
        given = ", ".join(manifest.in_memory)
        return f"{run.name} was fitted with its {given} in memory, which no run keeps; fit it anew in Python"
    if not (run.path / RECIPE).exists() or read_identity(run.path) is None:
        lacking = "identity" if (run.path / RECIPE).exists() else "recipe"
        return f"{run.name} has no {lacking} to resume it by; fit it anew"
    return _why_finished(run, epochs) if manifest.status == "finished" else ""


def _why_finished(run: Run, epochs: int | None) -> str:
    """Return why a finished run cannot be resumed; empty if its time was up, or if it gets more epochs."""
    manifest, done = run.manifest, run.manifest.epochs
    if manifest.message.startswith(TIME_UP):
        return ""
    if epochs is None:
        return f"{run.name} is finished after {done} epochs  more of them: dl fit --resume {run.name} epochs={2 * done}"
    if manifest.learner:
        return f"{run.name} is {manifest.learner}, which is not trained in epochs"
    if manifest.message:
        return (
            f"{run.name} was ended after epoch {done} by {manifest.message}, which would end it again  go on without "
            f"it: dl fit ... --from {run.name}"
        )
    if not has_states(run.path / CHECKPOINTS):
        return f"{run.name} kept no state, which was too large  go on from its weights: dl fit ... --from {run.name}"
    return ""


def need_resumable(run: Run, epochs: int | None) -> None:
    """Refuse a run that cannot be resumed.

    Raises:
        BadOption: If it has as many epochs already.
        BadRun: If it cannot be resumed for another reason.
    """
    if reason := why_not(run, epochs):
        raise BadRun(reason)
    if epochs is not None and epochs <= run.manifest.epochs:
        raise BadOption(f"epochs={epochs}: {run.name} has trained {run.manifest.epochs} already; give more")


def resolve_resumed(plugins: Plugins, run: Run, epochs: int | None, save_every: float | None) -> Recipe:
    """Return the recipe of a run, with more epochs or another time between saves where these are given."""
    given = {"epochs": epochs, SAVE_EVERY: save_every}
    options = {name: value for name, value in given.items() if value is not None}
    return resolve(plugins, recipe=str(run.path / RECIPE), options=options)


def devices_of(run: Run, asked: Devices | None) -> Devices:
    """Return where a run was trained, with what is asked for now in its place."""
    stored = Devices(**{**_environment(run).get("trainer", {}), "max_time": ""})
    if asked is None:
        return stored
    usual = Devices()
    names = ("accelerator", "devices", "strategy", "precision", "num_nodes", "max_time")
    changed = {name: getattr(asked, name) for name in names if getattr(asked, name) != getattr(usual, name)}
    if changed.get("precision", stored.precision) != stored.precision:
        raise BadOption(f"--precision {asked.precision}: {run.name} has {stored.precision}, which cannot change")
    return replace(stored, **changed)


def changed_versions(run: Run, environment: dict[str, Any]) -> list[str]:  # Any: JSON
    """Return which packages have another version than when the run was last fitted, in words."""
    before, now = _environment(run).get("packages", {}), environment["packages"]
    others = [name for name in COMPARED if before.get(name, now[name]) != now[name]]
    return [f"{name} is {now[name]}, was {before[name]}" for name in others]


def need_same_versions(run: Run, environment: dict[str, Any], *, accept: bool) -> str:
    """Refuse other versions of dl and torch, unless they are accepted; return what has changed, in words.

    Raises:
        BadRun: Naming the packages.
    """
    changed = changed_versions(run, environment)
    if changed and not accept:
        raise BadRun(f"{run.name}: {', '.join(changed)}; its numbers may differ  go on nevertheless: {ACCEPT}")
    threads = _environment(run).get("threads")
    if threads not in (None, torch.get_num_threads()):
        changed.append(f"{torch.get_num_threads()} threads, were {threads}")
    return ", ".join(changed)


def need_same_data(run: Run, dataset: Dataset) -> None:
    """Refuse other examples than the run has learnt from.

    Raises:
        BadRun: If they are others.
    """
    identity = read_identity(run.path)
    if identity is None or hash_of_data(dataset) != identity.data:
        raise BadRun(
            f"the examples of {dataset.name} have changed since {run.name}; put them back, or train it further on the "
            f"new ones: dl fit ... --from {run.name}"
        )


def find_same(identity: Identity, root: Path) -> Run | None:
    """Return the newest run of this recipe on this data; None if there is none."""
    for run in reversed(list_runs(root)):
        try:
            if not is_of_several(run.path) and read_identity(run.path) == identity and not run.manifest.protocol:
                return run
        except DLError:
            continue  # damaged, or cut off while it was made
    return None


def is_unfinished(run: Run) -> bool:
    """Return whether a run has steps left."""
    return run.manifest.status != "finished" or run.manifest.message.startswith(TIME_UP)


def note_on_schedule(setup: FitSetup) -> str:
    """Return what a fit with more epochs than before is, where its rate depends on their number; else empty."""
    schedule = str(setup.recipe.train["schedule"])
    if schedule == "constant":
        return ""
    return (
        f"the rate follows {schedule} over {setup.recipe.train['epochs']} epochs from here on, and before followed it "
        f"over fewer: this is not the fit that so many epochs from the start would be"
    )


def begin_again(run: Run, setup: FitSetup, *, raised: bool, accepts: bool) -> Resumed:
    """Return what a fit that is resumed begins with: never less than is on disk."""
    old, fresh = run.manifest, setup.manifest(run.name)
    kept = replace(fresh, created=old.created, best_epoch=old.best_epoch, epochs=old.epochs, seconds=old.seconds)
    kept = replace(kept, layout=old.layout)
    return Resumed(run.path, kept, raised, accepts)


def cut_off(folder: Path, setup: FitSetup, environment: dict[str, Any], name: str = "") -> Resumed | None:  # Any: JSON
    """Return what one of several fits goes on with; None where its folder has no state of this very fit.

    Args:
        folder: Of the fit.
        setup: Of the fit that is to be made.
        environment: In which it is to be made; another one begins it anew.
        name: Of the run; empty for that of its folder.
    """
    run, recipe = Run(folder), folder / RECIPE
    try:
        if not has_states(folder / CHECKPOINTS) or run.manifest.status == "finished":
            return None
        old, fresh = run.manifest, setup.manifest(name or folder.name)
        same = (old.name, old.parts, old.parameters) == (fresh.name, fresh.parts, fresh.parameters)
        if not same or sealed.read(recipe).decode() != recipe_text(setup.recipe, setup.defaults):
            return None
        if _lasting(_environment(run)) != _lasting(json.loads(json_bytes(environment))):
            return None
    except (DLError, OSError):
        return None
    return Resumed(folder, replace(fresh, created=old.created, best_epoch=old.best_epoch, epochs=old.epochs))


def _lasting(environment: dict[str, Any]) -> dict[str, Any]:  # Any: JSON
    """Return an environment but for the time that is left."""
    return environment | {"trainer": {**environment["trainer"], "max_time": ""}}


def _environment(run: Run) -> dict[str, Any]:  # Any: JSON
    return read_json(run.path / ENVIRONMENT, dict[str, Any])
