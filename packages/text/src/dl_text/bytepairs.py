"""Byte pairs: tokens between bytes and words, joined in the order in which they were frequent in the training part.

The `tokenizers` library learns and applies them; what is kept are tokens and merges as data, from which the tokenizer
is built again. No token is special to it, so no text can spell one.
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
LONGEST = 32  # bytes of a token: a line of dashes teaches nothing
_SWITCH = "TOKENIZERS_PARALLELISM"


def learn(texts: Iterable[str], size: int) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Learn at most ``size`` tokens, the 256 bytes among them; return tokens and merges."""
    tokenizer = _built(models.BPE())
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=sorted(alphabet), max_token_length=LONGEST, show_progress=False
    )
    with _alone():
        tokenizer.train_from_iterator(texts, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].__getitem__)
    return tuple(tokens), tuple((left, right) for left, right in model["merges"])


def restored(tokens: Sequence[str], merges: Sequence[tuple[str, str]]) -> Tokenizer:
    """Build the tokenizer again.

    Raises:
        ValueError: If tokens and merges do not fit together.
    """
    try:
        model = models.BPE({token: number for number, token in enumerate(tokens)}, list(merges))
    except Exception as error:  # the library raises Exception itself
        raise ValueError(f"byte pairs: {error}") from error
    return _built(model)


def encode(tokenizer: Tokenizer, texts: Ragged) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the numbers of all tokens, (S,), and how many each text has, (N,)."""
    with _alone():
        rows = [row.ids for row in tokenizer.encode_batch_fast([as_text(text) for text in texts])]
    lengths = np.array([len(row) for row in rows], np.int64)
    return np.array([number for row in rows for number in row], np.int64), lengths


def characters(token: str) -> int:
    """Return how many characters a token begins; a byte that continues one counts nothing."""
    return sum(letter not in _continuing() for letter in token)


@cache
def _continuing() -> frozenset[str]:
    """How the bytes that continue a character of UTF-8 are spelled: the second of U+0080 to U+00BF is each of them."""
    spelling = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return frozenset(spelling.pre_tokenize_str(chr(code))[0][0][-1] for code in range(0x80, 0xC0))


def decoded(tokens: Sequence[str]) -> str:
    """Return the text that tokens spell."""
    return str(decoders.ByteLevel().decode(list(tokens)))


def _built(model: models.BPE) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return tokenizer


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Keep the library from starting threads of its own, which a later fork would not survive, unless it was told."""
    if _SWITCH in os.environ:
        yield
        return
    os.environ[_SWITCH] = "false"
    try:
        yield
    finally:
        os.environ.pop(_SWITCH, None)
