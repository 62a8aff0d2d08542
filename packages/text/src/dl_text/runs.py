"""Split texts into runs of letters, of digits, of blanks and of other characters, within which byte pairs are merged.

The runs are those of the pre-tokenizer of GPT-2, which the `tokenizers` library applies to one text after the other;
here whole chunks of texts are split at once, and equal runs are numbered alike: a text of a million runs holds a few
ten thousand different ones, and only these are merged. A blank before a word belongs to it, and an English ending, as
's and 'll, is a run of its own.
Source: Radford et al. 2019. Letters: ``N`` texts, ``c`` characters, ``r`` runs.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from tokenizers import pre_tokenizers

from dl.data.ragged import Ragged, as_text, offsets_of

OTHER, LETTER, DIGIT, BLANK = range(4)
APOSTROPHE, SPACE = ord("'"), ord(" ")
ENDINGS = (("s", ""), ("t", ""), ("r", "e"), ("v", "e"), ("m", ""), ("l", "l"), ("d", ""))

Chars = NDArray[np.uint32]  # code points
Flags = NDArray[np.bool_]


class Runs(NamedTuple):
    """The runs of a chunk of texts.

    Args:
        different: The different runs, as UTF-8 bytes; an arrow array.
        numbers: (r,) which of them each run is, in the order of the texts.
        lengths: (N,) number of runs of each text.
    """

    different: pa.Array
    numbers: NDArray[np.int64]
    lengths: NDArray[np.int64]


def split_runs(texts: Ragged) -> Runs:
    """Split texts into runs, and number those that differ."""
    rows = [as_text(text) for text in texts]
    joined = "".join(rows)
    chars = np.frombuffer(joined.encode("utf-32-le"), np.uint32)
    bounds = offsets_of(np.array([len(row) for row in rows], np.int64))
    starts = np.flatnonzero(_starts(chars, bounds))
    sizes = 1 + (chars > 0x7F).astype(np.int64) + (chars > 0x7FF) + (chars > 0xFFFF)
    at = np.append(offsets_of(sizes)[starts], sizes.sum())
    buffers = [None, pa.py_buffer(at.astype(np.int64)), pa.py_buffer(joined.encode())]
    coded = pa.Array.from_buffers(pa.large_binary(), len(starts), buffers).dictionary_encode()
    lengths = np.diff(np.searchsorted(starts, bounds)).astype(np.int64)
    return Runs(coded.dictionary, coded.indices.to_numpy().astype(np.int64), lengths)


def _starts(chars: Chars, bounds: NDArray[np.int64]) -> Flags:
    """Return which characters (c,) begin a run.

    Args:
        chars: (c,) of all texts.
        bounds: (N + 1,) first character of each text.
    """
    kinds, n = _kinds(chars), len(chars)
    begins = np.zeros(n + 1, bool)
    begins[bounds] = True
    of_text = begins.copy()
    begins[1:n] |= kinds[1:] != kinds[:-1]
    last_blank = np.flatnonzero((kinds == BLANK) & begins[1:] & ~of_text[1:])  # before another run of its text
    begins[last_blank] = True  # of several blanks the last stands alone,
    begins[last_blank[chars[last_blank] == SPACE] + 1] = False  # or before the word, where it is a space
    _mark_endings(chars, kinds, begins, of_text)
    return begins[:n]


def _mark_endings(chars: Chars, kinds: NDArray[np.uint8], begins: Flags, of_text: Flags) -> None:
    """Let an apostrophe that begins a run, and the letters of an ending after it, be a run of their own."""
    n = len(chars)
    at = np.flatnonzero((chars == APOSTROPHE) & begins[:n])
    at = at[at + 1 < n]
    at = at[(kinds[at + 1] == LETTER) & ~of_text[at + 1]]
    second, third = chars[at + 1], np.where(at + 2 < n, chars[np.minimum(at + 2, n - 1)], 0)
    third = np.where(of_text[np.minimum(at + 2, n)], 0, third)
    for letter, other in ENDINGS:
        found = at[(second == ord(letter)) & ((third == ord(other)) if other else True)]
        begins[found + 1] = False
        after = found + 2 + len(other)
        begins[after] = True  # in its text or at its end, where a run begins anyway


def _kinds(chars: Chars) -> NDArray[np.uint8]:
    """Return the kind of each character, (c,)."""
    table = np.zeros(128, np.uint8)
    table[:] = [_kind(code) for code in range(128)]
    kinds = table[np.minimum(chars, 127)]
    if (beyond := chars > 127).any():
        different, which = np.unique(chars[beyond], return_inverse=True)
        kinds[beyond] = np.array([_kind(int(code)) for code in different], np.uint8)[which]
    return kinds


@cache
def _kind(code: int) -> int:
    """Return the kind of a character, as the library splits it from another one."""
    splits = pre_tokenizers.ByteLevel(add_prefix_space=False).pre_tokenize_str
    for kind, beside in ((LETTER, "a"), (DIGIT, "1"), (OTHER, "!")):
        if len(splits(beside + chr(code))) == 1:
            return kind
    return BLANK
