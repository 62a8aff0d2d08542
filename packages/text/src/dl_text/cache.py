"""The cache of vocabularies and tokens, so that the next fit on the same data starts at once.

The key of an entry (`dl.data.cache`) is a hash of its source: the bytes of the texts, their selection and the settings
of tokenizing. A damaged entry is made again; where the cache cannot be written, nothing is cached.
"""

import contextlib
import json
import unicodedata
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path

import numpy as np
import tokenizers
from numpy.typing import NDArray

from dl import regular
from dl.data.cache import cache_folder, is_whole, mark_used, read_entry, size_limit, trim, write_entry
from dl.data.examples import Subset
from dl.data.ragged import Ragged
from dl.errors import BadRun, CannotWrite
from dl.stored import parse_json
from dl_text.learn import learn
from dl_text.vocabulary import UNKNOWN, Settings, Vocabulary, from_json

VERSION = f"1 unicode {unicodedata.unidata_version} tokenizers {tokenizers.__version__}"  # 1: of our own rules
HASHED = 1 << 24  # values hashed at once, to bound the memory used by a memory map


def learn_vocabulary(subset: Subset, settings: Settings) -> Vocabulary:
    """Learn a vocabulary, as `dl_text.learn.learn` does and with its errors, or take it from the cache."""
    texts, folder = subset.examples.inputs, _folder()
    if folder is None or not isinstance(texts, Ragged):
        return learn(subset, settings)
    counted = replace(settings, max_len=0, truncate="head")  # truncation does not affect the vocabulary
    stored = folder / f"{_key(repr(counted), texts, subset.index)}.json"
    if (known := _read_vocabulary(stored)) is not None:
        return replace(known, settings=settings)
    vocabulary = learn(subset, counted)
    with contextlib.suppress(CannotWrite):
        content = json.dumps(vocabulary.to_json()).encode()
        write_entry(stored, lambda stream: stream.write(content))
        trim((stored,))
    return replace(vocabulary, settings=settings)


def encode(vocabulary: Vocabulary, texts: Ragged) -> Ragged:
    """Encode texts, as `Vocabulary.encode` does, or take their tokens from the cache as a memory map."""
    folder = _folder()
    if folder is None:
        return vocabulary.encode(texts)
    made_with = repr((vocabulary.settings, vocabulary.tokens, vocabulary.merges))
    stored = folder / f"{_key(made_with, texts)}.tokens.npy"
    if (known := _read_rows(stored, vocabulary, len(texts))) is not None:
        return known
    rows = vocabulary.encode(texts)
    if rows.nbytes + rows.offsets.nbytes <= size_limit():
        with contextlib.suppress(CannotWrite):
            write_entry(_offsets_of(stored), lambda stream: np.save(stream, rows.offsets))
            write_entry(stored, lambda stream: np.save(stream, rows.values))
            trim((stored, _offsets_of(stored)))
    return rows


def _folder() -> Path | None:
    try:
        return cache_folder("texts")
    except CannotWrite:
        return None


def _key(settings: str, texts: Ragged, *arrays: NDArray[np.generic]) -> str:
    digest = blake2b(f"{VERSION} {settings}".encode(), digest_size=16)
    for array in (texts.values, texts.offsets, *arrays):
        digest.update(f" {array.dtype} {array.shape} ".encode())
        for start in range(0, len(array), HASHED):
            digest.update(np.ascontiguousarray(array[start : start + HASHED]).data)
            texts.release()
    return digest.hexdigest()


def _read_vocabulary(stored: Path) -> Vocabulary | None:
    try:
        vocabulary = from_json(parse_json(read_entry(stored) or b""))
    except (OSError, ValueError, TypeError, BadRun):
        return None
    mark_used(stored)
    return vocabulary


def _read_rows(stored: Path, vocabulary: Vocabulary, count: int) -> Ragged | None:
    """Map the stored rows, or return None if they are missing, incomplete, or of another vocabulary."""
    if not (is_whole(stored) and is_whole(_offsets_of(stored))):
        return None
    try:
        regular.check_regular(stored)
        values = np.load(stored, mmap_mode="r", allow_pickle=False)
        regular.check_regular(_offsets_of(stored))
        offsets = np.load(_offsets_of(stored), allow_pickle=False)
        whole = values.dtype == vocabulary.dtype and offsets.dtype == np.int64 and offsets.shape == (count + 1,)
        whole = whole and offsets[0] == 0 and (np.diff(offsets) > 0).all() and values.shape == (offsets[-1],)
        whole = whole and values.min(initial=UNKNOWN) >= UNKNOWN and values.max(initial=0) < vocabulary.size
    except (OSError, ValueError, OverflowError, EOFError, AttributeError):
        return None
    if not whole:
        return None
    mark_used(stored, _offsets_of(stored))
    return Ragged(values, offsets)


def _offsets_of(stored: Path) -> Path:
    return stored.with_suffix("").with_suffix(".offsets.npy")
