"""Moments of an epochs-by-examples array, gathered in chunks so that memory stays flat.

Letters: ``T`` epochs kept in the array, ``E`` of them usable, ``n`` examples.
From the covariance between epochs follows the error of every paired difference at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dl.groups import Groups
from dl_reports.statistics.not_computable import NotComputable

Floats = NDArray[np.float64]

_CELLS = 2_000_000  # values held as float64 at once: 16 MB
FEWEST = 20  # below this the normal law of a mean of losses is a guess


@dataclass(frozen=True)
class EpochMoments:
    """Means and covariances of per-example values over the usable epochs.

    Attributes:
        epochs: (E,) rows whose values are all finite.
        means: (E,) mean over examples.
        covariance: (E, E) between epochs, over examples.
        n: Examples, or groups of them.
        skipped: Rows left out because a value is not finite.
        df: Degrees of freedom of the covariance.
        values: (T, n) per-example values, or those of groups.
    """

    epochs: NDArray[np.intp]
    means: Floats
    covariance: Floats
    n: int
    skipped: tuple[int, ...]
    df: float
    values: NDArray[np.generic]

    def paired_errors(self) -> Floats:
        """Compute the standard error (E, E) of the mean difference between two epochs, the examples paired."""
        variance = np.diag(self.covariance)
        scale = variance[:, None] + variance[None, :]
        difference = scale - 2 * self.covariance
        difference[difference <= 1e-12 * scale] = 0.0  # the same network twice, up to rounding
        return np.sqrt(difference / self.n)


def chunks(values: NDArray[np.generic]) -> Iterator[Floats]:
    """Walk over the columns of a (T, n) array in float64 pieces of bounded size."""
    width = max(1, _CELLS // max(1, len(values)))
    for start in range(0, values.shape[1], width):
        yield values[:, start : start + width].astype(np.float64)


def too_few(n: int, groups: Groups | None) -> NotComputable | None:
    """Return why n examples, or their groups, are too few for a test; None where they are enough."""
    if n < FEWEST:
        return NotComputable(f"it takes {FEWEST} examples or more; found {n}")
    return NotComputable(groups.too_few) if groups is not None and groups.few else None


def epoch_moments(values: NDArray[np.generic], groups: Groups | None = None) -> EpochMoments | NotComputable:
    """Compute means and covariances of (T, n) values, leaving out epochs with a value that is not finite.

    Examples of one group count as one value each epoch.

    Raises:
        ValueError: If the array is not two-dimensional.
    """
    if values.ndim != 2:
        raise ValueError(f"values must be (epochs, examples); found shape {values.shape}")
    few = too_few(values.shape[1], groups)
    if few is not None:
        return few
    df = float(values.shape[1] - 1)
    if groups is not None:
        by_group = groups.values(values)
        df, values = groups.df(values, by_group), by_group
    n = values.shape[1]
    with np.errstate(invalid="ignore"):  # inf - inf marks its epoch as unusable
        means = sum((piece.sum(axis=1) for piece in chunks(values)), np.zeros(len(values))) / n
    usable = np.isfinite(means)
    if usable.sum() < 2:
        return NotComputable(f"it takes two epochs with finite values on all examples; found {usable.sum()}")
    epochs = np.flatnonzero(usable)
    gram = np.zeros((len(epochs), len(epochs)))
    for piece in chunks(values):
        centred = piece[epochs] - means[epochs, None]
        gram += centred @ centred.T
    skipped = tuple(np.flatnonzero(~usable).tolist())
    return EpochMoments(epochs, means[epochs], gram / (n - 1), n, skipped, df, values)


def variance_of_mean(values: NDArray[np.generic], groups: Groups | None) -> float:
    """Return the variance of the mean of values (n,), those of a group counted as one."""
    values = values if groups is None else groups.values(values)
    return float(values.astype(np.float64).var()) / len(values)


def third_moments(moments: EpochMoments, reference: int) -> Floats:
    """Compute the third central moment (E,) of the paired differences to the usable epoch at ``reference``."""
    shift = (moments.means - moments.means[reference])[:, None]
    total = np.zeros(len(moments.epochs))
    for piece in chunks(moments.values):
        kept = piece[moments.epochs]
        centred = kept - kept[reference] - shift
        total += np.einsum("tn,tn,tn->t", centred, centred, centred)
    return total / moments.n


def square_root(covariance: Floats) -> Floats:
    """Return a matrix R with R R' equal to the covariance, which may be singular."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))
