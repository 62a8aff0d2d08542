"""Learn a vocabulary: count the tokens and bigrams of a training set, and the texts that each occurs in.

Texts are counted chunk by chunk. Ties are ordered single tokens first, then by spelling, so that the same training set
always gives the same vocabulary. A bigram is never more frequent than either of its tokens, so both tokens of a kept
bigram are kept too. Letters: ``v`` distinct tokens, ``s`` tokens in all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dl.data.examples import Subset
from dl.data.ragged import Ragged
from dl.errors import BadData
from dl_text import bytepairs
from dl_text.chunks import Numbers, bounds, map_released, split_long_text
from dl_text.runs import split_runs
from dl_text.vocabulary import (
    RESERVED,
    Settings,
    Vocabulary,
    lengths_of,
    neighbours,
    number_tokens,
    spelled_array,
    split,
)

LONGEST = 100  # most bytes of a word in the vocabulary; a longer one is unknown
_JOIN = {"words": b" ", "chars": b""}


@dataclass(frozen=True)
class Tally:
    """Distinct tokens with their counts of occurrences and of texts.

    Args:
        keys: (v,) the tokens, as spelled or as ids.
        counts: (v,) occurrences.
        documents: (v,) texts.
    """

    keys: pa.Array
    counts: Numbers
    documents: Numbers


@dataclass(frozen=True)
class Learnt:
    """The kept tokens, in order, with their counts, and which are bigrams; (V,) each."""

    spelled: NDArray[np.object_]  # bytes
    counts: Numbers
    documents: Numbers
    is_pair: NDArray[np.bool_]


def learn(subset: Subset, settings: Settings) -> Vocabulary:
    """Learn a vocabulary from a training set of texts as UTF-8 bytes.

    Raises:
        BadData: If the inputs are not texts, or hold no token.
    """
    texts = subset.examples.inputs
    if not isinstance(texts, Ragged) or texts.values.dtype != np.uint8:
        raise BadData("texts are stored as rows of UTF-8 bytes of different lengths; this data set has something else")
    pieces = [subset.index[first:last] for first, last in pairwise(bounds(texts.lengths[subset.index]))]
    learned = _byte_pairs if settings.tokens == "bpe" else _tokens
    vocabulary = learned(texts, pieces, settings)
    if not any(vocabulary.counts):
        raise BadData(f"no {settings.tokens} in the {len(subset):,} texts of the training set; try tokens=chars")
    return vocabulary


def _tokens(texts: Ragged, pieces: list[Numbers], settings: Settings) -> Vocabulary:
    """Learn words or characters, and bigrams if ``ngrams`` is 2."""

    def count(texts: Ragged) -> Tally:
        pieces_of = split(texts, settings)
        return _tally(spelled_array(pieces_of.spelled), _rows(pieces_of.lengths))

    every = _count_all(lambda chunk: _by_parts(count, chunk, settings.tokens), texts, pieces, pa.large_binary())
    kept = _most_frequent(every, settings.size)
    if settings.ngrams > 1:
        kept = _merge(kept, _pairs(kept, texts, pieces, settings), settings.size)
    return Vocabulary(
        settings,
        tuple(token.decode() for token in kept.spelled),
        tuple(kept.counts.tolist()),
        tuple(kept.documents.tolist()),
        texts=sum(map(len, pieces)),
        unknown_share=float(1 - kept.counts[~kept.is_pair].sum() / max(1, every.counts.sum())),
    )


def _pairs(singles: Learnt, texts: Ragged, pieces: list[Numbers], settings: Settings) -> Learnt:
    """Count the bigrams whose tokens are both among the most frequent single tokens."""
    known, size = pa.array(singles.spelled, pa.large_binary()), len(singles.spelled) + RESERVED

    def count(chunk: Ragged) -> Tally:
        done = list(number_tokens(chunk, known, settings))  # a bigram may span two pieces of a long text
        rows = _rows(lengths_of(done, chunk))
        keys, second = neighbours(np.concatenate([numbers for numbers, _ in done]) + RESERVED, rows, size)
        return _tally(pa.array(keys), rows[second])

    every = _count_all(count, texts, pieces, pa.int64())
    top = np.flatnonzero(every.counts >= _least(every.counts, settings.size))
    left, right = np.divmod(every.keys.to_numpy()[top], size)
    spelled = singles.spelled[left - RESERVED] + _JOIN[settings.tokens] + singles.spelled[right - RESERVED]
    return Learnt(spelled, every.counts[top], every.documents[top], np.ones(len(top), np.bool_))


def _byte_pairs(texts: Ragged, pieces: list[Numbers], settings: Settings) -> Vocabulary:
    split_all = map_released(lambda index: list(map(split_runs, split_long_text(texts[index], "bpe"))), pieces, texts)
    tokens, merges = bytepairs.learn(
        (runs for done in split_all for several in done for runs in several), settings.size
    )
    coder = bytepairs.restore(tokens, merges)

    def count(texts: Ragged) -> Tally:
        numbers, lengths = bytepairs.encode(coder, texts)
        return _tally(pa.array(numbers), _rows(lengths))

    every = _count_all(lambda chunk: _by_parts(count, chunk, settings.tokens), texts, pieces, pa.int64())
    numbers = every.keys.to_numpy()
    counts, documents = (
        np.bincount(numbers, values, len(tokens)).astype(np.int64) for values in (every.counts, every.documents)
    )
    number_of_texts = sum(map(len, pieces))
    return Vocabulary(settings, tokens, tuple(counts.tolist()), tuple(documents.tolist()), number_of_texts, 0.0, merges)


def _count_all(count: Callable[[Ragged], Tally], texts: Ragged, pieces: list[Numbers], kind: pa.DataType) -> Tally:
    """Count every chunk of texts; memory grows with the distinct tokens only, not with the texts."""
    total = Tally(pa.array([], kind), np.empty(0, np.int64), np.empty(0, np.int64))
    for done in map_released(lambda index: count(texts[index]), pieces, texts):
        total = _merged([total, *done])
    return total


def _by_parts(count: Callable[[Ragged], Tally], chunk: Ragged, tokens: str) -> Tally:
    """Count a chunk; a long text is counted in pieces, but as one text."""
    done = [count(piece) for piece in split_long_text(chunk, tokens)]
    if len(done) == 1:
        return done[0]
    total = _merged(done)
    return Tally(total.keys, total.counts, np.minimum(total.documents, 1))


def _tally(tokens: pa.Array, rows: NDArray[np.int32]) -> Tally:
    """Count tokens (s,), given the text of each, (s,)."""
    coded = tokens.dictionary_encode()
    numbers, size = coded.indices.to_numpy(), len(coded.dictionary)
    in_rows = np.sort(rows.astype(np.int64) * size + numbers)
    once = in_rows[np.flatnonzero(np.diff(in_rows, prepend=-1))]
    return Tally(coded.dictionary, np.bincount(numbers, minlength=size), np.bincount(once % size, minlength=size))


def _merged(tallies: list[Tally]) -> Tally:
    coded = pa.concat_arrays([tally.keys for tally in tallies]).dictionary_encode()
    numbers, size = coded.indices.to_numpy(), len(coded.dictionary)
    counts, documents = (  # floats hold counts up to 2^53 exactly
        np.bincount(numbers, np.concatenate(values), size).astype(np.int64)
        for values in ([tally.counts for tally in tallies], [tally.documents for tally in tallies])
    )
    return Tally(coded.dictionary, counts, documents)


def _most_frequent(every: Tally, size: int) -> Learnt:
    """Return the ``size`` most frequent tokens of at most `LONGEST` bytes, ties by spelling."""
    ends = np.frombuffer(every.keys.buffers()[1], np.int64, len(every.keys) + 1) if len(every.keys) else np.zeros(1)
    learnable = np.where(np.diff(ends) <= LONGEST, every.counts, 0)
    top = np.flatnonzero(learnable >= _least(learnable, size))
    names = np.empty(len(top), np.object_)
    names[:] = every.keys.take(pa.array(top)).to_pylist()
    order = sorted(range(len(top)), key=lambda at: (-every.counts[top[at]], names[at]))[:size]
    chosen = top[order]
    return Learnt(names[order], every.counts[chosen], every.documents[chosen], np.zeros(len(chosen), np.bool_))


def _merge(singles: Learnt, pairs: Learnt, size: int) -> Learnt:
    """Return the ``size`` most frequent of both."""
    both = (singles, pairs)
    spelled = np.concatenate([each.spelled for each in both])
    counts = np.concatenate([each.counts for each in both])
    documents = np.concatenate([each.documents for each in both])
    is_pair = np.concatenate([each.is_pair for each in both])
    order = sorted(range(len(spelled)), key=lambda at: (-counts[at], is_pair[at], spelled[at]))[:size]
    return Learnt(spelled[order], counts[order], documents[order], is_pair[order])


def _least(counts: Numbers, size: int) -> int:
    """Return the count of the ``size``-th most frequent token."""
    return 1 if len(counts) <= size else max(1, int(np.partition(counts, -size)[-size]))


def _rows(lengths: Numbers) -> NDArray[np.int32]:
    """Return the text of each token, (s,), from the lengths of the texts, (N,)."""
    return np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
