"""Luck of the best epoch, where the data support it: `dl.runs.luck`, refused with a reason where they are too few."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from dl.groups import Groups
from dl.intervals import Interval
from dl.runs import luck
from dl.runs.luck import Luck
from dl_reports.statistics.kept import Found, Keep, at_once, bits, from_bits
from dl_reports.statistics.moments import too_few
from dl_reports.statistics.not_computable import NotComputable

MADE_WITH = (1, luck.MOST)  # 1: version of the search


def luck_of_the_best(
    scores: NDArray[np.generic],
    larger_is_better: bool,
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
    groups: Groups | None = None,
    keep: Keep = at_once,
) -> Luck | NotComputable:
    """Estimate the optimism of choosing the best of T rows of per-example scores (T, n), as `dl.runs.luck` does.

    ``keep`` returns what a search finds in the other arguments, or found in them before.
    """
    if scores.ndim == 2 and (few := too_few(scores.shape[1], groups)) is not None:
        return few
    found = keep(partial(_search, scores, larger_is_better, draws, level, seed, groups))
    if not len(found):
        return NotComputable("no row has finite scores on all examples")
    naive, corrected, optimism, low, high, certainty = from_bits(found[:6]).tolist()
    best, *skipped = found[6:].tolist()
    return Luck(best, naive, corrected, optimism, Interval(low, high), certainty, tuple(skipped))


def _search(
    scores: NDArray[np.generic], larger_is_better: bool, draws: int, level: float, seed: int, groups: Groups | None
) -> Found:
    """Return the bits of six numbers, the best row and the rows that were skipped; nothing where no row is finite."""
    found = luck.luck_of_the_best(scores, larger_is_better, draws, level, seed, groups)
    if found is None:
        return np.zeros(0, np.int64)
    numbers = [found.naive, found.corrected, found.optimism, *found.interval, found.certainty]
    return np.concatenate([bits(np.array(numbers)), np.array([found.best, *found.skipped], np.int64)])
