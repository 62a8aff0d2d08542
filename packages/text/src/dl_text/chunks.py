"""Chunks: a few megabytes of texts at a time, worked on in threads: little memory, all cores."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from dl.ragged import Ragged

CHUNK_BYTES = 1 << 22  # of text that is in work at once, in each thread
MOST_THREADS = 4

Piece = TypeVar("Piece")
Done = TypeVar("Done")
Numbers = NDArray[np.int64]


def chunks(texts: Ragged) -> Iterator[Ragged]:
    """Give the texts in order, as views of a few megabytes; a longer text is one chunk."""
    for first, last in pairwise(bounds(texts.lengths)):
        start, stop = texts.offsets[first], texts.offsets[last]
        yield Ragged(texts.values[start:stop], texts.offsets[first : last + 1] - start)


def bounds(lengths: Numbers) -> list[int]:
    """Return where chunks of texts of these lengths, in bytes, begin, and where the last one ends."""
    block = np.cumsum(lengths + 16) // CHUNK_BYTES  # 16: an empty text costs something, too
    return [*np.flatnonzero(np.diff(block, prepend=-1)).tolist(), len(lengths)]


def offsets_of(lengths: Numbers) -> Numbers:
    """Return where rows of these lengths begin, and where the last one ends."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])


def in_threads(work: Callable[[Piece], Done], pieces: Sequence[Piece]) -> list[Done]:
    """Do the work for each piece, in order, in threads: numpy, arrow and tokenizers let go of the interpreter."""
    threads = min(MOST_THREADS, os.cpu_count() or 1, len(pieces))
    if threads < 2:
        return [work(piece) for piece in pieces]
    with ThreadPoolExecutor(threads, thread_name_prefix="tokens") as pool:
        return list(pool.map(work, pieces))
