"""Text cells as bytes: gathered, told apart, numbered by what they hold."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Index
from dl.data.ragged import Ragged
from dl.data.spill import IN_MEMORY, RaggedWriter
from dl.tables.source import Cells

MIX = np.uint64(0x9E3779B97F4A7C15)  # odd: spreads the occurrences of one content


def add_cells(gathered: RaggedWriter, cells: Cells) -> None:
    """Add text cells, none of which is null."""
    values, offsets = bytes_of(cells)
    gathered.add(values, np.diff(offsets))


def bytes_of(cells: Cells) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Return the UTF-8 bytes of text cells as a view, and where in them each cell begins and the last one ends."""
    _, offsets, data = cells.buffers()
    if not len(cells):
        return np.empty(0, np.uint8), np.zeros(1, np.int32)
    bounds = np.frombuffer(offsets, np.int32)[cells.offset : cells.offset + len(cells) + 1]
    values = np.frombuffer(data, np.uint8) if data is not None and data.size else np.empty(0, np.uint8)
    return values[bounds[0] : bounds[-1]], bounds - bounds[0]


def without(rows: Ragged, gone: NDArray[np.bool_]) -> Ragged:
    """Leave some rows out, (N,), copying the others a run at a time."""
    if not gone.any():
        return rows
    gathered = RaggedWriter()
    for start, end in _runs(~gone, rows.offsets):
        values = rows.values[rows.offsets[start] : rows.offsets[end]]
        gathered.add(np.asarray(values, np.uint8), rows.lengths[start:end])
        rows.release()
    return gathered.ragged()


def _runs(kept: NDArray[np.bool_], offsets: Index) -> Iterator[tuple[int, int]]:
    """Give where runs of kept rows begin and end; none holds much more than is kept in memory."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], kept, [False]]).astype(np.int8)))
    for start, end in edges.reshape(-1, 2).tolist():
        while start < end:
            stop = int(np.searchsorted(offsets, offsets[start] + IN_MEMORY, "right"))
            stop = min(max(stop, start + 1), end)
            yield start, stop
            start = stop


def content_ids(rows: Ragged) -> Index:
    """Return a 63-bit number for each row, from its bytes and how many equal ones come before it.

    The same row has the same number in every run and in every file, wherever it stands; no two rows share one.
    """
    digests = b"".join(_digests(rows))
    hashes = np.frombuffer(digests, "<u8").astype(np.uint64)
    order = np.argsort(hashes, kind="stable")
    ranked = hashes[order]
    begins = np.concatenate([[True], ranked[1:] != ranked[:-1]]) if len(ranked) else np.empty(0, bool)
    first = np.maximum.accumulate(np.where(begins, np.arange(len(ranked)), 0))
    before = np.empty(len(hashes), np.uint64)
    before[order] = (np.arange(len(ranked)) - first).astype(np.uint64)
    return ((hashes + before * MIX) >> np.uint64(1)).astype(np.int64)


def _digests(rows: Ragged) -> Iterator[bytes]:
    """Hash each row, 8 bytes, many rows at a time; of a mapped column little is in memory."""
    values, offsets = np.asarray(rows.values).data, rows.offsets
    for start, end in _runs(np.ones(len(rows), bool), offsets):
        bounds = offsets[start : end + 1].tolist()
        yield b"".join(blake2b(values[a:b], digest_size=8).digest() for a, b in pairwise(bounds))
        rows.release()


def blanks(cells: Cells) -> NDArray[np.bool_]:
    """Return which cells are null or hold nothing but space, (n,)."""
    import pyarrow.compute as pc

    full = pc.fill_null(cells, "") if cells.null_count else cells
    blank: NDArray[np.bool_] = pc.match_substring_regex(full, r"^([\s\pZ]|$)").to_numpy(zero_copy_only=False)
    suspects = np.flatnonzero(blank)
    if len(suspects):  # that begin with space; most go on
        blank = blank.copy()
        trimmed = pc.utf8_trim_whitespace(full.take(suspects))
        blank[suspects] = pc.equal(trimmed, "").to_numpy(zero_copy_only=False)
    return blank


def holding_nul(cells: Cells) -> NDArray[np.bool_]:
    """Return which cells hold a NUL byte, (n,)."""
    import pyarrow.compute as pc

    if not (bytes_of(cells)[0] == 0).any():
        return np.zeros(len(cells), bool)
    holding: NDArray[np.bool_] = pc.match_substring(pc.fill_null(cells, ""), "\0").to_numpy(zero_copy_only=False)
    return holding
