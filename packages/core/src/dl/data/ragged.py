"""Ragged: rows of different lengths, kept flat with offsets - the bytes of texts, the tokens of sequences.

No row is padded and none is an object: N texts are two arrays, which may be memory maps, and a part of them is a view
by position. Letters: ``N`` rows, ``S`` values in all rows together.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LONG = 64  # values of a row, on the mean, from which rows are copied one by one


@dataclass(frozen=True, eq=False)
class Ragged:
    """Rows of different lengths: row ``k`` is ``values[offsets[k]:offsets[k + 1]]``.

    Args:
        values: (S,) all rows, one after the other.
        offsets: (N + 1,) int64 where each row begins, and where the last one ends.
    """

    values: NDArray[np.generic]
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __iter__(self) -> Iterator[NDArray[np.generic]]:
        return (self.row(k) for k in range(len(self)))

    def __getitem__(self, positions: NDArray[np.int64]) -> Ragged:
        """Copy the rows at these positions, (n,), in this order."""
        lengths = self.lengths[positions]
        offsets = offsets_of(lengths)
        plain = Ragged(np.asarray(self.values), self.offsets)  # rows of a map cost ten times as much
        if offsets[-1] > LONG * len(lengths):
            return Ragged(np.concatenate([plain.row(position) for position in positions]), offsets)
        source = np.repeat(self.offsets[positions] - offsets[:-1], lengths) + np.arange(offsets[-1])
        return Ragged(self.values[source], offsets)

    def release(self) -> None:
        """Give back the memory of a column that is mapped from a file: what is used again is read again.

        What was written into a column mapped for copying on write is lost; nobody writes into one.
        """
        mapped = getattr(self.values, "_mmap", None)
        if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):  # not on Windows
            mapped.madvise(mmap.MADV_DONTNEED)

    def row(self, position: int) -> NDArray[np.generic]:
        """Return one row as a view, (length,)."""
        return self.values[self.offsets[position] : self.offsets[position + 1]]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """How many values each row has, (N,)."""
        return np.diff(self.offsets)

    @property
    def nbytes(self) -> int:
        """Bytes of all values."""
        return self.values.nbytes


def offsets_of(lengths: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Return where rows of these lengths, (N,), begin, and where the last one ends, (N + 1,)."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])


def ragged(rows: Iterable[NDArray[np.generic]], dtype: type[np.generic]) -> Ragged:
    """Lay rows of one type one after the other."""
    kept = [np.asarray(row, dtype) for row in rows]
    values = np.concatenate(kept) if kept else np.empty(0, dtype)
    return Ragged(values, offsets_of(np.array([len(row) for row in kept], np.int64)))


def texts(strings: Iterable[str]) -> Ragged:
    """Keep strings as their UTF-8 bytes."""
    return of_bytes([string.encode() for string in strings])


def of_bytes(contents: Sequence[bytes]) -> Ragged:
    """Lay texts, given as their UTF-8 bytes, one after the other."""
    lengths = np.array([len(content) for content in contents], np.int64)
    return Ragged(np.frombuffer(b"".join(contents), np.uint8), offsets_of(lengths))


def as_text(row: NDArray[np.generic]) -> str:
    """Return the string that a row of bytes stands for; bytes that are no UTF-8 become the replacement character."""
    return row.tobytes().decode(errors="replace")


def concatenated(columns: Sequence[Ragged]) -> Ragged:
    """Return the rows of several columns as one column."""
    lengths = np.concatenate([column.lengths for column in columns])
    values = [column.values[column.offsets[0] : column.offsets[-1]] for column in columns]
    return Ragged(np.concatenate(values), offsets_of(lengths))
