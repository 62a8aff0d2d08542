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
LEVEL = 0.01  # of the test over all classes and cells
SMALL = 0.25  # deviations: a difference of left and right that counts as none
CHUNK = 64  # images averaged at once
YES, NO, AUTO = "yes", "no", "auto"


def settle(options: Options, train: Examples) -> Sequence[Default]:
    """Return ``crop`` and ``flip`` where they are ``auto``, with the reason."""
    found: list[Default] = []
    reason = _why_whole(train)
    if options["crop"] == AUTO:
        found.append(Default("crop", NO if reason else YES, reason or "photographs in colour: a part is still one"))
    if options["flip"] == AUTO:
        reason = reason or _why_sided(train)
        found.append(Default("flip", NO if reason else YES, reason or "no class differs from its own mirror image"))
    return found


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
    """Return why the side may matter in photographs; empty if nothing tells so."""
    targets = np.asarray(train.targets)
    if targets.ndim > 1 or not np.issubdtype(targets.dtype, np.integer):
        return "what is not one class of each image may depend on the side"
    classes = np.unique(targets)
    bound = NormalDist().inv_cdf(1 - LEVEL / (2 * len(classes) * CELLS * (CELLS // 2)))
    for number in classes:
        where = np.flatnonzero(targets == number)
        few = where[np.linspace(0, len(where) - 1, min(MOST, len(where))).astype(int)]
        if has_sides(train.array, few, bound):
            name = train.names[int(number)] if train.names else str(number)
            return f"class {name!r} certainly differs from its own mirror image"
    return ""


def has_sides(images: NDArray[np.generic], where: NDArray[np.int64], bound: float) -> bool:
    """Return whether some images (N, H, W, C) at these positions (n,) certainly differ from their mirror images.

    If a mirror image is as likely as the image, left minus right is as often positive as negative; its sum over its
    root of squares then is about normal.

    Args:
        images: All images.
        where: Positions of a class.
        bound: Of that ratio, above which a cell differs.
    """
    parts = [_difference(images[where[start : start + CHUNK]]) for start in range(0, len(where), CHUNK)]
    difference = np.concatenate(parts)
    squares = (difference**2).sum(axis=0)
    ratio = np.abs(difference.sum(axis=0)) / np.sqrt(np.where(squares > 0, squares, 1.0))
    deviations = ratio / np.sqrt(len(where))
    return bool(((ratio > bound) & (deviations > SMALL)).any())


def _difference(images: NDArray[np.generic]) -> NDArray[np.float64]:
    """Return left minus right of images (n, H, W, C), averaged to cells and over channels, (n, cells, cells // 2)."""
    grey = images.mean(axis=3)
    for axis in (1, 2):
        cells = min(CELLS, grey.shape[axis])
        size = grey.shape[axis] // cells
        first = (grey.shape[axis] - size * cells) // 2
        kept = np.take(grey, range(first, first + size * cells), axis=axis)
        shape = (*kept.shape[:axis], cells, size, *kept.shape[axis + 1 :])
        grey = kept.reshape(shape).mean(axis=axis + 1)
    half = grey.shape[2] // 2
    difference: NDArray[np.float64] = grey[:, :, :half] - grey[:, :, ::-1][:, :, :half]
    return difference
