"""The vocabulary of a training set: its tokens, and encoding texts to their ids.

Id 0 is padding and 1 an unknown token; the tokens follow, most frequent first. A vocabulary is a frozen value, stored
as JSON. Letters: ``V`` tokens, ``N`` texts, ``S`` tokens of all texts.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dl.data.ragged import Ragged, offsets_of
from dl.data.spill import RaggedWriter
from dl.errors import BadOption, BadRun, DamagedRun
from dl_text import bytepairs
from dl_text.chunks import Numbers, chunks, map_released, split_long_text
from dl_text.tokenize import Pieces, characters, words

PADDING, UNKNOWN, RESERVED = 0, 1, 2
SHOWN_UNKNOWN = {"words": "[unknown]", "bpe": "", "chars": "\ufffd"}
VERSION = 1


Tokens = Literal["words", "bpe", "chars"]
Truncate = Literal["head", "tail"]


@dataclass(frozen=True)
class Settings:
    """The settings of tokenizing.

    Args:
        tokens: Lower-cased words, byte pairs trained on the training set, or characters.
        size: Most tokens of the vocabulary, without padding and unknown.
        ngrams: 2 adds bigrams, for bags.
        max_len: Most tokens of a text; 0 keeps all.
        truncate: The end at which a longer text is cut: its head (the last tokens stay) or its tail.
    """

    tokens: Tokens = "words"
    size: int = 10_000
    ngrams: int = 1
    max_len: int = 0
    truncate: Truncate = "head"

    def __post_init__(self) -> None:
        if self.tokens == "bpe" and self.size < bytepairs.BYTES:
            raise BadOption(f"vocabulary={self.size}: byte pairs need at least the {bytepairs.BYTES} bytes; raise it")
        if self.tokens == "bpe" and self.ngrams > 1:
            raise BadOption(f"ngrams={self.ngrams}: only for words or characters; leave it out, or use tokens=words")


@dataclass(frozen=True)
class Vocabulary:
    """The tokens of a training set; token ``k`` has the id ``k + 2``.

    Args:
        settings: Of tokenizing.
        tokens: (V,) as spelled; bigrams of words with a space between.
        counts: (V,) occurrences in the training set.
        documents: (V,) number of training texts with the token.
        texts: Number of training texts.
        unknown_share: Share of the training set's single tokens outside the vocabulary, from 0 to 1.
        merges: The byte pairs in the order they are merged; empty for words and characters.
    """

    settings: Settings
    tokens: tuple[str, ...]
    counts: tuple[int, ...]
    documents: tuple[int, ...]
    texts: int
    unknown_share: float
    merges: tuple[tuple[str, str], ...] = ()

    @property
    def size(self) -> int:
        """Number of ids, with padding and unknown."""
        return len(self.tokens) + RESERVED

    @property
    def dtype(self) -> np.dtype[np.unsignedinteger[Any]]:  # Any: the width of the number
        """The smallest unsigned dtype that holds every id."""
        return np.min_scalar_type(self.size - 1)

    @property
    def idf(self) -> NDArray[np.float32]:
        """Inverse document frequency by id, (V + 2,); 0 for padding, that of a token in no text for unknown.

        Source: scikit-learn's smoothed form, ln((1 + n) / (1 + documents)) + 1.
        """
        documents = np.array([0, 0, *self.documents])
        weights = np.log((1 + self.texts) / (1 + documents)) + 1
        weights[PADDING] = 0
        return weights.astype(np.float32)

    def encode(self, texts: Ragged) -> Ragged:
        """Encode the UTF-8 bytes of N texts to token ids.

        A text without any token becomes one unknown token, so that no row is empty. Bigrams follow the single tokens
        of their text.
        """
        encoded = RaggedWriter(self.dtype)
        for done in map_released(self._encode_chunk, list(chunks(texts)), texts):
            for chunk in done:
                encoded.add(chunk.values, chunk.lengths)
        return encoded.ragged()

    def decode(self, row: NDArray[np.generic]) -> str:
        """Decode a row of ids to a readable text; padding and bigrams are left out."""
        tokens, unknown = self.settings.tokens, SHOWN_UNKNOWN[self.settings.tokens]
        numbers = [int(number) for number in row if number != PADDING]
        if tokens == "bpe":
            return bytepairs.decode([self.tokens[number - RESERVED] for number in numbers if number >= RESERVED])
        spelled = [unknown if number == UNKNOWN else self.tokens[number - RESERVED] for number in numbers]
        singles = [token for token in spelled if not self.is_pair(token)]
        return (" " if tokens == "words" else "").join(singles)

    def is_pair(self, token: str) -> bool:
        """Return whether a token is a bigram."""
        return _split_pair(token, self.settings.tokens) is not None

    def to_json(self) -> dict[str, Any]:  # Any: JSON
        """Return the JSON value that `from_json` reads."""
        return {
            "version": VERSION,
            **{one.name: getattr(self, one.name) for one in fields(self)},
            "settings": asdict(self.settings),
        }

    def _encode_chunk(self, texts: Ragged) -> Ragged:
        numbers, lengths = _cut(*self._numbers(texts), self.settings)
        if self.settings.ngrams > 1:
            every, lengths = self._with_pairs(numbers.astype(np.int64), lengths)
            numbers = every.astype(self.dtype)
        return _without_empty(Ragged(numbers, offsets_of(lengths)))

    def _numbers(self, texts: Ragged) -> tuple[NDArray[np.unsignedinteger[Any]], Numbers]:  # Any: as in dtype
        """Return the ids of single tokens, (S,), and the number of tokens of each text, (N,)."""
        if self.settings.tokens == "bpe":
            done = [bytepairs.encode(self._byte_pairs, piece) for piece in split_long_text(texts, "bpe")]
        else:
            done = list(number_tokens(texts, self._spellings, self.settings))
        return np.concatenate([(numbers + RESERVED).astype(self.dtype) for numbers, _ in done]), lengths_of(done, texts)

    def _with_pairs(self, numbers: Numbers, lengths: Numbers) -> tuple[Numbers, Numbers]:
        """Append the known bigrams to the single tokens of each text."""
        rows = np.repeat(np.arange(len(lengths)), lengths)
        keys, second = neighbours(numbers, rows, self.size)
        position = positions_in(pa.array(keys), self._pairs)
        known = position >= 0
        every = np.concatenate([numbers, self._pair_numbers[position[known]]])
        every_row = np.concatenate([rows, rows[second[known]]])
        order = np.argsort(every_row, kind="stable")
        return every[order], np.bincount(every_row, minlength=len(lengths))

    @cached_property
    def _spellings(self) -> pa.Array:
        return pa.array([token.encode() for token in self.tokens], pa.large_binary())

    @cached_property
    def _byte_pairs(self) -> bytepairs.Coder:
        return bytepairs.restore(self.tokens, self.merges)

    @cached_property
    def _pair_numbers(self) -> Numbers:
        return np.array(list(self._parted), np.int64)

    @cached_property
    def _pairs(self) -> pa.Array:
        """The keys of the bigrams, in the order of ``_pair_numbers``."""
        number = {token: k + RESERVED for k, token in enumerate(self.tokens)}
        keys = [number[first] * self.size + number[second] for first, second in self._parted.values()]
        return pa.array(keys, pa.int64())

    @cached_property
    def _parted(self) -> dict[int, tuple[str, str]]:
        """The two tokens of each bigram, by its id."""
        parted = ((k, _split_pair(token, self.settings.tokens)) for k, token in enumerate(self.tokens, RESERVED))
        return {k: both for k, both in parted if both is not None}


def from_json(kept: Mapping[str, Any]) -> Vocabulary:  # Any: JSON
    """Rebuild a vocabulary from the value of `Vocabulary.to_json`.

    Raises:
        BadRun: If the value is malformed or inconsistent.
    """
    try:
        if kept["version"] != VERSION:
            raise BadRun(f"the stored vocabulary has format {kept['version']!r}; this version reads {VERSION}")
        vocabulary = Vocabulary(
            Settings(**kept["settings"]),
            tuple(str(token) for token in kept["tokens"]),
            tuple(int(count) for count in kept["counts"]),
            tuple(int(count) for count in kept["documents"]),
            int(kept["texts"]),
            float(kept["unknown_share"]),
            tuple((str(left), str(right)) for left, right in kept["merges"]),
        )
        _check(vocabulary)
    except (KeyError, TypeError, ValueError, AttributeError, BadOption) as error:
        raise DamagedRun(f"the stored vocabulary cannot be read: {type(error).__name__} {error}") from error
    return vocabulary


def _check(vocabulary: Vocabulary) -> None:
    tokens, settings = vocabulary.tokens, vocabulary.settings
    if settings.tokens not in SHOWN_UNKNOWN or settings.truncate not in ("head", "tail"):
        raise ValueError(f"tokens={settings.tokens!r} truncate={settings.truncate!r}")
    if not len(tokens) == len(vocabulary.counts) == len(vocabulary.documents) == len(set(tokens)):
        raise ValueError("tokens, counts and documents do not match")
    if not math.isfinite(vocabulary.unknown_share) or min(vocabulary.documents, default=0) < 0:
        raise ValueError("shares and counts are out of range")
    if settings.ngrams > 1:
        _ = vocabulary._pairs  # a bigram of unknown tokens is a KeyError
    if settings.tokens == "bpe":
        _ = vocabulary._byte_pairs  # merges that do not fit are a ValueError


def split(texts: Ragged, settings: Settings) -> Pieces:
    """Split texts to words or characters, as the settings ask."""
    return words(texts) if settings.tokens == "words" else characters(texts)


def number_tokens(texts: Ragged, known: pa.Array, settings: Settings) -> Iterator[tuple[Numbers, Numbers]]:
    """Yield, for each piece of a chunk, the positions of its tokens among the known ones, or -1, and the lengths."""
    for piece in split_long_text(texts, settings.tokens):
        pieces = split(piece, settings)
        yield positions_in(spelled_array(pieces.spelled), known), pieces.lengths


def lengths_of(done: Sequence[tuple[NDArray[np.integer[Any]], Numbers]], texts: Ragged) -> Numbers:
    """Return the number of tokens of each text of a chunk, (N,), from those of its pieces."""
    return done[0][1] if len(done) == 1 else np.array([sum(len(numbers) for numbers, _ in done)] * len(texts), np.int64)


def neighbours(numbers: Numbers, rows: NDArray[np.integer[Any]], base: int) -> tuple[Numbers, Numbers]:
    """Return the key ``first * base + second`` of each bigram, and the position of its second token."""
    second = np.flatnonzero((rows[1:] == rows[:-1]) & (numbers[1:] >= RESERVED) & (numbers[:-1] >= RESERVED)) + 1
    return numbers[second - 1] * base + numbers[second], second


def spelled_array(spelled: Ragged) -> pa.Array:
    """Wrap rows of bytes as an arrow array that shares their memory."""
    buffers = [None, pa.py_buffer(spelled.offsets), pa.py_buffer(np.ascontiguousarray(spelled.values))]
    return pa.Array.from_buffers(pa.large_binary(), len(spelled), buffers)


def positions_in(values: pa.Array, known: pa.Array) -> Numbers:
    """Return the position of each value among the known ones, or -1."""
    positions = pc.fill_null(pc.index_in(values, value_set=known), -1)
    return np.asarray(positions.to_numpy(zero_copy_only=False), np.int64)


def _split_pair(token: str, tokens: str) -> tuple[str, str] | None:
    """Split a bigram into its two tokens; None for a single token."""
    if tokens == "words" and " " in token:
        first, _, second = token.partition(" ")
        return first, second
    return (token[0], token[1]) if tokens == "chars" and len(token) == 2 else None


def _cut(
    numbers: NDArray[np.unsignedinteger[Any]], lengths: Numbers, settings: Settings
) -> tuple[NDArray[np.unsignedinteger[Any]], Numbers]:
    if not settings.max_len or lengths.max(initial=0) <= settings.max_len:
        return numbers, lengths
    place = np.arange(len(numbers)) - np.repeat(offsets_of(lengths)[:-1], lengths)
    if settings.truncate == "head":
        place = np.repeat(lengths, lengths) - 1 - place
    return numbers[place < settings.max_len], np.minimum(lengths, settings.max_len)


def _without_empty(rows: Ragged) -> Ragged:
    empty = rows.lengths == 0
    if not empty.any():
        return rows
    values = np.insert(rows.values, rows.offsets[:-1][empty], UNKNOWN)
    return Ragged(values, offsets_of(np.maximum(rows.lengths, 1)))
