"""Checkpoints: a CheckpointIO for Lightning that never damages a good checkpoint.

Lightning's own writes to the system's temporary folder and moves, which leaves half a file if the target disk is full.
This one writes beside the target, flushes, renames, and only then adds the new file to a manifest with its checksum.
The previous one is kept; if the newest is damaged, it is skipped with a warning.
"""

from __future__ import annotations

import hashlib
import io
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins.io import CheckpointIO
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from dl import files, sealed
from dl.errors import BadRun, DamagedRun
from dl.runs.run import write_json
from dl.runs.states import MANIFEST, STATE_FILE, StateEntry, listed_states, whole_state, whole_states

KEPT = 2


class DurableCheckpoints(CheckpointIO):
    """Writes ``<folder>/state-<number>.ckpt`` and a manifest; the path given by Lightning names the folder."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None) -> None:
        """Write one checkpoint and delete all but the previous one. Any: Lightning's own state."""
        folder = Path(path).parent
        files.make_inner(folder)
        stream = io.BytesIO()
        torch.save(checkpoint, stream)
        content = stream.getvalue()
        known = _known_states(folder)
        number = known[0].sequence + 1 if known else 1
        name = f"state-{number:06d}.ckpt"
        files.write_bytes(folder / name, content)
        _list_only(folder, [StateEntry(name, number, hashlib.sha256(content).hexdigest()), *known], KEPT)

    def load_checkpoint(
        self, path: str | Path, map_location: Any | None = None, weights_only: bool | None = True
    ) -> dict[str, Any]:
        """Read the newest intact checkpoint of the folder. Any: Lightning's own state.

        Raises:
            BadRun: If there is none, or it holds arbitrary objects.
        """
        folder = Path(path).parent
        for entry in listed_states(folder):
            content = whole_state(folder, entry)
            if content is not None:
                return _unpickle(content, folder / entry.file, map_location)
            warnings.warn(f"{entry.file} is damaged or missing; using the checkpoint before it", stacklevel=2)
        for entry in whole_states(folder):  # it is the manifest that has another checksum
            content = whole_state(folder, entry)
            if content is not None:
                warnings.warn(f"{entry.file} is whole by its own checksums, and is used", stacklevel=2)
                return _unpickle(content, folder / entry.file, map_location)
        raise BadRun(f"no intact checkpoint in {str(folder)!r}")

    def remove_checkpoint(self, path: str | Path) -> None:
        """Remove one checkpoint file."""
        files.remove(Path(path))


def _known_states(folder: Path) -> list[StateEntry]:
    """Return the states beside which a new one is listed; none where the manifest and all of them are damaged."""
    try:
        return listed_states(folder)
    except BadRun:
        return []


def has_states(folder: Path) -> bool:
    """Return whether a state was saved in a folder of checkpoints."""
    return bool(listed_states(folder))


def keep_newest(folder: Path, count: int) -> None:
    """Remove all states of a folder of checkpoints but the newest ones.

    Args:
        folder: Of the checkpoints.
        count: How many stay; 0 removes all.
    """
    if has_states(folder):
        _list_only(folder, listed_states(folder), count)


def copy_weights(network: nn.Module) -> dict[str, Tensor]:
    """Return a copy of the network's weights on the CPU; tied weights under their first name."""
    state, first = network.state_dict(), _first_names(network)
    return {name: state[name].detach().cpu().contiguous().clone() for name in state if first[name] == name}


def save_weights(path: Path, weights: Mapping[str, Tensor], tag: str = "") -> None:
    """Write the weights of a network as safetensors, as a file of a run; a tag is as in `dl.sealed.write`."""
    sealed.write(path, save(dict(weights)), tag)


def load_weights(path: Path, network: nn.Module) -> None:
    """Read weights into a network of the same shape.

    Raises:
        BadRun: If the file is missing, damaged or of another network.
    """
    try:
        state = load(sealed.read(path))
        shared = {name: state[one] for name, one in _first_names(network).items() if name != one and one in state}
        network.load_state_dict(shared | state)
    except FileNotFoundError:
        raise DamagedRun(f"{str(path)!r} is missing; this run has no stored weights") from None
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise DamagedRun(f"{str(path)!r} is not a file of weights: {error}") from error
    except RuntimeError as error:
        raise BadRun(f"{str(path)!r} holds the weights of another network than that of the recipe beside it") from error


def _first_names(network: nn.Module) -> dict[str, str]:
    """Return the first name of each weight, by name: tied layers share one weight under several names."""
    first: dict[tuple[object, ...], str] = {}
    names = {}
    for name, tensor in network.state_dict().items():
        place = (tensor.data_ptr(), tensor.shape, tensor.stride()) if tensor.numel() else (name,)
        names[name] = first.setdefault(place, name)
    return names


def _list_only(folder: Path, entries: list[StateEntry], count: int) -> None:
    """List the first of some checkpoints in the manifest, and remove all others, as well those that a kill left."""
    write_json(folder / MANIFEST, [asdict(one) for one in entries[:count]])
    listed = {one.file for one in entries[:count]}
    for path in folder.iterdir():
        if STATE_FILE.fullmatch(path.name) and path.name not in listed:
            files.remove(path)


def _unpickle(content: bytes, path: Path, map_location: Any | None) -> dict[str, Any]:  # Any: Lightning's own state
    try:
        if not zipfile.is_zipfile(io.BytesIO(content)):  # older formats begin with a pickle
            raise ValueError("not a zip archive")
        return dict(torch.load(io.BytesIO(content), map_location=map_location or "cpu", weights_only=True))
    except Exception as error:  # foreign bytes may fail in any way
        raise DamagedRun(f"{str(path)!r} is not a checkpoint of dl; nothing in it was run") from error
