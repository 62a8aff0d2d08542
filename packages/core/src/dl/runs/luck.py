"""Luck of the best: the selection bias of a score whose epoch, or trial of a search, was chosen on the same examples.

The examples are resampled, the best row chosen in the bag and scored out of it; nothing is trained again.
Letters: ``T`` epochs or trials, ``n`` examples, ``B`` draws, ``G`` groups of examples drawn together.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dl.groups import Groups
from dl.intervals import Interval, interval_of_mean, poisson_weights, proportion_interval

MOST = 2_000  # groups that are drawn; more examples are drawn together, at random, so that groups are exchangeable
_CELLS = 2_000_000  # values held as float64 at once: 16 MB
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Luck:
    """The score of the chosen row, as measured and as expected on new examples.

    Attributes:
        best: The chosen row.
        naive: Its mean over all examples.
        corrected: Mean score of the row chosen in the bag, out of the bag.
        optimism: How much better the naive score is than the corrected one; never negative by much.
        interval: Of the corrected score: that of the naive one, moved by the optimism.
        certainty: Share of draws in which the same row is chosen.
        skipped: Rows left out because a value is not finite.
    """

    best: int
    naive: float
    corrected: float
    optimism: float
    interval: Interval
    certainty: float
    skipped: tuple[int, ...]


def luck_of_the_best(
    scores: NDArray[np.generic],
    larger_is_better: bool,
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
    groups: Groups | None = None,
    losses: NDArray[np.generic] | None = None,
) -> Luck | None:
    """Estimate the optimism of choosing the best of T rows of per-example scores (T, n).

    Args:
        scores: Correctness, losses or absolute errors; a row per epoch, or per trial of a search.
        larger_is_better: True for correctness, False for losses and errors.
        draws: Bootstrap draws, B.
        level: Of the interval.
        seed: Of the draws.
        groups: Of the examples, where they are not independent: drawn whole.
        losses: (T, n) by which the row is chosen; None chooses by the scores.

    Returns:
        None if no row has finite values on all examples.

    Source: Tsamardinos, Greasidou, Borboudakis 2018, bootstrap bias-corrected cross-validation (BBC-CV).
    """
    if scores.ndim != 2:
        raise ValueError(f"scores must be (epochs, examples); found shape {scores.shape}")
    rng = np.random.default_rng(seed)
    numbers, sizes = _drawn_together(scores.shape[1], groups, rng)
    sign = 1.0 if larger_is_better else -1.0
    sums = sign * _sums(scores, numbers, len(sizes))
    rated = sums if losses is None else -_sums(losses, numbers, len(sizes))
    usable = np.isfinite(sums).all(axis=1) & np.isfinite(rated).all(axis=1)
    rows = np.flatnonzero(usable)
    if len(rows) == 0:
        return None
    sums, rated = sums[rows], rated[rows]
    best = int(np.argmax(rated.sum(axis=1)))
    naive = float(sums[best].sum()) / scores.shape[1]
    chosen, out_of_bag = _chosen_out_of_bag(sums, rated, sizes, draws, rng)
    corrected = float(out_of_bag.mean())
    optimism = naive - corrected
    return Luck(
        best=int(rows[best]),
        naive=sign * naive,
        corrected=sign * corrected,
        optimism=optimism,
        interval=_moved(scores[rows[best]], groups, level, -sign * optimism),
        certainty=float((chosen == best).mean()),
        skipped=tuple(np.flatnonzero(~usable).tolist()),
    )


def _moved(scores: NDArray[np.generic], groups: Groups | None, level: float, by: float) -> Interval:
    """Move the interval of the mean of scores (n,); the scores out of a bag would spread as those of a third of them.

    The optimism is an average over all draws, so its own error is small beside that of the score.
    """
    if scores.dtype != np.bool_:
        low, high = interval_of_mean(scores, groups, level)
        return Interval(low + by, high + by)
    low, high = proportion_interval(scores, groups, level)
    return Interval(max(0.0, low + by), min(1.0, high + by))


def _drawn_together(
    n: int, groups: Groups | None, rng: np.random.Generator
) -> tuple[NDArray[np.integer] | None, Floats]:
    """Number what is drawn together, (n,) or None for single examples, with its sizes (G,)."""
    count = n if groups is None else len(groups)
    if count <= MOST:
        return (None, np.ones(n)) if groups is None else (groups.numbers, groups.sizes.astype(np.float64))
    joined = rng.permutation(np.arange(count) % MOST)
    numbers = joined if groups is None else joined[groups.numbers]
    return numbers, np.bincount(numbers, minlength=MOST).astype(np.float64)


def _sums(values: NDArray[np.generic], numbers: NDArray[np.integer] | None, count: int) -> Floats:
    """Sum values (T, n) over what is drawn together, (T, G)."""
    if numbers is None:
        return values.astype(np.float64)
    sums = np.zeros((len(values), count))
    for start, piece in _pieces(values):
        here = numbers[start : start + piece.shape[1]]
        sums += np.stack([np.bincount(here, row, count) for row in piece])
    return sums


def _pieces(values: NDArray[np.generic]) -> Iterator[tuple[int, Floats]]:
    """Walk over the columns of (T, n) values in float64 pieces of bounded size, each with its first column."""
    width = max(1, _CELLS // max(1, len(values)))
    for start in range(0, values.shape[1], width):
        yield start, values[:, start : start + width].astype(np.float64)


def _chosen_out_of_bag(
    sums: Floats, rated: Floats, sizes: Floats, draws: int, rng: np.random.Generator
) -> tuple[NDArray[np.intp], Floats]:
    """Choose the best-rated row in each bag (B,), and average its scores out of the bag (B,)."""
    weights = poisson_weights(rng, (len(sizes), draws))  # (G, B)
    in_bag = (rated.astype(np.float32) @ weights) / np.maximum(sizes.astype(np.float32) @ weights, 1.0)
    chosen = np.argmax(in_bag, axis=0)
    outside = (weights == 0).astype(np.float32)
    held = sizes.astype(np.float32) @ outside
    out_of_bag = (sums.astype(np.float32) @ outside)[chosen, np.arange(draws)] / np.maximum(held, 1.0)
    return chosen, out_of_bag[held > 0].astype(np.float64)
