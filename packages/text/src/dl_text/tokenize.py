"""Tokenizing: the UTF-8 bytes of texts to words or characters, flat, without a Python object for each.

A *word* is a run of letters, marks and digits of the lower-cased text in Unicode's form NFKC; an apostrophe between
two of them stays, any other punctuation is dropped, as in the book's reviews. What no space sets apart is a word by
itself: each ideograph, kana and symbol (emoji). A *character* is a code point of the text in form NFC, case and all.
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
_ACUTE = "\u00b4"  # typed as an apostrophe; NFKC would make it a space and a mark
_ALONE = (range(0x3040, 0x3100), range(0x31F0, 0x3200), range(0x3400, 0xA000), range(0xF900, 0xFB00))
_ALONE_FROM = 0x20000  # the later planes of ideographs
REMEMBERED_BYTES = 64  # of a part whose cleaned form is kept: the same words come again and again
_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))  # choose how the character before them is drawn


@dataclass(frozen=True)
class Pieces:
    """The pieces of N texts, in order.

    Args:
        spelled: (P) rows, each the UTF-8 bytes of one piece.
        lengths: (N,) how many pieces each text has.
    """

    spelled: Ragged
    lengths: NDArray[np.int64]


def words(texts: Ragged) -> Pieces:
    """Return the words of each text; bytes that are no UTF-8 count as the replacement character."""
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
    """Return the code points of each text; bytes that are no UTF-8 count as the replacement character."""
    clean, offsets = _cleaned(texts, _character_bytes)
    starts = np.flatnonzero((clean & 0xC0) != 0x80)  # a byte that continues no other
    lengths = np.diff(np.searchsorted(starts, offsets))
    return Pieces(Ragged(clean, np.append(starts, len(clean))), lengths)


def _cleaned(texts: Ragged, clean: Callable[[bytes], bytes]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the texts as bytes and offsets, with ``clean`` done to what stands between spaces and is beyond ASCII."""
    flat = texts.values.tobytes()
    if flat.isascii():
        return np.frombuffer(flat, np.uint8), texts.offsets
    rows = [flat[start:stop] for start, stop in pairwise(texts.offsets.tolist())]
    done = [row if row.isascii() else b" ".join(_each_cleaned(row.split(b" "), clean)) for row in rows]
    return np.frombuffer(b"".join(done), np.uint8), np.cumsum([0, *map(len, done)], dtype=np.int64)


def _each_cleaned(parts: list[bytes], clean: Callable[[bytes], bytes]) -> Iterator[bytes]:
    """Clean each part by itself: neither Unicode's normal forms nor its lower case look across a space."""
    once = _REMEMBERED[clean]
    return (part if part.isascii() else once(part) if len(part) <= REMEMBERED_BYTES else clean(part) for part in parts)


def _without_loose_apostrophes(letters: NDArray[np.uint8], edge: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Blank the apostrophes that do not stand between two letters of one text."""
    at = np.flatnonzero(letters == _APOSTROPHE)
    around = np.zeros(len(letters) + 2, np.bool_)  # whether the byte before it is a letter, shifted by one
    around[1:-1] = (letters != 0) & (letters != _APOSTROPHE)
    loose = at[~(around[at] & around[at + 2]) | edge[at] | edge[at + 1]]
    kept = letters.copy()
    kept[loose] = 0
    return kept


def _word_bytes(text: bytes) -> bytes:
    """Return the text in lower case with NUL where no word is."""
    string = text.decode(errors="replace").replace(_ACUTE, "'")
    return unicodedata.normalize("NFKC", string).lower().translate(_MEANINGS).encode()


def _character_bytes(text: bytes) -> bytes:
    return unicodedata.normalize("NFC", text.decode(errors="replace")).encode()


class _Meanings(dict[int, str]):
    """What each code point is in a cleaned text; asked of Unicode's tables when it is first met."""

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
