"""Luck of the best epoch, where the data support it: `dl.runs.luck`, refused with a reason where they are too few."""

import numpy as np
from numpy.typing import NDArray

from dl.groups import Groups
from dl.runs import luck
from dl.runs.luck import Luck
from dl_reports.statistics.moments import too_few
from dl_reports.statistics.not_computable import NotComputable


def luck_of_the_best(
    scores: NDArray[np.generic],
    larger_is_better: bool,
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
    groups: Groups | None = None,
) -> Luck | NotComputable:
    """Estimate the optimism of choosing the best of T rows of per-example scores (T, n), as `dl.runs.luck` does."""
    if scores.ndim == 2 and (few := too_few(scores.shape[1], groups)) is not None:
        return few
    found = luck.luck_of_the_best(scores, larger_is_better, draws, level, seed, groups)
    return found or NotComputable("no row has finite scores on all examples")
