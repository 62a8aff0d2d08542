"""Gathering: the rows of the input column one after the other, in memory; in a file that is mapped if they are many.

The file has no name: it lies in the cache folder and is gone when the process ends, so it is never stale.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from hashlib import blake2b
from itertools import pairwise
from typing import IO

import numpy as np
from numpy.typing import NDArray

from dl.data import Index
from dl.files import cache_folder, saying_why
from dl.ragged import Ragged, offsets_of
from dl.tables.source import Cells

IN_MEMORY = 1 << 26  # bytes; more are written to a file
MIX = np.uint64(0x9E3779B97F4A7C15)  # odd: spreads the occurrences of one content


class Gathered:
    """Rows of bytes that only grow."""

    def __init__(self) -> None:
        self.parts: list[NDArray[np.uint8]] = []
        self.lengths: list[Index] = []
        self.size = 0
        self.file: IO[bytes] | None = None

    def add(self, cells: Cells) -> None:
        """Add text cells, none of which is null."""
        values, offsets = bytes_of(cells)
        self.add_bytes(values, np.diff(offsets))

    def add_bytes(self, values: NDArray[np.uint8], lengths: Index) -> None:
        """Add rows of these lengths, (n,), that stand one after the other in ``values``."""
        self.lengths.append(lengths.astype(np.int64))
        self.size += len(values)
        if self.file is None and self.size <= IN_MEMORY:
            self.parts.append(values.copy())
            return
        folder = cache_folder("tables")
        with saying_why(folder):
            if self.file is None:
                self.file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - mapped as long as the rows are used
                for part in self.parts:
                    self.file.write(part.data)
                self.parts = []
            self.file.write(values.data)

    def ragged(self) -> Ragged:
        """Return all rows."""
        lengths = np.concatenate([np.empty(0, np.int64), *self.lengths])
        offsets = offsets_of(lengths)
        if self.file is None:
            return Ragged(np.concatenate([np.empty(0, np.uint8), *self.parts]), offsets)
        with saying_why(cache_folder("tables")):
            self.file.flush()
        # Copy on write: torch wants writable arrays, and what is written stays in this process.
        values = np.memmap(self.file, np.uint8, "c", shape=(self.size,))
        self.file.close()  # the map keeps it
        return Ragged(values, offsets)


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
    gathered = Gathered()
    for start, end in _runs(~gone, rows.offsets):
        values = rows.values[rows.offsets[start] : rows.offsets[end]]
        gathered.add_bytes(np.asarray(values, np.uint8), rows.lengths[start:end])
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
