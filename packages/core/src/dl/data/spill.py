"""Build a ragged column row by row, in memory up to 64 MB, then in a memory-mapped temporary file.

The file is unlinked: it lies in the cache folder and disappears with the process.
"""

from __future__ import annotations

import tempfile
from typing import IO, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from dl.data.cache import cache_folder
from dl.data.examples import Index
from dl.data.ragged import Ragged, offsets_of
from dl.files import explain_write_errors

IN_MEMORY = 1 << 26  # bytes; more are written to a file
FOLDER = "gathered"  # in the cache


class RaggedWriter:
    """Appends rows of different lengths and returns them as one `Ragged`.

    Args:
        dtype: Of the values.
    """

    def __init__(self, dtype: DTypeLike = np.uint8) -> None:
        self.dtype = np.dtype(dtype)
        self.chunks: list[NDArray[Any]] = []  # Any: of that dtype
        self.lengths: list[Index] = []
        self.size = 0
        self.file: IO[bytes] | None = None

    def add(self, values: NDArray[Any], lengths: NDArray[np.integer[Any]]) -> None:
        """Append rows of these lengths, (n,), concatenated in ``values``."""
        self.lengths.append(lengths.astype(np.int64))
        self.size += len(values)
        if self.file is None and self.size * self.dtype.itemsize <= IN_MEMORY:
            self.chunks.append(values.astype(self.dtype))
            return
        folder = cache_folder(FOLDER)
        with explain_write_errors(folder):
            if self.file is None:
                self.file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - mapped as long as the rows are used
                for chunk in self.chunks:
                    self.file.write(chunk.data)
                self.chunks = []
            self.file.write(np.ascontiguousarray(values, self.dtype).data)

    def ragged(self) -> Ragged:
        """Return all rows."""
        lengths = np.concatenate([np.empty(0, np.int64), *self.lengths])
        offsets = offsets_of(lengths)
        if self.file is None:
            return Ragged(np.concatenate([np.empty(0, self.dtype), *self.chunks]), offsets)
        with explain_write_errors(cache_folder(FOLDER)):
            self.file.flush()
        values = np.memmap(self.file, self.dtype, "r", shape=(self.size,))
        self.file.close()  # the map keeps it
        return Ragged(values, offsets)
