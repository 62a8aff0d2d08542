"""Tokenizing: the UTF-8 bytes of texts to words or characters, flat, without a Python object for each.

A *word* is a run of letters, marks and digits of the lower-cased text in Unicode's form NFKC; an apostrophe between
two of them stays, any other punctuation is dropped, as in the book's reviews. What no space sets apart is a word by
itself: each ideograph, kana and symbol (emoji). A *character* is a code point of the text in form NFC, case and all.
Letters: ``N`` texts, ``P`` pieces of all of them.
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dl.ragged import Ragged

_APOSTROPHE = ord("'")
_APOSTROPHES = "'`\u2018\u2019\u201b\u02bc\x91\x92"  # the last two: Windows' quotes, read as Latin-1
_ACUTE = "\u00b4"  # typed as an apostrophe; NFKC would make it a space and a mark
_ALONE = (range(0x3040, 0x3100), range(0x31F0, 0x3200), range(0x3400, 0xA000), range(0xF900, 0xFB00))
_ALONE_FROM = 0x20000  # the later planes of ideographs
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
    clean, offsets = _cleaned(texts, _ASCII_WORDS, _clean_words)
    edge = np.zeros(len(clean) + 1, np.bool_)
    edge[offsets] = True
    letters = _without_loose_apostrophes(clean, edge)
    inside = letters != 0
    first = inside.copy()
    first[1:] &= ~inside[:-1] | edge[1:-1]
    lengths = np.diff(np.searchsorted(np.flatnonzero(first), offsets))
    starts = np.flatnonzero(first[inside])
    return Pieces(Ragged(letters[inside], np.append(starts, np.count_nonzero(inside))), lengths)


def characters(texts: Ragged) -> Pieces:
    """Return the code points of each text; bytes that are no UTF-8 count as the replacement character."""
    clean, offsets = _cleaned(texts, None, _clean_characters)
    starts = np.flatnonzero((clean & 0xC0) != 0x80)  # a byte that continues no other
    lengths = np.diff(np.searchsorted(starts, offsets))
    return Pieces(Ragged(clean, np.append(starts, len(clean))), lengths)


def _cleaned(
    texts: Ragged, table: bytes | None, clean: Callable[[str], str]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the texts cleaned, with offsets: pure ASCII all at once, by a table that does the same as ``clean``."""
    flat = texts.values.tobytes()
    if flat.isascii():
        return np.frombuffer(flat.translate(table), np.uint8), texts.offsets
    bounds = texts.offsets.tolist()
    rows = [flat[start:stop] for start, stop in pairwise(bounds)]
    done = [row.translate(table) if row.isascii() else clean(row.decode(errors="replace")).encode() for row in rows]
    return np.frombuffer(b"".join(done), np.uint8), np.cumsum([0, *map(len, done)], dtype=np.int64)


def _without_loose_apostrophes(letters: NDArray[np.uint8], edge: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Blank the apostrophes that do not stand between two letters of one text."""
    at = np.flatnonzero(letters == _APOSTROPHE)
    around = np.zeros(len(letters) + 2, np.bool_)  # whether the byte before it is a letter, shifted by one
    around[1:-1] = (letters != 0) & (letters != _APOSTROPHE)
    loose = at[~(around[at] & around[at + 2]) | edge[at] | edge[at + 1]]
    kept = letters.copy()
    kept[loose] = 0
    return kept


def _clean_words(text: str) -> str:
    """Return the text in lower case with NUL where no word is."""
    return unicodedata.normalize("NFKC", text.replace(_ACUTE, "'")).lower().translate(_MEANINGS)


def _clean_characters(text: str) -> str:
    return unicodedata.normalize("NFC", text)


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
_ASCII_WORDS = bytes(ord(_meaning(chr(code).lower())) if code < 128 else 0 for code in range(256))
