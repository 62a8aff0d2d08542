"""How a run, or a folder of runs, ended: all in it but times and places, and what differs between two of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from dl import sealed
from dl.runs.run import FITS_FILE, STUDY, WORKFLOW, Run
from dl.training.checkpoint import DurableCheckpoints
from dl.training.module import SAVED

TIMES = ("seconds", "train_seconds", "created", "began", "ended", "elapsed")
PROCESS = ("pid", "start", "process_start", "host")
OF_ONE = (*TIMES, *PROCESS, "seal", "path")
OF_SEVERAL = (STUDY, WORKFLOW, FITS_FILE)


def content(run: Run) -> tuple[object, ...]:
    """Return all that a run ends with, but its times: rows, bytes of files, weights and optimizers at the end."""
    kept = {name: seal for name, seal in sealed.listed(run.path).items() if (run.path / seal.file).exists()}
    names = [name for name in kept if name.endswith("best.safetensors") or "outcomes/" in name]
    files = {name: sealed.read(run.path / name) for name in names}
    manifest = run.manifest
    ends = (manifest.status, manifest.best_epoch, manifest.epochs, manifest.message)
    return _timeless(run.history.rows), files, _state(run.path / "checkpoints" / "state.ckpt"), ends


def _state(path: Path) -> dict[str, object]:
    """Return what the newest state of a fit holds; nothing where none is kept."""
    if not path.parent.exists():
        return {}
    state = DurableCheckpoints().load_checkpoint(path)
    ended = {name: state[name] for name in ("state_dict", "optimizer_states")}
    ended |= {name: state[SAVED][name] for name in ("steps_done", "regularizers", "schedules")}
    ended["sums"] = [state[SAVED]["beside"]["writer"][name] for name in ("losses", "margins")]
    return _flat(ended)


def _flat(value: Any, name: str = "") -> dict[str, object]:  # Any: a tree of the state
    if isinstance(value, dict):
        return {k: v for key, one in value.items() for k, v in _flat(one, f"{name}.{key}").items()}
    if isinstance(value, (list, tuple)):
        return {k: v for key, one in enumerate(value) for k, v in _flat(one, f"{name}.{key}").items()}
    return {name: value.numpy().tobytes() if isinstance(value, torch.Tensor) else value}


def _timeless(value: Any) -> Any:  # Any: JSON
    if isinstance(value, dict):
        return {name: _timeless(one) for name, one in value.items() if name not in OF_ONE}
    return [_timeless(one) for one in value] if isinstance(value, (list, tuple)) else value


def differences(first: Run, second: Run) -> list[str]:
    """Return the names of what differs in the ends of two runs; NaN equals NaN."""
    found = []
    for what, one, other in zip(("rows", "files", "state", "end"), content(first), content(second), strict=True):
        if isinstance(one, dict) and isinstance(other, dict):
            found += [f"{what}: {name}" for name in {**one, **other} if repr(one.get(name)) != repr(other.get(name))]
        elif repr(one) != repr(other):
            found.append(f"{what}: {one} {other}" if what == "end" else what)
    return found


def differences_below(first: Path, second: Path) -> list[str]:
    """Return the names of what differs in two folders of runs: in their runs, folds, trials, studies and workflows."""
    found = [f"{name} is in one alone" for name in sorted(_below(first) ^ _below(second))]
    for name in sorted(_below(first) & _below(second)):
        one, other = first / name, second / name
        if one.name == sealed.RUN:
            found += [f"{name}: {what}" for what in differences(Run(one.parent), Run(other.parent))]
        else:
            states = [_flat(_timeless(json.loads(path.read_bytes()))) for path in (one, other)]
            found += [f"{name}{key}" for key in {**states[0], **states[1]} if states[0].get(key) != states[1].get(key)]
    return found


def _below(folder: Path) -> set[str]:
    """Return the names of the files that tell what a folder of runs holds."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*.json") if path.name in (sealed.RUN, *OF_SEVERAL)}
