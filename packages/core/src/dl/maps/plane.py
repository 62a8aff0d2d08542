"""The plane of a map: principal components first, then t-SNE or UMAP of these.

Letters: ``n`` examples, ``D`` numbers of each, ``P`` principal components.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.errors import BadOption, nearest
from dl.words import many

PCA, TSNE, UMAP = "pca", "tsne", "umap"
PROJECTIONS = (PCA, TSNE, UMAP)
COMPONENTS = 50  # at most
EVERY = 1_000  # numbers of an example, up to which all components are computed
FEW = 50  # examples, up to which the first two components are shown
FLAT = 0.9  # share of the variance in them, from which nothing is left to unfold
LARGE = 3_000  # examples from which UMAP is taken where it is installed
PERPLEXITY, NEIGHBOURS = 30.0, 15
FEWEST = 4  # examples for t-SNE or UMAP
VALUES, NARROW = 20, 128  # different numbers of a column that are spread, and columns of such rows

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Space:
    """Examples in their principal components.

    Args:
        points: (n, P), centred.
        shares: Of the variance, by component, the largest first; of all, or of the first `COMPONENTS`.
        noise: (n, P) the same where columns of few values are spread out, or the same points.
    """

    points: Floats
    shares: Floats
    noise: Floats

    def components_for(self, share: float) -> int:
        """Return the number of components with this share of the variance; 0 if more than were computed are needed."""
        reached = np.cumsum(self.shares) >= share - 1e-9
        return int(np.argmax(reached)) + 1 if reached.any() else 0


def fill(rows: Any) -> tuple[Any, tuple[str, ...]]:  # Any: an array or a sparse matrix
    """Fill missing numbers with the mean of their column, leave constant columns out, and note both."""
    if not isinstance(rows, np.ndarray):
        if rows.shape[1] > EVERY:
            return rows, ()
        rows = rows.toarray()
    rows = np.asarray(rows, np.float64).reshape(len(rows), -1)
    missing = ~np.isfinite(rows)
    notes = []
    if missing.any():
        known = np.maximum((~missing).sum(axis=0), 1)
        rows = np.where(missing, np.where(missing, 0.0, rows).sum(axis=0) / known, rows)
        notes.append(f"{many(int(missing.sum()), 'missing number')} filled with the mean of the column")
    varied = np.ptp(rows, axis=0) > 0 if len(rows) else np.ones(rows.shape[1], bool)
    if rows.shape[1] <= NARROW and varied.any() and not varied.all():
        notes.append(f"{many(int((~varied).sum()), 'constant column')} left out")
    return rows[:, varied] if varied.any() else rows[:, :1], tuple(notes)


def to_space(rows: Any, seed: int) -> Space:  # Any: an array (n, D), or a sparse matrix
    """Project rows to their principal components."""
    points, shares = _components(rows, seed)
    spread = _spread(rows, seed) if isinstance(rows, np.ndarray) else None
    return Space(points, shares, points if spread is None else _components(spread, seed)[0])


def _components(rows: Any, seed: int) -> tuple[Floats, Floats]:  # Any: as above
    from sklearn import decomposition

    most = min(*rows.shape, EVERY)
    dense = isinstance(rows, np.ndarray)
    if dense and not np.ptp(rows, axis=0).any():
        return np.zeros((len(rows), 1)), np.ones(1)
    if dense and rows.shape[1] <= EVERY:
        fitted = decomposition.PCA(most, svd_solver="covariance_eigh" if rows.shape[1] <= len(rows) else "full")
    else:
        fitted = decomposition.PCA(
            min(COMPONENTS, most - 1 or 1), svd_solver="randomized" if dense else "arpack", random_state=seed
        )
    points = np.asarray(fitted.fit_transform(rows), np.float64)[:, :COMPONENTS]
    return points, np.nan_to_num(np.asarray(fitted.explained_variance_ratio_, np.float64))


def _spread(rows: Floats, seed: int) -> Floats | None:
    """Add noise to columns of few values, half a step to each side, so that the steps between them are no valleys.

    None where there is no such column.
    """
    if rows.shape[1] > NARROW:
        return None
    rng, found = np.random.default_rng([seed, 0x5B]), None
    for number in range(rows.shape[1]):
        values = np.unique(rows[:, number])
        if 1 < len(values) <= VALUES:
            found = rows.copy() if found is None else found
            where = np.searchsorted(values, rows[:, number])
            gaps = np.diff(values)
            below, above = np.concatenate([gaps[:1], gaps])[where], np.concatenate([gaps, gaps[-1:]])[where]
            found[:, number] += rng.uniform(-0.5, 0.5, len(rows)) * np.where(rng.random(len(rows)) < 0.5, below, above)
    return found


def choose_projection(space: Space, asked: str) -> tuple[str, str]:
    """Return the projection and the reason.

    Raises:
        BadOption: If it is unknown, or not installed.
    """
    if asked and asked not in PROJECTIONS:
        raise BadOption(
            f"no projection named {asked!r}{nearest(asked, PROJECTIONS)}  projections: {', '.join(PROJECTIONS)}"
        )
    has_umap = importlib.util.find_spec("umap") is not None
    if asked == UMAP and not has_umap:
        raise BadOption("project=umap needs the package umap-learn: pip install umap-learn; or take tsne")
    n = len(space.points)
    if asked:
        return (PCA, f"{asked} needs {FEWEST} examples") if n < FEWEST else (asked, "as asked")
    if n <= FEW:
        return PCA, f"of {many(n, 'example')} the two first components show more"
    if space.shares[:2].sum() >= FLAT:
        return PCA, f"two components hold {100 * space.shares[:2].sum():.0f} % of the variance"
    if n > LARGE and has_umap:
        return UMAP, f"for more than {LARGE:,} examples"
    return TSNE, f"for {FEW} examples and more"


def project(space: Space, projection: str, seed: int) -> Floats:
    """Project principal components to the plane, (n, 2), each axis from 0 to 1."""
    points = _PROJECT[projection](space.points, seed)
    if points.shape[1] < 2:
        points = np.column_stack([points, np.zeros(len(points))])
    low, size = points.min(axis=0), np.ptp(points, axis=0)
    return np.where(size > 0, (points - low) / np.where(size > 0, size, 1.0), 0.5)


def _first_two(points: Floats, _seed: int) -> Floats:
    return points[:, :2]


def _tsne(points: Floats, seed: int) -> Floats:
    from sklearn import manifold

    unit = points[:, :1].std() or 1.0
    start = np.zeros((len(points), 2))
    start[:, : min(2, points.shape[1])] = points[:, :2] / unit * 1e-4
    perplexity = min(PERPLEXITY, (len(points) - 1) / 3)
    embedding = manifold.TSNE(2, perplexity=perplexity, init=start, max_iter=750, random_state=seed)
    return np.asarray(embedding.fit_transform(points), np.float64)


def _umap(points: Floats, seed: int) -> Floats:
    umap: Any = import_module("umap")  # Any: optional, and without types
    neighbours = min(NEIGHBOURS, len(points) - 1)
    found = umap.UMAP(n_neighbors=neighbours, random_state=seed, n_jobs=1).fit_transform(points)
    return np.asarray(found, np.float64)


_PROJECT: Mapping[str, Callable[[Floats, int], Floats]] = {PCA: _first_two, TSNE: _tsne, UMAP: _umap}
