"""Gathering: rows of different lengths, one after the other, in memory; in a file that is mapped if they are many.

The file has no name: it lies in the cache folder and is gone when the process ends, so it is never stale.
"""

from __future__ import annotations

import tempfile
from typing import IO, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from dl.data.cache import cache_folder
from dl.data.examples import Index
from dl.data.ragged import Ragged, offsets_of
from dl.files import saying_why

IN_MEMORY = 1 << 26  # bytes; more are written to a file
FOLDER = "gathered"  # in the cache


class RaggedWriter:
    """Rows that only grow.

    Args:
        dtype: Of their values.
    """

    def __init__(self, dtype: DTypeLike = np.uint8) -> None:
        self.dtype = np.dtype(dtype)
        self.parts: list[NDArray[Any]] = []  # Any: of that type
        self.lengths: list[Index] = []
        self.size = 0
        self.file: IO[bytes] | None = None

    def add(self, values: NDArray[Any], lengths: NDArray[np.integer[Any]]) -> None:
        """Add rows of these lengths, (n,), that stand one after the other in ``values``."""
        self.lengths.append(lengths.astype(np.int64))
        self.size += len(values)
        if self.file is None and self.size * self.dtype.itemsize <= IN_MEMORY:
            self.parts.append(values.astype(self.dtype))
            return
        folder = cache_folder(FOLDER)
        with saying_why(folder):
            if self.file is None:
                self.file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - mapped as long as the rows are used
                for part in self.parts:
                    self.file.write(part.data)
                self.parts = []
            self.file.write(np.ascontiguousarray(values, self.dtype).data)

    def ragged(self) -> Ragged:
        """Return all rows."""
        lengths = np.concatenate([np.empty(0, np.int64), *self.lengths])
        offsets = offsets_of(lengths)
        if self.file is None:
            return Ragged(np.concatenate([np.empty(0, self.dtype), *self.parts]), offsets)
        with saying_why(cache_folder(FOLDER)):
            self.file.flush()
        # Copy on write: torch wants writable arrays, and what is written stays in this process.
        values = np.memmap(self.file, self.dtype, "c", shape=(self.size,))
        self.file.close()  # the map keeps it
        return Ragged(values, offsets)
