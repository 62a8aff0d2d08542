"""Luck of the best epoch: the selection bias of a score whose epoch was chosen on the same examples.

The examples are resampled, the best row chosen in the bag and scored out of it; nothing is trained again.
Letters: ``T`` epochs or trials, ``n`` examples, ``B`` draws, ``G`` groups of examples drawn together.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dl.groups import Groups
from dl.intervals import Interval, interval_of_mean, poisson_weights, proportion_interval
from dl_reports.statistics.moments import chunks, too_few
from dl_reports.statistics.not_computable import NotComputable

MOST = 2_000  # groups that are drawn; more examples are drawn together, at random, so that groups are exchangeable


@dataclass(frozen=True)
class Luck:
    """The score of the chosen row, as measured and as expected on new examples.

    Attributes:
        best: Row with the best mean.
        naive: Its mean over all examples.
        corrected: Mean score of the row chosen in the bag, out of the bag.
        optimism: How much better the naive score is than the corrected one; never negative by much.
        interval: Of the corrected score: that of the naive one, moved by the optimism.
        certainty: Share of draws in which the same row is the best.
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
) -> Luck | NotComputable:
    """Estimate the optimism of choosing the best of T rows of per-example scores (T, n).

    Args:
        scores: Correctness, losses or absolute errors; a row per epoch, or per trial of a search.
        larger_is_better: True for correctness, False for losses and errors.
        draws: Bootstrap draws, B.
        level: Of the interval.
        seed: Of the draws.
        groups: Of the examples, where they are not independent: drawn whole.

    Source: Tsamardinos, Greasidou, Borboudakis 2018, bootstrap bias-corrected cross-validation (BBC-CV).
    """
    if scores.ndim != 2:
        raise ValueError(f"scores must be (epochs, examples); found shape {scores.shape}")
    n = scores.shape[1]
    few = too_few(n, groups)
    if few is not None:
        return few
    rng = np.random.default_rng(seed)
    sums, sizes = _grouped(scores, groups, rng)
    usable = np.isfinite(sums).all(axis=1)
    rows = np.flatnonzero(usable)
    if len(rows) == 0:
        return NotComputable("no row has finite scores on all examples")
    sign = 1.0 if larger_is_better else -1.0
    sums = sign * sums[rows]
    means = sums.sum(axis=1) / n
    best = int(np.argmax(means))
    chosen, out_of_bag = _chosen_out_of_bag(sums, sizes, draws, rng)
    corrected = float(out_of_bag.mean())
    optimism = float(means[best]) - corrected
    return Luck(
        best=int(rows[best]),
        naive=sign * float(means[best]),
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


def _grouped(
    scores: NDArray[np.generic], groups: Groups | None, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sum the scores over the groups (T, G), with their sizes (G,); very many are joined at random."""
    n = scores.shape[1]
    count = n if groups is None else len(groups)
    if count <= MOST:
        return (
            (scores.astype(np.float64), np.ones(n))
            if groups is None
            else (groups.sums(scores), groups.sizes.astype(np.float64))
        )
    joined = rng.permutation(np.arange(count) % MOST)
    group = joined if groups is None else joined[groups.numbers]
    sums = np.zeros((len(scores), MOST))
    start = 0
    for piece in chunks(scores):
        here = group[start : start + piece.shape[1]]
        start += piece.shape[1]
        sums += np.stack([np.bincount(here, row, MOST) for row in piece])
    return sums, np.bincount(group, minlength=MOST).astype(np.float64)


def _chosen_out_of_bag(
    sums: NDArray[np.float64], sizes: NDArray[np.float64], draws: int, rng: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Choose the best row in each bag (B,), and average it out of the bag (B,)."""
    weights = poisson_weights(rng, (len(sizes), draws))  # (G, B)
    in_bag = (sums.astype(np.float32) @ weights) / np.maximum(sizes.astype(np.float32) @ weights, 1.0)
    chosen = np.argmax(in_bag, axis=0)
    outside = (weights == 0).astype(np.float32)
    held = sizes.astype(np.float32) @ outside
    out_of_bag = (sums.astype(np.float32) @ outside)[chosen, np.arange(draws)] / np.maximum(held, 1.0)
    return chosen, out_of_bag[held > 0].astype(np.float64)
