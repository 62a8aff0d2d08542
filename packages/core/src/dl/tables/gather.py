"""Text cells as UTF-8 bytes: append them to a ragged column, test them, hash them to ids."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Index
from dl.data.ragged import Ragged
from dl.data.spill import IN_MEMORY, RaggedWriter
from dl.tables.source import Cells
from dl.terminal import safe_text

MIX = np.uint64(0x9E3779B97F4A7C15)  # odd: spreads the ids of repeated contents


def write_cells(writer: RaggedWriter, cells: Cells) -> None:
    """Append text cells without nulls to a ragged column."""
    values, offsets = utf8_bytes(cells)
    writer.add(values, np.diff(offsets))


def utf8_bytes(cells: Cells) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Return the UTF-8 bytes of n text cells as a view, and their (n + 1,) offsets."""
    _, offsets, data = cells.buffers()
    if not len(cells):
        return np.empty(0, np.uint8), np.zeros(1, np.int32)
    bounds = np.frombuffer(offsets, np.int32)[cells.offset : cells.offset + len(cells) + 1]
    values = np.frombuffer(data, np.uint8) if data is not None and data.size else np.empty(0, np.uint8)
    return values[bounds[0] : bounds[-1]], bounds - bounds[0]


def drop_rows(rows: Ragged, gone: NDArray[np.bool_]) -> Ragged:
    """Copy the rows that are not ``gone``, (N,) bool, a run at a time."""
    if not gone.any():
        return rows
    kept = RaggedWriter()
    for start, end in _runs(~gone, rows.offsets):
        values = rows.values[rows.offsets[start] : rows.offsets[end]]
        kept.add(np.asarray(values, np.uint8), rows.lengths[start:end])
        rows.release()
    return kept.ragged()


def _runs(kept: NDArray[np.bool_], offsets: Index) -> Iterator[tuple[int, int]]:
    """Yield start and end of runs of kept rows, each of at most about `IN_MEMORY` bytes."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], kept, [False]]).astype(np.int8)))
    for start, end in edges.reshape(-1, 2).tolist():
        while start < end:
            stop = int(np.searchsorted(offsets, offsets[start] + IN_MEMORY, "right"))
            stop = min(max(stop, start + 1), end)
            yield start, stop
            start = stop


def content_ids(rows: Ragged) -> Index:
    """Hash each row's bytes, and its number of earlier duplicates, to a unique 63-bit id, (N,).

    A row has the same id in every run and in every file, whatever the order of the rows.
    """
    return content_ids_of([rows])


def content_ids_of(pieces: Iterable[Ragged]) -> Index:
    """Hash the rows of several pieces as `content_ids` hashes those of one."""
    digests = b"".join(digest for rows in pieces for digest in _digests(rows))
    hashes = np.frombuffer(digests, "<u8").astype(np.uint64)
    order = np.argsort(hashes, kind="stable")
    ranked = hashes[order]
    begins = np.concatenate([[True], ranked[1:] != ranked[:-1]]) if len(ranked) else np.empty(0, bool)
    first = np.maximum.accumulate(np.where(begins, np.arange(len(ranked)), 0))
    before = np.empty(len(hashes), np.uint64)
    before[order] = (np.arange(len(ranked)) - first).astype(np.uint64)
    return ((hashes + before * MIX) >> np.uint64(1)).astype(np.int64)


def _digests(rows: Ragged) -> Iterator[bytes]:
    """Yield 8-byte hashes of the rows, many rows at a time; a mapped column is released on the way."""
    values, offsets = np.asarray(rows.values).data, rows.offsets
    small = offsets[-1] - offsets[0] <= IN_MEMORY
    for start, end in [(0, len(rows))] if small else _runs(np.ones(len(rows), bool), offsets):
        bounds = offsets[start : end + 1].tolist()
        yield b"".join(blake2b(values[a:b], digest_size=8).digest() for a, b in pairwise(bounds))
        rows.release()


def is_blank(cells: Cells) -> NDArray[np.bool_]:
    """Return which cells are null or only white space, (n,)."""
    import pyarrow.compute as pc

    full = pc.fill_null(cells, "") if cells.null_count else cells
    blank: NDArray[np.bool_] = pc.match_substring_regex(full, r"^([\s\pZ]|$)").to_numpy(zero_copy_only=False)
    suspects = np.flatnonzero(blank)
    if len(suspects):  # cells that begin with white space
        blank = blank.copy()
        trimmed = pc.utf8_trim_whitespace(full.take(suspects))
        blank[suspects] = pc.equal(trimmed, "").to_numpy(zero_copy_only=False)
    return blank


def one_spelling(cells: Cells) -> tuple[Cells, str]:
    """Return cells in which words are spelled alike, and a note on those that were not.

    Accents are composed to one character, and blanks within a word to one blank.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    encoded = cells.combine_chunks().dictionary_encode()
    if not pc.any(pc.match_substring_regex(encoded.dictionary, r"\s\s|[^\x00-\x7f]|[\t\n\f\r]")).as_py():
        return cells, ""
    before = encoded.dictionary.to_pylist()
    after = [" ".join(unicodedata.normalize("NFC", word).split()) for word in before]
    if after == before:
        return cells, ""
    whole = pa.chunked_array([pa.array(after, pa.string()).take(encoded.indices)])
    twins = len(before) - len(set(after))
    changed = Counter(after).most_common(1)[0][0]
    note = f"spellings that differ in blanks or accents are one, as {safe_text(changed, 40)!r}" if twins else ""
    return whole, note


def has_nul(cells: Cells) -> NDArray[np.bool_]:
    """Return which cells hold a NUL byte, (n,)."""
    import pyarrow.compute as pc

    if not (utf8_bytes(cells)[0] == 0).any():
        return np.zeros(len(cells), bool)
    holding: NDArray[np.bool_] = pc.match_substring(pc.fill_null(cells, ""), "\0").to_numpy(zero_copy_only=False)
    return holding
