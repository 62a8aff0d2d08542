"""Process texts in chunks of a megabyte in threads: little memory, all cores."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from dl.data.ragged import Ragged
from dl.work import over

CHUNK_BYTES = 1 << 20  # text processed at once in each thread, so that intermediate arrays fit into the cores' caches
MOST_THREADS = 4
AT_ONCE = 64  # chunks after which the memory of a mapped column is released
_CUTS = {  # two bytes between which a text may be cut: no token, normal form or lower case spans them
    "words": re.compile(rb"[^\n ][\n ]"),
    "bpe": re.compile(rb"[!-~][\n ]"),
    "chars": re.compile(rb"[^\n ][\n ]|[\n -~]{2}"),
}

Piece = TypeVar("Piece")
Done = TypeVar("Done")
Numbers = NDArray[np.int64]


def chunks(texts: Ragged) -> Iterator[Ragged]:
    """Yield the texts in order, as views of about a megabyte; a longer text is one chunk: see `split_long_text`."""
    for first, last in pairwise(bounds(texts.lengths)):
        start, stop = texts.offsets[first], texts.offsets[last]
        yield Ragged(texts.values[start:stop], texts.offsets[first : last + 1] - start)


def split_long_text(chunk: Ragged, tokens: str) -> Iterator[Ragged]:
    """Yield a chunk as it is, or one long text in pieces of about a megabyte.

    Args:
        chunk: As `chunks` yields it.
        tokens: The kind of token that no cut may divide; a text without a place to cut stays whole.
    """
    size = len(chunk.values)
    if len(chunk) > 1 or size <= CHUNK_BYTES:
        yield chunk
        return
    start = 0
    while start < size:
        cut = _CUTS[tokens].search(chunk.values.data, start + CHUNK_BYTES)
        stop = cut.start() + 1 if cut else size
        yield Ragged(chunk.values[start:stop], np.array([0, stop - start], np.int64))
        start = stop


def bounds(lengths: Numbers) -> list[int]:
    """Return the first text of each chunk, and the end of the last chunk, from the lengths (N,) in bytes."""
    block = np.cumsum(lengths + 16) // CHUNK_BYTES  # 16: the overhead of a text
    return [*np.flatnonzero(np.diff(block, prepend=-1)).tolist(), len(lengths)]


def map_released(work: Callable[[Piece], Done], pieces: Sequence[Piece], texts: Ragged) -> Iterator[list[Done]]:
    """Map ``work`` over pieces of texts, `AT_ONCE` at a time, releasing the memory of a mapped column in between."""
    for at in over(range(0, len(pieces), AT_ONCE), "tokenizing"):
        yield in_threads(work, pieces[at : at + AT_ONCE])
        texts.release()


def in_threads(work: Callable[[Piece], Done], pieces: Sequence[Piece]) -> list[Done]:
    """Map ``work`` over pieces, in order, in threads: numpy, arrow and tokenizers release the GIL."""
    threads = min(MOST_THREADS, os.cpu_count() or 1, len(pieces))
    if threads < 2:
        return [work(piece) for piece in pieces]
    with ThreadPoolExecutor(threads, thread_name_prefix="tokens") as pool:
        return list(pool.map(work, pieces))
