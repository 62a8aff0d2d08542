"""Windows of sequences: some frames, and the one that follows.

Letters: ``N`` windows, ``F`` frames of all sequences, ``T`` frames that a network reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Examples, Index
from dl.data.folders import stable_ids
from dl.errors import BadData
from dl.terminal import safe_text
from dl.words import many

MOST_BYTES = 1 << 34  # of all windows


@dataclass(frozen=True)
class Sequences:
    """The frames of several sequences, one after the other.

    Args:
        frames: (F, H, W, C) uint8.
        lengths: Of each sequence.
        names: Of each sequence.
        sources: (F,) of the frames.
    """

    frames: NDArray[np.uint8]
    lengths: Sequence[int]
    names: Sequence[str]
    sources: Sequence[str]

    @classmethod
    def of_equal_length(cls, frames: NDArray[np.uint8], names: Sequence[str]) -> Sequences:
        """Return sequences (S, L, H, W, C) whose frames are named by their numbers, from 1."""
        count, length = frames.shape[:2]
        sources = [f"{name}, frame {number}" for name in names for number in range(1, length + 1)]
        return cls(frames.reshape(-1, *frames.shape[2:]), [length] * count, names, sources)


def windows_of(sequences: Sequences, steps: int, first: int = 0) -> Examples:
    """Cut every window of T frames and the one that follows, (N, T + 1, H, W, C), a group for each sequence.

    Args:
        sequences: To cut.
        steps: T.
        first: Number of the first group.

    Raises:
        BadData: If a sequence is too short, or the windows are too large.
    """
    _refuse_short(sequences, steps + 1, f"steps={steps} needs at least {steps + 1}")
    starts, groups, before = [], [], 0
    for number, length in enumerate(sequences.lengths):
        starts.append(np.arange(before, before + length - steps))
        groups.append(np.full(length - steps, first + number))
        before += length
    at: Index = np.concatenate(starts)[:, None] + np.arange(steps + 1)
    size = at.size * sequences.frames[0].size
    if size > MOST_BYTES:
        shown = f"{len(at):,} windows of {steps + 1} frames are {size / 2**30:.0f} GB"
        raise BadData(f"{shown}; make frames smaller, as size=64, or read fewer: steps=2")
    inputs = sequences.frames[at]
    sources = [sequences.sources[int(k)] for k in at[:, -1]]
    return _examples(inputs, sources, np.concatenate(groups))


def newest_windows(sequences: Sequences, steps: int) -> Examples:
    """Return the last T frames of each sequence, with a blank in place of the frame that follows.

    Raises:
        BadData: If a sequence is too short.
    """
    _refuse_short(sequences, steps, f"the run reads {steps}")
    ends = np.cumsum(sequences.lengths)
    at = ends[:, None] + np.arange(-steps, 0)
    frames = sequences.frames[at]
    inputs = np.concatenate([frames, np.zeros_like(frames[:, :1])], axis=1)
    return _examples(inputs, [sequences.sources[end - 1] for end in ends.tolist()], np.arange(len(ends)))


def _examples(inputs: NDArray[np.uint8], sources: Sequence[str], groups: Index) -> Examples:
    digests = [blake2b(row, digest_size=16).digest() for row in np.ascontiguousarray(inputs)]
    return Examples(inputs, np.empty((len(inputs), 0)), stable_ids(digests, sources), sources=sources, groups=groups)


def _refuse_short(sequences: Sequences, least: int, needed: str) -> None:
    short = [k for k, length in enumerate(sequences.lengths) if length < least]
    if not short:
        return
    first = f"{safe_text(sequences.names[short[0]])!r} has {many(sequences.lengths[short[0]], 'frame')}"
    count = f"{len(short):,} of {many(len(sequences.lengths), 'sequence')} {'is' if len(short) == 1 else 'are'}"
    raise BadData(f"{count} too short: {first}, and {needed}; leave such sequences out, or read fewer frames")
