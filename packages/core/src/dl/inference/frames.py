"""Continue sequences of frames with a run: the next frame, and further ones from those that were predicted.

Letters: ``N`` sequences, ``T`` frames that the network reads, ``K`` frames ahead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dl import files
from dl.data.examples import Examples, Index
from dl.data.pictures import png
from dl.domain import encode_examples
from dl.errors import BadData, BadOption
from dl.inference.loaded import LoadedRun
from dl.tasks.next_frame import append, replace_last
from dl.terminal import safe_text

MOST_AHEAD = 1_000  # frames
AT_ONCE = 64  # sequences
_NUMBERED = re.compile(r"(.*?)([0-9]+)([^0-9]*)")


def check_ahead(opened: LoadedRun, ahead: int | None) -> int:
    """Return how many frames ahead are asked for.

    Raises:
        BadOption: If the run predicts no frames, or the number is out of range.
    """
    if ahead is None:
        return 1
    if not opened.task.info.predicts_frames:
        raise BadOption(f"ahead is for runs of next-frame; the task of {opened.run.name} is {opened.task.row.name}")
    if not 1 <= ahead <= MOST_AHEAD:
        raise BadOption(f"ahead={ahead}: expected a whole number from 1 to {MOST_AHEAD:,}")
    return ahead


def newest(windows: Examples) -> Examples:
    """Return the last window of each sequence one frame later, with a blank in place of the frame that follows.

    Args:
        windows: (N, T + 1, ...), in order, a group for each sequence.
    """
    assert windows.groups is not None  # as a domain of frames gives them
    last: Index = np.flatnonzero(np.append(np.diff(windows.groups) != 0, True))
    chosen = windows.take(last)
    inputs = chosen.array
    return replace(chosen, inputs=np.concatenate([inputs[:, 1:], np.zeros_like(inputs[:, :1])], axis=1))


def continue_frames(opened: LoadedRun, windows: Examples, ahead: int) -> NDArray[np.uint8]:
    """Predict the frames that follow each window, (N, K, H, W, C); those of several networks are averaged.

    Args:
        opened: The run.
        windows: (N, T + 1, ...), the last frame a blank.
        ahead: K.
    """
    found = [_continue(opened, windows.take(some), ahead) for some in _chunks(len(windows))]
    return np.concatenate(found)


def _chunks(count: int) -> list[Index]:
    return [np.arange(start, min(start + AT_ONCE, count)) for start in range(0, count, AT_ONCE)]


@torch.inference_mode()
def _continue(opened: LoadedRun, windows: Examples, ahead: int) -> NDArray[np.uint8]:
    stored: NDArray[np.uint8] = np.asarray(encode_examples(windows, opened.preprocessor).inputs)
    frames = []
    for _ in range(ahead):
        pixels = np.mean([_next(member, stored) for member in opened.members], axis=0).round().astype(np.uint8)
        frames.append(pixels)
        stored = append(torch.from_numpy(pixels), torch.from_numpy(stored)).numpy()
    return np.stack(frames, axis=1)


def _next(member: LoadedRun, stored: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the frame that follows each stored window, (N, H, W, C)."""
    device = next(member.network.parameters()).device
    prepared: Tensor = member.preprocessor(torch.from_numpy(np.ascontiguousarray(stored)).to(device))
    undone = member.preprocessor.undo(replace_last(member.network(prepared), prepared))
    if not isinstance(undone, np.ndarray):
        raise BadData(f"the preprocessor of {member.run.name} cannot turn what is predicted into frames")
    return undone[:, -1].astype(np.uint8)


def next_names(source: str, count: int, step: int = 1) -> tuple[str, ...]:
    """Return the names of the frames that follow a file, in the folder of its name: ``film1/frame_0013.png``.

    Args:
        source: Of the last frame that was read: a path, or words for an array.
        count: Of frames.
        step: Between two numbers.
    """
    path = Path(source)
    matched = _NUMBERED.fullmatch(path.stem)
    before, number, after = matched.groups() if matched else (f"{path.stem}_", "0", "")
    folder = safe_text(path.absolute().parent.name if path.parent.name or path.suffix else "")
    names = [f"{before}{int(number) + step * k:0{len(number)}d}{after}.png" for k in range(1, count + 1)]
    return tuple(f"{folder}/{name}" if folder else name for name in names)


def write_frames(pairs: Sequence[tuple[Sequence[str], NDArray[np.uint8]]], out: Path) -> list[list[str]]:
    """Write frames as PNG files into a folder, and return their paths.

    Args:
        pairs: Names of files, and frames (K, H, W, C), of each sequence.
        out: The folder.

    Raises:
        BadOption: If a file is there already, or would be written twice; nothing is written then.
        CannotWrite: If a file cannot be written.
    """
    places = [[out / name for name in names] for names, _ in pairs]
    seen: set[Path] = set()
    for path in (path for each in places for path in each):
        if path in seen or path.exists():
            why = "would be written twice" if path in seen else "is there already"
            raise BadOption(f"{safe_text(str(path))!r} {why}; name another folder: --out FOLDER")
        seen.add(path)
    for paths, (_, frames) in zip(places, pairs, strict=True):
        for path, frame in zip(paths, frames, strict=True):
            files.make_folder(path.parent)
            files.write_bytes(path, png(frame))
    return [[str(path) for path in paths] for paths in places]
