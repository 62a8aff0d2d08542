"""Data larger than memory: how much memory there is, and arrays in files instead.

An array that would take much of the memory lies in a file without a name in the cache folder, mapped and shared: the
system writes it out and reads it again as it needs the room, and the file disappears with the process. What is only
read is mapped for reading alone: a map that could be written privately is refused by the system where it is larger
than the memory, though nobody writes.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from dl import regular
from dl.data.cache import cache_folder, size_given
from dl.data.examples import Index
from dl.files import explain_write_errors

MEMORY = "DL_MEMORY"  # in place of the machine's, as 8GB
LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")  # of a container
SHARE = 0.5  # of the memory, beyond which data that is read again each epoch is read in blocks
SPILLED = 0.125  # of the memory, beyond which an array that is made lies in a file
FOLDER = "gathered"  # in the cache
GAP = 1 << 16  # bytes between two stretches up to which both are read at once


def memory() -> int:
    """Return the memory that this process may use, in bytes: of the machine or of its container, or ``$DL_MEMORY``.

    Raises:
        BadOption: If ``$DL_MEMORY`` is not a size.
    """
    if (given := size_given(MEMORY)) is not None:
        return given
    with suppress(ValueError, OSError, AttributeError):  # Windows has no sysconf
        found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        for path in LIMITS:
            with suppress(ValueError, OSError):
                found = min(found, int(regular.read_text(path)))
        return found
    return 1 << 34


def is_larger(nbytes: int) -> bool:
    """Return whether data of this size would not stay in memory beside all else."""
    return nbytes > SHARE * memory()


def is_spilled(nbytes: int) -> bool:
    """Return whether what is made with this size lies in a file."""
    return nbytes > SPILLED * memory()


def empty(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:  # Any: of that dtype
    """Return an array without content; in a mapped file if it would take much of the memory.

    Raises:
        CannotWrite: If the disk has no room for it.
    """
    size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    if not is_spilled(size):
        return np.empty(shape, dtype)
    folder = cache_folder(FOLDER)
    with explain_write_errors(folder), tempfile.TemporaryFile(dir=folder) as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)  # a full disk is then an error, not a crash
        return np.memmap(file, dtype, "r+", shape=shape) if size else np.empty(shape, dtype)


def spilled(values: NDArray[Any]) -> NDArray[Any]:  # Any: of one dtype
    """Return an array as it is, or a copy in a mapped file if it takes much of the memory."""
    made = empty(values.shape, values.dtype) if is_spilled(values.nbytes) else values
    if made is not values:
        made[...] = values
    return made


def read_ahead(values: NDArray[Any], begins: Index, ends: Index) -> None:
    """Ask the system to read stretches of a mapped array soon; do nothing for an array that is not mapped.

    Args:
        values: (S, ...).
        begins: (n,) of each stretch along the first axis, ascending.
        ends: (n,) likewise, exclusive.
    """
    mapped = getattr(values, "_mmap", None)
    if mapped is None or not hasattr(mmap, "MADV_WILLNEED") or not len(begins) or not values.flags.c_contiguous:
        return  # Windows has no such advice
    size = values.nbytes // max(len(values), 1)
    start = values.ctypes.data - np.frombuffer(mapped, np.uint8).ctypes.data  # of the array in its map
    apart = np.flatnonzero((begins[1:] - ends[:-1]) * size > GAP)
    firsts = start + begins[np.append(0, apart + 1)] * size
    lasts = start + ends[np.append(apart, len(ends) - 1)] * size
    for first, last in zip((firsts // mmap.PAGESIZE * mmap.PAGESIZE).tolist(), lasts.tolist(), strict=True):
        mapped.madvise(mmap.MADV_WILLNEED, first, last - first)
