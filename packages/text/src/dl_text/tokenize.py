"""Tokenize the UTF-8 bytes of texts to words or characters in flat arrays, without Python objects.

A *word* is a run of letters, marks and digits of the lower-cased text in Unicode form NFKC; an apostrophe between two
of them is kept, other punctuation is dropped, as in the book's reviews. Each ideograph, kana and symbol (emoji) is a
word of its own. A *character* is a code point of the text in form NFC, with its case.
Letters: ``N`` texts, ``P`` pieces of all of them.
"""

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dl.data.ragged import Ragged

_APOSTROPHE = ord("'")
_APOSTROPHES = "'`\u2018\u2019\u201b\u02bc\x91\x92"  # the last two: Windows' quotes, read as Latin-1
_ACUTE = "\u00b4"  # used as an apostrophe; NFKC would turn it into a space and a mark
_ALONE = (range(0x3040, 0x3100), range(0x31F0, 0x3200), range(0x3400, 0xA000), range(0xF900, 0xFB00))
_ALONE_FROM = 0x20000  # the supplementary planes of ideographs
REMEMBERED_BYTES = 64  # longest word whose cleaned form is cached, since words are repeated
_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))  # variation selectors


@dataclass(frozen=True)
class Pieces:
    """The pieces of N texts, in order.

    Args:
        spelled: (P) rows: the UTF-8 bytes of each piece.
        lengths: (N,) number of pieces of each text.
    """

    spelled: Ragged
    lengths: NDArray[np.int64]


def words(texts: Ragged) -> Pieces:
    """Return the words of each text; invalid UTF-8 bytes count as the replacement character."""
    clean, offsets = _cleaned(texts, _word_bytes)
    clean = np.frombuffer(clean.tobytes().translate(_ASCII_WORDS), np.uint8)
    edge = np.zeros(len(clean) + 1, np.bool_)
    edge[offsets] = True
    letters = _without_loose_apostrophes(clean, edge)
    inside = letters != 0
    first, last = inside.copy(), inside.copy()
    first[1:] &= ~inside[:-1] | edge[1:-1]
    last[:-1] &= ~inside[1:] | edge[1:-1]
    starts = np.flatnonzero(first)
    ends = np.cumsum(np.flatnonzero(last) + 1 - starts)
    spelled = np.frombuffer(letters.tobytes().translate(None, b"\0"), np.uint8)
    return Pieces(Ragged(spelled, np.append(0, ends)), np.diff(np.searchsorted(starts, offsets)))


def characters(texts: Ragged) -> Pieces:
    """Return the code points of each text; invalid UTF-8 bytes count as the replacement character."""
    clean, offsets = _cleaned(texts, _character_bytes)
    starts = np.flatnonzero((clean & 0xC0) != 0x80)  # not a continuation byte
    lengths = np.diff(np.searchsorted(starts, offsets))
    return Pieces(Ragged(clean, np.append(starts, len(clean))), lengths)


def _cleaned(texts: Ragged, clean: Callable[[bytes], bytes]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the texts as bytes and offsets, with ``clean`` applied to the space-separated words beyond ASCII."""
    flat = texts.values.tobytes()
    if flat.isascii():
        return np.frombuffer(flat, np.uint8), texts.offsets
    rows = [flat[start:stop] for start, stop in pairwise(texts.offsets.tolist())]
    done = [row if row.isascii() else b" ".join(_each_cleaned(row.split(b" "), clean)) for row in rows]
    return np.frombuffer(b"".join(done), np.uint8), np.cumsum([0, *map(len, done)], dtype=np.int64)


def _each_cleaned(words: list[bytes], clean: Callable[[bytes], bytes]) -> Iterator[bytes]:
    """Clean each word by itself: neither Unicode's normal forms nor its lower case depend on text across a space."""
    cached = _REMEMBERED[clean]
    return (
        word if word.isascii() else cached(word) if len(word) <= REMEMBERED_BYTES else clean(word) for word in words
    )


def _without_loose_apostrophes(letters: NDArray[np.uint8], edge: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Replace by NUL the apostrophes that are not between two letters of one text."""
    at = np.flatnonzero(letters == _APOSTROPHE)
    around = np.zeros(len(letters) + 2, np.bool_)  # whether the byte before it is a letter, shifted by one
    around[1:-1] = (letters != 0) & (letters != _APOSTROPHE)
    loose = at[~(around[at] & around[at + 2]) | edge[at] | edge[at + 1]]
    kept = letters.copy()
    kept[loose] = 0
    return kept


def _word_bytes(text: bytes) -> bytes:
    """Return the text in lower case with NUL between words."""
    string = text.decode(errors="replace").replace(_ACUTE, "'")
    return unicodedata.normalize("NFKC", string).lower().translate(_MEANINGS).encode()


def _character_bytes(text: bytes) -> bytes:
    return unicodedata.normalize("NFC", text.decode(errors="replace")).encode()


class _Meanings(dict[int, str]):
    """The replacement of each code point in a cleaned text, looked up in Unicode's tables on first use."""

    def __missing__(self, code: int) -> str:
        self[code] = meaning = _meaning(chr(code))
        return meaning


def _meaning(character: str) -> str:
    code, category = ord(character), unicodedata.category(character)
    if character in _APOSTROPHES:
        return "'"
    if category == "Cf" or any(code in selectors for selectors in _SELECTORS):
        return ""
    if category[0] in "LNM":
        alone = code >= _ALONE_FROM or any(code in block for block in _ALONE)
        return f"\0{character}\0" if alone and category[0] == "L" else character
    return f"\0{character}\0" if category == "So" else "\0"


_MEANINGS = _Meanings()
_ASCII_WORDS = bytes(ord(_meaning(chr(code).lower())) if code < 128 else code for code in range(256))
_REMEMBERED: dict[Callable[[bytes], bytes], Callable[[bytes], bytes]] = {
    clean: lru_cache(1 << 16)(clean) for clean in (_word_bytes, _character_bytes)
}
