"""Byte-pair encoding: runs are learnt from and merged once each, by the `tokenizers` library where it is applied.

A run stores tokens and merges as data, from which the tokenizer is rebuilt. It has no special tokens, so no text can
contain one.
Source: Sennrich, Haddow and Birch 2016; on bytes as in Radford et al. 2019.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import chain

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from dl.data.ragged import Ragged, offsets_of
from dl_text.merges import learn_merges
from dl_text.runs import Runs, split_runs

BYTES = 256
MOST_KNOWN = 1_000_000  # runs whose tokens are remembered
LONGEST = 32  # most bytes of a token, so that a line of dashes does not become one
_SWITCH = "TOKENIZERS_PARALLELISM"


def learn(chunks: Iterable[Runs], size: int) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Learn from the runs of chunks of texts; return at most ``size`` tokens, the 256 bytes first, and the merges."""
    runs, counts = count_runs(chunks)
    letters = [_spelling(byte) for byte in range(BYTES)]
    alphabet = sorted(letters)
    numbers = np.array([alphabet.index(letter) for letter in letters], np.int64)
    tokens, merges = learn_merges(runs, counts, alphabet, numbers, size, LONGEST)
    return tuple(tokens), tuple(merges)


def count_runs(chunks: Iterable[Runs]) -> tuple[Ragged, NDArray[np.int64]]:
    """Return the different runs of all texts, as bytes, and how often each occurs."""
    every, total = pa.array([], pa.large_binary()), np.empty(0, np.int64)
    for runs in chunks:
        counts = np.bincount(runs.numbers, minlength=len(runs.different))
        coded = pa.concat_arrays([every, runs.different]).dictionary_encode()
        both = np.concatenate([total, counts])
        total = np.bincount(coded.indices.to_numpy(), both, len(coded.dictionary)).astype(np.int64)
        every = coded.dictionary
    offsets = np.frombuffer(every.buffers()[1], np.int64, len(every) + 1) if len(every) else np.zeros(1, np.int64)
    values = np.frombuffer(every.buffers()[2] or b"", np.uint8) if len(every) else np.empty(0, np.uint8)
    return Ragged(values, offsets), total


@dataclass(frozen=True)
class Coder:
    """Applies byte pairs to texts.

    Args:
        tokenizer: Of the library, which merges runs that are new.
        known: Token ids of the runs that were met, by their bytes.
    """

    tokenizer: Tokenizer
    known: dict[bytes, list[int]] = field(default_factory=dict)

    def tokens_of(self, runs: Sequence[bytes]) -> list[list[int]]:
        """Return the token ids of different runs."""
        known = self.known
        new = [run for run in runs if run not in known]
        with _without_threads():
            found = self.tokenizer.encode_batch_fast([run.decode() for run in new])
        merged = {run: row.ids for run, row in zip(new, found, strict=True)}
        if len(known) + len(merged) <= MOST_KNOWN:
            known.update(merged)
        return [merged[run] if run in merged else known[run] for run in runs]


@lru_cache(1)
def restore(tokens: tuple[str, ...], merges: tuple[tuple[str, str], ...]) -> Coder:
    """Rebuild the byte pairs; those that were restored last keep what they know.

    Raises:
        ValueError: If tokens and merges are inconsistent.
    """
    try:
        model = models.BPE({token: number for number, token in enumerate(tokens)}, list(merges))
    except Exception as error:  # the library raises Exception itself
        raise ValueError(f"byte pairs: {error}") from error
    return Coder(_built(model))


def encode(coder: Coder, texts: Ragged) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the ids of all tokens, (S,), and the number of tokens of each text, (N,)."""
    runs = split_runs(texts)
    found = coder.tokens_of(runs.different.to_pylist())
    sizes = np.array([len(run) for run in found], np.int64)
    every = Ragged(np.fromiter(chain.from_iterable(found), np.int64), offsets_of(sizes))
    of_texts = offsets_of(runs.lengths)
    ends = offsets_of(sizes[runs.numbers])[of_texts]
    return expanded(every, runs.numbers), np.diff(ends)


def expanded(rows: Ragged, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the values of rows at these positions (r,), one after the other."""
    lengths = rows.lengths[numbers]
    offsets = offsets_of(lengths)
    at = np.repeat(rows.offsets[numbers] - offsets[:-1], lengths) + np.arange(offsets[-1])
    found: NDArray[np.int64] = rows.values[at]
    return found


def characters(token: str) -> int:
    """Count the characters that begin in a token; continuation bytes of UTF-8 do not count."""
    return sum(letter not in _continuing() for letter in token)


@cache
def _spelling(byte: int) -> str:
    """Return the letter that stands for a byte in tokens: itself, where it is printed, or one beyond U+0100."""
    printed = (*range(33, 127), *range(161, 173), *range(174, 256))
    return chr(byte) if byte in printed else chr(256 + sum(other not in printed for other in range(byte)))


@cache
def _continuing() -> frozenset[str]:
    """Return the spellings of UTF-8's continuation bytes: the second byte of each of U+0080 to U+00BF."""
    spelling = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return frozenset(spelling.pre_tokenize_str(chr(code))[0][0][-1] for code in range(0x80, 0xC0))


def decode(tokens: Sequence[str]) -> str:
    """Decode tokens to a text."""
    return str(decoders.ByteLevel().decode(list(tokens)))


def _built(model: models.BPE) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return tokenizer


@contextlib.contextmanager
def _without_threads() -> Iterator[None]:
    """Keep the library from starting threads, which a later fork would not survive, unless the user enabled them."""
    if _SWITCH in os.environ:
        yield
        return
    os.environ[_SWITCH] = "false"
    try:
        yield
    finally:
        os.environ.pop(_SWITCH, None)
