"""Features of frozen bodies, computed once and cached by content.

An entry of the cache (`dl.data.cache`) is named by a hash of all that features follow from: the inputs as they are
stored, how they are prepared, the body's code and its weights. It is written piece by piece and mapped for reading, so
neither needs the memory of all. Where the cache cannot be written, features are kept in memory.
Letters: ``N`` examples, ``n`` of them, ``F`` features.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dl.backbone import digest_of
from dl.data.cache import cache_folder, is_whole, mark_used, trim, write_entry
from dl.data.examples import Examples, Index, Subset, fingerprints, whole
from dl.domain import Preprocessor
from dl.errors import CannotWrite

KIND = "features"  # of entries
FORMAT = 1  # of an entry
NUMBERS = 1 << 22  # in a batch of prepared inputs, at most: 16 MiB, and several times that in a convolution
MOST = 256  # examples in a batch
SEARCHED = 1 << 31  # bytes of inputs that are hashed to find some examples among all: seconds

Rows = NDArray[np.float32]  # (n, F)
Tell = Callable[[int, int], None]


class Stopped(Exception):
    """Computing features was stopped by whoever asked for them."""


@dataclass(frozen=True)
class Extractor:
    """A frozen body with the preparation of its inputs.

    Args:
        body: From prepared inputs to features (N, F), in evaluation mode.
        preprocessor: From stored inputs to prepared ones.
        code: Name and version of the body's code and options.
        device: Where features are computed.
    """

    body: nn.Module
    preprocessor: Preprocessor
    code: str
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    def features(
        self, examples: Examples, index: Index | None = None, tell: Tell | None = None, stop: Callable[[], bool] = bool
    ) -> Rows:
        """Return the features of examples, (n, F), from the cache where it has them.

        Args:
            examples: With inputs as they are stored, all of one shape.
            index: (n,) of those that are asked for; None for all, which are cached for other parts of them as well.
            tell: Called with the number of examples done, and their number in all, unless all were cached.
            stop: Whether to stop, asked after each batch.

        Raises:
            Stopped: If ``stop`` answers yes.
        """
        if index is None or examples.array.nbytes <= SEARCHED:
            every = _read(self._path(whole(examples)))
            if every is not None:
                return every if index is None else every[index]
        subset = whole(examples) if index is None else Subset(examples, index)
        path = self._path(subset)
        found = _read(path) if index is not None else None
        return self._compute(subset, path, tell or (lambda _done, _of: None), stop) if found is None else found

    def _compute(self, subset: Subset, path: Path | None, tell: Tell, stop: Callable[[], bool]) -> Rows:
        def batches() -> Iterator[Rows]:
            done = 0
            tell(done, len(subset))
            for rows in self._batches(subset):
                yield rows
                done += len(rows)
                tell(done, len(subset))
                if stop():
                    raise Stopped

        with contextlib.suppress(CannotWrite):
            if path is not None:
                write_entry(path, lambda stream: _write(stream, len(subset), batches()))
                trim((path,))
        found = _read(path)
        return np.concatenate(list(batches())) if found is None else found

    def _batches(self, subset: Subset) -> Iterator[Rows]:
        """Yield the features of batches, in order, computed without gradients."""
        numbers = int(np.prod(self.preprocessor.input_shape))
        size = max(1, min(MOST, NUMBERS // max(numbers, 1)))
        inputs = subset.examples.array
        with torch.inference_mode():
            for start in range(0, len(subset), size):
                stored = torch.from_numpy(inputs[subset.index[start : start + size]]).to(self.device)
                found: Tensor = self.body(self.preprocessor(stored))
                yield found.float().cpu().numpy()

    def _path(self, subset: Subset) -> Path | None:
        """Return the file of the features of a subset in the cache; None where there is no cache."""
        settings, shape = sorted(self.preprocessor.settings().items()), subset.examples.array.shape[1:]
        made_with = (FORMAT, self.code, digest_of(self.body).hex(), settings, shape, str(subset.examples.array.dtype))
        digest = blake2b(repr(made_with).encode(), digest_size=16)
        digest.update(fingerprints(subset).tobytes())
        try:
            return cache_folder(KIND) / f"{digest.hexdigest()}.npy"
        except CannotWrite:
            return None


def _write(stream: IO[bytes], n: int, batches: Iterator[Rows]) -> None:
    """Write the features of n examples as they come, in numpy's own format."""
    for number, rows in enumerate(batches):
        if not number:
            header: dict[str, Any] = {"descr": "<f4", "fortran_order": False, "shape": (n, rows.shape[1])}
            np.lib.format.write_array_header_1_0(stream, header)  # Any: as numpy takes it
        stream.write(np.ascontiguousarray(rows, "<f4").tobytes())


def _read(path: Path | None) -> Rows | None:
    """Return cached features, mapped; None where they are not known or damaged."""
    if path is None or not is_whole(path):
        return None
    try:
        found: Rows = np.load(path, mmap_mode="r")
    except (OSError, ValueError):
        return None
    mark_used(path)
    return found
