"""Learning a vocabulary: what a training part's tokens are, how often and in how many texts each occurs.

The part is counted chunk by chunk; equal counts are ordered single tokens first, then by spelling, so that the same
part always teaches the same vocabulary. A pair of neighbours is never more frequent than either of them, so both
tokens of a pair that is kept are kept, too. Letters: ``v`` distinct tokens, ``s`` tokens in all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dl.data import Part
from dl.errors import BadData
from dl.ragged import Ragged, as_text
from dl_text import bytepairs
from dl_text.chunks import Numbers, bounds, in_threads
from dl_text.vocabulary import RESERVED, Settings, Vocabulary, neighbours, spelled_array, split

LONGEST = 100  # bytes of a word worth learning; a longer one is unknown
_JOIN = {"words": b" ", "chars": b""}


@dataclass(frozen=True)
class Tally:
    """Distinct tokens with how often each occurs, and in how many texts; all (v,)."""

    spelled: NDArray[np.object_]  # bytes: there are as many as are kept, not as many as occur
    counts: Numbers
    documents: Numbers


@dataclass(frozen=True)
class Counted:
    """What one chunk of texts holds.

    Args:
        spelled: (v,) its distinct tokens.
        numbers: (s,) which of them stands where.
        rows: (s,) in which text.
        counts: (v,) how often each occurs.
        documents: (v,) in how many texts.
    """

    spelled: pa.Array
    numbers: NDArray[np.int32]
    rows: NDArray[np.int32]
    counts: Numbers
    documents: Numbers


def learn(part: Part, settings: Settings) -> Vocabulary:
    """Learn a vocabulary from a part of texts, given as their UTF-8 bytes.

    Raises:
        BadData: If the inputs are no texts, or none of them holds a token.
    """
    texts = part.examples.inputs
    if not isinstance(texts, Ragged) or texts.values.dtype != np.uint8:
        raise BadData("texts are stored as rows of UTF-8 bytes of different lengths; this data set has something else")
    pieces = [part.index[first:last] for first, last in pairwise(bounds(texts.lengths[part.index]))]
    learned = _byte_pairs if settings.tokens == "bpe" else _tokens
    vocabulary = learned(texts, pieces, settings)
    if not any(vocabulary.counts):
        raise BadData(f"no {settings.tokens} in the {len(part):,} texts of the training part; try tokens=chars")
    return vocabulary


def _tokens(texts: Ragged, pieces: list[Numbers], settings: Settings) -> Vocabulary:
    """Learn words or characters, and pairs of neighbours where they are asked for."""
    counted = in_threads(lambda index: _count(texts[index], settings), pieces)
    every = pa.concat_arrays([pa.array([], pa.large_binary()), *(chunk.spelled for chunk in counted)])
    coded = every.dictionary_encode()
    number = np.asarray(coded.indices.to_numpy(), np.int64)  # of each chunk's tokens among all
    counts = _sums(number, [chunk.counts for chunk in counted], len(coded.dictionary))
    documents = _sums(number, [chunk.documents for chunk in counted], len(coded.dictionary))
    top = _most_frequent(coded.dictionary, counts, settings.size)
    singles = Tally(_spelled(coded.dictionary, top), counts[top], documents[top])
    kept, is_pair = singles, np.zeros(len(top), np.bool_)
    if settings.ngrams > 1:
        ids = np.zeros(len(counts), np.int64)
        ids[top] = np.arange(RESERVED, len(top) + RESERVED)
        kept, is_pair = _merge(singles, _pairs(singles, counted, ids[number], settings), settings.size)
    return Vocabulary(
        settings,
        tuple(token.decode() for token in kept.spelled),
        tuple(kept.counts.tolist()),
        tuple(kept.documents.tolist()),
        texts=sum(map(len, pieces)),
        unknown_share=float(1 - kept.counts[~is_pair].sum() / max(1, counts.sum())),
    )


def _count(texts: Ragged, settings: Settings) -> Counted:
    pieces = split(texts, settings)
    coded = spelled_array(pieces.spelled).dictionary_encode()
    numbers = np.asarray(coded.indices.to_numpy(), np.int32)
    rows = np.repeat(np.arange(len(texts), dtype=np.int32), pieces.lengths)
    counts, documents = _tally(numbers, rows, len(coded.dictionary))
    if settings.ngrams == 1:
        numbers = rows = np.empty(0, np.int32)
    return Counted(coded.dictionary, numbers, rows, counts, documents)


def _tally(numbers: NDArray[np.int32], rows: NDArray[np.int32], size: int) -> tuple[Numbers, Numbers]:
    """Count how often each of ``size`` numbers occurs, and in how many rows."""
    in_rows = np.sort(rows.astype(np.int64) * size + numbers)
    new = in_rows[np.flatnonzero(np.diff(in_rows, prepend=-1))]
    return np.bincount(numbers, minlength=size), np.bincount(new % size, minlength=size)


def _pairs(singles: Tally, counted: Sequence[Counted], ids: Numbers, settings: Settings) -> Tally:
    """Count the pairs of neighbours that are both among the most frequent single tokens.

    Args:
        singles: Those tokens, from number 2 on.
        counted: The chunks.
        ids: For the distinct tokens of all chunks, one after the other, the number among ``singles``, or 0.
        settings: Says how many are wanted.
    """
    size = len(singles.spelled) + RESERVED
    first = np.cumsum([0, *(len(chunk.spelled) for chunk in counted)])

    def count(at: int) -> tuple[Numbers, Numbers, Numbers]:
        chunk = counted[at]
        keys, second = neighbours(ids[first[at] : first[at + 1]][chunk.numbers], chunk.rows, size)
        distinct, number = _numbered(keys)
        return distinct, *_tally(number, chunk.rows[second], len(distinct))

    done = in_threads(count, range(len(counted)))
    keys, number = _numbered(np.concatenate([np.empty(0, np.int64), *(distinct for distinct, _, _ in done)]))
    counts, documents = (_sums(number, [chunk[column] for chunk in done], len(keys)) for column in (1, 2))
    top = np.flatnonzero(counts >= _least(counts, settings.size))
    halves = np.divmod(keys[top], size)
    left, right = (singles.spelled[half - RESERVED] for half in halves)
    return Tally(left + _JOIN[settings.tokens] + right, counts[top], documents[top])


def _merge(singles: Tally, pairs: Tally, size: int) -> tuple[Tally, NDArray[np.bool_]]:
    """Return the most frequent of both, and which are pairs."""
    spelled = np.concatenate([singles.spelled, pairs.spelled])
    counts = np.concatenate([singles.counts, pairs.counts])
    documents = np.concatenate([singles.documents, pairs.documents])
    is_pair = np.arange(len(spelled)) >= len(singles.spelled)
    order = sorted(range(len(spelled)), key=lambda at: (-counts[at], is_pair[at], spelled[at]))[:size]
    return Tally(spelled[order], counts[order], documents[order]), is_pair[order]


def _byte_pairs(texts: Ragged, pieces: list[Numbers], settings: Settings) -> Vocabulary:
    strings = (as_text(text) for index in pieces for text in texts[index])
    tokens, merges = bytepairs.learn(strings, settings.size)
    tokenizer = bytepairs.restored(tokens, merges)

    def count(index: Numbers) -> tuple[Numbers, Numbers]:
        numbers, lengths = bytepairs.encode(tokenizer, texts[index])
        rows = np.repeat(np.arange(len(index), dtype=np.int32), lengths)
        return _tally(numbers.astype(np.int32), rows, len(tokens))

    tallies = [np.zeros((2, len(tokens)), np.int64), *map(np.stack, in_threads(count, pieces))]
    counts, documents = np.sum(tallies, axis=0)
    number_of_texts = sum(map(len, pieces))
    return Vocabulary(settings, tokens, tuple(counts.tolist()), tuple(documents.tolist()), number_of_texts, 0.0, merges)


def _most_frequent(spelled: pa.Array, counts: Numbers, size: int) -> Numbers:
    """Return the positions of the ``size`` most frequent tokens, ties by spelling."""
    lengths = np.diff(np.frombuffer(spelled.buffers()[1], np.int64, len(spelled) + 1)) if len(spelled) else counts
    learnable = np.where(lengths <= LONGEST, counts, 0)
    top = np.flatnonzero(learnable >= _least(learnable, size))
    names = _spelled(spelled, top)
    order = sorted(range(len(top)), key=lambda at: (-counts[top[at]], names[at]))[:size]
    return top[order]


def _least(counts: Numbers, size: int) -> int:
    """Return the count that the ``size`` most frequent have at least."""
    if len(counts) <= size:
        return 1
    return max(1, int(np.partition(counts, -size)[-size]))


def _spelled(spelled: pa.Array, at: Numbers) -> NDArray[np.object_]:
    names = np.empty(len(at), np.object_)
    names[:] = spelled.take(pa.array(at)).to_pylist()
    return names


def _numbered(keys: Numbers) -> tuple[Numbers, NDArray[np.int32]]:
    """Return the distinct keys as they are met, and for each key which of them it is."""
    coded = pa.array(keys).dictionary_encode()
    return np.asarray(coded.dictionary.to_numpy()), np.asarray(coded.indices.to_numpy())


def _sums(number: NDArray[np.integer[Any]], values: list[Numbers], size: int) -> Numbers:
    """Add the values of each number, (size,); floats hold counts up to 2^53 exactly."""
    flat = np.concatenate([np.empty(0, np.int64), *values])
    return np.bincount(number, flat, size).astype(np.int64)
