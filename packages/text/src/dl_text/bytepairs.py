"""Byte-pair encoding, trained and applied by the `tokenizers` library.

A run stores tokens and merges as data, from which the tokenizer is rebuilt. It has no special tokens, so no text can
contain one.
Source: Sennrich, Haddow and Birch 2016; on bytes as in Radford et al. 2019.
"""

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from dl.data.ragged import Ragged, as_text

BYTES = 256
LONGEST = 32  # most bytes of a token, so that a line of dashes does not become one
_SWITCH = "TOKENIZERS_PARALLELISM"


def learn(texts: Iterable[str], size: int) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Train on texts; return at most ``size`` tokens, including the 256 bytes, and the merges."""
    tokenizer = _built(models.BPE())
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=sorted(alphabet), max_token_length=LONGEST, show_progress=False
    )
    with _without_threads():
        tokenizer.train_from_iterator(texts, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].__getitem__)
    return tuple(tokens), tuple((left, right) for left, right in model["merges"])


def restore(tokens: Sequence[str], merges: Sequence[tuple[str, str]]) -> Tokenizer:
    """Rebuild the tokenizer.

    Raises:
        ValueError: If tokens and merges are inconsistent.
    """
    try:
        model = models.BPE({token: number for number, token in enumerate(tokens)}, list(merges))
    except Exception as error:  # the library raises Exception itself
        raise ValueError(f"byte pairs: {error}") from error
    return _built(model)


def encode(tokenizer: Tokenizer, texts: Ragged) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the ids of all tokens, (S,), and the number of tokens of each text, (N,)."""
    with _without_threads():
        rows = [row.ids for row in tokenizer.encode_batch_fast([as_text(text) for text in texts])]
    lengths = np.array([len(row) for row in rows], np.int64)
    return np.array([number for row in rows for number in row], np.int64), lengths


def characters(token: str) -> int:
    """Count the characters that begin in a token; continuation bytes of UTF-8 do not count."""
    return sum(letter not in _continuing() for letter in token)


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
