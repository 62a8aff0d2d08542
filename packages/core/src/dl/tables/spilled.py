"""The cells of a large table in a mapped file: as the batches of an Arrow file, which are read without copying them.

The file has no name: it lies in the cache folder and disappears with the process.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dl.data.cache import cache_folder
from dl.data.larger import FOLDER
from dl.files import explain_write_errors

Column = Any  # a pyarrow ChunkedArray of text; pyarrow has no types


class SpilledCells:
    """Text cells that are written batch by batch, and read as columns.

    Args:
        names: Of the columns, which may be any text.
    """

    def __init__(self, names: Sequence[str]) -> None:
        import pyarrow as pa

        self.names, self.folder = tuple(names), cache_folder(FOLDER)
        self.schema = pa.schema([(str(number), pa.string()) for number in range(len(names))])
        with explain_write_errors(self.folder):
            self.file = tempfile.TemporaryFile(dir=self.folder)  # noqa: SIM115 - mapped as long as the cells are used
            self.writer = pa.ipc.new_file(self.file, self.schema)

    def write(self, cells: Mapping[str, Sequence[Any]]) -> None:  # Any: pyarrow arrays
        """Write the arrays of each column, alike in their lengths.

        Raises:
            CannotWrite: If the disk is full.
        """
        import pyarrow as pa

        with explain_write_errors(self.folder):
            for arrays in zip(*(cells[name] for name in self.names), strict=True):
                self.writer.write_batch(pa.record_batch(list(arrays), schema=self.schema))

    def columns(self) -> dict[str, Column]:
        """Return the cells of each column, mapped; nothing can be written after it."""
        import pyarrow as pa

        with explain_write_errors(self.folder):
            self.writer.close()
            self.file.flush()
        mapped = np.memmap(self.file, np.uint8, "r")
        self.file.close()  # the map keeps it
        table = pa.ipc.open_file(pa.BufferReader(pa.py_buffer(mapped))).read_all()
        return {name: table.column(number) for number, name in enumerate(self.names)}
