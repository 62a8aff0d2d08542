"""Chunks: a megabyte of texts at a time, worked on in threads: little memory, all cores."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from dl.data.ragged import Ragged

CHUNK_BYTES = 1 << 20  # of text that is in work at once, in each thread: what is made of it stays in the cores' caches
MOST_THREADS = 4
AT_ONCE = 64  # chunks after which the memory of a mapped column is given back
_CUTS = {  # the two bytes between which a text may be cut: no token, normal form or lower case looks across
    "words": re.compile(rb"[^\n ][\n ]"),
    "bpe": re.compile(rb"[!-~][\n ]"),
    "chars": re.compile(rb"[^\n ][\n ]|[\n -~]{2}"),
}

Piece = TypeVar("Piece")
Done = TypeVar("Done")
Numbers = NDArray[np.int64]


def chunks(texts: Ragged) -> Iterator[Ragged]:
    """Give the texts in order, as views of about a megabyte; a longer text is one chunk: see `parts`."""
    for first, last in pairwise(bounds(texts.lengths)):
        start, stop = texts.offsets[first], texts.offsets[last]
        yield Ragged(texts.values[start:stop], texts.offsets[first : last + 1] - start)


def parts(chunk: Ragged, tokens: str) -> Iterator[Ragged]:
    """Give a chunk as it is, but one long text in parts of about a megabyte, each a chunk of one text.

    Args:
        chunk: As `chunks` gives it.
        tokens: The kind of token that no cut may divide; a text without a place to cut is one part.
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
    """Return where chunks of texts of these lengths, in bytes, begin, and where the last one ends."""
    block = np.cumsum(lengths + 16) // CHUNK_BYTES  # 16: an empty text costs something, too
    return [*np.flatnonzero(np.diff(block, prepend=-1)).tolist(), len(lengths)]


def walked(work: Callable[[Piece], Done], pieces: Sequence[Piece], texts: Ragged) -> Iterator[list[Done]]:
    """Do the work for all pieces of texts, `AT_ONCE` at a time: a mapped column never lies in memory as a whole."""
    for at in range(0, len(pieces), AT_ONCE):
        yield in_threads(work, pieces[at : at + AT_ONCE])
        texts.release()


def in_threads(work: Callable[[Piece], Done], pieces: Sequence[Piece]) -> list[Done]:
    """Do the work for each piece, in order, in threads: numpy, arrow and tokenizers let go of the interpreter."""
    threads = min(MOST_THREADS, os.cpu_count() or 1, len(pieces))
    if threads < 2:
        return [work(piece) for piece in pieces]
    with ThreadPoolExecutor(threads, thread_name_prefix="tokens") as pool:
        return list(pool.map(work, pieces))
