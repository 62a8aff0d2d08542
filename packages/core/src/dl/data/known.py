"""Arrays that follow from the content of data alone, kept in the cache under a hash of it.

So a second fit on the same data does not compute them again. Where the cache cannot be used, they are computed.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from dl.data.cache import cache_folder, mark_used, read_entry, trim, write_entry
from dl.errors import CannotWrite

Array = NDArray[np.int64]


def known_or_made(
    kind: str, made_with: object, sources: Sequence[NDArray[np.generic]], make: Callable[[], Array]
) -> Array:
    """Return an array from the cache, or make it and keep it there.

    Args:
        kind: Of the entries: the name of their folder.
        made_with: Everything but the sources that it follows from, such as constants and the version of its code.
        sources: What it is made from.
        make: Makes it.
    """
    try:
        path = cache_folder(kind) / f"{_hash_of(made_with, sources)}.npy"
    except CannotWrite:
        return make()
    content = read_entry(path)
    with contextlib.suppress(ValueError, EOFError):  # of another version of numpy: it is made again
        if content is not None:
            found: Array = np.load(io.BytesIO(content), allow_pickle=False)
            mark_used(path)
            return found
    made = make()
    with contextlib.suppress(CannotWrite):
        write_entry(path, lambda stream: np.save(stream, made, allow_pickle=False))
        trim((path,))
    return made


def _hash_of(made_with: object, sources: Sequence[NDArray[np.generic]]) -> str:
    digest = blake2b(repr(made_with).encode(), digest_size=16)
    for source in sources:
        digest.update(f" {source.dtype} {source.shape} ".encode())
        digest.update(np.ascontiguousarray(source).data)
    return digest.hexdigest()
