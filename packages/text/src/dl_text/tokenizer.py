"""Turn texts into token ids by the standard library and numpy alone; a copy stands beside exported networks.

Settings: ``tokens`` (words, chars or bpe), ``vocabulary`` (token k has the id k + 2; 0 is padding, 1 is unknown),
``merges``, ``ngrams``, ``max_len``, ``truncate`` (head or tail); of a language model ``start``, the id that each text
begins with, in which unknown tokens are left out.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

UNKNOWN, RESERVED = 1, 2
APOSTROPHES = "'`\u2018\u2019\u201b\u02bc\x91\x92"
ALONE = ((0x3040, 0x3100), (0x31F0, 0x3200), (0x3400, 0xA000), (0xF900, 0xFB00), (0x20000, 0x110000))
SELECTORS = ((0xFE00, 0xFE10), (0xE0100, 0xE01F0))
WORD = re.compile(r"[^\0']+(?:'[^\0']+)*")
CONTRACTIONS = ("'s", "'t", "'re", "'ve", "'m", "'ll", "'d")
PIECE = re.compile(r" ?L+| ?N+| ?O+|[ S]+(?![^ S])|[ S]+")  # on the classes of characters


def encode(values: Iterable[str], settings: Mapping[str, Any]) -> NDArray[np.int64]:  # Any: JSON
    """Return the token ids of N texts, (N, T), padded with 0."""
    number = {token: at + RESERVED for at, token in enumerate(settings["vocabulary"])}
    ranks = {tuple(pair): at for at, pair in enumerate(settings["merges"])}
    rows = [_ids(text, settings, number, ranks) for text in values]
    found = np.zeros((len(rows), max(map(len, rows), default=1)), np.int64)
    for row, ids in zip(found, rows, strict=True):
        row[: len(ids)] = ids
    return found


def _ids(
    text: str, settings: Mapping[str, Any], number: Mapping[str, int], ranks: Mapping[tuple[str, ...], int]
) -> list[int]:
    kind, longest = settings["tokens"], settings["max_len"]
    tokens = {"words": words, "chars": characters}.get(kind, lambda one: byte_pairs(one, ranks))(text)
    if start := settings.get("start", 0):
        tokens = [token for token in tokens if token in number]
        return [start, *(number[token] for token in tokens[-longest:])]
    if longest and len(tokens) > longest:
        tokens = tokens[-longest:] if settings["truncate"] == "head" else tokens[:longest]
    found = [number.get(token, UNKNOWN) for token in tokens]
    if settings["ngrams"] > 1:
        blank = " " if kind == "words" else ""
        pairs = [f"{a}{blank}{b}" for a, b in pairwise(tokens) if a in number and b in number]
        found += [number[pair] for pair in pairs if pair in number]
    return found or [UNKNOWN]


def words(text: str) -> list[str]:
    """Return the words of a text: lower-cased runs of letters, marks and digits, with apostrophes between them."""
    text = unicodedata.normalize("NFKC", text.replace("\u00b4", "'")).lower()
    return WORD.findall("".join(map(_meaning, text)))


def _meaning(character: str) -> str:
    code, category = ord(character), unicodedata.category(character)
    if character in APOSTROPHES:
        return "'"
    if category == "Cf" or _within(code, SELECTORS):
        return ""
    if category[0] in "LNM":
        return f"\0{character}\0" if category[0] == "L" and _within(code, ALONE) else character
    return f"\0{character}\0" if category == "So" else "\0"


def _within(code: int, blocks: Sequence[tuple[int, int]]) -> bool:
    return any(first <= code < end for first, end in blocks)


def characters(text: str) -> list[str]:
    """Return the code points of a text."""
    return list(unicodedata.normalize("NFC", text))


def byte_pairs(text: str, ranks: Mapping[tuple[str, ...], int]) -> list[str]:
    """Return the byte pairs of a text, as merged in the order of their ranks."""
    return [token for piece in _pieces(text) for token in _merged([BYTES[byte] for byte in piece.encode()], ranks)]


def _merged(parts: list[str], ranks: Mapping[tuple[str, ...], int]) -> list[str]:
    while len(parts) > 1:
        rank, at = min((ranks.get(pair, len(ranks)), k) for k, pair in enumerate(pairwise(parts)))
        if rank == len(ranks):
            break
        parts = [*parts[:at], parts[at] + parts[at + 1], *parts[at + 2 :]]
    return parts


def _pieces(text: str) -> Iterator[str]:
    """Yield what is merged by itself: a word with the blank before it, digits, signs, blanks."""
    classes = "".join(map(_class, text))
    at = 0
    while at < len(text):
        short = next((one for one in CONTRACTIONS if text.startswith(one, at)), "")
        match = PIECE.match(classes, at)
        end = at + len(short) if short else match.end() if match else at + 1
        yield text[at:end]
        at = end


def _class(character: str) -> str:
    """Return L for a letter, N for a digit, a blank for itself, S for other white space, O for all else."""
    kind = unicodedata.category(character)[0]
    if character == " ":
        return " "
    return kind if kind in "LN" else "S" if character.isspace() and character not in "\x1c\x1d\x1e\x1f" else "O"


def _spell_bytes() -> dict[int, str]:
    """Return the visible character that stands for each byte."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return {byte: chr(byte) for byte in shown} | {byte: chr(256 + at) for at, byte in enumerate(hidden)}


BYTES = _spell_bytes()
NUMBERS = {character: byte for byte, character in BYTES.items()}


def decode(ids: Iterable[int], settings: Mapping[str, Any]) -> str:  # Any: JSON
    """Return the text that ids of characters or byte pairs spell."""
    vocabulary = settings["vocabulary"]
    spelled = "".join(vocabulary[at - RESERVED] for at in ids if 0 <= at - RESERVED < len(vocabulary))
    if settings["tokens"] != "bpe":
        return spelled
    return bytes(NUMBERS[character] for character in spelled).decode("utf-8", "replace")
