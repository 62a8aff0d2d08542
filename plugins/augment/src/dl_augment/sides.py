"""Whether images may be mirrored and cut: not if they may be digits or letters, nor if a class has a side.

Letters: ``n`` images of a class, ``H``, ``W``, ``C``.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Examples
from dl.defaults import Default
from dl.options import Options

CELLS = 8  # along each side, to which images are averaged
MOST = 200  # images of a class that are looked at
LEVEL = 0.01  # of the test over all classes and all of them together
LEAST = 0.6  # share of images with a side, below which a class counts as having none
CHUNK = 64  # images averaged at once
YES, NO, AUTO = "yes", "no", "auto"


def settle(options: Options, train: Examples) -> Sequence[Default]:
    """Return ``crop`` and ``flip`` where they are ``auto``, with the reason."""
    if AUTO not in (options["crop"], options["flip"]):
        return ()
    single = train.targets.ndim == 1 and np.issubdtype(train.targets.dtype, np.integer)
    whole = _why_whole(train) or (_why_sided(train) if single else "")
    sided = whole or ("" if single else "what is not one class of each image may depend on the side")
    found = {"crop": whole, "flip": sided}
    seen = "photographs in colour, whose classes have no side as far as they tell" if single else "images in colour"
    return [Default(one, NO if why else YES, why or seen) for one, why in found.items() if options[one] == AUTO]


def _why_whole(train: Examples) -> str:
    """Return why images may be digits or letters, of which a part or the mirror image is none; empty if not."""
    if train.array.shape[-1] != 3:
        return "images without colours may be digits or letters, whose mirror image or part is none"
    if train.names and all(len(name) == 1 for name in train.names):
        return (
            f"classes named {', '.join(train.names[:3])}, ... are digits or letters, whose mirror image or part is none"
        )
    return ""


def _why_sided(train: Examples) -> str:
    """Return why the side matters, as of digits in colours; empty if nothing tells so."""
    targets = train.targets
    classes = np.unique(targets)
    bound = NormalDist().inv_cdf(1 - LEVEL / (len(classes) + 1))
    counted = np.zeros(2)
    for number in classes:
        where = np.flatnonzero(targets == number)
        few = where[np.linspace(0, len(where) - 1, min(MOST, len(where))).astype(int)]
        own = count_sided(_cells(train.array, few))
        if _is_sided(own, bound):
            name = train.names[int(number)] if train.names else str(number)
            return f"images of {name!r} resemble each other more than each other's mirror image"
        counted += own
    return "images resemble others of their class more than their mirror image" if _is_sided(counted, bound) else ""


def count_sided(cells: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return of how many images (n, H, W) the nearest other one is no mirror image, and the number of images.

    Each is looked for among all others and the mirror images of all others. If a mirror image is as likely as the
    image, half of the nearest are mirror images.
    """
    n = len(cells)
    if n < 2:
        return np.zeros(2)
    flat, mirrored = cells.reshape(n, -1), cells[:, :, ::-1].reshape(n, -1)
    squares = (flat**2).sum(axis=1)
    apart = [squares[:, None] + squares - 2 * flat @ other.T for other in (flat, mirrored)]
    for distances in apart:
        np.fill_diagonal(distances, np.inf)
    as_is, turned = (distances.min(axis=1) for distances in apart)
    return np.array([(as_is < turned).sum() + 0.5 * (as_is == turned).sum(), n])


def _is_sided(counted: NDArray[np.float64], bound: float) -> bool:
    """Return whether a count is certainly more than half, and by more than a little.

    Two images are often the nearest of each other, so that the variance is taken as twice that of single ones.
    """
    sided, n = counted
    return bool(n and sided / n >= LEAST and (2 * sided - n) / np.sqrt(2 * n) > bound)


def _cells(images: NDArray[np.generic], where: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return images (N, H, W, C) at some positions, averaged to cells and over channels, each less its mean."""
    parts = [_averaged(images[where[start : start + CHUNK]]) for start in range(0, len(where), CHUNK)]
    cells = np.concatenate(parts)
    less: NDArray[np.float64] = cells - cells.mean(axis=(1, 2), keepdims=True)
    return less


def _averaged(images: NDArray[np.generic]) -> NDArray[np.float64]:
    grey = images.mean(axis=3)
    for axis in (1, 2):
        cells = min(CELLS, grey.shape[axis])
        size = grey.shape[axis] // cells
        first = (grey.shape[axis] - size * cells) // 2  # what is left over is cut at both sides alike
        kept = np.take(grey, range(first, first + size * cells), axis=axis)
        shape = (*kept.shape[:axis], cells, size, *kept.shape[axis + 1 :])
        grey = kept.reshape(shape).mean(axis=axis + 1)
    found: NDArray[np.float64] = grey
    return found
