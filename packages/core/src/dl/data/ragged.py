"""Ragged columns: rows of different lengths, stored flat with offsets - the bytes of texts, the tokens of sequences.

No row is padded or a Python object: N texts are two arrays, which may be memory maps.
Letters: ``N`` rows, ``S`` values of all rows together.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LONG = 64  # mean row length from which rows are copied one by one


@dataclass(frozen=True, eq=False)
class Ragged:
    """Rows of different lengths: row ``k`` is ``values[offsets[k]:offsets[k + 1]]``.

    Args:
        values: (S,) all rows, concatenated; (S, C) where each value is C numbers, as a step of a series. A structured
            array holds the columns of such a step.
        offsets: (N + 1,) int64 start of each row, and end of the last one.
    """

    values: NDArray[np.generic]
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __iter__(self) -> Iterator[NDArray[np.generic]]:
        return (self.row(k) for k in range(len(self)))

    def __getitem__(self, positions: NDArray[np.int64]) -> Ragged:
        """Copy the rows at these positions, (n,)."""
        lengths = self.lengths[positions]
        offsets = offsets_of(lengths)
        plain = Ragged(np.asarray(self.values), self.offsets)  # slices of a memory map are ten times slower
        if offsets[-1] > LONG * len(lengths):
            return Ragged(np.concatenate([plain.row(position) for position in positions]), offsets)
        source = np.repeat(self.offsets[positions] - offsets[:-1], lengths) + np.arange(offsets[-1])
        return Ragged(self.values[source], offsets)

    def release(self) -> None:
        """Release the pages of a column mapped from a file; they are read again on the next access."""
        mapped = getattr(self.values, "_mmap", None)
        if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):  # not on Windows
            mapped.madvise(mmap.MADV_DONTNEED)

    def row(self, position: int) -> NDArray[np.generic]:
        """Return one row as a view, (length,)."""
        return self.values[self.offsets[position] : self.offsets[position + 1]]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Length of each row, (N,)."""
        return np.diff(self.offsets)

    @property
    def nbytes(self) -> int:
        """Size of all values in bytes."""
        return self.values.nbytes


def offsets_of(lengths: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Return the offsets (N + 1,) of rows of these lengths (N,)."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])


def ragged(rows: Iterable[NDArray[np.generic]], dtype: type[np.generic]) -> Ragged:
    """Concatenate rows of one dtype to a ragged column."""
    kept = [np.asarray(row, dtype) for row in rows]
    values = np.concatenate(kept) if kept else np.empty(0, dtype)
    return Ragged(values, offsets_of(np.array([len(row) for row in kept], np.int64)))


def texts(strings: Iterable[str]) -> Ragged:
    """Store strings as their UTF-8 bytes."""
    return of_bytes([string.encode() for string in strings])


def of_bytes(contents: Sequence[bytes]) -> Ragged:
    """Concatenate texts, given as their UTF-8 bytes, to a ragged column."""
    lengths = np.array([len(content) for content in contents], np.int64)
    return Ragged(np.frombuffer(b"".join(contents), np.uint8), offsets_of(lengths))


def fixed(rows: NDArray[Any]) -> Ragged:  # Any: numbers of one kind
    """Return the bytes of rows of one shape, (N, ...), as a view."""
    plain = np.ascontiguousarray(rows)
    size = plain.nbytes // max(len(plain), 1)
    return Ragged(plain.reshape(-1).view(np.uint8), np.arange(len(plain) + 1, dtype=np.int64) * size)


def as_text(row: NDArray[np.generic]) -> str:
    """Decode a row of UTF-8 bytes; invalid bytes become the replacement character."""
    return row.tobytes().decode(errors="replace")


def concatenate(columns: Sequence[Ragged]) -> Ragged:
    """Concatenate the rows of several columns."""
    lengths = np.concatenate([column.lengths for column in columns])
    values = [column.values[column.offsets[0] : column.offsets[-1]] for column in columns]
    return Ragged(np.concatenate(values), offsets_of(lengths))
