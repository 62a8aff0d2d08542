"""The targets of the tasks on MNIST, computed from the digit or from the pixels.

Letters: ``N`` images. Pixels are uint8, 0 is paper and 255 is full ink.
"""

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Digits = NDArray[np.int64]

DIGITS = tuple("0123456789")
ATTRIBUTES = ("even", "prime", "closed loop", "more than 4")
INKED = 128  # a pixel of at least this value, half of full ink, counts as inked
CHUNK = 4096  # images whose moments are computed at once

# The digits with a closed loop. The handwritten 4 is usually open at the top, so it does not count; 2 and some 7 may be
# written with a loop, which this table ignores: the label belongs to the digit, not to the handwriting.
_PRIME, _LOOPED = (2, 3, 5, 7), (0, 6, 8, 9)


def is_even(digits: Digits) -> NDArray[np.int64]:
    """Return 1 for an even digit, 0 for an odd one, (N,)."""
    return 1 - digits % 2


def attributes(digits: Digits) -> NDArray[np.uint8]:
    """Return zeros and ones for `ATTRIBUTES`, (N, 4)."""
    columns = (digits % 2 == 0, np.isin(digits, _PRIME), np.isin(digits, _LOOPED), digits > 4)
    return np.stack(columns, axis=1).astype(np.uint8)


def slant(images: Pixels) -> NDArray[np.float32]:
    """Return the slant of the strokes in degrees, positive to the right as in italics; (N, 28, 28, 1) to (N, 1).

    The covariance of x and y under the ink, over the variance of y, is the tangent of the slant: shearing an image by
    it makes the covariance zero.

    Source: the deskewing of LeCun et al. 1998, section III.
    """
    return np.concatenate([_slant(images[at : at + CHUNK]) for at in range(0, len(images), CHUNK)])


def ink(images: Pixels) -> NDArray[np.float32]:
    """Return the share of inked pixels, from 0 to 1; (N, 28, 28, 1) to (N, 1)."""
    flat = images.reshape(len(images), -1)
    share: NDArray[np.float32] = np.count_nonzero(flat >= INKED, axis=1, keepdims=True).astype(np.float32)
    return share / np.float32(flat.shape[1])


def _slant(images: Pixels) -> NDArray[np.float32]:
    n, height, width = images.shape[:3]
    up, right = (grid.ravel().astype(np.float64) for grid in np.mgrid[height - 1 : -1 : -1, 0:width])
    moments = images.reshape(n, -1).astype(np.float64) @ np.stack([np.ones_like(up), right, up, right * up, up * up], 1)
    mass, x, y, xy, yy = moments.T
    covariance, variance = xy - x * y / mass, yy - y * y / mass
    degrees: NDArray[np.float32] = np.degrees(np.arctan2(covariance, variance)).astype(np.float32)
    return degrees[:, None]
